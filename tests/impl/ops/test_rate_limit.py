"""The rate limit, with a clock that the tests set."""

from __future__ import annotations

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from specfirst.runtime.asgi import Scope
from specfirst.runtime.errors import TooManyRequests

from impl.identity.caller import Caller
from impl.ops.rate_limit import Allowance, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(allowance: Allowance, key: str = "ada", tries: int = 1000) -> int:
    """Return how many of these requests are allowed now."""
    for number in range(tries):
        try:
            allowance.take(key)
        except TooManyRequests:
            return number
    return tries


def test_a_burst_is_allowed_and_the_allowance_refills_evenly() -> None:
    clock = Clock()
    allowance = Allowance(60, clock=clock)
    assert taken(allowance) == 60
    for seconds, earned in ((0.5, 0), (0.6, 1), (10, 10), (59, 59), (3600, 60)):
        clock.now += seconds
        assert taken(allowance) == earned


def test_every_key_has_its_own_allowance() -> None:
    allowance = Allowance(3, clock=Clock())
    assert [taken(allowance, key) for key in ("ada", "bob", "ada", "eve")] == [3, 3, 0, 3]


def test_an_early_retry_does_not_extend_the_wait() -> None:
    clock = Clock()
    allowance = Allowance(6, clock=clock)
    taken(allowance)
    for seconds, wait in ((0, "10"), (3.5, "7"), (6, "1")):
        clock.now += seconds
        with pytest.raises(TooManyRequests) as api_error:
            allowance.take("ada")
        assert api_error.value.headers == {"Retry-After": wait}
    clock.now += 0.6
    assert taken(allowance) == 1


def test_a_steady_rate_within_the_limit_is_always_allowed() -> None:
    clock = Clock()
    allowance = Allowance(120, clock=clock)
    for _ in range(1000):
        allowance.take("ada")
        clock.now += 0.5


def test_every_request_counts_for_a_whole_minute() -> None:
    clock = Clock()
    allowance = Allowance(10, clock=clock)
    clock.now += 59.9
    assert taken(allowance) == 10
    clock.now += 0.2
    assert taken(allowance) == 0
    clock.now += 58
    assert taken(allowance) == 9


def test_memory_is_bounded_and_recent_keys_stay_limited() -> None:
    allowance = Allowance(1, capacity=100, clock=Clock())
    for number in range(10_000):
        allowance.take(str(number))
    assert len(allowance._recent) + len(allowance._older) <= 200
    assert [taken(allowance, str(number)) for number in (9_999, 9_950, 0)] == [0, 0, 1]


def request_from(address: str, *headers: tuple[bytes, bytes]) -> Scope:
    return {"client": (address, 1), "headers": list(headers)}


def limited(limit: RateLimit, scope: Scope, caller: Caller | None = None) -> bool:
    try:
        limit(scope, caller)
    except TooManyRequests:
        return True
    return False


def test_users_are_limited_by_id_and_others_by_address() -> None:
    limit = RateLimit(per_user=1, per_address=1)
    here, there = request_from("192.0.2.1"), request_from("192.0.2.2")
    ada, bob = Caller("ada"), Caller("bob")
    assert [limited(limit, *scope) for scope in ((here, ada), (there, ada), (here, bob))] == [
        False,
        True,
        False,
    ]
    assert [limited(limit, scope) for scope in (here, here, there)] == [False, True, False]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(one: str, other: str, same: bool) -> None:
    limit = RateLimit(per_user=0, per_address=1)
    assert not limited(limit, request_from(one))
    assert limited(limit, request_from(other)) is same


@given(st.lists(st.text(), min_size=2, max_size=2))
@example(["a:b", "unknown"])
@example(["_hidden", "1.2.3.4.5"])
@example(["[::1", "::1]:80"])
@example(["", "é" * 100_000])
def test_invalid_addresses_share_one_allowance(texts: list[str]) -> None:
    limit = RateLimit(per_user=0, per_address=1)
    forwarded = [(b"x-forwarded-for", text.encode()) for text in texts]
    assert not limited(limit, request_from(texts[0], forwarded[0]))
    assert limited(limit, request_from(texts[1], forwarded[1]))
    assert not limited(limit, request_from("192.0.2.1", forwarded[1]))


def test_without_a_limit_every_request_is_allowed() -> None:
    limit = RateLimit(per_user=0, per_address=0)
    assert not any(limited(limit, request_from("192.0.2.1"), caller) for caller in (None, Caller("a")) * 1000)


def test_an_untrusted_proxy_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    limit = RateLimit(per_user=0, per_address=1)
    forwarded = (b"x-forwarded-for", b"198.51.100.7")
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            limited(limit, request_from("10.0.0.1", forwarded))
            limited(limit, request_from("198.51.100.7", forwarded))
    (record,) = caplog.records
    assert "10.0.0.1" in record.getMessage()
    assert "FORWARDED_ALLOW_IPS" in record.getMessage()
