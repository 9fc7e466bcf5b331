"""The exit statuses of all commands, and the error that ends a command before it has a result."""

CLEAN, PROBLEMS, COULD_NOT_RUN = 0, 1, 2


class CommandError(Exception):
    """The command cannot run: the message says what is wrong, where, and what to do. The exit status is 2."""
