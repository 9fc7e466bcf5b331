"""Revisions: random numbers, one for each state of a row."""

from __future__ import annotations

from random import getrandbits


def new_revision() -> int:
    """A number for a new state of a row; the database can still add to it (migrations/versions/0006)."""
    return getrandbits(62)
