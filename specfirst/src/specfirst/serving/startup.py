"""Errors that prevent a service from starting."""

from __future__ import annotations


class StartupError(Exception):
    """The service cannot start with its contract, its settings or its environment.

    The message says what is wrong, where, and what to do: one line for each error, without secrets.
    """
