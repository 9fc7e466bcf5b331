"""Patterns that the lint admits are valid under ECMA-262 and mean the same in JavaScript, Rust and Python."""

from __future__ import annotations

import json
import re
import subprocess
import warnings
from collections.abc import Callable, Iterator

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specfirst.lint.patterns import pattern_problems

from scripts.client import NODE

TEXTS = [
    *("", "a", "b", "c", "d", "e", "k", "n", "x", "z", "A", "Z", "1", "8", "_", "-", "/", "&", "~", "["),
    *("]", "{", "}"),
    *("^", ".", "|", "(", ")", "*", "+", "?", "$", "\\", ",", " ", "#", "<", ":", "=", "!", "\0", "\x01"),
    "\x08",
    *("\t", "\n", "\v", "\f", "\r", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\u180e", "é", "\u03b1"),
    *("\u0661", "\u017f", "\u212a"),
    *("😀", "😀😀", "\ue000", "\uffff", "\U0010ffff", "ab", "aa", "aaa", "ba", "a-b", "a,b", "a{,3}", "a b"),
    *("1a", "é1"),
]  # fmt: skip


class JavaScript:
    """Node's RegExp with the flag `u`, in one process for all tests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, pattern: str) -> list[str] | None:
        """The texts of TEXTS that match; None for a pattern that JavaScript refuses."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(pattern) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return found and [text for text, matches in zip(TEXTS, found, strict=True) if matches]


@pytest.fixture(scope="module")
def javascript() -> Iterator[JavaScript]:
    program = f"""
        const texts = {json.dumps(TEXTS)};
        const lines = require("readline").createInterface({{ input: process.stdin }});
        lines.on("line", (line) => {{
          let found = null;
          try {{
            const pattern = new RegExp(JSON.parse(line), "u");
            found = texts.map((text) => pattern.test(text));
          }} catch {{}}
          console.log(JSON.stringify(found));
        }});
    """
    with subprocess.Popen(
        [NODE, "-e", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        yield JavaScript(node)


def rust(pattern: str) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    return [text for text in TEXTS if validator.is_valid(text)]


def python(pattern: str) -> list[str]:
    with warnings.catch_warnings():
        # Python warns of what will be an operation on sets.
        warnings.simplefilter("error")
        # To Python alone, `$` also stands before a line feed at the end.
        compiled = re.compile(
            re.sub(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$", lambda match: match[1] or r"\Z", pattern)
        )
    return [text for text in TEXTS if compiled.search(text)]


INVALID = [
    *(r"^\-$", r"^\_$", r"\ ", r"\#", r'\"', r"\@", r"\<", r"\e", r"\a", r"\A", r"\z", r"\Z", r"\Q"),
    *(r"\h", r"\R", r"\N", "\\é"),
    *("{", "}", "]", "a{", "a{1", "a{,3}", "a{1,", "a{x}", "{1}", "a]", "^{$"),
    *("(", ")", "(a", "a)", "(?", "(?a)", "(?P<n>a)", "(?i)a", "(?#c)", "(?>a)", "(?|a)", "(?-:a)"),
    *("(?<1>a)", "[", "[a", "[a-", "\\"),
    *("*", "a|*", "(*)", "a**", "a*+", "a?+", "a{1}{2}", "a+*", "^*", "$+", r"\b+", "(?=a)*", "(?<=a)?"),
    *("(?!a){2}", "a{3,1}"),
    *(r"\1", r"(a)\2", r"\8", r"\01", r"\00", r"[\1]", r"[\01]", r"\k", r"\c", r"\c1", r"[\c]", r"[\c_]"),
    *(r"\x", r"\x1", r"\xg1"),
    *(r"\u", r"\u12", r"\u{}", r"\u{110000}", r"\u{x}", r"\p", r"\pL", r"\p{", r"[\d-z]", r"[a-\d]"),
    *("[z-a]", r"[\B]", r"[\_]", r"[\k]"),
]  # fmt: skip

NOT_PORTABLE = [
    # What jsonschema-rs and others take for operations on sets, or for a class in the class.
    *("[A-Za-z0-9,--/]", "[!--]", "[---]", "[a&&b]", "[a~~b]", "[a||b]", "[[a]", "[a[]", "[[:alpha:]"),
    *("[^[]", "[]", "[^]", "[]a"),
    *(".", "^a.b$", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"[\d]", r"[\w-]", r"[-\s]", r"\b", r"\B"),
    r"[\b]",
    *(r"\0", r"[\0]", r"\cA", r"[\cz]", r"\u{41}", r"\u{1F600}", r"[\u{1F600}]", r"\uD83D\uDE00"),
    *(r"[\uD83D\uDE00]", r"\uD83D", r"\uDE00"),
    *(r"\p{L}", r"\P{Lu}", r"\p{Script=Greek}", r"[\p{L}]", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)"),
    *("(?<n>a)", "(?<$n>a)", r"(?<n>a)\k<n>"),
    *(r"(a)\1", r"\1(a)", r"(a)(b)\2", "(?i:a)", "(?i-m:a)", "(?-i:a)"),
]  # fmt: skip

PORTABLE = [
    *("", "a", "^a$", "^$", "a|b", "^a|b$", "|", "a|", "()", "(?:)", "(|a)", "^(a|b)*$", "^(?:ab)+$"),
    *("((a)(b))", "(a*)*", "^^a$$"),
    *("a*", "a+", "a?", "a{0}", "a{2}", "a{2,}", "a{1,2}", "a*?", "a+?", "a??", "a{1,2}?", "a{01,002}"),
    "^(a{1}){2}$",
    *("[a]", "[^a]", "[a-c]", "[a-c-e]", "[-a]", "[a-]", "[^-a]", "[-]", r"[+\--]", "[a^]", "[.]", "[|]"),
    *("[(){}*+?$|/.,]", "[&~-]", "[#]"),
    *("[ ]", "[!-~]", "[^\x00]", r"[^\x00-\x1f]", r"[\]]", r"[\[]", r"[\\]", r"[\^]", r"[\-]", r"[a\-z]"),
    *(r"[+\-]", r"[,-\-]", r"[\--/]", r"[\*\$]"),
    *(r"^[A-Za-z0-9,\-\-/]*$", "[:alpha:]", "[é-ü]", "[😀]", "[^😀]", "^😀{2}$", "^[😀-😄]$", "é", " ", "#"),
    *("-", "/", "&&", "--", "<", ">", "_", "'", '"', "`", "~", ":", "="),
    *(r"\^\$\\\.\*\+\?\(\)\[\]\{\}\|\/", r"\t\n\r\f\v", r"[\t\n\r\f\v]", r"\x41", r"\x00", r"\u0041"),
    *(r"\u00e9", r"[\u0000-\u001F]", r"\uffff", "\ufeff"),
    # Those of the contract.
    r'^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$',
    "^[A-Za-z0-9_-][A-Za-z0-9._:@|+~-]*$",
    "^#[0-9A-Fa-f]{6}$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", INVALID)
def test_what_ecma_262_does_not_know_is_invalid(pattern: str, javascript: JavaScript) -> None:
    assert javascript(pattern) is None
    assert [found.invalid for found in pattern_problems(pattern)] == [True]


@pytest.mark.parametrize("pattern", NOT_PORTABLE)
def test_what_others_read_otherwise_is_not_portable(pattern: str, javascript: JavaScript) -> None:
    assert javascript(pattern) is not None
    found = pattern_problems(pattern)
    assert found
    assert not any(problem.invalid for problem in found)


@pytest.mark.parametrize("pattern", PORTABLE)
def test_a_portable_pattern_means_the_same_everywhere(pattern: str, javascript: JavaScript) -> None:
    assert pattern_problems(pattern) == []
    assert rust(pattern) == python(pattern) == javascript(pattern)


@pytest.mark.parametrize("pattern", ["^\\-$", "[a--b]", r"^\p{L}.*(?=a)$"])
def test_a_problem_names_its_remedy(pattern: str) -> None:
    for found in pattern_problems(pattern):
        assert found.problem
        assert found.remedy


_PIECES = st.sampled_from(
    [
        *r"^$\.*+?()[]{}|/-,:=!<>&~_abk01 é",
        *("😀", "\\", "(?:", "(?=", "(?<n>", "[^", "a-z", "{1}", "{1,2}", "{,2}", "&&", "--", r"\d"),
        *(r"\b", r"\-", r"\]", r"\[", r"\x41"),
        *(r"\u0041", r"\u{41}", r"\n", r"\1", r"\p{L}", r"\cA", r"\0", "]", "[", ")", "(", r"\uD83D"),
        r"\uDE00",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PIECES, max_size=9).map("".join))
def test_any_pattern_is_invalid_or_not_portable_or_the_same_everywhere(
    javascript: Callable[[str], list[str] | None], pattern: str
) -> None:
    found, matches = pattern_problems(pattern), javascript(pattern)
    if not found:
        assert rust(pattern) == python(pattern) == matches
    elif found[0].invalid:
        assert matches is None


@pytest.mark.parametrize(
    "pattern", ["(" * 5000 + ")" * 5000, "[" * 5000, "a{" + "9" * 5000 + ",1}", "\\" * 5001]
)
def test_a_huge_pattern_is_read_to_its_end(pattern: str) -> None:
    pattern_problems(pattern)
