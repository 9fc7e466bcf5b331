"""The examples of docs/specfirst/ are what the commands do."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from specfirst.cli.diff import SETTINGS
from specfirst.diff import RULES

from tests.specfirst.command import specfirst

FOLDER = Path(__file__).parents[2] / "docs" / "specfirst"
_FENCE = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["diff.md", "bundle-and-format.md"])
def test_the_commands_of_the_page_print_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = 0
    for language, title, text in _FENCE.findall((FOLDER / name).read_text(encoding="utf-8")):
        if title:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(text, encoding="utf-8")
        if language == "console":
            for block in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, expected = block.partition("\n")
                program, *arguments = shlex.split(command)
                if program == "cat":
                    assert Path(arguments[0]).read_text(encoding="utf-8") == expected
                    continue
                done = specfirst(*arguments)
                assert done.stdout + done.stderr == expected, command
                commands += 1
    assert commands >= 2


def test_the_settings_of_diff_are_all_documented() -> None:
    page = (FOLDER / "diff.md").read_text(encoding="utf-8")
    rows = page[page.index("## Settings") :]
    assert all(f"`{setting}`" in rows for setting in SETTINGS)


def test_the_rules_of_diff_are_all_documented() -> None:
    page = (FOLDER / "diff.md").read_text(encoding="utf-8")
    rows = page[page.index("## Rules") : page.index("## Python")].splitlines()
    assert [row for row in rows if row.startswith("| `")] == [
        f"| `{rule}` | {summary} |" for rule, summary in RULES.items()
    ]
