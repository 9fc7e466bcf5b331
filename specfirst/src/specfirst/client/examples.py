"""The example responses of a contract, as a client's handlers for Mock Service Worker send them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from specfirst.contract.document import Document, is_json
from specfirst.runtime.errors import APIError
from specfirst.runtime.mock import MARK, Mock
from specfirst.runtime.validation import Schemas
from specfirst.runtime.values import Values

Example = tuple[int, Mapping[str, str], Any]
"""A status, the headers, and the body: JSON data, a text, or None for no body."""


def examples(document: Document) -> Mapping[str, list[Example]]:
    """Return the responses of each operation: that of the mock, then the others that have an example.

    An operation has none if the mock finds no value.
    """
    values = Values(document, partial(Schemas(document).validator, direction="response"))
    return {
        o.operation_id: list(_examples(Mock(document, o, values), o.responses)) for o in document.operations
    }


def _examples(mock: Mock, statuses: Mapping[int, Any]) -> Iterator[Example]:
    first = _example(mock, None)
    if first:
        yield first[1]
    for status, response in statuses.items():
        if not response.content or (first and first[1][0] == status):
            continue
        found = _example(mock, status)
        if found and found[0]:
            yield found[1]


def _example(mock: Mock, status: int | None) -> tuple[bool, Example] | None:
    """Return the response of a status, and whether it is an example of the contract."""
    try:
        response = mock.response([] if status is None else [(b"prefer", b"code=%d" % status)])
    except APIError:
        return None
    headers = {name.decode(): value.decode() for name, value in response.headers}
    is_example = headers.pop(MARK.lower(), "") == "example"
    data: Any = response.body.decode(errors="replace") or None
    if data and is_json(headers.get("content-type", "")):
        # An example of a range of media types may be any text.
        with contextlib.suppress(ValueError):
            data = json.loads(data)
    return is_example, (response.status, headers, data)
