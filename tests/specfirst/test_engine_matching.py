"""How the engine finds the operation that a request means, on a contract of another service."""

from __future__ import annotations

from typing import Any

import pytest
from contracts import Served, package, serve
from starlette.applications import Starlette
from starlette.routing import Mount

BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
TOLD = {"said": "yes"}
PATH = "/values/{}/7/1.5/true/2026-01-05/3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.fixture
def shop() -> Served:
    operations, schemas = package("bookshop").operations, package("bookshop").schemas
    book = schemas.Book.model_validate(BOOK)
    return serve(
        "bookshop",
        {
            "list_books": operations.ListBooks200(body=[book], x_total_count=1),
            "get_featured_book": book,
            "get_book": operations.GetBook200(body=book, etag='"a"'),
            "delete_book": None,
        },
    )


@pytest.fixture
def odd() -> Served:
    told = package("oddities").schemas.Told(said="yes")
    return serve(
        "oddities", {"get_path_values": told, "get_root": package("oddities").operations.GetRoot204()}
    )


async def test_a_concrete_path_goes_before_a_templated_one(shop: Served) -> None:
    assert (await shop.get("/books/featured")).json() == BOOK
    assert [name for name, _, _ in shop.calls] == ["get_featured_book"]


async def test_a_templated_path_takes_what_no_concrete_one_does(shop: Served) -> None:
    assert (await shop.get("/books/9780262033848")).status_code == 200
    assert shop.arguments["isbn"] == "9780262033848"


async def test_a_method_that_only_the_templated_path_has_is_not_offered_by_the_concrete_one(
    shop: Served,
) -> None:
    response = await shop.request("DELETE", "/books/featured")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_an_encoded_slash_stays_in_its_segment(odd: Served) -> None:
    assert (await odd.get(PATH.format("a%2Fb"))).status_code == 200
    assert odd.arguments["class_"] == "a/b"


@pytest.mark.parametrize(
    ("sent", "meant"), [("a%20b", "a b"), ("a+b", "a+b"), ("gr%C3%B6%C3%9Fer", "größer")]
)
async def test_segments_are_decoded_once_and_plus_is_plus(odd: Served, sent: str, meant: str) -> None:
    assert (await odd.get(PATH.format(sent))).status_code == 200
    assert odd.arguments["class_"] == meant


async def test_a_doubly_encoded_segment_is_decoded_once(odd: Served) -> None:
    await odd.get(PATH.format("%252F"))
    assert odd.arguments["class_"] == "%2F"


async def test_a_segment_that_is_not_utf_8_is_422(odd: Served) -> None:
    assert (await odd.get(PATH.format("%FF"))).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/book",
        "/books/",
        "/Books",
        "//books",
        "/books//",
        "/books/1/2",
        "/values/a/",
        "/books%2Ffeatured",
        "/books%2F9780262033848",
    ],
)
async def test_a_path_that_is_not_in_the_contract_is_404_in_its_shape(shop: Served, path: str) -> None:
    response = await shop.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {"title": "Not found", "status": 404, "errors": []}


async def test_the_root_path_is_an_operation_like_any_other(odd: Served) -> None:
    response = await odd.get("/")
    assert (response.status_code, response.content, "content-length" in response.headers) == (204, b"", False)


async def test_head_answers_what_get_answers_without_the_body(shop: Served) -> None:
    got, headed = await shop.get("/books"), await shop.request("HEAD", "/books")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers == got.headers
    assert int(headed.headers["content-length"]) == len(got.content)


async def test_head_sends_no_body_that_others_would_have_to_drop(shop: Served) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "HEAD", "path": "/books", "query_string": b"", "headers": []}
    await shop.app(scope, receive, send)
    assert [message.get("body", b"") for message in sent] == [b"", b""]


async def test_head_of_a_path_without_get_is_405(shop: Served) -> None:
    response = await shop.request("HEAD", "/orders")
    assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")


async def test_options_says_which_methods_a_path_has(shop: Served) -> None:
    response = await shop.request("OPTIONS", "/books/1")
    assert (response.status_code, response.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PUT")
    assert (await shop.request("OPTIONS", "/nowhere")).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PATCH", "TRACE", "BREW"])
async def test_a_method_that_a_path_does_not_have_is_405_in_the_contract_s_shape(
    shop: Served, method: str
) -> None:
    response = await shop.request(method, "/books/featured")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 405


async def raw(app: Any, path: str, *, root_path: str = "", full: bool = True) -> int:
    """The status for a path as a server passes it on; not every server gives the raw path."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path}
    scope |= {"query_string": b"", "headers": [], "root_path": root_path, "server": ("shop", 80)}
    await app(scope | ({"raw_path": path.encode()} if full else {}), receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("full", [True, False])
async def test_a_root_path_stands_before_every_path(shop: Served, full: bool) -> None:
    assert await raw(shop.app, "/v1/books", root_path="/v1", full=full) == 200
    assert await raw(shop.app, "/v1/books/featured", root_path="/v1", full=full) == 200
    assert await raw(shop.app, "/books", root_path="/v1", full=full) == 200
    assert await raw(shop.app, "/v1", root_path="/v1", full=full) == 404


async def test_a_root_path_is_not_cut_out_of_a_longer_segment(shop: Served) -> None:
    assert await raw(shop.app, "/v1x/books", root_path="/v1") == 404
    assert await raw(shop.app, "/boo/books", root_path="/boo") == 200
    assert await raw(shop.app, "/books", root_path="/boo") == 200


async def test_the_root_of_a_mounted_application_is_its_root(odd: Served) -> None:
    app = Starlette(routes=[Mount("/odd", odd.app)])
    assert await raw(app, "/odd/") == 204


async def test_fastapi_s_own_matching_comes_to_the_same_answer(shop: Served) -> None:
    """Whoever includes the generated router into an application of their own has no engine in front."""
    app = Starlette(routes=shop.app.router.routes)
    assert await raw(app, "/books") == 200
    assert await raw(app, "/books/featured") == 200
    assert await raw(app, "/books/9780262033848") == 200
    assert [name for name, _, _ in shop.calls] == ["list_books", "get_featured_book", "get_book"]
