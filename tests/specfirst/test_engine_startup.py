"""What stops an application from starting, what may be missing on purpose, and a real server before it."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from contracts import anybody, package, problem, serve
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.errors import NotImplementedYet
from specfirst.runtime.implementations import UnimplementedOperations
from specfirst.runtime.observation import CLIENT_GONE
from specfirst.runtime.routing import Engine
from specfirst.serving.startup import StartupError

BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
SCHEMES = dict.fromkeys(("staff", "apiKey", "till", "person"), anybody)


def engine(**options: Any) -> Engine[str]:
    options = {"authenticate": SCHEMES, "authorize": lambda caller, values: None} | options
    return Engine(package("bookshop").application.contract(), **options)


class Books:
    """Has what the contract asks for, but for one operation, and three that cannot be called as it says."""

    async def list_books(self, **filters: object) -> None: ...

    async def get_book(self, caller: str | None, *, isbn: str) -> None: ...

    async def put_book(self, caller: str, *, isbn: str) -> None: ...

    async def delete_book(self, *, isbn: str) -> None: ...

    def get_featured_book(self) -> None: ...


class FewBooks:
    """Lacks three operations."""

    async def list_books(self, **filters: object) -> None: ...

    async def get_book(self, caller: str | None, *, isbn: str) -> None: ...


class Orders:
    async def get_order(self, caller: str, *, order_id: object, as_of: object, more: int = 0) -> None: ...


def test_a_scheme_that_nothing_authenticates_stops_the_start() -> None:
    with pytest.raises(
        StartupError, match="no function authenticates the contract's security scheme person, till"
    ):
        engine(authenticate={"staff": anybody, "apiKey": anybody})


def line_of(method: Any) -> str:
    """Where a method stands, as messages show it."""
    path = Path(__file__)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{method.__code__.co_firstlineno}"


def test_all_operations_that_are_missing_or_differ_are_listed_with_their_signatures() -> None:
    with pytest.raises(UnimplementedOperations) as caught:
        package("bookshop").application.build_router(engine(), books=Books(), orders=Orders())
    message = str(caught.value)
    assert [gap.operation.operation_id for gap in caught.value.gaps] == [
        "getFeaturedBook",
        "putBook",
        "deleteBook",
        "createOrder",
    ]
    assert message.startswith("4 operations of the contract are not implemented:\n")
    for line in (
        "Books.get_featured_book  (GET /books/featured)",
        "expected: async def get_featured_book(self) -> Book | plain.Book\n",
        "found:    def get_featured_book(self) -> None\n",
        f"Books.put_book  (PUT /books/{{isbn}}) {line_of(Books.put_book)}\n",
        "expected: async def put_book(self, caller: Caller, *, isbn: Isbn, body: BookWrite) -> ",
        "found:    async def put_book(self, caller: str, *, isbn: str) -> None\n",
        "expected: async def delete_book(self, caller: Caller, *, isbn: Isbn) -> None\n",
        "Orders.create_order  (POST /orders)",
    ):
        assert line in message
    assert "list_books" not in message
    assert "get_order" not in message
    assert "specfirst generate --skeleton" in message


class Unwritten(Orders):
    """As `specfirst generate --skeleton` leaves a method."""

    async def create_order(self, caller: str, *, body: object, idempotency_key: object = None) -> None:
        raise NotImplementedError


def test_a_method_that_is_only_a_skeleton_is_not_implemented() -> None:
    with pytest.raises(UnimplementedOperations) as caught:
        package("bookshop").application.build_router(engine(), books=Books(), orders=Unwritten())
    found = f"found:    raise NotImplementedError ({line_of(Unwritten.create_order)})\n"
    assert found in str(caught.value)


class Partial(Orders):
    """One that is not written for some of its arguments."""

    async def create_order(self, caller: str, *, body: object, idempotency_key: object = None) -> None:
        if idempotency_key:
            raise NotImplementedError


async def test_a_method_that_raises_not_implemented_in_some_cases_is_called() -> None:
    mocked = engine(mock=True)
    package("bookshop").application.build_router(mocked, books=FewBooks(), orders=Partial())
    assert mocked.mocks.keys() == {"getFeaturedBook", "putBook", "deleteBook"}


async def test_a_tag_without_implementation_is_listed_mocked_or_answered_with_501() -> None:
    application = package("bookshop").application
    with pytest.raises(UnimplementedOperations) as caught:
        application.build_router(engine(), books=Books())
    call = r"the call of build_router in \S*test_engine_startup\.py:[0-9]+"
    orders = (
        rf"\n  {call} has no argument orders; add orders=Orders\(\.\.\.\)\n  Orders\.\w+  \(POST /orders\)\n"
    )
    assert re.search(orders, str(caught.value))
    assert str(caught.value).count("has no argument orders") == 1
    unwritten = engine(allow_unimplemented=True)
    app = ContractAPI(unwritten, application.build_router(unwritten))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/books/featured")
    assert answer.status_code == 501
    assert unwritten.unimplemented == {operation.operation_id for operation in unwritten.document.operations}


@pytest.mark.parametrize("option", ["mock", "allow_unimplemented"])
def test_other_parameters_stop_the_start_also_with_a_mock(option: str) -> None:
    with pytest.raises(UnimplementedOperations) as caught:
        package("bookshop").application.build_router(engine(**{option: True}), books=Books(), orders=Orders())
    message = str(caught.value)
    assert message.startswith("3 methods cannot be called as the contract says:\n")
    assert "Books.get_featured_book" in message
    assert "create_order" not in message
    assert "--skeleton" not in message


async def test_what_is_missing_on_purpose_answers_501_in_the_contract_s_shape_and_the_rest_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    serving = engine(allow_unimplemented=True, validate_responses=True, error_body=problem)
    router = package("bookshop").application.build_router(serving, books=FewBooks(), orders=Orders())
    names = "getFeaturedBook, putBook, deleteBook, createOrder"
    assert caplog.messages == [f"Not implemented, so the response is 501: 4 operations: {names}"]
    assert serving.unimplemented == {"getFeaturedBook", "putBook", "deleteBook", "createOrder"}
    transport = httpx.ASGITransport(app=ContractAPI(serving, router))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        response = await client.get("/books/featured")
        assert response.status_code == 501
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == problem(NotImplementedYet("getFeaturedBook"))
        # Who is calling and what the path says are still asked first.
        assert (await client.post("/orders")).status_code == 401
        assert (await client.post("/orders", headers={"X-Api-Key": "k"})).status_code == 501
        assert (await client.get("/nowhere")).status_code == 404


def test_the_routes_are_fastapi_s_own_and_describe_the_contract() -> None:
    app = serve("bookshop", {}).app
    described, declared = app.openapi(), package("bookshop").application.contract().content
    assert described["info"]["title"] == "Bookshop"
    assert set(described["paths"]) == set(declared["paths"])
    for path, item in described["paths"].items():
        for method, operation in item.items():
            wanted = declared["paths"][path][method]
            assert operation["operationId"] == wanted["operationId"]
            assert set(operation["responses"]) == set(wanted["responses"])
            assert operation.get("deprecated", False) == wanted.get("deprecated", False)


def test_an_application_without_security_needs_no_authentication() -> None:
    served = serve("oddities", {}, authenticate={})
    assert "securitySchemes" not in served.app.openapi().get("components", {})
    assert served.engine.authenticate == {}


@asynccontextmanager
async def running(app: Any, **options: Any) -> AsyncIterator[int]:
    """Serve on a port of 127.0.0.1 with the server that scripts/serve uses."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", http="httptools", **options)
    server = uvicorn.Server(config)
    # Signals are pytest's here.
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it.
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


async def speak(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_real_server_passes_on_what_the_engine_needs() -> None:
    schemas, operations = package("bookshop").schemas, package("bookshop").operations
    book = schemas.Book.model_validate(BOOK)
    answer = operations.GetBook200(body=book, etag='"a"')
    served = serve("bookshop", {"get_featured_book": book, "get_book": answer})
    async with running(served.app, root_path="/v1") as port:
        for line, status in (
            (b"GET /books/featured", b"200 OK"),
            (b"HEAD /books/featured", b"200 OK"),
            (b"GET /books%2Ffeatured", b"404 Not Found"),
            (b"GET /books/9780262033848?", b"200 OK"),
            (b"GET /books/featured?x=%FF", b"422 Unprocessable"),
            (b"OPTIONS /books/featured", b"204 No Content"),
            (b"DELETE /books/featured", b"405 Method Not Allowed"),
        ):
            end = b" HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
            answered = await speak(port, line + end)
            assert answered.startswith(b"HTTP/1.1 " + status), answered
            if line.startswith((b"HEAD", b"OPTIONS")):
                assert answered.endswith(b"\r\n\r\n")


async def test_a_client_that_hangs_up_within_its_body_leaves_no_error_on_a_real_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    statuses: list[int] = []
    served = serve("oddities", {})
    served.app.observation.observers.append(lambda scope, status, seconds: statuses.append(status))
    async with running(served.app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /trees HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b'Content-Length: 100\r\n\r\n{"name"')
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.1)
    assert (served.calls, statuses) == ([], [CLIENT_GONE])
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_server_frees_reference_cycles_that_have_survived_collections() -> None:
    """As of connections that broke after hours; see the resilience test that measures memory."""
    program = """
import gc
import weakref
from specfirst.serving.server import _exclude_startup_objects

start_up_objects = [[] for _ in range(500_000)]
_exclude_startup_objects()

class Connection:
    def __init__(self):
        self.statements = [[self] for _ in range(4_000)]

alive, connection = weakref.WeakSet(), None
for _ in range(60):
    connection = Connection()
    alive.add(connection)
print(len(alive), gc.get_freeze_count() > 500_000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    count, frozen = done.stdout.split()
    assert int(count) < 20
    assert frozen == "True"
