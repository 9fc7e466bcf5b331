"""The results of a run, and their comparison with the goals. This module only calculates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

WRITES = ("patch", "toggle", "create")
EACH = ("get", "list20", "list100", "first", "patch", "toggle", "create")


@dataclass(frozen=True)
class Interval:
    """The result of one turn: one server, one operation, some seconds."""

    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float
    """CPU time per request of the server; `postgres_us` is that of PostgreSQL."""
    postgres_us: float


@dataclass
class Results:
    about: dict[str, Any] = field(default_factory=dict)
    """Time, machine and options of the run."""
    intervals: dict[str, dict[str, list[Interval]]] = field(default_factory=dict)
    """By operation and server; the n-th intervals of two servers belong to the same round."""
    memory_mb: dict[str, float] = field(default_factory=dict)
    """Resident memory after the load, by server."""
    singles: dict[str, float] = field(default_factory=dict)
    """Values that are measured once, for our server only."""

    def add(self, operation: str, server: str, interval: Interval) -> None:
        self.intervals.setdefault(operation, {}).setdefault(server, []).append(interval)

    def medians(self, operation: str, server: str) -> Interval | None:
        rounds = self.intervals.get(operation, {}).get(server)
        if not rounds:
            return None
        columns = {name: [getattr(interval, name) for interval in rounds] for name in asdict(rounds[0])}
        return Interval(**{name: median(values) for name, values in columns.items()})

    def ratio(
        self, over: tuple[str, str], under: tuple[str, str], *, of: Literal["rate", "p99_ms"] = "rate"
    ) -> float | None:
        """Return the median over the rounds of the ratio between two pairs of operation and server."""
        tops, bottoms = (self.intervals.get(operation, {}).get(server) for operation, server in (over, under))
        if not tops or not bottoms:
            return None
        ratios: list[float] = [getattr(a, of) / getattr(b, of) for a, b in zip(tops, bottoms, strict=True)]
        return median(ratios)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Results:
        results = cls(content["about"], {}, content["memory_mb"], content["singles"])
        for operation, servers in content["intervals"].items():
            for server, rounds in servers.items():
                for interval in rounds:
                    results.add(operation, server, Interval(**interval))
        return results


@dataclass(frozen=True)
class Goal:
    """A target value: at least `floor` (or at most, with `at_most`), preferably `goal`."""

    what: str
    value: float | None
    floor: float
    goal: float
    at_most: bool = False
    unit: str = "×"

    @property
    def verdict(self) -> Literal["goal", "floor", "missed", "not measured"]:
        if self.value is None:
            return "not measured"
        sign = -1 if self.at_most else 1
        if sign * self.value >= sign * self.goal:
            return "goal"
        return "floor" if sign * self.value >= sign * self.floor else "missed"


def goals(results: Results) -> Iterator[Goal]:
    """Yield the performance goals of the project with the measured values."""

    def against(server: str, operations: Sequence[str], floor: float, goal: float) -> Iterator[Goal]:
        for operation in operations:
            value = results.ratio((operation, "ours"), (operation, server))
            yield Goal(f"{operation}: rate / {server}'s", value, floor, goal)

    yield from against("reference", ["get", *WRITES], 12, 12)
    yield from against("reference", ["list20", "list100"], 40, 40)
    yield from against("reference", ["first"], 100, 100)
    yield from against("fastify", ["get"], 0.65, 1.1)
    yield from against("fastify", WRITES, 0.75, 1)
    yield from against("fastify", ["list20", "list100"], 1, 1.4)
    yield from against("fastify", ["first"], 5, 10)
    deep = results.ratio(("cursor", "ours"), ("offset", "fastify"))
    yield Goal("cursor: rate / fastify's offset", deep, 20, 50)
    yield from against("limit", ["get"], 0.9, 0.9)
    yield from against("limit", WRITES, 0.8, 0.8)
    yield from against("limit", ["list20", "list100"], 0.9, 0.9)
    for operation in EACH:
        p99 = results.ratio((operation, "ours"), (operation, "fastify"), of="p99_ms")
        yield Goal(f"{operation}: p99 / fastify's", p99, 2, 1.2, at_most=True)
    depth = results.ratio(("first", "ours"), ("cursor", "ours"))
    yield Goal("cursor: cost / first page's", depth, 1.2, 1.2, at_most=True)
    growth = results.ratio(("size2", "ours"), ("size5", "ours"))
    yield Goal("list 20: cost of 10⁵ tasks / 10²", growth, 1.5, 1.2, at_most=True)
    for name, floor, goal, unit in (
        ("burst of 64: unanswered", 0, 0, ""),
        ("burst of 512: unanswered", 0, 0, ""),
        ("CPU of 2 workers / 1", 1.15, 1.15, "×"),
        ("engine above bare ASGI", 50, 25, " µs"),
        ("start to first response", 2, 1, " s"),
        ("memory after the load", 120, 90, " MB"),
        # Memory allocators vary by some pages.
        ("growth over 200 000 requests", 2, 1, " MB"),
    ):
        yield Goal(name, results.singles.get(name), floor, goal, at_most=True, unit=unit)
