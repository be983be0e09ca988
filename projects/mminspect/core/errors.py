"""The one exception that means "the user can mend this"."""
from __future__ import annotations

import os
from pathlib import Path


class UserError(Exception):
    """A mistake in a config, a data set, a checkpoint or the environment that the user can mend.

    The message is one sentence: what is wrong, where, and what to do. The command line tools print it without a
    traceback and exit with status 2 (see :func:`mminspect.core.cli.run`).
    """


def no_file(name: str, path: str | Path) -> UserError:
    """What is wrong with a path at which there is no file, or a folder.

    Args:
        name: What it should be and how it was given: 'model a.onnx'.
        path: The path itself.
    """
    if os.path.isdir(path):
        return UserError(f'{name} is a folder: name a file in it')
    return UserError(f'{name} does not exist: check the path')
