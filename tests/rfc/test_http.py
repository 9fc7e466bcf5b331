"""Requests on raw sockets get what RFC 9110 and RFC 9112 require; see `cases` and docs/http.md."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .cases import CASES, Case
from .exchange import CONNECTION, Exchange, exchange, fits, serving

each = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section}: {case.name}"[:100])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(CONNECTION, tmp_path_factory.mktemp("server")) as port:
        yield port


def expect(case: Case, seen: Exchange) -> None:
    assert fits(case.expected, seen.outcome), f"{seen.outcome} instead of {case.expected}"
    for response in seen.responses:
        if response.status == 100:
            continue
        assert response.headers["x-request-id"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "origin" in response.headers["vary"].lower()
        assert (response.status == 405) <= ("allow" in response.headers)
        if response.status >= 400:
            assert response.headers["content-type"] == "application/json"
            assert response.headers["cache-control"] == "no-store"
            if not case.data.startswith(b"HEAD"):
                assert json.loads(response.body)["detail"]
    if seen.closed:
        assert seen.responses[-1].headers["connection"] == "close"


@each
def test_a_request_gets_what_the_rfc_requires(port: int, case: Case) -> None:
    expect(case, exchange(port, case.data, case.expected))


@each
def test_tcp_segmentation_makes_no_difference(port: int, case: Case) -> None:
    step = 1 if len(case.data) < 1000 else 999
    expect(case, exchange(port, case.data, case.expected, step=step))
