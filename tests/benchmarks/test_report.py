"""The report of scripts/bench, on invented measurements."""

from __future__ import annotations

import json
from io import StringIO
from xml.etree import ElementTree

import pytest
from rich.console import Console

from benchmarks import plot, tables
from benchmarks.report import Goal, Interval, Results, goals


def interval(rate: float, p99_ms: float = 10.0) -> Interval:
    return Interval(rate, 1.0, p99_ms, 50.0, 20.0)


@pytest.fixture
def results() -> Results:
    results = Results(memory_mb={"ours": 100.0}, singles={"start to first response": 1.5})
    for ours, fastify in ((100, 200), (200, 100), (300, 400)):
        results.add("get", "ours", interval(ours, p99_ms=15))
        results.add("get", "fastify", interval(fastify, p99_ms=10))
    results.add("cursor", "ours", interval(900))
    results.add("offset", "fastify", interval(30))
    return results


def verdicts(results: Results) -> dict[str, str]:
    return {goal.what: goal.verdict for goal in goals(results) if goal.value is not None}


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds(results: Results) -> None:
    # The ratios of the rounds are 0.5, 2 and 0.75; the ratio of the medians would be 1.
    assert results.ratio(("get", "ours"), ("get", "fastify")) == 0.75
    assert results.ratio(("get", "ours"), ("get", "fastify"), of="p99_ms") == 1.5


def test_the_report_omits_what_was_not_measured(results: Results) -> None:
    assert results.ratio(("get", "ours"), ("get", "limit")) is None
    assert set(verdicts(results)) == {
        "get: rate / fastify's",
        "get: p99 / fastify's",
        "cursor: rate / fastify's offset",
        "start to first response",
    }


@pytest.mark.parametrize(
    ("value", "at_most", "verdict"),
    [
        (1.1, False, "goal"),
        (1.0, False, "floor"),
        (0.65, False, "floor"),
        (0.64, False, "missed"),
        (0.64, True, "goal"),
        (1.0, True, "missed"),
        (None, False, "not measured"),
    ],
)
def test_a_verdict_is_goal_floor_or_missed(value: float | None, at_most: bool, verdict: str) -> None:
    floor, goal = (0.8, 0.65) if at_most else (0.65, 1.1)
    assert Goal("", value, floor, goal, at_most=at_most).verdict == verdict


def test_the_verdicts_follow_from_the_measurements(results: Results) -> None:
    assert verdicts(results) == {
        "get: rate / fastify's": "floor",
        "get: p99 / fastify's": "floor",
        "cursor: rate / fastify's offset": "floor",
        "start to first response": "floor",
    }


def test_the_file_of_a_run_can_be_a_baseline(results: Results) -> None:
    assert Results.from_json(json.loads(json.dumps(results.as_json()))) == results


def test_the_tables_compare_with_the_baseline(results: Results) -> None:
    faster = Results.from_json(results.as_json())
    faster.intervals["get"]["ours"] = [interval(rate * 2) for rate in (100, 200, 300)]
    console = Console(file=StringIO(), width=120, record=True)
    tables.show(faster, results, console)
    printed = console.export_text()
    assert "2.00×" in printed
    assert "1.00×" in printed
    assert "ours 100 MB" in printed


def test_a_higher_rate_has_a_longer_bar_in_the_plot(results: Results) -> None:
    image = ElementTree.fromstring(plot.svg(results))  # noqa: S314 (it is our own)
    bars = {
        bar.get("class"): float(bar.get("width", ""))
        for bar in image.iter("{http://www.w3.org/2000/svg}rect")
        if bar.get("height") != "10"
    }
    assert bars["ours"] > bars["fastify"] > 1
    assert "900" in [text.text for text in image.iter("{http://www.w3.org/2000/svg}text")]
