"""Clients that other generators make from the contract compile and work."""

from __future__ import annotations

import pytest

from scripts.generators import GENERATORS, PAGE, check, version


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if generator.quick else [pytest.mark.long])
        for name, generator in GENERATORS.items()
    ],
)
def test_the_generated_client_compiles_and_works(environment: dict[str, str], name: str) -> None:
    """It generates without warnings, its types are strict, and a program uses it against a server."""
    outcome = check(name, environment["API_URL"], environment["BETTER_AUTH_SECRET"])
    assert outcome.problems == []
    # There is no compiler for these.
    works = "not run" if name in ("rust", "kotlin") else "yes"
    assert (outcome.generates, outcome.types, outcome.live) == ("yes", works, works)


def test_at_least_sixteen_generators_are_tried() -> None:
    assert len({(generator.package, name) for name, generator in GENERATORS.items()}) >= 16


@pytest.mark.long
def test_the_page_has_the_version_of_each_generator() -> None:
    """Write it again with scripts/generators."""
    page = PAGE.read_text(encoding="utf-8")
    missing = [
        name
        for name, generator in GENERATORS.items()
        if f"| {name} | {generator.package} {version(generator)} |" not in page
    ]
    assert missing == []
