"""Print the results as tables in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.operations import LABELS
from benchmarks.report import Interval, Results, goals

_STYLES = {"goal": "green", "floor": "yellow", "missed": "red"}


def show(results: Results, baseline: Results | None, console: Console) -> None:
    console.print(_measurements(results, baseline))
    console.print(_goals(results, baseline))


def _measurements(results: Results, baseline: Results | None) -> Table:
    columns = ["requests/s", "ours / it", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs"]
    columns += ["rate / baseline"] if baseline else []
    table = Table(title="Medians; µs are CPU time per request", title_justify="left")
    table.add_column("operation")
    table.add_column("server")
    for column in columns:
        table.add_column(column, justify="right")
    for operation, servers in results.intervals.items():
        for index, server in enumerate(servers):
            cells = [LABELS[operation] if index == 0 else "", server]
            middle = results.medians(operation, server)
            assert middle is not None
            ratio = results.ratio((operation, "ours"), (operation, server))
            cells += [
                f"{middle.rate:,.0f}" if middle.rate >= 10 else f"{middle.rate:.1f}",
                _number(ratio, "×"),
                f"{middle.p50_ms:.1f}",
                f"{middle.p99_ms:.1f}",
            ]
            cells += [f"{middle.server_us:,.0f}", f"{middle.postgres_us:,.0f}"]
            if baseline:
                cells.append(_change(middle, baseline.medians(operation, server)))
            table.add_row(*cells, end_section=index == len(servers) - 1)
    if results.memory_mb:
        memory = ", ".join(f"{server} {megabytes:.0f} MB" for server, megabytes in results.memory_mb.items())
        table.caption = f"Resident memory after the load: {memory}"
    return table


def _goals(results: Results, baseline: Results | None) -> Table:
    table = Table(title="Goals", title_justify="left")
    columns = ["measured", "floor", "goal", *(["baseline"] if baseline else [])]
    table.add_column("what")
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("")
    before = [goal.value for goal in goals(baseline)] if baseline else []
    for index, goal in enumerate(goals(results)):
        if goal.value is None:
            continue
        sign = "≤" if goal.at_most else "≥"
        limits = [f"{sign} {value:g}{goal.unit}" for value in (goal.floor, goal.goal)]
        cells = [_number(goal.value, goal.unit), *limits]
        cells += [_number(before[index], goal.unit)] if baseline else []
        style = _STYLES[goal.verdict]
        table.add_row(goal.what, *cells, f"[{style}]{goal.verdict}[/]")
    return table


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.3g}{unit}" if value < 1000 else f"{value:,.0f}{unit}"


def _change(now: Interval, before: Interval | None) -> str:
    return f"{now.rate / before.rate:.2f}×" if before else "–"
