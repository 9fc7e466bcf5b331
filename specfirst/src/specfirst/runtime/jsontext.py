"""Parse JSON text, and reject everything that is not plain UTF-8 JSON."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

import orjson

from specfirst.runtime.errors import Invalid, MalformedBody, ValidationErrorItem

MAX_DEPTH = 128
"""The maximum nesting of arrays and objects in a body.

Far below the limits of the parsers and the validator: orjson 1024, Python's decoder about 1000, jsonschema-rs
255.
"""

_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[^][{}"]+', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class _DuplicateName(ValueError):
    """An object has two members with one name, which parsers read differently (RFC 8259, section 4)."""


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise _DuplicateName
    return result


def _no_constant(name: str) -> None:
    """Reject NaN and Infinity, which the standard library accepts."""
    raise ValueError(name)


_unique_names = json.JSONDecoder(object_pairs_hook=_unique)


def parse(data: bytes) -> Any:
    """Parse JSON text (RFC 8259) in UTF-8 without byte order mark.

    Raises MalformedBody for invalid JSON, and Invalid for valid JSON beyond the limits of this implementation
    (section 9).

    orjson rejects lone surrogates, NaN, Infinity and numbers beyond a double, all in linear time. It does not
    detect duplicate member names, and rounds integers beyond 64 bits to doubles. So the standard library's
    decoder then produces the value (about 1 µs for a small body).
    """
    # Only a body with that many brackets can be nested so deeply.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise _beyond(f"The body is nested deeper than {MAX_DEPTH} levels", "depth")
    try:
        orjson.loads(data)
        return _unique_names.decode(data.decode())
    except _DuplicateName:
        raise MalformedBody("The body names a member twice") from None
    except orjson.JSONDecodeError:
        if _is_json_but_for_range(data):
            raise _beyond("A number is beyond the range of a double", "range") from None
        raise MalformedBody("The body is not valid JSON in UTF-8") from None


def _depth(data: bytes) -> int:
    brackets = _STRUCTURE.sub(b"", data)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _is_json_but_for_range(data: bytes) -> bool:
    """Return whether a text that orjson rejects is JSON with a number beyond a double."""
    beyond: list[str] = []

    def number(text: str) -> float:
        if math.isinf(float(text)):
            beyond.append(text)
        return 0.0

    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=number, parse_float=number, parse_constant=_no_constant
    )
    try:
        decoder.decode(data.decode())
    except ValueError:
        return False
    return bool(beyond)


def _beyond(message: str, rule: str) -> Invalid:
    return Invalid([ValidationErrorItem(("body",), message, rule)])
