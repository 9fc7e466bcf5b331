"""Write the reference of all commands and settings, from what the commands declare.

python -m specfirst.cli.reference > docs/specfirst/commands.md
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from specfirst.cli.main import COMMANDS


def commands_page() -> str:
    """Return a page in Markdown with every option and setting of every command."""
    modules = _modules()
    lines = [
        "# Commands",
        "",
        "This page is written from the commands, by `python -m specfirst.cli.reference`. A command also",
        "describes itself with `--help`. [Configuration](configuration.md) says where settings are.",
        "",
        "| command | what it does | extra |",
        "|---|---|---|",
        *(
            f"| [`specfirst {name}`](#specfirst-{name}) | {module.SUMMARY} | `{_extra(module)}` |"
            for name, module in modules.items()
        ),
    ]
    for name, module in modules.items():
        lines += ["", *_section(name, module)]
    return "\n".join(lines) + "\n"


def _modules() -> dict[str, ModuleType]:
    return {name: import_module(f"specfirst.cli.{name}") for name in COMMANDS}


def _extra(module: ModuleType) -> str:
    return str(getattr(module, "EXTRA", "all"))


def _section(name: str, module: ModuleType) -> Iterator[str]:
    yield from (f"## specfirst {name}", "", module.SUMMARY, "")
    yield from ("```text", *_examples(module.EXAMPLES), "```", "")
    yield from ("| option | meaning |", "|---|---|")
    parser = argparse.ArgumentParser(add_help=False)
    module.configure(parser)
    formatter = argparse.HelpFormatter(prog=name)
    for action in parser._actions:
        text = " ".join(formatter._expand_help(action).split())
        yield f"| {_cell(_invocation(action))} | {_cell(text, code=False)} |"
    settings: Mapping[str, Mapping[str, Any]] = getattr(module, "SETTINGS", None) or {}
    if settings:
        yield from ("", f"| setting in `[tool.specfirst.{name}]` | type | meaning |", "|---|---|---|")
        for setting, described in settings.items():
            meaning = _cell(str(described.get("description", "")), code=False)
            yield f"| {_cell(setting)} | {_type(described)} | {meaning} |"


def _examples(text: str) -> list[str]:
    """Return the lines without the indentation of the commands, with which --help shows them."""
    return [
        line.removeprefix("  ") if line.startswith("  specfirst ") else line for line in text.splitlines()
    ]


def _invocation(action: argparse.Action) -> str:
    metavar = action.metavar
    if metavar is None:
        metavar = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    if not action.option_strings:
        return str(metavar)
    value = "" if action.nargs == 0 else f" {metavar}"
    return ", ".join(f"{option}{value}" for option in action.option_strings)


def _type(described: Mapping[str, Any]) -> str:
    if "enum" in described:
        return ", ".join(_cell(json.dumps(value)) for value in described["enum"])
    kind = described.get("type", "")
    return ", ".join(kind) if isinstance(kind, list) else str(kind)


def _cell(text: str, *, code: bool = True) -> str:
    text = text.replace("|", "\\|")
    return f"`{text}`" if code else text


if __name__ == "__main__":
    sys.stdout.write(commands_page())
