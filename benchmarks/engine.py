"""Measure the engine alone: an ASGI application called in-process, whose operations return constants."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from statistics import median
from typing import Any

from specfirst.runtime.application import ContractAPI
from specfirst.runtime.asgi import ASGIApp, Message, Receive, Scope, Send
from specfirst.runtime.routing import Engine

from generated.application import build_router, contract
from generated.operations import CreateTask201, GetTask200
from generated.schemas import TaskListResponse, TaskResponse
from impl.identity.caller import Authenticator, Caller, authorize
from impl.identity.tokens import Claims, mint_token
from impl.identity.verifiers import SharedSecretVerifier

CALLS, ROUNDS = 500, 15

USER = "100005"
_CREATED = contract().get(("paths", "/api/{user_id}/tasks", "post", "responses", "201"))
TASK = TaskResponse.model_validate(
    # A new property has the value of the contract's example.
    _CREATED["content"]["application/json"]["example"]
    | {
        "id": 1005,
        "user_id": USER,
        "title": "Write the report",
        "description": "What has to be done, and why.",
        "due_date": "2027-01-01T12:00:00Z",
        "created_at": "2026-01-01T12:00:00.123456Z",
        "updated_at": "2026-01-01T12:00:00.123456Z",
    }
)
ETAG = '"3b1f0c5a9d2e4f67"'
_BODY = {"title": "Write the report", "priority": "high", "due_date": "2027-01-01T12:00:00Z"}

_REQUESTS: Mapping[str, tuple[str, str, str, bytes]] = {
    "get one": ("GET", f"/api/{USER}/tasks/1005", "", b""),
    "list": ("GET", f"/api/{USER}/tasks", "completed=false&priority=high&limit=20", b""),
    "create": ("POST", f"/api/{USER}/tasks", "", json.dumps(_BODY).encode()),
    "no such path": ("GET", f"/api/{USER}/nothing", "", b""),
}

OPERATIONS = ("get one", "list", "create")
"""The requests that reach an operation; only they count for the goal."""


class _Constants:
    """An implementation of the measured operations."""

    async def get_task(self, caller: Caller, **_: object) -> GetTask200:
        return GetTask200(body=TASK, etag=ETAG)

    async def list_tasks(self, caller: Caller, **_: object) -> TaskListResponse:
        return TaskListResponse(items=[TASK], total=1, next_cursor=None)

    async def create_task(self, caller: Caller, **_: object) -> CreateTask201:
        return CreateTask201(body=TASK, location=f"/api/{USER}/tasks/1005", etag=ETAG)


def application(secret: str) -> ASGIApp:
    async def write_profile(claims: Claims) -> None:
        pass

    authenticator = Authenticator(SharedSecretVerifier(secret), write_profile)
    engine: Engine[Caller] = Engine(
        contract(),
        authenticate={"bearerAuth": authenticator.authenticate},
        authorize=authorize,
        allow_unimplemented=True,
    )
    # One implementation for each tag of the contract.
    constants: dict[str, Any] = {tag["name"]: _Constants() for tag in contract().content["tags"]}
    return ContractAPI(engine, build_router(engine, **constants))


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Do the minimum of every ASGI application: read the body if there is one, and respond."""
    if scope["method"] == "POST":
        await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def measure() -> dict[str, float]:
    """Return the microseconds above the bare application, by request."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    secret = secrets.token_urlsafe(32)
    token = mint_token(secret, USER, timedelta(hours=1))
    app = application(secret)
    above = {}
    for name, request in _REQUESTS.items():
        scope, body = _scope(*request, token), request[3]
        await _expect(app, scope, body, 404 if name == "no such path" else 201 if name == "create" else 200)
        # Alternate, so that other activity of the machine affects both.
        rounds = [await _call(app, scope, body) - await _call(bare, scope, body) for _ in range(ROUNDS)]
        above[name] = median(rounds)
    return above


async def _expect(app: ASGIApp, scope: Scope, body: bytes, status: int) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app({**scope}, _receive(body), send)
    assert sent[0]["status"] == status, sent


async def _call(app: ASGIApp, scope: Scope, body: bytes) -> float:
    async def send(message: Message) -> None:
        pass

    receive = _receive(body)
    gc.collect()
    started = time.perf_counter()
    for _ in range(CALLS):
        # A server creates a new scope for each request.
        await app({**scope}, receive, send)
    return (time.perf_counter() - started) / CALLS * 1e6


def _receive(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _scope(method: str, path: str, query: str, body: bytes, token: str) -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {token}".encode())]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
