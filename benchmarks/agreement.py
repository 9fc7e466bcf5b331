"""Check that all servers give the same responses: a server that does less is not faster."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from benchmarks.operations import Request
from benchmarks.servers import CANNOT, Server, ServerError

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*")

# Properties that the database sets differently each time.
_OWN = {
    "create": {"id", "created_at", "updated_at", "etag"},
    "patch": {"updated_at", "etag"},
    "toggle": {"updated_at", "etag"},
}

_KNOWN = {"title": "As it was", "completed": False, "priority": "low"}


def check(servers: Sequence[Server], requests: Mapping[str, Sequence[Request]]) -> None:
    """Send the same requests to all servers. Raises ServerError if their responses differ."""
    for operation, (request, *_) in requests.items():
        able = [server for server in servers if (server.name, operation) not in CANNOT]
        _compare(operation, request, {server.name: _response(server, operation, request) for server in able})
    for name, request in rejected(requests["get"][0], requests["create"][0]).items():
        _compare(name, request, {server.name: (server.ask(request)[0], None) for server in servers})


def rejected(get: Request, create: Request) -> dict[str, Request]:
    """Return requests that every server must reject; only the status is compared, not the message."""
    collection, _, _ = get.path.rpartition("/")
    return {
        "without a token": get._replace(token=""),
        "with a forged token": get._replace(token=get.token[:-8] + "AAAAAAAA"),
        "another user's": create._replace(method="GET", path=create.path, token=get.token, body=""),
        "a missing task": get._replace(path=f"{collection}/9007199254740991"),
        "a task without title": create._replace(body='{"title": ""}'),
    }


def _response(server: Server, operation: str, request: Request) -> tuple[int, Any]:
    if operation in ("patch", "toggle"):
        # Reset the task, so that each server starts from the same content.
        path = request.path.removesuffix("/complete")
        server.ask(request._replace(method="PATCH", path=path, body=json.dumps(_KNOWN)))
    status, body = server.ask(request)
    return status, _comparable(json.loads(body), _OWN.get(operation, set()))


def _comparable(content: Any, own: set[str]) -> Any:
    if isinstance(content, dict):
        return {name: _comparable(value, own) for name, value in content.items() if name not in own}
    if isinstance(content, list):
        return [_comparable(item, own) for item in content]
    if isinstance(content, str) and _TIMESTAMP.fullmatch(content):
        # A timestamp may be written with or without trailing zeros.
        return datetime.fromisoformat(content)
    return content


def _compare(what: str, request: Request, responses: Mapping[str, tuple[int, Any]]) -> None:
    (first, (status, content)), *others = responses.items()
    for name, (other_status, other_content) in others:
        expected = content
        if name == "reference" and isinstance(content, dict):
            # The reference has no cursors, and not every property that a task has had since.
            expected = _reduced(content, other_content)
        if (status, expected) != (other_status, other_content):
            raise ServerError(
                f"{first} and {name} answer {what} differently, {request.method} {request.path}:\n"
                f"{first}: {status} {str(content)[:1000]}\n{name}: {other_status} {str(other_content)[:1000]}"
            )


def _reduced(content: Any, example: Any) -> Any:
    """Return the content with only those properties that the example has."""
    if isinstance(content, dict) and isinstance(example, dict):
        return {name: _reduced(content.get(name), value) for name, value in example.items()}
    if isinstance(content, list) and isinstance(example, list) and len(content) == len(example):
        return [_reduced(*pair) for pair in zip(content, example, strict=True)]
    return content
