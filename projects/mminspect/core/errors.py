"""The one exception that means "the user can mend this"."""


class UserError(Exception):
    """A mistake in a config, a data set, a checkpoint or the environment that the user can mend.

    The message is one sentence: what is wrong, where, and what to do. The command line tools print it without a
    traceback and exit with status 2 (see :func:`mminspect.core.cli.run`).
    """
