"""A contract that cannot be read is refused in one line with its place; one that can means what it says."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specfirst.contract.document import Document, DocumentError
from specfirst.diff import diff, require_comparable
from specfirst.lint import STRICT, lint
from test_lint import GOOD

import scripts.client
import scripts.diff
import scripts.generate

ROOT = Path(__file__).resolve().parents[2]

NOTES = b"""\
openapi: 3.1.0
info: {title: Notes, version: 1.0.0}
paths: {}
"""


def read(folder: Path, content: bytes, name: str = "notes.yaml") -> Document:
    path = folder / name
    path.write_bytes(content)
    return Document.load(path)


def reading_error(folder: Path, content: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, content)
    return caught.value.located("").removeprefix(f"{folder}/")


_DEEP = 3000
_JSON = b'{\n "openapi": "3.1.0",\n "x": '
_LAUGHS = b"a0: &a0 [x, x]\n" + b"".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n".encode() for n in range(1, 10)
)

UNREADABLE = {
    # Characters (YAML 1.2.2, section 5.1).
    **{
        f"character-{ord(character):X}": (
            NOTES + f"# {character}\n".encode(),
            f"4:3: the character U+{ord(character):04X} is not allowed in YAML; remove it",
        )
        for character in "\0\x01\x08\x0b\x0c\x1b\x7f\x82\x9f\ufffe\uffff"
    },
    "latin-1": (NOTES + b"x: gr\xfcn\n", "4: the file is not UTF-8; save it as UTF-8"),
    "utf-16": ("\ufeffopenapi: 3.1.0".encode("utf-16-le"), "1: the file is not UTF-8"),
    "utf-16-without-mark": ("openapi: 3.1.0".encode("utf-16-le"), "1:2: the character U+0000 is not"),
    "surrogates-in-utf-8": (NOTES + b"x: \xed\xa0\xbd\n", "4: the file is not UTF-8"),
    "random-bytes": (bytes(range(128, 256)), "1: the file is not UTF-8"),
    # Nesting.
    "nested-lists": (NOTES + b"x: " + b"[" * _DEEP, "4:103: lists and mappings are nested deeper"),
    "closed-lists": (
        NOTES + b"x: " + b"[" * _DEEP + b"]" * _DEEP,
        "4:103: lists and mappings are nested deeper",
    ),
    "nested-mappings": (NOTES + b"x: " + b"{a: " * _DEEP, "4:4"),
    "block-lists": (NOTES + b"x:\n " + b"- " * _DEEP, "5:2"),
    "block-mappings": (
        b"".join(b" " * n + b"a:\n" for n in range(_DEEP)),
        "101:101: lists and mappings are nested deeper",
    ),
    "nested-in-json": (
        _JSON + b"[" * _DEEP + b"]" * _DEEP + b"}",
        "3:106: lists and mappings are nested deeper",
    ),
    "nested-objects-in-json": (
        _JSON + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}",
        "3:502: lists and mappings are nested",
    ),
    "deep-through-aliases": (
        b"a0: &a0 [x]\n" + b"".join(f"a{n}: &a{n} [*a{n - 1}]\n".encode() for n in range(1, 150)),
        "1:5: lists and mappings are nested deeper",
    ),
    # Numbers (RFC 8259, section 6).
    "integer-of-5000-digits": (
        NOTES + b"x: " + b"9" * 5000,
        "4:4: the number is beyond the range of JSON parsers",
    ),
    "integer-of-400-digits": (NOTES + b"x: -" + b"9" * 400, "4:4: the number is beyond"),
    "float": (
        NOTES + b"x: 1e999",
        "4:4: the number is beyond the range of JSON parsers at #/x; write a smaller",
    ),
    "integer-in-json": (_JSON + b"9" * 5000 + b"}", "3:7: the number is beyond"),
    "float-in-json": (_JSON + b"[-1e400]}", "3:8: the number is beyond the range of JSON parsers at #/x/0;"),
    "nan": (NOTES + b"x: .nan", "4:4: the number .nan cannot be written in JSON at #/x; write it in decimal"),
    "infinity": (NOTES + b"x: [-.INF]", "4:5: the number -.INF cannot be written in JSON"),
    "hexadecimal": (NOTES + b"x: 0xFF", "4:4: the number 0xFF cannot be written in JSON"),
    "octal": (NOTES + b"x: 0o17", "4:4: the number 0o17 cannot be written in JSON"),
    "nan-in-json": (_JSON + b"NaN}", "3:7: NaN and Infinity are not JSON"),
    "infinity-in-json": (_JSON + b"-Infinity}", "3:7: NaN and Infinity are not JSON"),
    # Escapes.
    "lone-surrogate": (NOTES + rb'x: "\ud83d"', "4:4: an escape stands for half of a surrogate pair at #/x;"),
    "lone-surrogate-key": (NOTES + rb'"\ude00": 1', "4:1: an escape stands for half of a surrogate pair"),
    "swapped-surrogates": (NOTES + rb'x: ["\ude00\ud83d"]', "4:5: an escape stands for half"),
    "lone-surrogate-in-json": (_JSON + rb'["a", "\ud83d x"]}', "3:13: an escape stands for half"),
    "lone-surrogate-key-in-json": (_JSON + rb'{"\ud83d": 1}}', "3:8: an escape stands for half"),
    "no-character": (NOTES + rb'x: "\UFFFFFFFF"', "4:"),
    "no-escape": (NOTES + rb'x: "\q"', "4:6: invalid YAML: found unknown escape character 'q'"),
    # Keys.
    "duplicate-key": (
        NOTES + b"x: {a: 1, b: 2, a: 3}",
        "4:17: duplicate key 'a' at #/x;",
    ),
    "duplicate-number": (NOTES + b"x: {200: 1, '200': 2}", "4:13: duplicate key '200'"),
    "duplicate-escape": (
        NOTES + rb"""x: {"\ud83d\ude00": 1, "\U0001F600": 2}""",
        "4:24: duplicate key '😀'",
    ),
    "duplicate-in-json": (
        _JSON + b'{"a": 1,\n\t"a": 2}}',
        "4:2: duplicate key 'a' at #/x;",
    ),
    "huge-duplicate": (
        NOTES + b"? " + b"a" * 5000 + b"\n: 1\n? " + b"a" * 5000 + b"\n: 2\n",
        f"6:3: duplicate key '{'a' * 60}…'",
    ),
    "list-as-key": (NOTES + b"? [a]\n: 1", "4:3: a key is not a string"),
    "merge-key": (NOTES + b"x: 5\ny: {<<: 5}", "5:9: only mappings can be merged at #/y;"),
    # Tags.
    **{
        f"tag-{number}": (NOTES + f"x: {text}".encode(), f"4:{column}: the tag {tag} has no meaning in JSON")
        for number, (text, tag, column) in enumerate(
            [
                ("!!python/object:os.system {a: 1}", "!!python/object:os.system", 4),
                ("!!python/object/apply:os.system [ls]", "!!python/object/apply:os.system", 4),
                ("!!python/name:os.system ''", "!!python/name:os.system", 4),
                ("!!binary aGVsbG8=", "!!binary", 4),
                ("!!set {a, b}", "!!set", 4),
                ("!!omap [a: 1]", "!!omap", 4),
                ("!!timestamp 2026-01-05", "!!timestamp", 4),
                ("!mine {a: 1}", "!mine", 4),
                ("!mine a", "!mine", 4),
                ("{!!binary a: 1}", "!!binary", 5),
            ]
        )
    },
    "integer-tag": (NOTES + b"x: !!int abc", "4:4: 'abc' is not of the type of its tag !!int"),
    "float-tag": (NOTES + b"x: !!float 1.2.3", "4:4: '1.2.3' is not of the type"),
    "boolean-tag": (NOTES + b"x: !!bool maybe", "4:4: 'maybe' is not of the type"),
    "null-tag": (NOTES + b"x: !!null 0", "4:4: '0' is not of the type"),
    "unknown-handle": (NOTES + b"x: !e!a 1", "4:4: invalid YAML: found undefined tag handle '!e!'"),
    # Anchors and aliases.
    "billion-laughs": (_LAUGHS, "1:"),
    "alias-in-anchor": (
        NOTES + b"x: &x [*x]",
        "4:4: an alias is inside its own anchor at #/x/0; use $ref",
    ),
    "unknown-alias": (NOTES + b"x: *y", "4:4: invalid YAML: found undefined alias 'y'"),
    # The whole.
    "empty": (b"", "1: the document is not a mapping; start with `openapi: 3.1.0`"),
    "comment": (b"# nothing\n", "1: the document is not a mapping"),
    "text": (b"hello", "1: the document is not a mapping"),
    "list": (b"- a", "1: the document is not a mapping"),
    "number-in-json": (b"12", "1: the document is not a mapping"),
    "list-in-json": (b'["a"]', "1: the document is not a mapping"),
    "two-documents": (b"a: 1\n---\nb: 2\n", "2:1: invalid YAML: but found another document"),
    "tab": (b"a:\n\tb: 1\n", "2:1: invalid YAML: found character '\\t' that cannot start any token"),
    "unclosed": (NOTES + b"x: [a", "4:6: invalid YAML: "),
    "half-of-json": (_JSON + b'"a', "3:"),
    "two-json-texts": (_JSON + b"1}{}", "3:9: invalid JSON: extra data"),
    "directive": (b"%YAML 2.0\n---\na: 1\n", "1:1: invalid YAML: found incompatible YAML document"),
}


HINTS = [
    (
        "info:\n    title: a\n  version: 1\n",
        "3:3: invalid YAML: the indentation is 2, and that of the mapping that begins in line 1 is 0 in the "
        "line '  version: 1'",
        "indent all entries of the mapping alike",
    ),
    (
        "info:\n  title: a\n    version: 1\n",
        "3:12: invalid YAML: the key is indented more than the one before it, which has a value in the line ",
        "indent both alike",
    ),
    (
        "a:\n  - b\n  c: 1\n",
        "3:3: invalid YAML: an entry of a mapping is among those of the list that begins in line 2 ",
        "correct its indentation",
    ),
    ("a: b: c\n", "1:5: invalid YAML: a value contains a colon and a space ", "write the value in quotes"),
    (
        "info:\n  title:a\n  version: 1\n",
        "2:9: invalid YAML: there is no space after the colon ",
        "write one",
    ),
    ("openapi 3\ninfo: 1\n", "1:10: invalid YAML: there is no colon ", "write `key: value`"),
    (
        "a: {b: 1\nc: 2\n",
        "2:2: invalid YAML: expected ',' or '}', but got ':' in the line 'c: 2'",
        "write a comma there, or '}' for what opens in line 1",
    ),
    (
        "a: 'abc\nb: 1\n",
        "3:1: invalid YAML: found unexpected end of stream",
        "close the quote that begins in line 1",
    ),
    ("a: @b\n", "1:4: invalid YAML: found character '@' that ", "write the value in quotes"),
    ("a: 1\n}\n", "2:1: invalid YAML: found '}', which nothing opens ", "remove it"),
    (
        '{"a": 1,\n "b" 2}',
        "2:6: invalid JSON: expecting ':' delimiter in the line ' \"b\" 2}'",
        "write the character there, or close what is open before it",
    ),
]


@pytest.mark.parametrize(("text", "problem", "remedy"), HINTS)
def test_a_syntax_error_shows_the_line_and_what_to_do(
    text: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    said = reading_error(tmp_path, text.encode())
    assert said.startswith(f"notes.yaml:{problem}")
    assert said.endswith(f"; {remedy}")


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_contract_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    content, message = UNREADABLE[name]
    said = reading_error(tmp_path, content)
    assert said.startswith(f"notes.yaml:{message}")
    assert "; " in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (rb'"\ud83d\ude00"', "😀"),
        (rb'{"\ud83d\ude00": "a\ud83d\ude00b"}', {"😀": "a😀b"}),
        (rb'"\/\b\f\n\r\t\\\"\u00e9"', '/\b\f\n\r\t\\"é'),
        ('"a\u2028b \u0085 c"'.encode(), "a\u2028b \u0085 c"),
        ('"\x7f\ufffe"'.encode(), "\x7f\ufffe"),
        (b"[1, -0, 1.5, 1e2, -1.5E-3]", [1, 0, 1.5, 100.0, -0.0015]),
        (b"12345678901234567890", 12345678901234567890),
        (b"1180591620717411303424", 2**70),
        (b"[true, false, null, [], {}]", [True, False, None, [], {}]),
        (b'\t{\t"a"\r\n\t:\t1\t,\t"b" :[ ] }\t', {"a": 1, "b": []}),
        (b'"yes: # no"', "yes: # no"),
        (b'{"<<": {"a": 1}, "2026-01-05": ".nan", "": 0}', {"<<": {"a": 1}, "2026-01-05": ".nan", "": 0}),
        (b"[" * 99 + b"]" * 99, None),
    ],
)  # fmt: skip
def test_json_is_read_as_json(content: bytes, value: Any, tmp_path: Path) -> None:
    document = read(tmp_path, _JSON + content + b"\n}")
    read_value = document.content["x"]
    assert value is None or read_value == value
    assert json.loads(document.to_json())["x"] == read_value
    assert json.dumps(read_value) == json.dumps(json.loads(content))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_parts_of_json_have_their_lines(mark: bytes, tmp_path: Path) -> None:
    text = b'{\n"openapi":\n"3.1.0", "x": {\n"a": [1,\n2,\n{"b":\n"c\\n"}]}\n}'
    document = read(tmp_path, mark + text)
    places = [("openapi",), ("x",), ("x", "a"), ("x", "a", "0"), ("x", "a", "1"), ("x", "a", "2", "b"), ()]
    assert [origin.line for place in places if (origin := document.origin(place))] == [2, 3, 4, 4, 5, 6, 1]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\U0001F600 \x41\u00e9"', "😀 Aé"),
        (b"[yes, no, on, off, y, n]", ["yes", "no", "on", "off", "y", "n"]),
        (b"[2026-01-05, 12:30:45, 1_000, 010, +1, .5, 1., 1e3]",
         ["2026-01-05", "12:30:45", "1_000", 10, 1, 0.5, 1.0, 1000.0]),
        (b"[null, Null, NULL, ~, True, FALSE, nul]", [None, None, None, None, True, False, "nul"]),
        (b"{a: }", {"a": None}),
        (b'["<<", ".nan", "0xFF", \'1\']', ["<<", ".nan", "0xFF", "1"]),
        (b'[!!str 1, !!int "1", !!float 1, !!null ~]', ["1", 1, 1.0, None]),
        (b'{"<<": 1}', {"<<": 1}),
        (b"{200: a, null: b, 1.0: c}", {"200": "a", "null": "b", "1.0": "c"}),
        (b"[&a {b: 1}, *a, *a]", [{"b": 1}] * 3),
        (b"[!!map {a: 1}, !!seq [a]]", [{"a": 1}, ["a"]]),
    ],
)  # fmt: skip
def test_yaml_is_read_as_the_core_schema_of_yaml_1_2(content: bytes, value: Any, tmp_path: Path) -> None:
    found = read(tmp_path, b"x: " + content).content["x"]
    assert json.dumps(found) == json.dumps(value)


def test_what_is_no_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_bytes(NOTES)
    (tmp_path / "secret.yaml").chmod(0)
    names = {"none.yaml": "No such file or directory", ".": "Is a directory"}
    if os.geteuid():
        # The administrator may read everything.
        names["secret.yaml"] = "Permission denied"
    for name, reason in names.items():
        with pytest.raises(DocumentError) as caught:
            Document.load(tmp_path / name)
        assert caught.value.located("") == (
            f"{tmp_path / name}: the file cannot be read: {reason}; "
            "use a file that exists and that you may read"
        )


# What can be read and is no contract.

_GOOD_TEXT = json.dumps(GOOD, indent=1).encode()
_ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "#/a",
    "#/",
    "http://[",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
]
_ODD += [
    {"$ref": ref}
    for ref in ("", "#", "#/", "#/paths", "#/components/schemas/Note", "x.yaml", "#/~2", None, 1, [])
]
_ODD += [
    {"x": {}},
    {"type": "object"},
    {"type": []},
    {"type": ["x"]},
    {"type": None},
    [""],
    [0],
    {"200": None},
]


def check(document: Document) -> None:
    """Do everything that the scripts do with a document; only DocumentError may be raised."""
    for violation in lint(document, STRICT):
        assert "\n" not in str(violation)
    require_comparable(document)
    diff(Document(GOOD), document)
    diff(document, Document(GOOD))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    content = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(content))
        holder, key = draw(st.sampled_from(places))
        action = draw(st.sampled_from(["replace", "remove", "rename", "copy"]))
        if action == "remove":
            del holder[key]
        elif action == "rename" and isinstance(holder, dict):
            holder[
                draw(st.sampled_from(["", "x", "$ref", "type", "properties", "200", "/", "x-y", "get", key]))
            ] = holder.pop(key)
        elif action == "copy":
            other, name = draw(st.sampled_from(places))
            holder[key] = copy.deepcopy(other.get(name) if isinstance(other, dict) else None)
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(_ODD)))
    return content


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
    for key in keys:
        yield node, key
        yield from _places(node[key])


@settings(max_examples=100, deadline=None)
@given(mutated())
def test_no_damage_to_a_contract_raises_anything_but_document_errors(content: Any) -> None:
    with contextlib.suppress(DocumentError):
        check(Document(content))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_raise_anything_but_document_errors(tmp_path: Path, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(_GOOD_TEXT)))
    length = data.draw(st.integers(0, 5))
    piece = data.draw(
        st.binary(max_size=6)
        | st.sampled_from(
            [
                b"\\ud83d",
                b"{",
                b"[",
                b'"',
                b"\n",
                b"\t",
                b"&a ",
                b"*a",
                b"!!x ",
                b"? ",
                b"- ",
                b": ",
                b"#",
                b"<<",
                b"\r",
                b"|\n",
                b"%",
            ]
        )
    )
    text = _GOOD_TEXT[:at] + piece + _GOOD_TEXT[at + length :]
    with contextlib.suppress(DocumentError):
        read(tmp_path, text)


def chained(length: int, link: Callable[[str], Any]) -> Any:
    """A contract whose schema Note leads to `length` others, each through the one before it."""
    content = copy.deepcopy(GOOD)
    schemas = content["components"]["schemas"]
    schemas |= {
        f"C{n}": {"description": "A link."} | link(f"#/components/schemas/C{n + 1}") for n in range(length)
    }
    schemas[f"C{length}"] = {"type": "boolean", "description": "The end."}
    schemas["Note"]["properties"]["chain"] = {"$ref": "#/components/schemas/C0"}
    return content


LINKS: dict[str, Callable[[str], Any]] = {
    "reference": lambda ref: {"$ref": ref},
    "items": lambda ref: {"type": "array", "items": {"$ref": ref}},
    "property": lambda ref: {
        "type": "object",
        "additionalProperties": False,
        "properties": {"a": {"$ref": ref}},
    },
    "null": lambda ref: {"anyOf": [{"$ref": ref}, {"type": "null"}]},
}


@pytest.mark.parametrize("link", LINKS)
def test_a_long_chain_of_references_is_a_document_error_at_most(link: str) -> None:
    with contextlib.suppress(DocumentError):
        check(Document(chained(1200, LINKS[link])))


@pytest.mark.parametrize(
    "name", ["character-8", "nested-lists", "integer-of-5000-digits", "latin-1", "empty", "paths"]
)
def test_each_script_refuses_an_unreadable_contract_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = tmp_path / "notes.yaml"
    contract.write_bytes(UNREADABLE[name][0] if name in UNREADABLE else NOTES.replace(b"{}", b"[]"))
    for script in (scripts.generate, scripts.diff, scripts.client):
        arguments = [] if script is not scripts.diff else [str(ROOT / "openapi.yaml")]
        monkeypatch.setattr(sys, "argv", ["script", *arguments, "--contract", str(contract)])
        with pytest.raises(SystemExit) as ended:
            script.main()
        said = ended.value.code if isinstance(ended.value.code, str) else capsys.readouterr().err
        assert ended.value.code not in (0, None)
        assert re.fullmatch(rf"(scripts/\w+: )?{re.escape(str(contract))}:\d+(:\d+)?: .+; .+\n?", said), said


def test_the_scripts_end_with_a_status_and_no_traceback(tmp_path: Path) -> None:
    contract = tmp_path / "notes.yaml"
    contract.write_bytes(UNREADABLE["character-8"][0])
    for arguments in (["scripts.generate"], ["scripts.diff", str(ROOT / "openapi.yaml")]):
        command = [sys.executable, "-m", *arguments, "--contract", str(contract)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert (done.returncode in (1, 2), done.stdout, done.stderr.count("\n")) == (True, "", 1)
