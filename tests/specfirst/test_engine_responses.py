"""Answers: what an operation may return and raise, and what becomes of everything else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from contracts import Served, package, serve
from specfirst.runtime.errors import APIError, Forbidden, NotFound
from specfirst.runtime.responses import Result

BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
PROBLEM = "application/problem+json"
FAILURE = {"title": "Internal server error", "status": 500, "errors": []}


def shop(answers: Mapping[str, Any], *, validate_responses: bool = True, **options: Any) -> Served:
    return serve("bookshop", answers, validate_responses=validate_responses, **options)


def book(**changes: Any) -> Any:
    return package("bookshop").schemas.Book.model_construct(**package_book() | changes)


def package_book() -> dict[str, Any]:
    return dict(package("bookshop").schemas.Book.model_validate(BOOK))


def result(name: str, **fields: Any) -> Any:
    return getattr(package("bookshop").operations, name)(**fields)


async def put(served: Served) -> Any:
    headers = {"Authorization": "Bearer ada"}
    return await served.request("PUT", "/books/9780262033848", json={"title": "T"}, headers=headers)


async def test_a_plain_model_is_the_body_of_the_only_success() -> None:
    response = await shop({"get_featured_book": book()}).get("/books/featured")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == BOOK


async def test_of_several_successes_each_has_its_status_media_type_and_headers() -> None:
    response = await put(shop({"put_book": result("PutBook200", body=book())}))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert "location" not in response.headers
    response = await put(shop({"put_book": result("PutBook201", body=book(), location="/books/1")}))
    assert (response.status_code, response.headers["location"]) == (201, "/books/1")
    assert response.headers["content-type"] == "application/vnd.bookshop.book+json"
    assert response.json() == BOOK


async def test_typed_headers_are_written_as_text_and_optional_ones_may_be_left_out() -> None:
    response = await shop({"list_books": result("ListBooks200", body=[], x_total_count=12)}).get("/books")
    assert response.headers["x-total-count"] == "12"
    assert "x-cached" not in response.headers
    assert "x-next" not in response.headers
    full = result("ListBooks200", body=[book()], x_total_count=1, x_cached=False, x_next="")
    response = await shop({"list_books": full}).get("/books")
    assert (response.headers["x-cached"], response.headers["x-next"]) == ("false", "")
    assert response.json() == [BOOK]


async def test_a_success_without_a_body_has_none() -> None:
    served = shop({"delete_book": None})
    response = await served.request("DELETE", "/books/9780262033848", headers={"Authorization": "Bearer a"})
    assert (response.status_code, response.content) == (204, b"")
    assert not response.headers.keys() & {"content-type", "content-length"}


async def test_the_first_of_several_successes_may_be_the_one_without_a_body() -> None:
    operations, schemas = package("oddities").operations, package("oddities").schemas
    there = serve(
        "oddities", {"go_elsewhere": operations.GoElsewhere303(location="/x")}, validate_responses=True
    )
    response = await there.get("/elsewhere")
    assert (response.status_code, response.headers["location"], response.content) == (303, "/x", b"")
    here = operations.GoElsewhere200(body=schemas.Told(said="here"))
    served = serve("oddities", {"go_elsewhere": here}, validate_responses=True)
    assert (await served.get("/elsewhere")).json() == {"said": "here"}


async def test_a_media_type_is_sent_with_the_parameters_that_it_is_declared_with() -> None:
    planted = package("oddities").schemas.PlantedTree(name="größer", depth=1)
    served = serve("oddities", {"plant_tree": planted}, validate_responses=True)
    response = await served.request("POST", "/trees", json={"name": "a"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"name": "größer", "depth": 1}


async def test_a_map_is_a_body_like_any_other() -> None:
    served = serve("oddities", {"set_rules": {"a": 1, "b": -5}}, validate_responses=True)
    assert (await served.request("PUT", "/rules", json=[])).json() == {"a": 1, "b": -5}


async def test_a_plain_dict_is_sent_as_it_is_and_a_model_inside_it_too() -> None:
    tree = {"name": "Elm", "planted": datetime(2026, 1, 5, 8, tzinfo=UTC)}
    told = package("oddities").schemas.Told(said="here")
    for answer in (tree, {**tree, "huge": 2**70}, {**tree, "told": told}):
        response = await serve("oddities", {"set_rules": answer}).request("PUT", "/rules", json=[])
        expected = {"planted": "2026-01-05T08:00:00Z"} | (
            {"told": {"said": "here"}} if "told" in answer else {}
        )
        assert response.json() == answer | expected


async def test_a_refusal_has_the_media_type_and_the_shape_that_the_contract_gives_errors() -> None:
    served = shop({"get_book": NotFound("There is no such book")})
    response = await served.get("/books/9780262033848")
    assert (response.status_code, response.headers["content-type"]) == (404, PROBLEM)
    assert response.json() == {"title": "There is no such book", "status": 404, "errors": []}


async def test_a_refusal_whose_response_has_no_body_is_sent_without_one() -> None:
    class OnOrder(APIError):
        status: ClassVar[int] = 409

    for validated in (True, False):
        served = shop({"delete_book": OnOrder("Wait")}, validate_responses=validated)
        response = await served.request(
            "DELETE", "/books/9780262033848", headers={"Authorization": "Bearer a"}
        )
        assert (response.status_code, response.content) == (409, b"")
        assert "content-type" not in response.headers


class Conflict(APIError):
    status: ClassVar[int] = 409


class Teapot(Result):
    status: ClassVar[int] = 418


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Teapot(), "the status 418 is not declared"),
        ({"isbn": "hunter2"}, "dict does not have a status"),
        (None, "NoneType does not have a status"),
    ],
)
async def test_a_status_that_is_not_declared_becomes_a_500_with_the_reason_in_the_log(
    answer: Any, reason: str, validated: bool, caplog: pytest.LogCaptureFixture
) -> None:
    response = await shop({"get_book": answer}, validate_responses=validated).get("/books/9780262033848")
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        500,
        PROBLEM,
        FAILURE,
    )
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"getBook failed with ContractViolation: {reason}" in record.getMessage()
    assert "hunter2" not in caplog.text


async def test_an_error_says_where_it_happened_and_nothing_of_what_it_held(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(caller: str | None, **arguments: object) -> None:
        try:
            raise KeyError("SELECT password FROM staff")
        except KeyError as error:
            raise RuntimeError("token=hunter2") from error

    served = shop({"get_book": fail})
    response = await served.get("/books/9780262033848", headers={"Authorization": "Bearer hunter2"})
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        500,
        PROBLEM,
        FAILURE,
    )
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("getBook failed with RuntimeError, in fail (")
    assert "test_engine_responses.py:" in message
    assert "\n" not in message
    assert record.exc_info is None
    for secret in ("hunter2", "SELECT", "password", "9780262033848", "Traceback"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": 7}, "the body at ['title']: "),
        ({"genre": "horror"}, "the body at ['genre']: "),
        ({"price": -1.0}, "the body at ['price']: "),
        ({"published": "31.7.2009"}, "the body at ['published']: "),
        ({"isbn": "hunter2"}, "the body at ['isbn']: "),
    ],
)
async def test_a_body_that_the_contract_does_not_allow_is_a_500_where_answers_are_validated(
    changes: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    response = await shop({"get_featured_book": book(**changes)}).get("/books/featured")
    assert (response.status_code, response.json()) == (500, FAILURE)
    assert f"getFeaturedBook failed with ContractViolation: {reason}" in caplog.text
    assert "hunter2" not in caplog.text
    assert "horror" not in caplog.text


async def test_a_body_of_another_type_is_a_500_where_answers_are_validated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for answer in ({"isbn": "1"}, None, [], "text"):
        assert (await shop({"get_featured_book": answer}).get("/books/featured")).status_code == 500
    assert len(caplog.records) == 4


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"x_total_count": -1}, "the header X-Total-Count: "),
        ({"x_total_count": "many"}, "the header X-Total-Count: "),
        ({"x_total_count": 1, "x_next": "n" * 21}, "the header X-Next: "),
        ({"x_total_count": 1, "x_cached": "maybe"}, "the header X-Cached: "),
    ],
)
async def test_a_header_that_does_not_fit_is_a_500_where_answers_are_validated(
    fields: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await shop({"list_books": result("ListBooks200", body=[], **fields)}).get("/books")
    assert response.status_code == 500
    assert f"listBooks failed with ContractViolation: {reason}" in caplog.text
    assert "many" not in caplog.text


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x", "größer", "\x00", "a\n"])
async def test_a_header_cannot_break_out_of_its_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = result("PutBook201", body=book(), location=text)
    response = await put(shop({"put_book": answer}, validate_responses=False))
    assert (response.status_code, "set-cookie" in response.headers) == (500, False)
    assert "the header location is not printable ASCII" in caplog.text


async def test_a_refusal_without_a_header_that_is_required_is_a_500_where_answers_are_validated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Unknown(APIError):
        status: ClassVar[int] = 401

    response = await shop({"get_book": Unknown("Who?")}).get("/books/9780262033848")
    assert response.status_code == 500
    assert "the header WWW-Authenticate is missing" in caplog.text


async def test_an_error_shape_that_is_not_the_contract_s_is_a_500_where_answers_are_validated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    served = shop({"get_book": NotFound()}, error_body=lambda api_error: {"detail": api_error.detail})
    response = await served.get("/books/9780262033848")
    assert response.status_code == 500
    assert "the body at ['title']: The property is required" in caplog.text


async def test_without_validation_a_body_goes_out_as_it_is() -> None:
    served = shop({"get_featured_book": {"anything": True}}, validate_responses=False)
    assert (await served.get("/books/featured")).json() == {"anything": True}


async def test_an_observer_is_told_the_route_and_status_of_every_answer() -> None:
    seen: list[tuple[str | None, int]] = []
    served = shop({"get_featured_book": book(), "get_book": Conflict("x"), "get_order": Forbidden("x")})
    served.app.observation.observers.append(
        lambda scope, status, seconds: seen.append(
            (getattr(scope.get("route"), "operation_id", None), status)
        )
    )
    for path in ("/books/featured", "/books/x", "/books/9780262033848", "/orders/x", "/nowhere"):
        await served.get(path)
    await served.request("HEAD", "/books/featured")
    await served.request("POST", "/books/featured")
    assert seen == [
        ("getFeaturedBook", 200),
        ("getBook", 422),
        ("getBook", 409),
        ("getOrder", 401),
        (None, 404),
        ("getFeaturedBook", 200),
        (None, 405),
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("etag", "conditions", "status"),
    [
        ('"a"', {}, 200),
        # If-None-Match (RFC 9110, section 13.1.2): weak comparison.
        ('"a"', {"If-None-Match": '"a"'}, 304),
        ('"a"', {"If-None-Match": "*"}, 304),
        ('"a"', {"If-None-Match": 'W/"a"'}, 304),
        ('"a"', {"If-None-Match": '"b", , W/"c",, "a"'}, 304),
        ('W/"a"', {"If-None-Match": '"a"'}, 304),
        ('"a"', {"If-None-Match": '"b"'}, 200),
        ('"a"', {"If-None-Match": '"aa", "ba"'}, 200),
        # If-Match (section 13.1.1): strong comparison.
        ('"a"', {"If-Match": '"a"'}, 200),
        ('"a"', {"If-Match": "*"}, 200),
        ('"a"', {"If-Match": '"b", "a"'}, 200),
        ('"a"', {"If-Match": '"b"'}, 412),
        ('"a"', {"If-Match": 'W/"a"'}, 412),
        ('W/"a"', {"If-Match": 'W/"a"'}, 412),
        ('W/"a"', {"If-Match": "*"}, 200),
        # If-Match goes first (section 13.2.2).
        ('"a"', {"If-Match": '"a"', "If-None-Match": '"a"'}, 304),
        ('"a"', {"If-Match": '"b"', "If-None-Match": '"a"'}, 412),
        ('"a"', {"If-Match": '"a"', "If-None-Match": '"b"'}, 200),
    ],
)
async def test_the_conditions_of_get_are_evaluated_on_its_etag(
    method: str, etag: str, conditions: dict[str, str], status: int
) -> None:
    served = shop({"get_book": result("GetBook200", etag=etag, x_shelf="3", body=book())})
    response = await served.request(method, "/books/9780262033848", headers=conditions)
    assert response.status_code == status, response.text
    assert (response.content != b"") == (status == 200 and method == "GET")
    if status == 304:
        # Of the headers of 200 those that 304 declares too (RFC 9110, section 15.4.5).
        assert dict(response.headers) == {"etag": etag}
    elif status == 200:
        assert (response.headers["etag"], response.headers["x-shelf"]) == (etag, "3")
    assert served.arguments == {"isbn": "9780262033848"}


async def test_a_condition_on_what_is_not_there_leaves_404() -> None:
    served = shop({"get_book": NotFound()})
    response = await served.get("/books/9780262033848", headers={"If-Match": '"b"', "If-None-Match": "*"})
    assert response.status_code == 404
