r"""Check the regular expressions of the contract.

JSON Schema 2020-12 (Core, section 6.4) defines a pattern as one of ECMA-262 with the flag `u`. Other engines
read it as well: the validator is written in Rust, and test tools generate texts in Python. So a pattern must
be valid under ECMA-262 (section 22.2.1), and use only syntax with the same meaning in all three.

Not checked: in Python, `$` also matches before a line feed at the end.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn


class PatternProblem(NamedTuple):
    """`invalid` under ECMA-262, or valid but with another meaning in other languages."""

    invalid: bool
    problem: str
    remedy: str


def pattern_problems(pattern: str) -> list[PatternProblem]:
    """List the problems: the first syntax error, or everything that is not portable."""
    reader = _Reader(pattern)
    try:
        reader.pattern()
    except _InvalidError as error:
        problem, remedy = error.args
        return [PatternProblem(True, problem, remedy)]
    return [PatternProblem(False, *found) for found in reader.found]


class _InvalidError(Exception):
    pass


_ESCAPABLE = r"^$\.*+?()[]{}|/"

_WRITE_OUT = "write the characters out: [0-9], [A-Za-z0-9_]"
_CLASSES = {
    **dict.fromkeys("dDwWsS", ("matches different characters in each language", _WRITE_OUT)),
    **dict.fromkeys("pP", ("is not supported by Python", "list the character ranges")),
}
_LOOK_AROUNDS = ("?=", "?!", "?<=", "?<!")
_LOOK_AROUND = ("linear-time engines do not support look-around", "remove it")
_SET_OPERATORS = ("&&", "--", "~~", "||")
_BACK_REFERENCE = ("linear-time engines do not support back references", "remove them")


class _Reader:
    """Parses one pattern by the grammar of ECMA-262 with the flag `u`, and records what is not portable."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.found: dict[tuple[str, str], None] = {}
        self._groups, self._references = 0, 0

    # Reading on.

    def _ahead(self, prefix: str) -> bool:
        return self._text.startswith(prefix, self._at)

    def _take(self, prefix: str) -> bool:
        taken = self._ahead(prefix)
        self._at += len(prefix) if taken else 0
        return taken

    def _match(self, expression: str) -> re.Match[str] | None:
        match = re.compile(expression).match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match

    def _next(self) -> str:
        character = self._text[self._at : self._at + 1]
        self._at += len(character)
        return character

    def _not_portable(self, what: str, reason: str, remedy: str) -> None:
        self.found[f"{what} {reason}" if what else reason, remedy] = None

    # The grammar.

    def pattern(self) -> None:
        self._disjunction()
        if self._at < len(self._text):
            # Only a closing parenthesis ends an alternative early.
            _invalid("a `)` closes no group", r"write `\)`")
        if self._references > self._groups:
            _invalid(f"there is no group {self._references} to refer to", "remove the back reference")

    def _disjunction(self) -> None:
        # An explicit stack: a pattern may be nested deeper than Python's stack.
        quantifiable: list[bool] = []
        while self._at < len(self._text):
            if self._take("|"):
                continue
            if self._ahead("("):
                quantifiable.append(self._group())
                continue
            if self._ahead(")"):
                if not quantifiable:
                    return
                self._at += 1
                can_repeat = quantifiable.pop()
            else:
                can_repeat = self._atom()
            self._quantifier(can_repeat)
        if quantifiable:
            _invalid("a group is not closed", r"add `)`, or write `\(`")

    def _group(self) -> bool:
        """Parse the start of a group; return False for a look-around, which cannot be repeated."""
        self._at += 1
        if self._take("?:"):
            return True
        for start in _LOOK_AROUNDS:
            if self._take(start):
                self._not_portable("", *_LOOK_AROUND)
                return False
        if name := self._match(r"\?<[^\W\d][\w$]*>|\?<[$_][\w$]*>"):
            self._not_portable(f"({name[0]}...)", "has another syntax in Python", "write `(...)`")
        elif self._ahead("?"):
            modifiers = self._match(r"\?[ims]*(-[ims]*)?:")
            if not modifiers or modifiers[0] == "?-:":
                _invalid("a group starts with `(?` and an unknown type", "write `(?:...)`, or `(...)`")
            self._not_portable(f"({modifiers[0]}...)", "is not supported by most engines", "list both cases")
            return True
        self._groups += 1
        return True

    def _atom(self) -> bool:
        """Parse one character, class or assertion; return whether it can be repeated."""
        if self._ahead("["):
            self._class()
            return True
        if self._ahead("\\"):
            return self._escape()
        character = self._next()
        if character in "^$":
            return False
        if character == ".":
            remedy = r"write `[^\n\r\u2028\u2029]`, or list the characters"
            self._not_portable("`.`", "excludes different line breaks in each language", remedy)
        elif character in "*+?":
            _invalid(f"`{character}` repeats nothing", rf"write `\{character}` for the character itself")
        elif character in "{}]":
            _invalid(f"`{character}` stands alone", rf"write `\{character}`")
        return True

    def _quantifier(self, can_repeat: bool) -> None:
        counts = self._match(r"[*+?]|\{([0-9]+)(?:(,)([0-9]*))?\}")
        if not counts:
            return
        if not can_repeat:
            _invalid(f"`{counts[0]}` repeats an assertion", "remove it")
        # Compared as texts: Python cannot convert a text of several thousand digits to an integer.
        lower, upper = ((counts[group] or "").lstrip("0") for group in (1, 3))
        if counts[3] and (len(lower), lower) > (len(upper), upper):
            _invalid(f"`{counts[0]}` has its bounds in the wrong order", "write the smaller one first")
        self._take("?")

    def _escape(self) -> bool:
        self._at += 1
        if reference := self._match("[1-9][0-9]*"):
            self._references = max(self._references, int(reference[0][:9]))
            self._not_portable("", *_BACK_REFERENCE)
        elif self._match("k<[^>]*>"):
            self._not_portable("", *_BACK_REFERENCE)
        elif boundary := self._match("[bB]"):
            self._not_portable(rf"`\{boundary[0]}`", "differs between languages", "do without it")
            return False
        elif not self._character_class():
            self._character("outside of a class", "")
        return True

    def _character_class(self) -> bool:
        r"""Parse what follows the backslash of a class such as `\d`."""
        kind = self._match(r"[dDwWsS]|[pP]\{\w+(=\w+)?\}")
        if kind:
            self._not_portable(rf"`\{kind[0]}`", *_CLASSES[kind[0][0]])
        return bool(kind)

    def _character(self, where: str, more: str) -> int:
        """Parse what follows the backslash of an escaped character; return its code point."""
        if control := self._match("[fnrtv]"):
            return {"f": 12, "n": 10, "r": 13, "t": 9, "v": 11}[control[0]]
        if letter := self._match("c([A-Za-z])"):
            control_code = ord(letter[1]) % 32
            self._not_portable(
                rf"`\{letter[0]}`", "is not supported by Python", rf"write `\x{control_code:02x}`"
            )
            return control_code
        if self._match("0(?![0-9])"):
            self._not_portable(r"`\0`", "is not supported by Rust", r"write `\x00`")
            return 0
        if code := self._match("x([0-9A-Fa-f]{2})"):
            return int(code[1], 16)
        if pair := self._match("u([dD][89abAB][0-9A-Fa-f]{2})\\\\u([dD][c-fC-F][0-9A-Fa-f]{2})"):
            remedy = "write the character itself"
            self._not_portable(
                rf"`\{pair[0]}`", "is a surrogate pair, which Rust and Python do not support", remedy
            )
            return 0x10000 + (int(pair[1], 16) - 0xD800) * 0x400 + int(pair[2], 16) - 0xDC00
        if code := self._match("u([0-9A-Fa-f]{4})"):
            if 0xD800 <= int(code[1], 16) <= 0xDFFF:
                remedy = "remove it: texts do not contain it"
                self._not_portable(rf"`\{code[0]}`", "is half of a surrogate pair", remedy)
            return int(code[1], 16)
        if code := self._match(r"u\{([0-9A-Fa-f]+)\}"):
            if int(code[1], 16) > 0x10FFFF:
                _invalid(rf"`\{code[0]}` is beyond the last character", "correct it")
            self._not_portable(rf"`\{code[0]}`", "is not supported by Python", "write the character itself")
            return int(code[1], 16)
        character = self._next()
        if not character or character not in _ESCAPABLE + more:
            remedy = f"write `{character}`" if character and not character.isalnum() else "correct it"
            _invalid(rf"`\{character}` is not an escape {where}", remedy)
        return ord(character)

    def _class(self) -> None:
        start = self._at
        self._at += 1
        self._take("^")
        if self._ahead("]"):
            remedy = r"write `\]` for the character itself, or list the characters"
            self._not_portable("a class that starts with `]`", "is empty only in JavaScript", remedy)
        previous: int | None = None
        while not self._take("]"):
            if self._at == len(self._text):
                _invalid("a class is not closed", r"add `]`, or write `\[`")
            previous = self._class_atom()
            if self._ahead("-") and not self._ahead("-]"):
                self._at += 1
                if self._at == len(self._text):
                    _invalid("a class is not closed", r"add `]`, or write `\[`")
                last = self._class_atom()
                if previous is None or last is None:
                    _invalid("a range has a class as one of its ends", r"write the hyphen as `\-`")
                if previous > last:
                    _invalid("a range has its ends in the wrong order", r"swap them, or write `\-`")
        # Escaped characters are literal, so skip them.
        plain = re.sub(r"\\.", r"\\", self._text[start + 1 : self._at - 1])
        for operator in _SET_OPERATORS:
            if operator in plain:
                remedy = r"write each hyphen as `\-`" if operator == "--" else f"write `{operator[0]}` once"
                what = f"`{operator}` in a class"
                self._not_portable(what, "is a set operation in other languages", remedy)
        if "[" in plain:
            self._not_portable("`[` in a class", "starts a nested class in other languages", r"write `\[`")

    def _class_atom(self) -> int | None:
        """Parse one member of a class: the code point of a character, or None for a nested class."""
        if not self._take("\\"):
            return ord(self._next())
        if self._character_class():
            return None
        if self._take("b"):
            self._not_portable(r"`\b` in a class", "is not supported by Rust", r"write `\x08`")
            return 8
        return self._character("in a class", "-")


def _invalid(problem: str, remedy: str) -> NoReturn:
    raise _InvalidError(problem, remedy)


_ONE_CHARACTER = (
    r"\\u\{[0-9A-Fa-f]+\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\x..|\\c.|\\[pP]\{[^}]*\}|\\."
    r"|\[(?:\\.|[^\]\\])*\]"
)

Lengths = tuple[int, int | None]
"""The minimum and maximum length; None if there is no maximum."""


def pattern_lengths(pattern: str) -> Lengths:
    """Return bounds of the length of matching texts; the true bounds may be narrower."""
    found = pattern_problems(pattern)
    if any(problem.invalid or problem.problem in (_LOOK_AROUND[0], _BACK_REFERENCE[0]) for problem in found):
        return 0, None
    # Each escape and each character class matches one character.
    form = re.sub(_ONE_CHARACTER, "x", re.sub(r"\\[bB]", "", pattern), flags=re.DOTALL)
    pieces = re.findall(r"\(\?[^:(]*:|[*+?]\??|\{[0-9]+(?:,[0-9]*)?\}\??|.", form, re.DOTALL)
    # Each level of groups: its complete alternatives, and the parts of the current one.
    levels: list[tuple[list[Lengths], list[Lengths]]] = [([], [])]
    anchored = True
    for index, piece in enumerate(pieces):
        alternatives, parts = levels[-1]
        if piece[0] == "(":
            levels.append(([], []))
        elif piece == ")":
            levels.pop()
            levels[-1][1].append(_widest([*alternatives, _sum(parts)]))
        elif piece == "|":
            alternatives.append(_sum(parts))
            parts.clear()
            # At the top level, an anchor applies to one alternative only.
            anchored = anchored and (len(levels) > 1 or pieces[index - 1 : index + 2] == ["$", "|", "^"])
        elif piece in "^$":
            continue
        elif piece[0] in "*+?{" and parts:
            parts[-1] = _repeated(parts[-1], piece)
        else:
            parts.append((1, 1))
    anchored = anchored and pieces[:1] == ["^"] and pieces[-1:] == ["$"]
    least, most = _widest([*levels[0][0], _sum(levels[0][1])])
    return least, most if anchored else None


def _sum(parts: list[Lengths]) -> Lengths:
    greatest = [most for _, most in parts]
    return sum(least for least, _ in parts), None if None in greatest else sum(most or 0 for most in greatest)


def _widest(alternatives: list[Lengths]) -> Lengths:
    greatest = [most for _, most in alternatives]
    least = min(least for least, _ in alternatives)
    return least, None if None in greatest else max(most or 0 for most in greatest)


def _repeated(lengths: Lengths, quantifier: str) -> Lengths:
    least, most = lengths
    if quantifier[0] in "*+?":
        return least * (quantifier[0] == "+"), most if quantifier[0] == "?" or most == 0 else None
    lower, comma, upper = quantifier.strip("{}?").partition(",")
    at_most = upper if comma else lower
    return least * int(lower), None if most is None or not at_most else most * int(at_most)
