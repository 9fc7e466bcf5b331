"""Operations that nobody wrote answer with the contract's examples; all else is still the engine's."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx
import pytest
from contracts import anybody, package, problem
from specfirst.contract.document import Document
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.errors import Forbidden
from specfirst.runtime.routing import Engine

BOOK = {
    "isbn": "9780262033848",
    "title": "Algorithms",
    "price": 60.5,
    "published": "2009-07-31",
    "genre": "science",
}
ORDER = {
    "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "gift": True,
    "note": None,
    "placed": "2026-01-05T08:00:00Z",
}
BOOKS, FEATURED, ONE = "/books", "/books/featured", "/books/9780262033848"
AN_ORDER = f"/orders/{ORDER['id']}"
ADA = {"Authorization": "Bearer ada"}
PROBLEM = "application/problem+json"


def forbid_eve(caller: str, values: object) -> None:
    if caller == "eve":
        raise Forbidden("Not for you")


def engine(change: Callable[[Any], object] = lambda content: None) -> Engine[str]:
    """The bookshop's, with its contract changed."""
    content = deepcopy(package("bookshop").application.contract().content)
    change(content)
    return Engine(
        Document(content),
        authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), anybody),
        authorize=forbid_eve,
        error_body=problem,
        validate_responses=True,
        mock=True,
    )


def mock(engine: Engine[str], books: object = None) -> httpx.AsyncClient:
    """Nobody wrote anything of the bookshop, but for what is given."""
    router = package("bookshop").application.build_router(engine, books=books, orders=None)
    transport = httpx.ASGITransport(app=ContractAPI(engine, router))
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "detail"),
    [
        ("GET", AN_ORDER, {}, 401, "Not authenticated"),
        ("GET", AN_ORDER, {"headers": ADA | {"Prefer": "code=200"}, "params": {"x": 1}}, 422, None),
        ("GET", "/books/one", {}, 422, None),
        ("GET", ONE, {"headers": {"X-Api-Key": "eve"}}, 403, "Not for you"),
        ("PUT", ONE, {"headers": ADA, "content": b"{"}, 415, None),
        ("PUT", ONE, {"headers": ADA | {"Content-Type": "application/json"}, "content": b"{"}, 400, None),
        ("PUT", ONE, {"headers": ADA, "json": {"title": "x" * 2048}}, 413, None),
        ("PUT", ONE, {"headers": ADA, "json": {"titel": "x"}}, 422, None),
        ("GET", "/nowhere", {}, 404, "Not found"),
        ("POST", FEATURED, {}, 405, "Method not allowed"),
    ],
)
async def test_a_request_that_is_not_good_is_refused_by_the_engine_and_the_answer_is_not_marked(
    method: str, path: str, options: dict[str, Any], status: int, detail: str | None
) -> None:
    async with mock(engine()) as client:
        response = await client.request(method, path, **options)
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert response.json()["status"] == status
    assert detail in (None, response.json()["title"])
    assert "x-mock" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "headers", "body"),
    [
        ("GET", BOOKS, {}, 200, {"x-total-count": "1", "x-cached": "false"}, [BOOK]),
        ("GET", FEATURED, {}, 200, {"content-type": "application/json"}, BOOK),
        ("GET", ONE, {}, 200, {"etag": '"a1"'}, BOOK),
        ("PUT", ONE, {"headers": ADA, "json": {"title": "x"}}, 200, {}, BOOK),
        ("DELETE", ONE, {"headers": ADA}, 204, {}, None),
        ("POST", "/orders", {"headers": {"X-Api-Key": "ada"}}, 201, {"location": AN_ORDER}, ORDER),
        ("GET", AN_ORDER, {"headers": ADA}, 200, {}, ORDER),
    ],
)
async def test_each_operation_answers_with_the_example_of_its_lowest_success_and_says_so(
    method: str, path: str, options: dict[str, Any], status: int, headers: dict[str, str], body: object
) -> None:
    async with mock(engine()) as client:
        response = await client.request(method, path, **options)
    assert response.status_code == status
    assert response.headers["x-mock"] == "example"
    assert headers.items() <= dict(response.headers).items()
    assert (response.json() if response.content else None) == body
    # Optional, and the contract gives no example of it.
    assert "x-next" not in response.headers


async def test_head_has_the_headers_of_the_example_and_no_body() -> None:
    async with mock(engine()) as client:
        get, head = await client.get(FEATURED), await client.head(FEATURED)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


NOT_FOUND = {"title": "There is no such book", "status": 404, "errors": []}


@pytest.mark.parametrize(
    ("path", "prefer", "status", "body"),
    [
        (ONE, ["code=404"], 404, NOT_FOUND),
        (ONE, ["code=304"], 304, None),
        (BOOKS, ["example=none"], 200, []),
        (BOOKS, ["code=200, example=none"], 200, []),
        (BOOKS, ["code=200", "example=none"], 200, []),
        (BOOKS, ['Example = "none" ; strict'], 200, []),
        (BOOKS, ["example=none, example=one"], 200, []),
        (BOOKS, ["respond-async, wait=10, dynamic=true"], 200, [BOOK]),
    ],
)
async def test_a_client_gets_the_answer_that_it_prefers(
    path: str, prefer: list[str], status: int, body: object
) -> None:
    async with mock(engine()) as client:
        response = await client.get(path, headers=[("Prefer", value) for value in prefer])
    assert (response.status_code, response.headers["x-mock"]) == (status, "example")
    assert (response.json() if response.content else None) == body


@pytest.mark.parametrize(
    ("path", "prefer", "there"),
    [
        (ONE, "code=418", "200, 304, 401, 403, 404, 412, 422, 500"),
        (ONE, "code=", "200, 304, 401, 403, 404, 412, 422, 500"),
        (BOOKS, "example=two", "one, none"),
        (BOOKS, "code=200, example=example", "one, none"),
        (ONE, "code=404, example=one", "example"),
    ],
)
async def test_a_preference_without_an_example_is_refused_with_what_there_is(
    path: str, prefer: str, there: str
) -> None:
    async with mock(engine()) as client:
        response = await client.get(path, headers={"Prefer": prefer})
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)
    what = "response" if there.startswith("200") else "example"
    assert response.json()["errors"] == [f"header/Prefer: The contract has no such {what}; it has {there}"]
    assert "x-mock" not in response.headers


async def test_an_operation_that_somebody_wrote_is_not_mocked() -> None:
    class Books:
        async def get_featured_book(self) -> Any:
            return package("bookshop").schemas.Book.model_validate(BOOK | {"title": "Real"})

    serving = engine()
    async with mock(serving, Books()) as client:
        real = await client.get(FEATURED, headers={"Prefer": "code=418"})
        mocked = await client.get(BOOKS)
    assert (real.status_code, real.json()["title"], "x-mock" in real.headers) == (200, "Real", False)
    assert (mocked.status_code, mocked.headers["x-mock"]) == (200, "example")
    assert "getFeaturedBook" not in serving.mocks
    assert len(serving.mocks) == 6


async def test_a_body_without_an_example_has_that_of_its_schema() -> None:
    def change(content: Any) -> None:
        del content["paths"]["/books/featured"]["get"]["responses"]["200"]["content"]["application/json"][
            "example"
        ]
        content["components"]["schemas"]["Book"]["examples"] = [BOOK | {"title": "Of the schema"}]

    async with mock(engine(change)) as client:
        assert (await client.get(FEATURED)).json() == BOOK | {"title": "Of the schema"}


@pytest.mark.parametrize(
    "part",
    [
        ("paths", "/books/featured", "get", "responses", "200", "content", "application/json"),
        ("paths", "/books", "get", "responses", "200", "headers", "X-Total-Count"),
    ],
)
async def test_what_has_no_example_is_made_from_its_schema(part: tuple[str, ...]) -> None:
    def change(content: Any) -> None:
        for name in part:
            content = content[name]
        del content["example"]

    async with mock(engine(change)) as client:
        responses = [await client.get(path) for path in (FEATURED, BOOKS)]
    # The engine validates both.
    assert [response.status_code for response in responses] == [200, 200]
    assert [response.headers["x-mock"] for response in responses].count("schema") == (
        part[1] == "/books/featured"
    )
    assert responses[1].headers["x-total-count"].isdigit()
