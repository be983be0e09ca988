"""How the worker process makes its model, without the server importing what the model needs."""
from __future__ import annotations

from importlib import import_module
from typing import Any


class Factory:
    """A function by name, with its arguments, that is imported where it is called.

    Args:
        path: ``module:function``.
        arguments: What it is called with; they are pickled.
    """

    def __init__(self, path: str, **arguments: Any) -> None:
        self.path, self.arguments = path, arguments

    def __call__(self) -> Any:
        """What the function returns."""
        module, _, name = self.path.partition(':')
        return getattr(import_module(module), name)(**self.arguments)
