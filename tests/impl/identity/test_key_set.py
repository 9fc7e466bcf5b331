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
def _patience() -> Iterator[None]:
    """What waits for ever fails instead of hanging, and so does a loop that never gives way to a timeout."""

    def fail(number: int, frame: object) -> None:
        pytest.fail(f"it has not ended after {TIMEOUT_SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    # Again and again, since a callback of the event loop may swallow the first.
    signal.setitimer(signal.ITIMER_REAL, TIMEOUT_SECONDS, TIMEOUT_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


ED, EC, RSA = (KEYS[algorithm] for algorithm in ("EdDSA", "ES256", "RS256"))


# --- What a key set says --------------------------------------------------------------------------------

USABLE: dict[str, tuple[dict[str, Any], str]] = {
    "Better Auth's EdDSA": (jwk(ED, alg="EdDSA", kid="k"), "EdDSA"),
    "Better Auth's ES256": (jwk(EC, alg="ES256", kid="k"), "ES256"),
    "Better Auth's RS256": (jwk(RSA, alg="RS256", kid="k"), "RS256"),
    "Ed25519 without alg": (jwk(ED, kid="k"), "EdDSA"),
    "P-256 without alg": (jwk(EC, kid="k"), "ES256"),
    "RSA without alg": (jwk(RSA, kid="k"), "RS256"),
    "RSA with a curve that means nothing": (jwk(RSA, kid="k", crv="x"), "RS256"),
    "use sig": (jwk(ED, kid="k", use="sig"), "EdDSA"),
    "key_ops verify": (jwk(ED, kid="k", key_ops=["verify"]), "EdDSA"),
    "members that nobody knows": (jwk(ED, kid="k", x5c=["x"], ext=True, iat=1, more={}), "EdDSA"),
}


@pytest.mark.parametrize("case", USABLE)
def test_a_key_has_the_one_algorithm_of_its_kind(case: str) -> None:
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
    "crv of another kind": jwk(ED, kid="k", crv="P-256"),
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
    "x no base64url": jwk(ED, kid="k", x="!" * 43),
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
def test_a_key_that_is_of_no_use_is_passed_over(case: str) -> None:
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
def test_what_is_no_key_set_is_refused_in_our_own_words(data: bytes) -> None:
    with pytest.raises(KeySetError) as caught:
        read_key_set(data)
    assert str(caught.value).startswith(("the response is not", "none of its 0 keys"))


def test_of_two_keys_with_one_name_the_first_counts() -> None:
    keys = read_key_set(key_set(jwk(ED, kid="k"), jwk(MAKE["EdDSA"](), kid="k"), jwk(RSA, kid="k")))
    assert keys["k"].key.public_bytes_raw() == ED.public_key().public_bytes_raw()  # type: ignore[union-attr]


# --- When it is fetched ---------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """A login service: the keys that it has, whether it is up, and how often it was asked."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.up = True
        self.fetches = 0
        self.closed = False
        # Answers wait for this.
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()

    async def fetch(self) -> bytes:
        self.fetches += 1
        answer = key_set(*(jwk(ED, kid=kid) for kid in self.kids))
        up = self.up
        self.asked.set()
        await self.answering.wait()
        if not up:
            raise ConnectionRefusedError("user:password@host refused")
        return answer

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
    """The fetch in the background has ended."""
    if keys._fetch:
        await asyncio.wait([keys._fetch])


async def test_nothing_is_fetched_before_a_token_needs_it(service: Service, keys: KeySet) -> None:
    await asyncio.sleep(0)
    assert service.fetches == 0
    for _ in range(10):
        assert await keys.find("a")
    assert service.fetches == 1


async def test_however_many_ask_at_once_there_is_one_fetch(service: Service, keys: KeySet) -> None:
    found = await asyncio.gather(*(keys.find("a") for _ in range(200)))
    assert all(found)
    assert service.fetches == 1


async def test_for_keys_that_are_unknown_there_is_one_fetch_and_then_none_for_a_while(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    found = await asyncio.gather(*(keys.find(f"made up {n}") for n in range(200)))
    assert found == [None] * 200
    assert service.fetches == 2
    clock.now += 29
    assert await keys.find("made up") is None
    assert service.fetches == 2
    # Asking meanwhile has not put it off.
    clock.now += 1
    assert await keys.find("made up") is None
    assert service.fetches == 3


async def test_a_first_token_with_an_unknown_key_is_refused_after_one_fetch(
    service: Service, keys: KeySet
) -> None:
    assert await keys.find("made up") is None
    assert service.fetches == 1
    assert await keys.find("a")


async def test_a_new_key_is_found_at_once_and_so_is_the_next(service: Service, keys: KeySet) -> None:
    await keys.find("a")
    for kid in ("b", "c", "d"):
        service.kids.append(kid)
        assert await keys.find(kid)
    assert service.fetches == 4


async def test_a_key_that_was_made_while_a_fetch_was_under_way_is_found(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    clock.now += 301
    service.asked.clear()
    service.answering.clear()
    await keys.find("a")
    await service.asked.wait()
    # The answer that is on its way does not have this key yet.
    service.kids.append("b")
    finding = asyncio.gather(*(keys.find("b") for _ in range(50)))
    await asyncio.sleep(0)
    service.answering.set()
    assert all(await finding)
    assert service.fetches == 3


async def test_keys_are_made_current_in_the_background_and_nobody_waits(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    clock.now += 300
    await keys.find("a")
    await settled(keys)
    assert service.fetches == 1
    clock.now += 1
    service.asked.clear()
    service.answering.clear()
    # The service does not answer, and these return nevertheless.
    for _ in range(10):
        assert await keys.find("a")
    await service.asked.wait()
    assert service.fetches == 2
    service.answering.set()
    await settled(keys)
    assert await keys.find("a")
    assert service.fetches == 2


async def test_a_key_that_was_withdrawn_stops_counting(service: Service, keys: KeySet, clock: Clock) -> None:
    await keys.find("a")
    service.kids = ["b"]
    clock.now += 301
    assert await keys.find("a")
    await settled(keys)
    assert await keys.find("a") is None
    assert await keys.find("b")


async def test_known_keys_serve_through_an_outage_up_to_a_limit(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    service.up = False
    clock.now += 3600
    for _ in range(10):
        assert await keys.find("a")
        await settled(keys)
    # In vain once, and not again for every request.
    assert service.fetches == 2
    clock.now += 5
    with pytest.raises(LoginServiceUnavailable):
        await keys.find("a")
    assert service.fetches == 3
    service.up = True
    clock.now += 5
    assert await keys.find("a")


async def test_whether_a_key_is_new_cannot_be_said_during_an_outage(
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


async def test_without_any_key_the_answer_is_503_and_says_when_to_try_again(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    service.up = False
    answers = await asyncio.gather(*(keys.find("a") for _ in range(50)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {LoginServiceUnavailable}
    api_error = answers[0]
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


async def test_an_answer_without_a_usable_key_does_not_take_the_known_ones_away(
    service: Service, keys: KeySet, clock: Clock
) -> None:
    await keys.find("a")
    service.kids = []
    clock.now += 301
    await keys.find("a")
    await settled(keys)
    assert service.fetches == 2
    assert await keys.find("a")


async def test_a_request_that_is_given_up_does_not_take_the_fetch_from_the_others(
    service: Service, keys: KeySet
) -> None:
    service.answering.clear()
    first, second = (asyncio.create_task(keys.find("a")) for _ in range(2))
    await service.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    service.answering.set()
    assert await second
    assert service.fetches == 1


async def test_closing_ends_a_fetch_that_is_under_way(service: Service, clock: Clock) -> None:
    keys = KeySet(service, clock=clock)
    service.answering.clear()
    waiting = asyncio.create_task(keys.find("a"))
    await service.asked.wait()
    await keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert service.closed


async def test_a_failure_is_logged_once_without_what_the_network_said(
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


# --- How it is fetched ----------------------------------------------------------------------------------

Writer = asyncio.StreamWriter
Answer = Callable[[Writer], Awaitable[None]]


@asynccontextmanager
async def http_server(answer: Answer) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives every request this answer; where it is, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        try:
            await answer(writer)
            await writer.drain()
        except ConnectionError:
            pass  # The client has heard enough, which is what some tests are about.
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/auth/jwks", asked


def says(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    async def answer(writer: Writer) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


async def endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(10_000):
        writer.write(b" " * 1024)
        await writer.drain()


async def silent(writer: Writer) -> None:
    await asyncio.Event().wait()


async def dripping(writer: Writer) -> None:
    """Each byte comes in time, the whole never does."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def cut_off(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + key_set(*PUBLISHED)[:500])


async def no_http(writer: Writer) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")


async def test_a_key_set_is_fetched_as_it_is() -> None:
    async with http_server(says(key_set(*PUBLISHED))) as (url, asked):
        source = HttpKeySource(url)
        assert [await source.fetch() for _ in range(2)] == [key_set(*PUBLISHED)] * 2
        await source.close()
    assert len(asked) == 2
    assert asked[0].startswith(b"GET /api/auth/jwks HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in asked[0].lower()
    assert b"authorization" not in asked[0].lower()
    assert b"cookie" not in asked[0].lower()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(b"", "302 Found", "Location: http://127.0.0.1:1/"), "the status is 302"),
        (says(b"", "308 Permanent Redirect", "Location: /elsewhere"), "the status is 308"),
        (says(b"not found", "404 Not Found"), "the status is 404"),
        (says(key_set(*PUBLISHED), "500 Internal Server Error"), "the status is 500"),
        (says(key_set(*PUBLISHED), "203 Non-Authoritative Information"), "the status is 203"),
        (says(gzip.compress(b" " * 10**8), "200 OK", "Content-Encoding: gzip"), "compressed"),
        (says(b" " * (MAX_BYTES + 1)), "larger than"),
        (endless, "larger than"),
    ],
)
async def test_an_answer_that_should_not_be_read_is_not(answer: Answer, reason: str) -> None:
    async with http_server(answer) as (url, asked):
        source = HttpKeySource(url)
        with pytest.raises(KeySetError, match=reason):
            await source.fetch()
        await source.close()
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [silent, dripping, cut_off, no_http])
async def test_a_service_that_fails_halfway_is_unavailable_in_time_and_holds_up_nobody_else(
    answer: Answer,
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with http_server(answer) as (url, _):
        keys = KeySet(HttpKeySource(url, seconds=0.2))
        working = asyncio.create_task(others())
        started = asyncio.get_running_loop().time()
        with pytest.raises(LoginServiceUnavailable):
            await keys.find("a")
        assert asyncio.get_running_loop().time() - started < 2
        assert turns > 100 or answer in (cut_off, no_http)
        working.cancel()
        await keys.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/jwks", "http://nowhere.invalid/jwks", "http://[::1]:1/"])
async def test_a_service_that_is_not_there_is_unavailable(url: str, caplog: pytest.LogCaptureFixture) -> None:
    keys = KeySet(HttpKeySource(url))
    with pytest.raises(LoginServiceUnavailable):
        await keys.find("a")
    await keys.close()
    assert [record.getMessage() for record in caplog.records if record.name == "impl.identity.key_set"] == [
        "The login service's keys could not be fetched: ConnectError"
    ]
