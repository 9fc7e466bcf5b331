from __future__ import annotations

import asyncio
import gzip
import json
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from signing import KEYS, MAKE, PUBLISHED, base64url, jwk, key_set

from impl.errors import LoginServiceUnavailable
from impl.identity.key_set import KeySet, KeySetError, read_key_set
from impl.identity.key_source import MAX_BYTES, HttpKeySource

TIMEOUT_SECONDS = 20.0


@pytest.fixture(autouse=True)
def _test_timeout() -> Iterator[None]:
    """Fail tests that wait forever, also in a loop that never yields to the event loop."""

    def fail(number: int, frame: object) -> None:
        pytest.fail(f"the test did not end within {TIMEOUT_SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    # Repeatedly, because a callback of the event loop may swallow the first exception.
    signal.setitimer(signal.ITIMER_REAL, TIMEOUT_SECONDS, TIMEOUT_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


ED, EC, RSA = (KEYS[algorithm] for algorithm in ("EdDSA", "ES256", "RS256"))


# --- Contents of a key set ------------------------------------------------------------------------------

USABLE: dict[str, tuple[dict[str, Any], str]] = {
    "Better Auth's EdDSA": (jwk(ED, alg="EdDSA", kid="k"), "EdDSA"),
    "Better Auth's ES256": (jwk(EC, alg="ES256", kid="k"), "ES256"),
    "Better Auth's RS256": (jwk(RSA, alg="RS256", kid="k"), "RS256"),
    "Ed25519 without alg": (jwk(ED, kid="k"), "EdDSA"),
    "P-256 without alg": (jwk(EC, kid="k"), "ES256"),
    "RSA without alg": (jwk(RSA, kid="k"), "RS256"),
    "RSA with a meaningless curve": (jwk(RSA, kid="k", crv="x"), "RS256"),
    "use sig": (jwk(ED, kid="k", use="sig"), "EdDSA"),
    "key_ops verify": (jwk(ED, kid="k", key_ops=["verify"]), "EdDSA"),
    "unknown members": (jwk(ED, kid="k", x5c=["x"], ext=True, iat=1, more={}), "EdDSA"),
}


@pytest.mark.parametrize("case", USABLE)
def test_a_key_has_the_algorithm_of_its_type(case: str) -> None:
    member, algorithm = USABLE[case]
    (key,) = read_key_set(key_set(member)).values()
    assert key.algorithm == algorithm
    assert key.key == KEYS[algorithm].public_key()


UNUSABLE: dict[str, object] = {
    "no object": "k",
    "null": None,
    "a list": [],
    "empty": {},
    "a secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "HS256"},
    "a secret that claims EdDSA": {"kty": "oct", "crv": "Ed25519", "k": "c2Vj", "kid": "k", "alg": "EdDSA"},
    "a key that claims HS256": jwk(RSA, kid="k", alg="HS256"),
    "Ed25519 that claims HS256": jwk(ED, kid="k", alg="HS256"),
    "Ed25519 that claims none": jwk(ED, kid="k", alg="none"),
    "Ed25519 that claims ES256": jwk(ED, kid="k", alg="ES256"),
    "RSA that claims PS256": jwk(RSA, kid="k", alg="PS256"),
    "RSA for encryption": jwk(RSA, kid="k", alg="RSA-OAEP", use="enc"),
    "alg null": jwk(ED, kid="k") | {"alg": None},
    "alg a list": jwk(ED, kid="k", alg=["EdDSA"]),
    "use enc": jwk(ED, kid="k", use="enc"),
    "use a list": jwk(ED, kid="k", use=["sig"]),
    "key_ops sign": jwk(ED, kid="k", key_ops=["sign"]),
    "key_ops a string": jwk(ED, kid="k", key_ops="verify"),
    "no kid": jwk(ED),
    "kid empty": jwk(ED, kid=""),
    "kid a number": jwk(ED, kid=1),
    "kid null": jwk(ED) | {"kid": None},
    "kty absent": jwk(ED, kid="k", kty=None),
    "kty a list": jwk(ED, kid="k", kty=["OKP"]),
    "kty unknown": jwk(ED, kid="k", kty="okp"),
    "crv absent": jwk(ED, kid="k", crv=None),
    "crv a list": jwk(ED, kid="k", crv=["Ed25519"]),
    "crv of another key type": jwk(ED, kid="k", crv="P-256"),
    "EC with crv Ed25519": jwk(EC, kid="k", crv="Ed25519"),
    "Ed448": jwk(ed448.Ed448PrivateKey.generate(), kid="k"),
    "X25519": jwk(x25519.X25519PrivateKey.generate(), kid="k", crv="X25519"),
    "P-384": jwk(ec.generate_private_key(ec.SECP384R1()), kid="k"),
    "P-384 that claims P-256": jwk(ec.generate_private_key(ec.SECP384R1()), kid="k", crv="P-256"),
    "secp256k1 that claims P-256": jwk(ec.generate_private_key(ec.SECP256K1()), kid="k", crv="P-256"),
    "a point that is not on the curve": jwk(EC, kid="k", x=base64url(b"\1" * 32), y=base64url(b"\1" * 32)),
    "x absent": jwk(ED, kid="k", x=None),
    "x too short": jwk(ED, kid="k", x=base64url(b"x" * 31)),
    "x too long": jwk(ED, kid="k", x=base64url(b"x" * 33)),
    "x not base64url": jwk(ED, kid="k", x="!" * 43),
    "x of one character": jwk(ED, kid="k", x="A"),
    "x a number": jwk(ED, kid="k", x=1),
    "y absent": jwk(EC, kid="k", y=None),
    "n absent": jwk(RSA, kid="k", n=None),
    "e absent": jwk(RSA, kid="k", e=None),
    "e even": jwk(RSA, kid="k", e="Ag"),
    "e one": jwk(RSA, kid="k", e="AQ"),
    "RSA of 1024 bits": jwk(rsa.generate_private_key(65537, 1024), kid="k"),  # noqa: S505
    "RSA of 16384 bits": jwk(RSA, kid="k", n=base64url(b"\xff" * 2048)),
    "a private key": jwk(ED, kid="k", d=base64url(b"d" * 32)),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_key_is_ignored(case: str) -> None:
    good = jwk(ED, kid="good")
    for members in ([UNUSABLE[case], good], [good, UNUSABLE[case]]):
        assert list(read_key_set(json.dumps({"keys": members}).encode())) == ["good"]
    with pytest.raises(KeySetError, match="none of its 1 keys"):
        read_key_set(json.dumps({"keys": [UNUSABLE[case]]}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"keys"',
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b"\xff",
        b"\xef\xbb\xbf" + key_set(*PUBLISHED),
        key_set(*PUBLISHED).decode().encode("utf-16"),
        b"<html>Bad gateway</html>",
        b"[" * 50_000,
        b'{"keys": [' + b"9" * 5000 + b"]}",
        json.dumps(PUBLISHED[0]).encode(),
        json.dumps(PUBLISHED).encode(),
    ],
)
def test_an_invalid_key_set_is_rejected_with_a_reason(data: bytes) -> None:
    with pytest.raises(KeySetError) as caught:
        read_key_set(data)
    assert str(caught.value).startswith(("the response is not", "none of its 0 keys"))


def test_the_first_of_two_keys_with_one_kid_is_used() -> None:
    keys = read_key_set(key_set(jwk(ED, kid="k"), jwk(MAKE["EdDSA"](), kid="k"), jwk(RSA, kid="k")))
    assert keys["k"].key.public_bytes_raw() == ED.public_key().public_bytes_raw()  # type: ignore[union-attr]


# --- When the key set is fetched
# ---------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """A login service with its keys, whether it is available, and the number of fetches."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.up = True
        self.fetches = 0
        self.closed = False
        # Responses wait for this event.
        self.responding = asyncio.Event()
        self.responding.set()
        self.requested = asyncio.Event()

    async def fetch(self) -> bytes:
        self.fetches += 1
        response = key_set(*(jwk(ED, kid=kid) for kid in self.kids))
        up = self.up
        self.requested.set()
        await self.responding.wait()
        if not up:
            raise ConnectionRefusedError("user:password@host refused")
        return response

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def service() -> Service:
    return Service("a")


@pytest.fixture
async def keys(service: Service, clock: Clock) -> AsyncIterator[KeySet]:
    keys = KeySet(service, clock=clock, fresh=300, stale=3600, retry=5, cool_down=30)
    yield keys
    await keys.close()
    assert service.closed


async def settled(keys: KeySet) -> None:
    """Wait for the fetch in the background."""
    if keys._fetch:
        await asyncio.wait([keys._fetch])


async def test_the_key_set_is_first_fetched_for_a_token(service: Service, keys: KeySet) -> None:
    await asyncio.sleep(0)
    assert service.fetches == 0
    for _ in range(10):
        assert await keys.find("a")
    assert service.fetches == 1


async def test_concurrent_requests_share_one_fetch(service: Service, keys: KeySet) -> None:
    found = await asyncio.gather(*(keys.find("a") for _ in range(200)))
    assert all(found)
    assert service.fetches == 1


async def test_unknown_keys_cause_one_fetch_per_cooldown(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    found = await asyncio.gather(*(keys.find(f"made up {n}") for n in range(200)))
    assert found == [None] * 200
    assert service.fetches == 2
    clock.now += 29
    assert await keys.find("made up") is None
    assert service.fetches == 2
    # Requests during the cooldown did not extend it.
    clock.now += 1
    assert await keys.find("made up") is None
    assert service.fetches == 3


async def test_a_first_token_with_an_unknown_key_costs_one_fetch(service: Service, keys: KeySet) -> None:
    assert await keys.find("made up") is None
    assert service.fetches == 1
    assert await keys.find("a")


async def test_new_keys_are_found_at_once(service: Service, keys: KeySet) -> None:
    await keys.find("a")
    for kid in ("b", "c", "d"):
        service.kids.append(kid)
        assert await keys.find(kid)
    assert service.fetches == 4


async def test_a_key_created_during_a_fetch_is_found(service: Service, keys: KeySet, clock: Clock) -> None:
    await keys.find("a")
    clock.now += 301
    service.requested.clear()
    service.responding.clear()
    await keys.find("a")
    await service.requested.wait()
    # The response of the running fetch does not contain this key.
    service.kids.append("b")
    searches = asyncio.gather(*(keys.find("b") for _ in range(50)))
    await asyncio.sleep(0)
    service.responding.set()
    assert all(await searches)
    assert service.fetches == 3


async def test_keys_are_refreshed_in_the_background(service: Service, keys: KeySet, clock: Clock) -> None:
    await keys.find("a")
    clock.now += 300
    await keys.find("a")
    await settled(keys)
    assert service.fetches == 1
    clock.now += 1
    service.requested.clear()
    service.responding.clear()
    # These return although the service does not respond.
    for _ in range(10):
        assert await keys.find("a")
    await service.requested.wait()
    assert service.fetches == 2
    service.responding.set()
    await settled(keys)
    assert await keys.find("a")
    assert service.fetches == 2


async def test_a_withdrawn_key_is_rejected(service: Service, keys: KeySet, clock: Clock) -> None:
    await keys.find("a")
    service.kids = ["b"]
    clock.now += 301
    assert await keys.find("a")
    await settled(keys)
    assert await keys.find("a") is None
    assert await keys.find("b")


async def test_cached_keys_are_used_during_a_limited_outage(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    service.up = False
    clock.now += 3600
    for _ in range(10):
        assert await keys.find("a")
        await settled(keys)
    # One failed fetch, and not another one for every request.
    assert service.fetches == 2
    clock.now += 5
    with pytest.raises(LoginServiceUnavailable):
        await keys.find("a")
    assert service.fetches == 3
    service.up = True
    clock.now += 5
    assert await keys.find("a")


async def test_an_unknown_key_answers_503_during_an_outage(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    service.up = False
    for _ in range(3):
        with pytest.raises(LoginServiceUnavailable):
            await keys.find("b")
    assert service.fetches == 2
    service.up, service.kids = True, ["a", "b"]
    clock.now += 5
    assert await keys.find("b")


async def test_without_any_key_the_response_is_503_with_retry_after(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    service.up = False
    responses = await asyncio.gather(*(keys.find("a") for _ in range(50)), return_exceptions=True)
    assert {type(response) for response in responses} == {LoginServiceUnavailable}
    api_error = responses[0]
    assert isinstance(api_error, LoginServiceUnavailable)
    assert (api_error.status, api_error.headers) == (503, {"Retry-After": "5"})
    assert api_error.detail == "The login service is not available"
    assert service.fetches == 1
    service.up = True
    clock.now += 4.9
    with pytest.raises(LoginServiceUnavailable):
        await keys.find("a")
    clock.now += 0.2
    assert await keys.find("a")
    assert service.fetches == 2


async def test_an_unusable_key_set_does_not_replace_cached_keys(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    service.kids = []
    clock.now += 301
    await keys.find("a")
    await settled(keys)
    assert service.fetches == 2
    assert await keys.find("a")


async def test_a_cancelled_request_does_not_cancel_the_shared_fetch(service: Service, keys: KeySet) -> None:
    service.responding.clear()
    first, second = (asyncio.create_task(keys.find("a")) for _ in range(2))
    await service.requested.wait()
    first.cancel()
    await asyncio.wait([first])
    service.responding.set()
    assert await second
    assert service.fetches == 1


async def test_closing_cancels_a_running_fetch(service: Service, clock: Clock) -> None:
    keys = KeySet(service, clock=clock)
    service.responding.clear()
    waiting = asyncio.create_task(keys.find("a"))
    await service.requested.wait()
    await keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert service.closed


async def test_a_fetch_failure_is_logged_once_without_details(
    service: Service, keys: KeySet, caplog: pytest.LogCaptureFixture
) -> None:
    service.up = False
    with caplog.at_level(logging.DEBUG, "impl.identity.key_set"):
        for _ in range(3):
            with pytest.raises(LoginServiceUnavailable):
                await keys.find("a")
    assert [record.getMessage() for record in caplog.records] == [
        "The login service's keys could not be fetched: ConnectionRefusedError"
    ]


# --- How the key set is fetched
# ----------------------------------------------------------------------------------

Writer = asyncio.StreamWriter
Handler = Callable[[Writer], Awaitable[None]]


@asynccontextmanager
async def http_server(response: Handler) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a server that handles every request so; yield its URL and the received requests."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        try:
            await response(writer)
            await writer.drain()
        except ConnectionError:
            pass  # The client closed the connection, which some tests expect.
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/auth/jwks", received


def says(body: bytes, status: str = "200 OK", *headers: str) -> Handler:
    async def response(writer: Writer) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return response


async def endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(10_000):
        writer.write(b" " * 1024)
        await writer.drain()


async def silent(writer: Writer) -> None:
    await asyncio.Event().wait()


async def dripping(writer: Writer) -> None:
    """Send single bytes within the read timeout, but never a complete response."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def cut_off(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + key_set(*PUBLISHED)[:500])


async def not_http(writer: Writer) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")


async def test_a_key_set_is_fetched_unchanged() -> None:
    async with http_server(says(key_set(*PUBLISHED))) as (url, received):
        source = HttpKeySource(url)
        assert [await source.fetch() for _ in range(2)] == [key_set(*PUBLISHED)] * 2
        await source.close()
    assert len(received) == 2
    assert received[0].startswith(b"GET /api/auth/jwks HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in received[0].lower()
    assert b"authorization" not in received[0].lower()
    assert b"cookie" not in received[0].lower()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (says(b"", "302 Found", "Location: http://127.0.0.1:1/"), "the status is 302"),
        (says(b"", "308 Permanent Redirect", "Location: /elsewhere"), "the status is 308"),
        (says(b"not found", "404 Not Found"), "the status is 404"),
        (says(key_set(*PUBLISHED), "500 Internal Server Error"), "the status is 500"),
        (says(key_set(*PUBLISHED), "203 Non-Authoritative Information"), "the status is 203"),
        (says(gzip.compress(b" " * 10**8, 1), "200 OK", "Content-Encoding: gzip"), "compressed"),
        (says(b" " * (MAX_BYTES + 1)), "larger than"),
        (endless, "larger than"),
    ],
)
async def test_an_unacceptable_response_is_rejected(response: Handler, reason: str) -> None:
    async with http_server(response) as (url, received):
        source = HttpKeySource(url)
        with pytest.raises(KeySetError, match=reason):
            await source.fetch()
        await source.close()
    assert len(received) == 1


@pytest.mark.parametrize("response", [silent, dripping, cut_off, not_http])
async def test_a_fetch_that_stalls_times_out_without_blocking_others(
    response: Handler,
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with http_server(response) as (url, _):
        keys = KeySet(HttpKeySource(url, seconds=0.2))
        working = asyncio.create_task(others())
        started = asyncio.get_running_loop().time()
        with pytest.raises(LoginServiceUnavailable):
            await keys.find("a")
        assert asyncio.get_running_loop().time() - started < 2
        assert turns > 100 or response in (cut_off, not_http)
        working.cancel()
        await keys.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/jwks", "http://nowhere.invalid/jwks", "http://[::1]:1/"])
async def test_an_unreachable_login_service_is_unavailable(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeySet(HttpKeySource(url))
    with pytest.raises(LoginServiceUnavailable):
        await keys.find("a")
    await keys.close()
    assert [record.getMessage() for record in caplog.records if record.name == "impl.identity.key_set"] == [
        "The login service's keys could not be fetched: ConnectError"
    ]
