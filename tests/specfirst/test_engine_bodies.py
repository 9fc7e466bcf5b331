"""Request bodies, on contracts of other services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from contracts import Served, package, serve
from pydantic import MISSING
from specfirst.runtime.observation import CLIENT_GONE

BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
STAFF = {"Authorization": "Bearer ada"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def shop() -> Served:
    operations, schemas = package("bookshop").operations, package("bookshop").schemas
    book = schemas.Book.model_validate(BOOK)
    return serve(
        "bookshop",
        {
            "put_book": operations.PutBook200(body=book),
            "create_order": operations.CreateOrder202(retry_after=9),
        },
    )


@pytest.fixture
def odd() -> Served:
    schemas = package("oddities").schemas
    planted = schemas.PlantedTree(name="x", depth=1)
    return serve("oddities", {"plant_tree": planted, "set_rules": lambda body: {"a": len(body)}})


async def put(shop: Served, content: Any, **headers: str) -> Any:
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    path = "/books/9780262033848"
    return await shop.request("PUT", path, content=content, headers=STAFF | JSON | headers)


async def order(shop: Served, **options: Any) -> Any:
    options["headers"] = {"X-Api-Key": "k"} | options.get("headers", {})
    return await shop.request("POST", "/orders", **options)


async def test_a_body_arrives_as_its_model_and_what_is_left_out_is_missing(shop: Served) -> None:
    assert (await put(shop, {"title": "T", "published": "2009-07-31"})).status_code == 200
    body = shop.arguments["body"]
    assert isinstance(body, package("bookshop").schemas.BookWrite)
    assert (body.title, body.published, body.price) == ("T", date(2009, 7, 31), MISSING)
    assert body.model_dump() == {"title": "T", "published": date(2009, 7, 31)}


async def test_null_and_absence_stay_two_things(shop: Served) -> None:
    await order(shop, json={"note": None})
    assert shop.arguments["body"].model_dump() == {"note": None}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=UTF-8",
        "application/vnd.bookshop.book+json",
        "application/vnd.bookshop.book+json; charset=utf-8",
    ],
)
async def test_each_media_type_that_is_declared_is_taken(shop: Served, media_type: str) -> None:
    assert (await put(shop, {"title": "T"}, **{"Content-Type": media_type})).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        "; charset=utf-8",
        ';charset="utf-8"',
        '; charset="ut\\f-\\8"',
        "; CHARSET=UTF-8",
        " \t;\tcharset=utf-8 ",
        ";;; charset=utf-8;",
        "; xcharset=foo",
        "; charset-x=latin-1",
        '; profile="charset"',
        '; profile="a; charset=latin-1"',
        '; profile="\\"; charset=latin-1"; charset=utf-8',
        "; version=1",
    ],
)
async def test_parameters_of_the_media_type_are_parsed(shop: Served, parameters: str) -> None:
    """RFC 9110, section 5.6.6."""
    answer = await put(shop, {"title": "T"}, **{"Content-Type": f"application/json{parameters}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=latin-1",
        'application/json; charset="latin-1"',
        "application/json; profile=a; Charset=iso-8859-1",
        "application/json; charset=",
        'application/json; charset=""',
        "application/json; charset",
        "application/json; charset = utf-8",
        'application/json; charset="utf-8',
        'application/json; charset=utf-8"',
        "application/json; charset=utf-8; charset=utf-8",
        "application/json; charset=utf-8; CHARSET=latin-1",
        "application/json; a=1; a=2",
        "application/json charset=utf-8",
        "application/json, application/json",
        "application /json",
        "application/json/x",
        'application/json; x="' + "\\" * 99,
        "application/json" + "; " * 5000 + "=",
        "text/plain",
        "application/xml",
        "application/merge-patch+json",
        "application/json-seq",
        "*/*",
        "",
    ],
)
async def test_a_media_type_that_is_not_declared_is_415(shop: Served, media_type: str) -> None:
    response = await put(shop, {"title": "T"}, **{"Content-Type": media_type})
    assert (response.status_code, shop.calls) == (415, [])
    assert response.headers["content-type"] == "application/problem+json"
    # RFC 9110, section 15.5.16.
    assert response.headers["accept"] == "application/json, application/vnd.bookshop.book+json"
    assert "accept-encoding" not in response.headers


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x", "GZIP"])
async def test_a_compressed_body_is_415_and_told_apart(shop: Served, coding: str) -> None:
    response = await put(shop, {"title": "T"}, **{"Content-Encoding": coding})
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("coding", ["identity", "Identity", "", " ", "identity, identity"])
async def test_a_body_that_is_not_compressed_may_say_so(shop: Served, coding: str) -> None:
    assert (await put(shop, {"title": "T"}, **{"Content-Encoding": coding})).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"title": "T"} x',
        b"\xef\xbb\xbf{}",
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b'{"price": NaN}',
        b'{"title": "a", "title": "b"}',
        b'{"a": {"b": 1, "b": 1}}',
        b"{'title': 'T'}",
    ],
)
async def test_what_is_not_plain_json_is_400(shop: Served, content: bytes) -> None:
    response = await put(shop, content)
    assert (response.status_code, shop.calls) == (400, [])


async def test_a_body_of_the_greatest_size_is_taken_and_one_byte_more_is_413(shop: Served) -> None:
    content = b'{"title": "T"}'
    assert (await put(shop, content.ljust(2048))).status_code == 200
    assert (await put(shop, content.ljust(2049))).status_code == 413


async def test_a_body_without_length_is_measured_as_it_comes(shop: Served) -> None:
    async def pieces(count: int) -> Any:
        yield b'{"title": "T"}'
        for _ in range(count):
            yield b" " * 100

    for count, status in ((20, 200), (21, 413)):
        response = await shop.request(
            "PUT", "/books/9780262033848", content=pieces(count), headers=STAFF | JSON
        )
        assert response.status_code == status


async def test_everything_that_is_wrong_is_told_at_once_path_first(shop: Served) -> None:
    response = await put(shop, {"title": "T" * 41, "price": -1, "colour": "red"})
    assert response.status_code == 422
    assert sorted(error.partition(":")[0] for error in response.json()["errors"]) == [
        "body/colour",
        "body/price",
        "body/title",
    ]


async def test_a_day_that_python_cannot_hold_is_422_though_the_schema_admits_it(shop: Served) -> None:
    response = await put(shop, {"title": "T", "published": "0000-01-01"})
    assert response.status_code == 422
    assert response.json()["errors"][0].startswith("body/published: ")


async def test_an_optional_body_may_be_left_out(shop: Served) -> None:
    response = await order(shop)
    assert (response.status_code, response.content, response.headers["retry-after"]) == (202, b"", "9")
    assert shop.arguments == {"body": None}


async def test_an_optional_body_may_be_sent(shop: Served) -> None:
    await order(shop, json={"gift": True})
    assert shop.arguments["body"].gift is True


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"null", "headers": JSON}, 422),
        ({"content": b"{}", "headers": JSON}, 202),
        # Who names a media type means to send a body.
        ({"content": b"", "headers": JSON}, 400),
        ({"content": b"{}"}, 415),
    ],
)
async def test_an_optional_body_that_is_sent_has_to_fit(
    shop: Served, options: dict[str, Any], status: int
) -> None:
    assert (await order(shop, **options)).status_code == status


async def test_a_body_may_hold_itself_and_one_of_several_shapes(odd: Served) -> None:
    branch = {"name": "b", "shape": {"kind": "square", "side": 2}}
    tree = {"name": "a", "shape": {"kind": "circle", "radius": 1.5}, "branches": [branch, {"name": "c"}]}
    assert (await odd.request("POST", "/trees", json=tree)).status_code == 200
    body = odd.arguments["body"]
    assert [type(part).__name__ for part in (body, body.shape, body.branches[0].shape)] == [
        "Tree",
        "Circle",
        "Square",
    ]
    assert body.branches[0].shape.side == 2.0
    assert body.branches[1].branches is MISSING


@pytest.mark.parametrize(
    "tree",
    [
        {"name": "a", "shape": {"kind": "circle", "side": 1}},
        {"name": "a", "shape": {"kind": "triangle"}},
        {"name": "a", "branches": [{"name": "b", "branches": [{"nome": "c"}]}]},
        {"name": "a", "branches": [{"name": "b"}] * 6},
    ],
)
async def test_a_shape_or_branch_that_does_not_fit_is_422(odd: Served, tree: dict[str, Any]) -> None:
    response = await odd.request("POST", "/trees", json=tree)
    assert (response.status_code, odd.calls) == (422, [])


async def test_a_body_may_be_an_array_of_objects_named_like_keywords(odd: Served) -> None:
    rules = [
        {"type": "string", "format": "date-time", "pattern": ".", "at": "2026-01-05T08:00:00Z"},
        {"type": "x", "at": None},
    ]
    response = await odd.request("PUT", "/rules", json=rules)
    assert (response.status_code, response.json()) == (200, {"a": 2})
    first, second = odd.arguments["body"]
    assert (first.type, first.format, first.at) == (
        "string",
        "date-time",
        datetime(2026, 1, 5, 8, tzinfo=UTC),
    )
    assert (second.format, second.at) == (MISSING, None)


async def test_equal_items_are_refused_where_items_are_unique(odd: Served) -> None:
    response = await odd.request("PUT", "/rules", json=[{"type": "x"}] * 2)
    assert [finding["type"] for finding in response.json()["detail"]] == ["uniqueItems"]


async def speak(served: Served, messages: Sequence[dict[str, Any]]) -> list[Any]:
    """Answer a request whose body arrives as these messages; give what was sent."""
    incoming, sent = iter(messages), []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/trees", "query_string": b"", "headers": headers}
    await served.app(scope, receive, send)
    return sent


async def test_a_body_in_pieces_is_put_together(odd: Served) -> None:
    pieces = [b'{"na', b'me": "\xc3', b'\xa4"', b"}", b""]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    sent = await speak(odd, [*messages, {"type": "http.request", "body": b"", "more_body": False}])
    assert sent[0]["status"] == 200
    assert odd.arguments["body"].name == "ä"


@pytest.mark.parametrize("before", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
async def test_a_client_that_goes_away_gets_no_answer_and_leaves_no_error(
    odd: Served, before: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    statuses: list[int] = []
    odd.app.observation.observers.append(lambda scope, status, seconds: statuses.append(status))
    assert await speak(odd, [*before, {"type": "http.disconnect"}]) == []
    assert (odd.calls, statuses, caplog.records) == ([], [CLIENT_GONE], [])


async def test_no_message_repeats_what_was_sent(shop: Served) -> None:
    secret = "hunter2" * 10
    response = await put(shop, {"title": secret, "price": secret, "published": secret})
    assert response.status_code == 422
    assert "hunter2" not in response.text
