"""Which responses are compressed, and what their headers then say."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from contracts import Served, package, serve
from specfirst.runtime.application import CORS
from specfirst.runtime.asgi import HTTPResponse
from specfirst.runtime.compression import COMPRESS_FROM, accepts_gzip, negotiate

BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
LARGE = b'{"name": "' + b"Oak Street, " * 100 + b'"}'


@pytest.fixture
def shop() -> Served:
    return bookshop()


def bookshop(**options: Any) -> Served:
    operations, schemas = package("bookshop").operations, package("bookshop").schemas
    book = schemas.Book.model_validate(BOOK)
    count = iter((200, 200, 200, 1))
    return serve(
        "bookshop",
        {
            "list_books": lambda **_: operations.ListBooks200(body=[book] * next(count), x_total_count=1),
            "get_book": operations.GetBook200(
                body=book.model_copy(update={"title": "A" * COMPRESS_FROM}), etag='"a"'
            ),
            "get_featured_book": book,
        },
        validate_responses=True,
        **options,
    )


@pytest.mark.parametrize(
    "accepted",
    [
        "gzip",
        "GZip",
        "x-gzip",
        "br, gzip",
        "deflate,gzip;q=0.001",
        "gzip ; q=1.000",
        "*",
        "*;q=0.5",
        "identity;q=0, *",
        "identity;q=0.5, gzip;q=0.5",
        "br;q=1.0, gzip;q=0.8, *;q=0.1",
    ],
)
def test_gzip_is_used_where_it_is_accepted(accepted: str) -> None:
    assert accepts_gzip([(b"accept-encoding", accepted.encode())])


@pytest.mark.parametrize(
    "accepted",
    [
        "",
        ",",
        "br",
        "identity",
        "gzip;q=0",
        "gzip;q=0.000, *",
        "x-gzip;Q=0",
        "*;q=0",
        "identity, gzip;q=0.5",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=0.1234",
        "gzip;q",
        "gzip;level=9",
        "gzip deflate",
        '"gzip"',
    ],
)
def test_gzip_is_not_used_where_it_is_not_accepted(accepted: str) -> None:
    """RFC 9110, sections 12.4.2 and 12.5.3; a member that is not valid accepts nothing."""
    assert not accepts_gzip([(b"accept-encoding", accepted.encode())])


def test_several_lines_of_accept_encoding_are_one_list() -> None:
    assert accepts_gzip([(b"accept-encoding", b"br"), (b"accept-encoding", b"gzip")])
    assert not accepts_gzip([(b"accept", b"gzip")])


async def test_a_large_response_is_compressed_and_small_ones_are_not(shop: Served) -> None:
    async with (
        shop.client as client,
        client.stream("GET", "/books", headers={"Accept-Encoding": "gzip"}) as got,
    ):
        raw = b"".join([part async for part in got.aiter_raw()])
    plain = await shop.get("/books", headers={"Accept-Encoding": "identity"})
    head = await shop.request("HEAD", "/books", headers={"Accept-Encoding": "gzip"})
    small = await shop.get("/books", headers={"Accept-Encoding": "gzip"})

    assert (got.status_code, got.headers["content-encoding"]) == (200, "gzip")
    assert got.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) == int(got.headers["content-length"]) < len(plain.content) / 10
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert head.content == b""
    assert dict(head.headers) == dict(got.headers)
    assert small.json() == [BOOK]
    assert not {"vary", "content-encoding"} & small.headers.keys()


async def test_a_response_with_a_strong_entity_tag_stays_as_it_is(shop: Served) -> None:
    answer = await shop.get("/books/9780262033848", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"a"')
    assert len(answer.content) > COMPRESS_FROM
    assert not {"vary", "content-encoding"} & answer.headers.keys()


async def test_one_vary_names_all_that_a_response_varies_by() -> None:
    shop = bookshop(shared=False)
    shop.app.add_middleware(CORS, allow_origins=["http://page"])
    headers = {"Accept-Encoding": "gzip", "Origin": "http://page"}
    answer = await shop.get("/books", headers=headers)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["access-control-allow-origin"] == "http://page"
    assert answer.headers["vary"] == "Accept-Encoding, Origin"


@pytest.mark.parametrize(
    "field",
    [
        (b"content-encoding", b"br"),
        (b"content-range", b"bytes 0-9/10"),
        (b"etag", b'"a"'),
        (b"cache-control", b"private, No-Transform"),
    ],
)
async def test_what_must_not_be_compressed_is_not_changed(field: tuple[bytes, bytes]) -> None:
    answer = HTTPResponse(200, [field], LARGE)
    assert await negotiate(answer, [(b"accept-encoding", b"gzip")]) == answer


@pytest.mark.parametrize(
    ("given", "vary"),
    [
        ([(b"etag", b'W/"a"')], b"Accept-Encoding"),
        ([(b"cache-control", b'no-cache="no-transform"')], b"Accept-Encoding"),
        ([(b"vary", b"Prefer"), (b"vary", b"Accept")], b"Prefer, Accept, Accept-Encoding"),
    ],
)
async def test_other_headers_do_not_prevent_compression(given: Any, vary: bytes) -> None:
    answer = await negotiate(HTTPResponse(200, given, LARGE), [(b"accept-encoding", b"gzip")])
    headers = dict(answer.headers)
    assert gzip.decompress(answer.body) == LARGE
    assert (headers[b"vary"], headers[b"content-encoding"]) == (vary, b"gzip")


async def test_a_body_that_a_thread_compresses_is_the_same() -> None:
    body = LARGE * 1000
    answer = await negotiate(HTTPResponse(200, [], body), [(b"accept-encoding", b"gzip")])
    assert gzip.decompress(answer.body) == body
