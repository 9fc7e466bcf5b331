"""Requests on raw sockets get what RFC 9110 and RFC 9112 require; see `cases` and docs/http.md."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .cases import CASES, Case
from .exchange import CONNECTION, Exchange, exchange, fits, serving

each_section = pytest.mark.parametrize("section", dict.fromkeys(case.section for case in CASES))


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


def expect_all(port: int, section: str, *, segmented: bool) -> None:
    """Send the cases of a section; the error names each case with a wrong outcome."""
    wrong = []
    for case in CASES:
        if case.section == section:
            step = (1 if len(case.data) < 1000 else 999) if segmented else 0
            try:
                expect(case, exchange(port, case.data, case.expected, step=step))
            except AssertionError as error:
                wrong.append(f"{case.name}: {error}")
    assert wrong == []


@each_section
def test_a_request_gets_what_the_rfc_requires(port: int, section: str) -> None:
    expect_all(port, section, segmented=False)


@each_section
def test_tcp_segmentation_makes_no_difference(port: int, section: str) -> None:
    expect_all(port, section, segmented=True)
