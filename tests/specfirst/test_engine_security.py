"""Security requirements of every form, on the bookshop's contract."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from contracts import Served, anybody, package, serve
from specfirst.contract.document import Document
from specfirst.runtime.errors import Forbidden, Unauthenticated

KEY = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
BOOK = {"isbn": "9780262033848", "title": "A", "price": 1.5, "published": "2009-07-31", "genre": "novel"}
PASSWORD = "Basic " + b64encode(b"ada:secret").decode()


class Verifier:
    """Knows these credentials with their scopes, and remembers what it was asked."""

    def __init__(self, **known: set[str]) -> None:
        self.known, self.asked = known, list[tuple[str, tuple[str, ...]]]()

    async def __call__(self, credential: str, scopes: tuple[str, ...]) -> str:
        self.asked.append((credential, scopes))
        if credential not in self.known:
            raise Unauthenticated
        if not self.known[credential].issuperset(scopes):
            raise Forbidden("The token does not reach so far")
        return credential


def shop(**options: Any) -> Served:
    operations, schemas = package("bookshop").operations, package("bookshop").schemas
    book = schemas.Book.model_validate(BOOK)
    answers = {
        "list_books": operations.ListBooks200(body=[], x_total_count=0),
        "get_book": operations.GetBook200(body=book, etag='"a"'),
        "put_book": operations.PutBook200(body=book),
        "delete_book": None,
        "get_order": Forbidden("This is not your order"),
        "create_order": operations.CreateOrder202(retry_after=1),
    }
    return serve("bookshop", answers, **options)


async def read(served: Served, **headers: str) -> int:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await served.get("/books/9780262033848", headers=headers)).status_code


async def put(served: Served, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    response = await served.request("PUT", "/books/9780262033848", json={"title": "T"}, headers=headers)
    return response.status_code


async def delete(served: Served, headers: Mapping[str, str]) -> int:
    return (await served.request("DELETE", "/books/9780262033848", headers=headers)).status_code


async def test_an_operation_without_security_asks_for_nothing() -> None:
    verifier = Verifier()
    served = shop(authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), verifier))
    response = await served.get("/books", headers={"Authorization": "Bearer nobody"})
    assert (response.status_code, verifier.asked) == (200, [])


async def test_without_a_credential_the_answer_is_401_and_names_a_scheme() -> None:
    response = await shop().get(f"/orders/{KEY}")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.json()["status"] == 401
    response = await shop().request("POST", "/orders")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "ApiKey")


async def test_the_document_s_security_holds_where_an_operation_has_none_of_its_own() -> None:
    verifier = Verifier(ada={"books:read"}, bob=set())
    served = shop(authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), verifier))
    for token, status in (("ada", 403), ("bob", 403), ("eve", 401)):
        response = await served.get(f"/orders/{KEY}", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == status
    assert verifier.asked == [("ada", ("books:read",)), ("bob", ("books:read",)), ("eve", ("books:read",))]
    # Only ada reached the operation, which then refused.
    assert [caller for _, (caller,), _ in served.calls] == ["ada"]


async def test_either_of_two_schemes_is_enough_and_says_who_is_calling() -> None:
    served = shop()
    assert await read(served, Authorization="Bearer ada") == 200
    assert await read(served, X_Api_Key="robot") == 200
    assert await read(served, Authorization="Bearer ada", X_Api_Key="robot") == 200
    assert [caller for _, (caller,), _ in served.calls] == ["ada", "robot", "ada"]


async def test_an_anonymous_caller_is_none_where_the_contract_admits_one() -> None:
    served = shop()
    assert await read(served) == 200
    assert served.caller is None


async def test_nothing_is_authorized_for_an_anonymous_caller() -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []
    served = shop(authorize=lambda caller, values: asked.append((caller, dict(values))))
    assert await read(served) == 200
    assert asked == []
    assert await read(served, X_Api_Key="robot") == 200
    ((caller, values),) = asked
    assert (caller, values["isbn"]) == ("robot", "9780262033848")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer false"},
        {"Authorization": "Bearer "},
        {"Authorization": "bearer"},
        {"X_Api_Key": "false"},
        {"X_Api_Key": ""},
        {"Authorization": "Bearer false", "X_Api_Key": "false"},
    ],
)
async def test_a_credential_that_is_not_valid_is_not_taken_for_none(headers: dict[str, str]) -> None:
    served = shop()
    assert (await read(served, **headers), served.calls) == (401, [])


async def test_a_valid_credential_counts_beside_one_that_is_not() -> None:
    served = shop()
    assert await read(served, Authorization="Bearer false", X_Api_Key="robot") == 200
    assert served.caller == "robot"


async def test_of_two_credentials_of_one_scheme_neither_counts() -> None:
    served = shop()
    twice = [("Authorization", "Bearer ada"), ("Authorization", "Bearer bob")]
    assert (await served.get("/books/9780262033848", headers=twice)).status_code == 401
    twice = [("X-Api-Key", "a"), ("X-Api-Key", "a")]
    assert (await served.get("/books/9780262033848", headers=twice)).status_code == 401
    assert served.calls == []


@pytest.mark.parametrize("token", ["größe".encode(), b"\xff"])
async def test_a_credential_that_is_not_ascii_is_not_valid(token: bytes) -> None:
    headers = [(b"Authorization", b"Bearer " + token)]
    assert (await shop().get("/books/9780262033848", headers=headers)).status_code == 401


async def test_the_verifier_is_told_the_scopes_and_each_alternative_is_tried() -> None:
    verifier = Verifier(writer={"books:read", "books:write"}, admin={"admin"}, reader={"books:read"})
    served = shop(authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), verifier))
    assert await put(served, "writer") == 200
    # The first alternative forbids it and the second one allows it.
    assert await put(served, "admin") == 200
    assert await put(served, "reader") == 403
    assert await put(served, "nobody") == 401
    both = ("books:write", "books:read")
    assert verifier.asked[:3] == [("writer", both), ("admin", both), ("admin", ("admin",))]
    assert [caller for _, (caller,), _ in served.calls] == ["writer", "admin"]


async def test_two_schemes_of_one_requirement_are_needed_together() -> None:
    served = shop()
    assert await delete(served, {"Cookie": "till=t1", "Authorization": PASSWORD}) == 204
    assert served.caller == "t1"
    for headers in (
        {"Cookie": "till=t1"},
        {"Authorization": PASSWORD},
        {"Cookie": "till=false", "Authorization": PASSWORD},
        {"Cookie": "till=t1", "Authorization": "Basic false"},
        {"Cookie": "till=t1; till=t2", "Authorization": PASSWORD},
        {"Cookie": "till=t1", "Authorization": "Basic "},
    ):
        assert await delete(served, headers) == 401
    assert len(served.calls) == 1


async def test_where_two_together_are_not_there_the_other_requirement_counts() -> None:
    served = shop()
    assert await delete(served, {"Cookie": "till=t1", "Authorization": "Bearer ada"}) == 204
    assert served.caller == "ada"


async def test_a_basic_credential_reaches_its_verifier_as_it_was_sent() -> None:
    person = Verifier()
    served = shop(authenticate={"staff": anybody, "apiKey": anybody, "till": anybody, "person": person})
    await delete(served, {"Cookie": "till=t1", "Authorization": PASSWORD})
    assert person.asked == [(PASSWORD.removeprefix("Basic "), ())]


async def test_who_is_calling_is_decided_before_anything_else_is_read() -> None:
    served = shop()
    url, media = "/books/x?unknown=1", {"Content-Type": "text/plain"}
    assert (await served.request("PUT", url, content=b"{", headers=media)).status_code == 401
    media |= {"Authorization": "Bearer ada"}
    assert (await served.request("PUT", url, content=b"{", headers=media)).status_code == 422
    url = "/books/9780262033848?unknown=1"
    assert (await served.request("PUT", url, content=b"{", headers=media)).status_code == 415


async def test_who_may_not_use_the_resource_is_refused_before_the_body_is_read() -> None:
    def nobody(caller: str, values: Mapping[str, Any]) -> None:
        raise Forbidden("Not yours")

    response = await shop(authorize=nobody).request(
        "PUT", "/books/9780262033848", content=b"{", headers={"Authorization": "Bearer ada"}
    )
    assert (response.status_code, response.json()["title"]) == (403, "Not yours")


async def test_requirements_that_are_all_empty_are_none() -> None:
    """`security: [{}]` admits everybody, as `security: []` does."""
    operation = {"operationId": "x", "security": [{}], "responses": {"204": {"description": "-"}}}
    document = Document({"security": [{"a": []}], "paths": {"/": {"get": operation}}})
    assert document.operations[0].security == ()


@pytest.mark.parametrize(
    ("path", "headers", "challenge"),
    [
        (f"/orders/{KEY}", [], "Bearer"),
        # Another scheme is no bearer token.
        (f"/orders/{KEY}", [("Authorization", PASSWORD)], "Bearer"),
        (f"/orders/{KEY}", [("Authorization", "Bearer false")], 'Bearer error="invalid_token"'),
        (f"/orders/{KEY}", [("Authorization", "bearer")], 'Bearer error="invalid_token"'),
        (
            f"/orders/{KEY}",
            [("Authorization", "Bearer a"), ("Authorization", "Bearer a")],
            'Bearer error="invalid_token"',
        ),
        ("/books/9780262033848", [("X-Api-Key", "false")], "ApiKey"),
        (
            "/books/9780262033848",
            [("Authorization", "Bearer false"), ("X-Api-Key", "false")],
            'Bearer error="invalid_token"',
        ),
    ],
)
async def test_the_challenge_says_whether_a_token_was_invalid(
    path: str, headers: list[tuple[str, str]], challenge: str
) -> None:
    """RFC 6750, section 3."""
    async with shop().client as client:
        response = await client.get(path, headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, challenge)


async def test_a_token_without_the_scope_is_told_which_it_needs() -> None:
    verifier = Verifier(ada=set())
    served = shop(authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), verifier))
    response = await served.get(f"/orders/{KEY}", headers={"Authorization": "Bearer ada"})
    challenge = 'Bearer error="insufficient_scope", scope="books:read"'
    assert (response.status_code, response.headers["www-authenticate"]) == (403, challenge)
    # Of a resource that is not the caller's no scope makes it one.
    response = await shop().get(f"/orders/{KEY}", headers={"Authorization": "Bearer ada"})
    assert (response.status_code, "www-authenticate" in response.headers) == (403, False)


async def test_the_log_says_why_a_credential_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    async def verify(credential: str, scopes: tuple[str, ...]) -> str:
        raise Unauthenticated(reason="it has expired")

    caplog.set_level("INFO", "specfirst")
    served = shop(authenticate=dict.fromkeys(("staff", "apiKey", "till", "person"), verify))
    await served.get(f"/orders/{KEY}")
    assert caplog.messages == []
    response = await served.get(f"/orders/{KEY}", headers={"Authorization": "Bearer hunter2"})
    assert (response.status_code, "expired" in response.text) == (401, False)
    assert caplog.messages == ["getOrder rejected a credential: it has expired"]
