"""Baselines: a file with the known problems of an old contract, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from specfirst.contract.document import pointer_text
from specfirst.problems import Problem


class BaselineError(Exception):
    """A baseline cannot be read or written; the message says which, why, and what to do."""


class Remaining(NamedTuple):
    """The problems that are not in the baseline, the number of those that are, and of those that are gone."""

    problems: list[Problem]
    known: int
    gone: int


Key = tuple[str, str, str, str]


def apply_baseline(problems: Sequence[Problem], path: Path) -> Remaining:
    """Leave out the known problems: those of the same rule, file, part and message. Raises BaselineError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = [(e["rule"], e["file"], e["pointer"], e["message"]) for e in content["problems"]]
    except OSError as error:
        raise BaselineError(
            f"the baseline {path} cannot be read: {error.strerror}; write it with --write-baseline"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise BaselineError(f"{path} is not a baseline; write it again with --write-baseline") from None
    known = Counter(entries)
    remaining: list[Problem] = []
    for problem in problems:
        key = _key(problem, path)
        if known[key]:
            known[key] -= 1
        else:
            remaining.append(problem)
    return Remaining(remaining, len(problems) - len(remaining), known.total())


def write_baseline(problems: Sequence[Problem], path: Path) -> None:
    """Write the problems as known ones. Raises BaselineError."""
    names = ("rule", "file", "pointer", "message")
    entries = [
        dict(zip(names, key, strict=True)) for key in sorted(_key(problem, path) for problem in problems)
    ]
    try:
        path.write_text(json.dumps({"version": 1, "problems": entries}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror}") from None


def _key(problem: Problem, path: Path) -> Key:
    # Relative to the baseline, so that the working directory does not matter.
    is_url = "://" in problem.file
    file = problem.file if is_url else Path(os.path.relpath(problem.file, path.parent)).as_posix()
    return problem.rule, file, pointer_text(problem.pointer), problem.message
