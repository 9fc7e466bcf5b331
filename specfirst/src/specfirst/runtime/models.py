"""What generated models need at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def without(*names: str) -> Callable[[Any], Any]:
    """Return a function that leaves out these properties: the `readOnly` ones of a request.

    A client may send back what it got; the server ignores their values (JSON Schema 2020-12, section 9.4).
    """
    ignored = frozenset(names)

    def left(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: part for name, part in value.items() if name not in ignored}

    return left
