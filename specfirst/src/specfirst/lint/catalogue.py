"""The rules as text: for --explain, --list-rules and the documentation page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from specfirst.lint.rules import RULES, SETS, Levels, Rule

PLACES: Mapping[str, str] = {
    "document": "",
    "paths": "In `paths`",
    "operation": "In an operation",
    "schemas": "In `components/schemas`",
}
"""Where the fragments of examples belong."""


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """Return `in`, `bad`, `good` and `fix` of each rule."""
    text = (Path(__file__).parent / "examples.yaml").read_text(encoding="utf-8")
    content: dict[str, Mapping[str, Any]] = yaml.safe_load(text)
    return content


def explanation(name: str) -> str:
    """Explain a rule on a terminal."""
    return "\n".join(_lines(RULES[name], "")) + "\n"


def table(levels: Levels) -> str:
    """List the rules with their severities in these levels."""
    width = max(map(len, RULES))
    rows = [
        f"{rule.name:{width}}  {levels.get(rule.name, 'off'):7}  {rule.reason}"
        for rule in sorted(RULES.values(), key=lambda rule: rule.name)
    ]
    return "\n".join(rows) + "\n"


def page() -> str:
    """Return the documentation page in Markdown."""
    rows = [
        f"| [`{rule.name}`](#{rule.name}) | {' | '.join(_severities(rule).values())} | {rule.reason} |"
        for rule in RULES.values()
    ]
    names = " | ".join(f"`{name}`" for name in SETS)
    sections = ["\n".join(["", *_lines(rule, "## ")]) for rule in RULES.values()]
    return (
        "\n".join([_INTRODUCTION, f"| rule | {names} | why |", "|---|---|---|---|", *rows, *sections]) + "\n"
    )


_INTRODUCTION = """\
# Lint rules

`specfirst lint` reports problems with one of three severities. An **error** cannot be served faithfully, a
**warning** is what a generator or a client will stumble over, and **style** is our opinion.

`specfirst lint --list-rules` lists the rules, and `specfirst lint --explain RULE` explains one. This page
is written from the rules: `python -m specfirst.lint.catalogue > docs/specfirst/lint-rules.md`.

## Choose the rules

In `pyproject.toml`, or without `tool.specfirst.` in `specfirst.toml`:

```toml
[tool.specfirst.lint]
extends = ["specfirst:recommended"]  # the default; specfirst:strict has all rules, as errors
fail-on = "error"                    # the default; or "warning", or "style"
baseline = "lint-baseline.json"      # known problems; --write-baseline writes the file

[tool.specfirst.lint.rules]
description = "warn"                 # off, style, warn or error
declared-statuses = "off"
```

Each setting is also a flag: `--extends`, `--fail-on`, `--baseline`, `--rule NAME=LEVEL`.

## Ignore a problem

Write the rule and a reason into the object with the problem, or into an object around it:

```yaml
paths:
  /books/{isbn}:
    x-specfirst-ignore:
      undeclared-parameter: The gateway fills it.
```

## Fix problems

`specfirst lint --fix` removes or adds what does not change the API, and keeps comments and layout. The
rules with such a fix say so below.

## Rules
"""


def _severities(rule: Rule) -> Mapping[str, str]:
    return {name: str(severity(rule) or "off") for name, severity in SETS.items()}


def _lines(rule: Rule, heading: str) -> Iterator[str]:
    text = examples()[rule.name]
    yield f"{heading}{rule.name}"
    yield ""
    yield rule.reason
    yield ""
    yield ", ".join(f"{name}: {severity}" for name, severity in _severities(rule).items()) + "."
    place = PLACES[text.get("in", "document")]
    for kind in ("bad", "good"):
        if kind in text:
            yield ""
            yield f"{kind.capitalize()}{f', {place[0].lower()}{place[1:]}' if place else ''}:"
            yield ""
            lines = text[kind].rstrip().splitlines()
            yield from ["```yaml", *lines, "```"] if heading else [f"    {line}" for line in lines]
    yield ""
    yield f"Fix: {text['fix']}"


if __name__ == "__main__":
    import specfirst.lint  # noqa: F401  # It registers the rules.

    print(page(), end="")
