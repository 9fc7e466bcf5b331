"""Fixes: edits of a contract's text at the positions of its parts, which keep comments and layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml

from specfirst.contract.document import DocumentError, Pointer
from specfirst.contract.yaml import compose_text, parse
from specfirst.lint.rules import Edit

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Splice(NamedTuple):
    """A range of the text, in characters, and its replacement."""

    start: int
    end: int
    text: str


class FixError(Exception):
    """The edited text would not have the intended content, so it must not be written."""


def fix(text: str, edits: Sequence[Edit]) -> tuple[str, int]:
    """Return the text with these edits, and how many were made. Raises FixError.

    An edit next to another one, or inside of its part, is not made; lint finds it again.
    """
    root = compose_text(text)
    expected, _ = parse(text.encode())
    made: dict[Pointer, tuple[Edit, _Splice]] = {}
    for edit in edits:
        holder = _find(root, edit.pointer[:-1])
        splice = _splice(text, holder, edit) if holder else None
        if holder is None or splice is None or any(_touch(splice, other) for _, other in made.values()):
            continue
        # The last part of a mapping or list needs another edit than the others, so it is left for later.
        removed = sum(e.action == "remove" and e.pointer[:-1] == edit.pointer[:-1] for e, _ in made.values())
        if edit.action == "insert" or removed == 0 or removed + 1 < len(holder.value):
            made[edit.pointer] = edit, splice
    # From the end, so that the earlier positions stay valid.
    for edit, splice in sorted(made.values(), key=lambda found: found[1], reverse=True):
        _apply(expected, edit)
        text = text[: splice.start] + splice.text + text[splice.end :]
    try:
        if parse(text.encode())[0] == expected:
            return text, len(made)
    except DocumentError:
        pass
    raise FixError


def _touch(one: _Splice, other: _Splice) -> bool:
    return one.start <= other.end and other.start <= one.end


def _apply(content: Any, edit: Edit) -> None:
    *way, last = edit.pointer
    node = content
    for token in way:
        node = node[int(token)] if isinstance(node, list) else node[token]
    if edit.action == "insert":
        node[last] = edit.value
    else:
        del node[int(last) if isinstance(node, list) else last]


def _find(node: yaml.Node | None, pointer: Pointer) -> yaml.Node | None:
    for token in pointer:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == token), None)
        elif isinstance(node, yaml.SequenceNode) and token.isdecimal() and int(token) < len(node.value):
            node = node.value[int(token)]
        else:
            return None
    return node


def _splice(text: str, holder: yaml.Node, edit: Edit) -> _Splice | None:
    last = edit.pointer[-1]
    if isinstance(holder, yaml.MappingNode):
        names = [key.value for key, _ in holder.value]
        if edit.action == "insert":
            return _insertion(text, holder, last, edit.value) if names and last not in names else None
        parts = [(key.start_mark.index, _end(value)) for key, value in holder.value]
        return _removal(text, parts, names.index(last), holder, "{}") if last in names else None
    if isinstance(holder, yaml.SequenceNode) and last.isdecimal() and int(last) < len(holder.value):
        parts = [(_dash(text, item, holder), _end(item)) for item in holder.value]
        return _removal(text, parts, int(last), holder, "[]")
    return None


def _dash(text: str, item: yaml.Node, holder: yaml.SequenceNode) -> int:
    """Return where an item of a list starts: at its dash in block style."""
    start: int = item.start_mark.index
    return start if holder.flow_style else text.rindex("-", 0, start)


def _end(node: yaml.Node) -> int:
    """Return the end of a node's last character. The end mark of a block collection is after comments."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return int(node.end_mark.index)


def _removal(
    text: str, parts: list[tuple[int, int]], index: int, holder: yaml.CollectionNode, empty: str
) -> _Splice | None:
    start, end = parts[index]
    following = parts[index + 1][0] if index + 1 < len(parts) else None
    if holder.flow_style:
        if following is not None:
            return _Splice(start, following, "")
        return _Splice(parts[index - 1][1] if index else start, end, "")
    if len(parts) == 1:
        return _Splice(start, max(start, len(text[:end].rstrip())), empty)
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        # It is on the line of its parent's dash, where the next part takes its place.
        return _Splice(start, following, "") if following is not None else None
    # With the rest of the line, which can only be a comment. The text of a block scalar ends in a line break.
    if text[end - 1 : end] != "\n":
        end = (text.find("\n", end) + 1) or len(text)
    return _Splice(line, end, "")


def _insertion(text: str, holder: yaml.MappingNode, key: str, value: Any) -> _Splice:
    """Insert a key before the first one."""
    first = holder.value[0][0].start_mark
    if holder.flow_style:
        entry = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}, "
        # In JSON with a key on each line, the new key gets a line too.
        line = text.rfind("\n", 0, first.index) + 1
        own_line = not text[line : first.index].strip()
        return _Splice(
            first.index, first.index, f"{entry.rstrip()}\n{text[line : first.index]}" if own_line else entry
        )
    name = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key)
    shown = value if isinstance(value, str) and _PLAIN_KEY.fullmatch(value) else json.dumps(value)
    return _Splice(first.index, first.index, f"{name}: {shown}\n{' ' * first.column}")
