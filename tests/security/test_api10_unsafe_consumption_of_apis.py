"""OWASP API10:2023, unsafe consumption of APIs: the login service sends hostile or broken key sets.

Each application is new and has no keys; it fetches them from a real server.
tests/impl/identity/test_key_set.py tests the contents of a key set.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signing import (
    AUDIENCE,
    ISSUER,
    KEYS,
    MAKE,
    PUBLISHED,
    addressed,
    jwk,
    key_set,
    segment,
    sign_hmac,
    sign_with,
)

from impl.app import create_app
from impl.identity.key_source import FETCH_SECONDS, MAX_BYTES
from impl.settings import Settings
from tests.api.conftest import Person, Server, body_of

from .conftest import Reply, keys, login_service, some_person
from .test_cve_2026_85394 import certificate

EVE = MAKE["EdDSA"]()
EVES = key_set(jwk(EVE, kid="eve", alg="EdDSA"))
HERS = sign_with(EVE, {"alg": "EdDSA", "kid": "eve"}, addressed(sub="ada"))
GOOD = sign_with(KEYS["EdDSA"], {"alg": "EdDSA", "kid": "EdDSA"}, addressed(sub="ada"))
UNAVAILABLE = {"detail": "The login service is not available", "code": "login_service_unavailable"}


@asynccontextmanager
async def application_with_keys_of(
    url: str,
) -> AsyncIterator[Callable[[str], asyncio.Future[httpx.Response]]]:
    """Run an application with this key set URL; yield a function that sends a request with a token."""
    settings = Settings(
        _env_file=None,
        environment="test",
        mock="all",
        auth_jwks_url=url,
        auth_issuer=ISSUER,
        auth_audience=AUDIENCE,
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield lambda token: client.get("/api/ada", headers={"Authorization": f"Bearer {token}"})


def reply(
    body: bytes = EVES, status: int = 200, length: int | None = None, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        # The client may have closed the connection.
        with suppress(OSError):
            handler.wfile.write(body)
        handler.close_connection = True

    return send


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


UNUSABLE: dict[str, Reply] = {
    "not found": reply(status=404),
    "an error with a key set": reply(status=500),
    "no content": reply(b"", status=204),
    "created": reply(status=201),
    "a login page": reply(b"<!doctype html><title>Log in</title>", Content_Type="text/html"),
    "nothing": reply(b""),
    "a truncated key set": reply(EVES[:-3]),
    "a key set shorter than its Content-Length": reply(EVES, length=len(EVES) + 100),
    "a key set in UTF-16": reply(EVES.decode().encode("utf-16")),
    "a compressed key set": reply(gzip.compress(EVES), Content_Encoding="gzip"),
    "a bomb": reply(gzip.compress(b" " * 50_000_000, 1), Content_Encoding="gzip"),
    "a key set over the size limit": reply(EVES + b" " * MAX_BYTES),
    "10 MB": reply(b" " * 10_000_000),
    "nesting": reply(b"[" * 60_000),
    "invalid JSON": reply(b'{"keys": NaN}'),
    "a list": reply(b"[%s]" % EVES),
    "secrets": reply(key_set({"kty": "oct", "kid": "eve", "alg": "HS256", "k": segment(b"x" * 32)})),
    "a hang-up": hang_up,
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_an_invalid_key_set_counts_as_an_outage(name: str) -> None:
    with login_service(UNUSABLE[name]) as service:
        async with application_with_keys_of(f"{service.url}/jwks") as ask:
            for token in (GOOD, HERS):
                response = await ask(token)
                assert (response.status_code, response.json()) == (503, UNAVAILABLE)
                assert int(response.headers["Retry-After"]) >= 1
            # A published secret must not be accepted.
            forged = sign_hmac({"alg": "HS256", "kid": "eve"}, addressed(sub="ada"), key=b"x" * 32)
            assert (await ask(forged)).status_code == 401
        # A failed fetch is not repeated for each request.
        assert service.requested == ["/jwks"]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    with login_service(reply()) as eves:
        places = (f"{eves.url}/jwks", f"//{eves.url[7:]}/jwks", "/elsewhere", "file:///etc/passwd")
        with login_service(reply(b"", status, Location=places[status % 4])) as service:
            async with application_with_keys_of(f"{service.url}/jwks") as ask:
                assert (await ask(HERS)).status_code == 503
            assert service.requested == ["/jwks"]
        assert eves.requested == []


async def test_a_fetch_of_the_key_set_times_out(caplog: pytest.LogCaptureFixture) -> None:
    def late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(FETCH_SECONDS + 1)
        hang_up(handler)

    def drop_by_drop(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for letter in EVES:
                handler.wfile.write(bytes([letter]))
                time.sleep(0.1)

    async def take(slow: Reply) -> float:
        with login_service(slow) as service:
            async with application_with_keys_of(f"{service.url}/jwks") as ask:
                started = time.perf_counter()
                # Concurrent requests wait for the same fetch.
                responses = await asyncio.gather(*(ask(token) for token in [HERS, GOOD] * 5))
                assert {response.status_code for response in responses} == {503}
                return time.perf_counter() - started

    for seconds in await asyncio.gather(take(late), take(drop_by_drop)):
        assert FETCH_SECONDS - 0.1 < seconds < FETCH_SECONDS + 3


async def test_an_untrusted_certificate_is_rejected(tmp_path: Path) -> None:
    key = MAKE["ES256"]()
    pem = tmp_path / "pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate(key).public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with login_service(reply()) as service:
        service.socket = context.wrap_socket(service.socket, server_side=True)
        async with application_with_keys_of(f"https://127.0.0.1:{service.server_port}/jwks") as ask:
            assert (await ask(HERS)).status_code == 503
        assert service.requested == []


async def test_a_valid_key_set_is_used_despite_its_headers() -> None:
    for headers in ({}, {"Content_Type": "text/plain"}, {"Cache_Control": "no-store", "Set_Cookie": "a=b"}):
        with login_service(reply(key_set(*PUBLISHED), **headers)) as service:
            async with application_with_keys_of(f"{service.url}/jwks") as ask:
                assert (await ask(GOOD)).status_code == 200
                assert (await ask(HERS)).status_code == 401
            assert {*service.requested} == {"/jwks"}


async def test_the_valid_keys_of_a_mixed_key_set_are_used() -> None:
    bad = [
        jwk(EVE, kid="eve", alg="HS256"),
        {"kty": "oct", "kid": "eve", "k": "eA"},
        None,
        "eve",
        [],
        {"kid": "eve"},
    ]
    with login_service(lambda handler: keys(handler, key_set(*bad, *PUBLISHED))) as service:
        async with application_with_keys_of(f"{service.url}/jwks") as ask:
            assert (await ask(GOOD)).status_code == 200
            assert (await ask(HERS)).status_code == 401


def test_profile_claims_are_stored_as_plain_text(server: Server) -> None:
    """The login service's claims contain user input."""
    for text in (
        "<script>alert(1)</script>",
        "'; DROP TABLE task; --",
        "{{7*7}}",
        "${7*7}",
        "%00",
        "\u202eadA",
        "=1+1",
    ):
        person: Person = some_person(server, name=text, email=text, image=text)
        response = person.get()
        assert response.headers["content-type"] == "application/json"
        profile = body_of(response)
        assert (profile["name"], profile["email"], profile["image"]) == (text, text, text)
    huge: dict[str, object] = {"name": "x" * 300, "email": "x" * 400, "image": ["x"], "email_verified": "yes"}
    assert body_of(some_person(server, **huge).get())["name"] is None
