"""The error that ends a command before it has a result."""


class CommandError(Exception):
    """The command cannot run: the message says what is wrong, where, and what to do. The exit status is 2."""


COULD_NOT_RUN = 2
"""The exit status of a command that has no result."""
