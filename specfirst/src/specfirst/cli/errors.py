"""The error that ends a command before it has a result."""


class CommandError(Exception):
    """The command cannot run: the message says what is wrong, where, and what to do. The exit status is 2."""
