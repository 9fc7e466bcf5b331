"""Parameters of every place, type and form, on contracts of other services."""

from __future__ import annotations

from datetime import UTC, date, datetime
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest
from contracts import Served, package, serve
from specfirst.contract.document import Document
from specfirst.runtime.parameters import Parameters
from specfirst.runtime.validation import Schemas

KEY = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
NEEDED = {"X-Flag": "true"}


@pytest.fixture
def shop() -> Served:
    answer = package("bookshop").operations.ListBooks200(body=[], x_total_count=0)
    modules = package("bookshop")
    fields = {"isbn": "9780262033848", "title": "A", "price": 1, "published": "2009-07-31", "genre": "novel"}
    book = modules.operations.GetBook200(etag='"a"', body=modules.schemas.Book.model_validate(fields))
    order = {"id": KEY, "gift": True, "note": None, "placed": "2026-01-05T08:00:00Z"}
    return serve(
        "bookshop",
        {
            "list_books": answer,
            "get_book": book,
            "get_order": package("bookshop").schemas.Order.model_validate(order),
        },
    )


@pytest.fixture
def odd() -> Served:
    told = package("oddities").schemas.Told(said="yes")
    return serve("oddities", {"get_path_values": told, "get_values": told})


async def values(odd: Served, query: str = "", **headers: str) -> dict[str, Any]:
    response = await odd.get(f"/values?from=a&{query}".rstrip("&"), headers=NEEDED | headers)
    assert response.status_code == 200, response.text
    return odd.arguments


async def wrong(odd: Served, query: str, headers: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    """Where and by which rule a request does not fit."""
    response = await odd.get(f"/values?{query}", headers=NEEDED if headers is None else headers)
    assert response.status_code == 422
    assert odd.calls == []
    return [(*finding["loc"], finding["type"]) for finding in response.json()["detail"]]


async def test_each_kind_of_path_value_arrives_as_its_python_type(odd: Served) -> None:
    assert (await odd.get(f"/values/a/-5/1.5/true/2026-01-05/{KEY}")).status_code == 200
    assert odd.arguments == {
        "class_": "a",
        "thing_id": -5,
        "size": 1.5,
        "flag": True,
        "day": date(2026, 1, 5),
        "key": UUID(KEY),
    }


async def test_everything_that_is_wrong_with_a_path_is_told_at_once(odd: Served) -> None:
    response = await odd.get("/values/%22/5001/x/yes/2026-02-30/1")
    assert response.status_code == 422
    found = [(*finding["loc"], finding["type"]) for finding in response.json()["detail"]]
    assert found == [
        ("path", "class", "pattern"),
        ("path", "thingID", "maximum"),
        ("path", "size", "type"),
        ("path", "flag", "type"),
        ("path", "day", "format"),
        ("path", "key", "format"),
    ]


async def test_what_is_left_out_is_none_or_its_default(odd: Served) -> None:
    given = await values(odd)
    assert given.pop("from_") == "a"
    assert given.pop("x_flag") is True
    assert given.pop("top") == 7
    assert given.pop("words") == ["a", "b"]
    assert set(given.values()) == {None}
    assert set(given) >= {"engine", "router", "components", "caller_", "str", "filter_name", "gr_e"}


async def test_an_operation_that_changes_a_default_changes_its_own_copy(odd: Served) -> None:
    (await values(odd))["words"].append("c")
    odd.calls.clear()
    assert (await values(odd))["words"] == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "identifier", "value"),
    [
        ("engine=x", "engine", "x"),
        ("router=x", "router", "x"),
        ("components=x", "components", "x"),
        ("caller=x", "caller_", "x"),
        ("str=x", "str", "x"),
        ("str=", "str", ""),
        ("filter%5Bname%5D=x", "filter_name", "x"),
        ("filter[name]=x", "filter_name", "x"),
        ("$top=9", "top", 9),
        ("%24top=9", "top", 9),
        ("gr%C3%B6%C3%9Fe=x%2B+y", "gr_e", "x+ y"),
        ("moment=2026-01-05T08:00:00Z", "moment", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        (f"key={KEY.upper()}", "key", UUID(KEY)),
        ("words=x", "words", ["x"]),
        ("words=x&words=y,z", "words", ["x", "y,z"]),
        # RFC 6570, section 3.2.8: a delimiter that stands encoded belongs to the value.
        ("tags%2C=a%2Cb,c", "tags", ["a,b", "c"]),
        ("tags,=a%2cb", "tags", ["a,b"]),
        ("tags,=a+b,c%2Bd,e+", "tags", ["a b", "c+d", "e "]),
        ("tags,=gr%C3%B6,%2C%2C", "tags", ["grö", ",,"]),
        ("tags,=a,,b,", "tags", ["a", "", "b", ""]),
        ("tags,=%252C", "tags", ["%2C"]),
        ("tags,=", "tags", [""]),
        ("tags,", "tags", [""]),
        ("words=a%2Cb&words=c,d", "words", ["a,b", "c,d"]),
        ("days=2026-01-05&days=2026-01-06", "days", [date(2026, 1, 5), date(2026, 1, 6)]),
        ("address=192.0.2.1", "address", IPv4Address("192.0.2.1")),
        ("quote=%22%22%22", "quote", '"""'),
        ("quote=new%0Aline", "quote", "new\nline"),
        ("quote=gr%C3%B6%C3%9Fer", "quote", "größer"),
        ("quote=", "quote", ""),
        ("level=2", "level", 2),
    ],
)
async def test_a_query_parameter_arrives_as_its_python_type(
    odd: Served, query: str, identifier: str, value: object
) -> None:
    given = (await values(odd, query))[identifier]
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    ("query", "findings"),
    [
        ("", [("query", "from", "required")]),
        ("from=a&from=a", [("query", "from", "duplicate")]),
        ("from=a&From=a", [("query", "From", "unknownParameter")]),
        ("from=a&from%5B%5D=a", [("query", "from[]", "unknownParameter")]),
        ("from=a&$top=0", [("query", "$top", "minimum")]),
        ("from=a&$top=+1", [("query", "$top", "type")]),
        ("from=a&$top=01", [("query", "$top", "type")]),
        ("from=a&$top=1.0", [("query", "$top", "type")]),
        ("from=a&$top=%D9%A3", [("query", "$top", "type")]),
        ("from=a&$top=", [("query", "$top", "type")]),
        ("from=a&words=%22&words=a", [("query", "words", 0, "pattern")]),
        ("from=a&days=x&days=2026-01-05", [("query", "days", 0, "format")]),
        ("from=a&tags,=a,%22", [("query", "tags,", 1, "pattern")]),
        ("from=a&tags,=a,%FF", [("query", "tags,", "encoding")]),
        ("from=a&tags,=a&tags%2C=b", [("query", "tags,", "duplicate")]),
        ("from=a&%74ags=a", [("query", "tags", "unknownParameter")]),
        ("from=a&day=2026-01-05", [("query", "day", "unknownParameter")]),
        ("from=a&quote=%5C%5C", [("query", "quote", "enum")]),
        ("from=a&level=4", [("query", "level", "enum")]),
        ("from=a&level=1.0", [("query", "level", "type")]),
        ("from=%FF", [("query", "from", "encoding")]),
        (
            "from=a&moment=2026-01-05T08:00:00",
            [("query", "moment", "pattern"), ("query", "moment", "format")],
        ),
        ("from=%22&level=9", [("query", "from", "pattern"), ("query", "level", "enum")]),
    ],
)
async def test_a_query_that_does_not_fit_says_where(odd: Served, query: str, findings: list[Any]) -> None:
    assert sorted(await wrong(odd, query), key=str) == sorted(findings, key=str)


async def test_a_moment_that_python_cannot_hold_is_422_though_the_schema_admits_it(odd: Served) -> None:
    assert [found[:2] for found in await wrong(odd, "from=a&days=0000-01-01")] == [("query", "days")]
    assert [found[:2] for found in await wrong(odd, "from=a&moment=2026-06-30T23:59:60Z")] == [
        ("query", "moment")
    ]


async def test_raw_bytes_in_a_query_are_read_as_utf_8(odd: Served) -> None:
    """A client ought to escape them, and servers pass on what they get."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/values", "headers": [(b"x-flag", b"true")]}
    await odd.app(scope | {"query_string": "from=größer".encode()}, receive, send)
    assert sent[0]["status"] == 200
    assert odd.arguments["from_"] == "größer"


async def test_header_parameters_are_found_in_any_case(odd: Served) -> None:
    given = await values(odd, **{"x-DAY": "2026-01-05"})
    assert (given["x_flag"], given["x_day"]) == (True, date(2026, 1, 5))


@pytest.mark.parametrize(
    ("headers", "finding"),
    [
        ({}, ("header", "X-Flag", "required")),
        ({"X-Flag": "True"}, ("header", "X-Flag", "type")),
        ({"X-Flag": ""}, ("header", "X-Flag", "type")),
        (NEEDED | {"X-Day": "5.1.2026"}, ("header", "X-Day", "format")),
        (NEEDED | {"Cookie": "Odd-Name=x"}, ("cookie", "Odd-Name", "type")),
        (NEEDED | {"Cookie": "Odd-Name=1; Odd-Name=2"}, ("cookie", "Odd-Name", "duplicate")),
        (NEEDED | {"Cookie": "Odd-Name=5001"}, ("cookie", "Odd-Name", "maximum")),
    ],
)
async def test_a_header_or_cookie_that_does_not_fit_says_which(
    odd: Served, headers: dict[str, str], finding: tuple[str, ...]
) -> None:
    assert await wrong(odd, "from=a", headers) == [finding]


async def test_a_header_that_is_no_list_is_refused_on_two_lines(odd: Served) -> None:
    async with odd.client as client:
        response = await client.get("/values?from=a", headers=[("X-Flag", "true"), ("X-Flag", "true")])
    assert [finding["type"] for finding in response.json()["detail"]] == ["duplicate"]


def read_sizes(*lines: str) -> tuple[Any, list[tuple[Any, ...]]]:
    """Read a header parameter whose schema is an array; the lint rules have no such parameter yet."""
    schema = {"type": "array", "items": {"type": "integer", "maximum": 8}}
    parameter = {"name": "X-Sizes", "in": "header", "explode": True, "schema": schema}
    document = Document({"paths": {"/": {"get": {"parameters": [parameter]}}}})
    values: dict[str, Any] = {}
    reader = Parameters(document, document.operations[0], Schemas(document), {})
    found = reader.rest(b"", [(b"x-sizes", line.encode()) for line in lines], values)
    return values["x_sizes"], [(*finding.loc, finding.type) for finding in found]


@pytest.mark.parametrize(
    "lines", [["1,2,3"], ["1, 2 ,\t3"], ["1", "2, 3"], ["1", "2", "3"], [",1,, 2", " , 3,"], ["1", "", "2,3"]]
)
def test_a_list_header_may_have_several_lines_and_empty_elements(lines: list[str]) -> None:
    """RFC 9110, sections 5.3 and 5.6.1."""
    assert read_sizes(*lines) == ([1, 2, 3], [])


def test_an_element_of_a_list_header_that_does_not_fit_says_which() -> None:
    assert read_sizes("1, 2", "9") == (None, [("header", "X-Sizes", 2, "maximum")])


async def test_a_text_header_may_have_several_lines_where_its_schema_admits_a_list(shop: Served) -> None:
    async with shop.client as client:
        path, tags = "/books/9780262033848", [("If-None-Match", '"b"'), ("If-None-Match", '"a"')]
        assert (await client.get(path, headers=tags)).status_code == 304
        response = await client.get(path, headers=[*tags, ("If-None-Match", "*")])
        assert response.status_code == 422
        assert response.json()["errors"] == ["header/If-None-Match: The parameter is given more than once"]


async def test_headers_and_cookies_that_are_not_declared_are_passed_over(odd: Served) -> None:
    given = await values(odd, **{"Cookie": "other=1; Odd-Name=3; ; x", "X-Other": "1"})
    assert given["odd_name"] == 3


async def test_a_cookie_parameter_has_its_default(shop: Served) -> None:
    await shop.get("/books")
    assert (shop.arguments["currency"], shop.arguments["limit"]) == ("EUR", 20)


async def test_the_parameters_of_the_bookshop_arrive_typed(shop: Served) -> None:
    query = "genres=novel&genres=poetry&pages=100,200&publishedSince=2009-07-31&maxPrice=1e1&inStock=false"
    headers = {"X-Request-ID": KEY, "Cookie": "currency=USD"}
    response = await shop.get(f"/books?{query}&limit=50", headers=headers)
    assert response.status_code == 200, response.text
    assert shop.arguments == {
        "genres": ["novel", "poetry"],
        "pages": [100, 200],
        "published_since": date(2009, 7, 31),
        "max_price": 10.0,
        "in_stock": False,
        "limit": 50,
        "x_request_id": UUID(KEY),
        "currency": "USD",
    }


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("pages=1&pages=2", "query/pages: The parameter is given more than once"),
        ("pages=1", "query/pages: "),
        ("pages=1,", "query/pages: The value is not of type integer"),
        ("pages=", "query/pages: The value is not of type integer"),
        ("genres=novel&genres=novel&genres=novel&genres=novel", "query/genres: "),
        ("genres=novel,poetry", "query/genres/0: "),
        ("maxPrice=1000", "query/maxPrice: "),
        ("maxPrice=NaN", "query/maxPrice: The value is not of type number"),
        ("maxPrice=.5", "query/maxPrice: The value is not of type number"),
        ("inStock=1", "query/inStock: The value is not of type boolean"),
    ],
)
async def test_arrays_and_numbers_that_do_not_fit_are_told(shop: Served, query: str, error: str) -> None:
    response = await shop.get(f"/books?{query}")
    assert response.status_code == 422
    (found,) = response.json()["errors"]
    assert found.startswith(error)


async def test_a_date_time_parameter_beside_a_path_parameter_arrives_typed(shop: Served) -> None:
    await shop.get(f"/orders/{KEY}?asOf=2026-01-05T08:00:00Z", headers={"Authorization": "Bearer ada"})
    assert shop.arguments == {"order_id": UUID(KEY), "as_of": datetime(2026, 1, 5, 8, tzinfo=UTC)}
