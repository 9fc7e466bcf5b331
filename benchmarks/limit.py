"""The fastest Python server for this work: one ASGI function, asyncpg and orjson.

It reads totals from the same counters as the service, and omits everything else: no contract, no framework,
no models, and only the validation without which its statements would fail.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
import orjson
from jose import JWTError, jwt
from specfirst.runtime.asgi import Receive, Scope, Send

from benchmarks import statements

SECRET = os.environ["BETTER_AUTH_SECRET"]
PAGE, PAGE_AFTER = statements.page(after_cursor=False), statements.page(after_cursor=True)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

pool: Any = None
callers: dict[str, tuple[float, str]] = {}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    status, content = await response(scope, receive)
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 201:
        headers.append((b"location", f"/api/{content['user_id']}/tasks/{content['id']}".encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def response(scope: Scope, receive: Receive) -> tuple[int, Any]:
    if scope["path"] == "/health":
        return 200, {"status": "healthy", "message": "API is running"}
    _, _, user_id, _, *rest = scope["path"].split("/")
    caller = authenticate(scope)
    if caller is None:
        return 401, {"detail": "Not authenticated"}
    if caller != user_id:
        return 403, {"detail": "Not authorized to access this user's data"}
    method = scope["method"]
    if not rest:
        if method == "POST":
            body = orjson.loads(await read(receive))
            if not body.get("title"):
                return 422, {"detail": []}
            if body.get("due_date"):
                body["due_date"] = datetime.fromisoformat(body["due_date"])
            values = statements.DEFAULTS | body
            return 201, await one(statements.CREATE, user_id, *[values[name] for name in statements.NEW])
        return 200, await page(user_id, dict(parse_qsl(scope["query_string"].decode())))
    task_id = int(rest[0])
    if method == "GET":
        row = await one(statements.GET, user_id, task_id)
    elif len(rest) == 2:
        row = await one(statements.TOGGLE, user_id, task_id)
    else:
        changes = orjson.loads(await read(receive))
        row = await one(statements.update(changes), user_id, task_id, *changes.values())
    return (404, {"detail": "Task not found"}) if row is None else (200, row)


def authenticate(scope: Scope) -> str | None:
    token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")[7:].decode()
    remembered = callers.get(token)
    if remembered is None:
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"])
        except JWTError:
            return None
        remembered = callers[token] = claims["exp"], claims["sub"]
    expires_at, caller = remembered
    return caller if expires_at > time.time() else None


async def read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def one(statement: str, *values: object) -> dict[str, Any] | None:
    row = await pool.fetchrow(statement, *values)
    return None if row is None else tagged(dict(row))


def tagged(row: dict[str, Any]) -> dict[str, Any]:
    row["etag"] = f'"{row.pop("revision"):016x}"'
    return row


async def page(user_id: str, query: dict[str, str]) -> dict[str, Any]:
    limit, offset, cursor = int(query.get("limit", 100)), int(query.get("offset", 0)), query.get("cursor")
    if cursor is None:
        rows = await pool.fetch(PAGE, user_id, limit + 1, offset)
    else:
        after = EPOCH + int(cursor[:14], 16) * MICROSECOND
        rows = await pool.fetch(PAGE_AFTER, user_id, limit + 1, offset, after, int(cursor[14:], 16))
    items = [dict(row) for row in rows[:limit] if row["id"] is not None]
    for item in items:
        del item["total"]
        tagged(item)
    return {
        "items": items,
        "total": rows[0]["total"],
        "next_cursor": place(rows[limit - 1]) if len(rows) > limit else None,
    }


def place(row: Any) -> str:
    return f"{(row['created_at'] - EPOCH) // MICROSECOND:014x}{row['id']:014x}"


async def keep(connection: Any) -> None:
    """Do not reset the session, like the service: nothing is left in it, and a reset is a round trip."""


async def lifespan(receive: Receive, send: Send) -> None:
    global pool
    await receive()
    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"],
        min_size=0,
        max_size=int(os.environ["DATABASE_POOL_SIZE"]),
        reset=keep,
        statement_cache_size=256,
        max_cached_statement_lifetime=0,
    )
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await pool.close()
    await send({"type": "lifespan.shutdown.complete"})
