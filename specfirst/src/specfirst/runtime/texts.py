"""Make texts that match a regular expression.

The expression is read with Python's own parser, after the few forms of ECMA-262 that Python writes in another
way are replaced. Look-around is ignored: whoever uses the text checks it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from random import Random
from typing import Any

# The parser of `re`: its tree is what hypothesis and rstr use as well. It has no stubs.
_parser: Any = import_module("re._parser")

_LETTERS = string.ascii_lowercase
_PRINTABLE = string.digits + string.ascii_letters + " -_.,:;!?/()+*#%&=@~'\"<>[]{}|\\^$`"
_CLASSES: Mapping[str, str] = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_NOT_WORD": " -.",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}
_PROPERTIES = {
    "L": "a-zA-Z",
    "Lu": "A-Z",
    "Ll": "a-z",
    "N": "0-9",
    "Nd": "0-9",
    "P": "!-/",
    "Z": " ",
    "S": "+<=>",
}


class NoText(Exception):
    """No text that matches was found."""


def matching(pattern: str, random: Random, shortest: int, more: int) -> str:
    """Return a text that probably matches, of at least `shortest` characters if the pattern has no end.

    `more` is how often a part is repeated beyond its minimum, at most. Raises NoText if the pattern cannot be
    read.
    """
    tree, is_open = _parsed(pattern)
    text = _Texts(random, more).of(tree)
    if is_open:
        text += "".join(random.choice(_LETTERS) for _ in range(shortest - len(text)))
    return text


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> tuple[Any, bool]:
    """Return the tree, and whether text may follow what matches."""
    text = re.sub(r"\(\?<(?=[A-Za-z_$])", "(?P<", pattern)
    text = re.sub(r"\\k<(\w+)>", r"(?P=\1)", text)
    text = re.sub(r"\\p\{(\w+)\}", _property, text)
    text = re.sub(r"\\u\{([0-9A-Fa-f]+)\}", lambda match: re.escape(chr(int(match[1], 16))), text)
    try:
        return _parser.parse(text), not pattern.endswith("$")
    except (re.error, OverflowError, RecursionError, ValueError):
        raise NoText from None


def _property(match: re.Match[str]) -> str:
    characters = _PROPERTIES.get(match[1], "a-zA-Z")
    before = match.string[: match.start()]
    inside = before.rfind("[") > before.rfind("]")
    return characters if inside else f"[{characters}]"


class _Texts:
    def __init__(self, random: Random, extra: int) -> None:
        self._random, self._extra = random, extra
        self._groups: dict[int, str] = {}

    def of(self, tree: Iterable[Any]) -> str:
        return "".join(self._part(str(kind), argument) for kind, argument in tree)

    def _part(self, kind: str, argument: Any) -> str:
        match kind:
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return self._random.choice([one for one in _LETTERS if one != chr(argument)])
            case "ANY":
                return self._random.choice(_LETTERS)
            case "IN":
                return self._random.choice(_characters(argument))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, part = argument
                count = self._random.randint(least, max(least, min(int(most), least + self._extra)))
                return "".join(self.of(part) for _ in range(count))
            case "SUBPATTERN":
                number, _, _, part = argument
                text = self.of(part)
                if number is not None:
                    self._groups[number] = text
                return text
            case "ATOMIC_GROUP":
                return self.of(argument)
            case "BRANCH":
                return self.of(self._random.choice(argument[1]))
            case "GROUPREF":
                return self._groups.get(argument, "")
            case _:
                # Anchors and look-around.
                return ""


def _characters(parts: Iterable[Any]) -> str:
    """Return the characters of a class, the printable ones if it has any."""
    named = [(str(kind), argument) for kind, argument in parts]
    found = ""
    for kind, argument in named:
        if kind == "LITERAL":
            found += chr(argument)
        elif kind == "RANGE":
            low, high = argument
            found += "".join(map(chr, range(low, min(high, low + 0x3FF) + 1)))
        elif kind == "CATEGORY":
            found += _CLASSES.get(str(argument), "")
    if named and named[0][0] == "NEGATE":
        found = "".join(one for one in _PRINTABLE if one not in found)
        # Letters and digits, unless these are what the class excludes.
        found = "".join(one for one in found if one.isalnum()) or found
    else:
        found = "".join(one for one in found if one.isprintable()) or found
    if not found:
        raise NoText
    return found
