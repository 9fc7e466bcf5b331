"""What to do about text that is neither YAML nor JSON, in the words of somebody who edits a contract."""

from __future__ import annotations

import json
import re

import yaml

from specfirst.contract.document import DocumentError

_CORRECT = "correct the syntax"
_LONGEST = 80
_QUOTE = "write the value in quotes"


def json_error(text: str) -> DocumentError | None:
    """Return what is wrong with text that is meant as JSON; None if it is not, or has no error."""
    if not re.match(r'\s*[{\[]\s*["{\[}\]]', text):
        return None
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg[:1].lower()}{error.msg[1:]}"
        shown = _shown(text.splitlines(), error.lineno - 1)
        remedy = {"extra data": "keep one JSON value"}.get(problem, _CORRECT)
        if "enclosed in double quotes" in problem:
            remedy = "write the name in double quotes, and no comma after the last member"
        elif "delimiter" in problem:
            remedy = "write the character there, or close what is open before it"
        return DocumentError(
            f"invalid JSON: {problem}{shown}", remedy=remedy, line=error.lineno, column=error.colno
        )
    except RecursionError:
        return None
    return None


def yaml_error(error: yaml.MarkedYAMLError, text: str) -> DocumentError:
    """Return the error of PyYAML with the line, and with what its author probably has to do."""
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return DocumentError(f"invalid YAML: {error.problem}", remedy=_CORRECT)
    problem, remedy = _explained(error, lines)
    line, column = mark.line, mark.column
    if error.problem == _MISPLACED and (found := _incomplete_key(lines, line, column)):
        problem, remedy, line, column = found
    return DocumentError(
        f"invalid YAML: {problem}{_shown(lines, line)}", remedy=remedy, line=line + 1, column=column + 1
    )


def _shown(lines: list[str], number: int) -> str:
    line = lines[number].rstrip() if number < len(lines) else ""
    return f" in the line {line!r}" if line and len(line) <= _LONGEST else ""


def _explained(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[str, str]:
    problem, mark, start = error.problem or "", error.problem_mark, error.context_mark
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if problem == _MISPLACED and mark:
        if re.search(r":\s", line[: mark.column]):
            return "a value contains a colon and a space", _QUOTE
        return "the key is indented more than the one before it, which has a value", "indent both alike"
    if problem.startswith("expected <block end>") and mark and start:
        return _misplaced_entry(line[mark.column : mark.column + 1], mark.column, error.context or "", start)
    if problem.startswith("expected ',' or ") and start:
        bracket = problem.split("'")[3]
        return problem, f"write a comma there, or {bracket!r} for what opens in line {start.line + 1}"
    if problem == "found unexpected end of stream" and start:
        return problem, f"close the quote that begins in line {start.line + 1}"
    return problem, next((remedy for text, remedy in _REMEDIES.items() if text in problem), _CORRECT)


_MISPLACED = "mapping values are not allowed here"
_REMEDIES = {
    "'\\t' that cannot start": "indent with spaces, not with tabs",
    "cannot start any token": _QUOTE,
    "found undefined alias": f"{_QUOTE}, or define the anchor before it",
    "found unknown escape character": "write the text in single quotes, or a backslash as two",
    "found another document": "keep one document, and remove the line ---",
    "but found '<stream end>'": "close what is open",
}


def _misplaced_entry(character: str, column: int, context: str, start: yaml.Mark) -> tuple[str, str]:
    """Explain an entry that does not belong to the list or mapping around it."""
    if character in ("}", "]"):
        return f"found {character!r}, which nothing opens", "remove it"
    kind, other = ("list", "mapping") if "collection" in context else ("mapping", "list")
    where = f"the {kind} that begins in line {start.line + 1}"
    if column == start.column:
        return f"an entry of a {other} is among those of {where}", "correct its indentation"
    return (
        f"the indentation is {column}, and that of {where} is {start.column}",
        f"indent all entries of the {kind} alike",
    )


def _incomplete_key(lines: list[str], line: int, column: int) -> tuple[str, str, int, int] | None:
    """Return the problem, remedy, line and column if the line before a misplaced key is not a key."""
    if re.search(r":\s", lines[line][:column]):
        return None
    filled = [i for i in range(line) if lines[i].strip() and not lines[i].lstrip().startswith("#")]
    if not filled or re.search(r":(\s|$)", previous := lines[filled[-1]]):
        return None
    if ":" in previous:
        return "there is no space after the colon", "write one", filled[-1], previous.index(":") + 1
    return "there is no colon", "write `key: value`", filled[-1], len(previous.rstrip())
