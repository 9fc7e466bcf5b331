"""What scripts/generate writes, and what it refuses to write."""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from inspect import getdoc
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from contracts import CONTRACTS, PROJECT, folder, package, serve
from specfirst.cli.main import main
from specfirst.codegen.generate import GenerationError, differences, write

from scripts import generate as script

BOOKSHOP = CONTRACTS / "bookshop.yaml"

# Settings of somebody in whose folder the command happens to be given.
HOSTILE = """
[tool.black]
line-length = 40
skip-string-normalization = true
[tool.isort]
force_single_line = true
[tool.ruff]
line-length = 40
format.quote-style = "single"
lint.select = ["ALL"]
[tool.datamodel-codegen]
snake-case-field = true
use-annotated = false
class-name = "Hostile"
"""


@dataclass
class Run:
    """One run of the command."""

    done: subprocess.CompletedProcess[str]
    output: Path
    seconds: float = 0.0

    @property
    def files(self) -> dict[str, bytes]:
        return read(self.output)

    @property
    def told(self) -> str:
        return self.done.stdout + self.done.stderr


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def generate(
    *arguments: str | Path, cwd: Path = PROJECT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.generate", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs of the command on the project's own contract, two at a time since each is slow."""
    root = tmp_path_factory.mktemp("runs")
    hostile = root / "hostile"
    hostile.mkdir()
    (hostile / "pyproject.toml").write_text(HOSTILE)
    (hostile / ".isort.cfg").write_text("[settings]\nforce_single_line = true\n")

    damaged = root / "damaged"
    shutil.copytree(PROJECT / "generated", damaged, ignore=shutil.ignore_patterns("__pycache__"))
    (damaged / "schemas.py").write_text("# edited\n")
    (damaged / "routers/tasks.py").unlink()
    (damaged / "routers/old.py").write_text("# written before\n")
    manifest = (damaged / "manifest.json").read_text()
    (damaged / "manifest.json").write_text(
        manifest.replace('"routers/tasks.py"', '"routers/tasks.py", "routers/old.py"')
    )

    def run(name: str) -> Run:
        other = root / "other"
        if name == "other":
            environment = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8"}
            # The temporary folders stand below the hostile settings, too.
            environment |= {"TMPDIR": str(hostile), "COLUMNS": "20", "PYTHONUTF8": "0", "FORCE_COLOR": "1"}
            return Run(generate("--output", other, cwd=hostile, **environment), other)
        return Run(generate("--check", "--output", damaged), damaged)

    names = ("other", "damaged")
    before = cpu_seconds()
    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(names, pool.map(run, names), strict=True))
    for each in runs.values():
        each.seconds = (cpu_seconds() - before) / len(runs)
    return runs


def cpu_seconds() -> float:
    """What the processes that this one has started and waited for have computed."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_output_is_the_same_to_the_byte_in_every_environment(runs: dict[str, Run]) -> None:
    """What is committed was generated in another one."""
    assert runs["other"].done.returncode == 0, runs["other"].told
    assert runs["other"].files.keys() >= {"schemas.py", "operations.py", "openapi.yaml", "routers/tasks.py"}
    assert runs["other"].files == read(PROJECT / "generated")


def test_output_holds_no_moment_and_no_path_of_a_machine(runs: dict[str, Run]) -> None:
    for name, content in runs["other"].files.items():
        text = content.decode()
        for place in (str(PROJECT), str(runs["other"].output), tempfile.gettempdir(), sys.prefix):
            assert place not in text, name
        if name.endswith(".py"):
            assert not re.search(r"timestamp:|[0-9]{4}-[0-9]{2}-[0-9]{2}T", text), name


def test_it_takes_less_than_ten_seconds(runs: dict[str, Run]) -> None:
    """Of one processor, since the clock on the wall says how busy the machine is."""
    assert 0 < runs["other"].seconds < 10


def test_a_check_names_each_file_that_differs_is_missing_or_stale_and_changes_nothing(
    runs: dict[str, Run],
) -> None:
    run = runs["damaged"]
    assert run.done.returncode == 3
    told = run.done.stderr.splitlines()
    assert told == [
        f"{run.output}/manifest.json differs",
        f"{run.output}/routers/tasks.py is missing",
        f"{run.output}/schemas.py differs",
        f"{run.output}/routers/old.py is stale",
        f"{run.output}/ is not what openapi.yaml says; run scripts/generate",
    ]
    assert run.files["schemas.py"] == b"# edited\n"
    assert "routers/tasks.py" not in run.files
    assert "routers/old.py" in run.files


FILES = {"a.py": b"a", "routers/b.py": b"b", "manifest.json": b'{"files": ["a.py", "routers/b.py"]}'}
LATER = {"a.py": b"a", "routers/c.py": b"c", "manifest.json": b'{"files": ["a.py", "routers/c.py"]}'}


def test_files_that_are_no_longer_generated_are_removed_and_others_are_left(tmp_path: Path) -> None:
    assert write(FILES, tmp_path) == list(FILES)
    (tmp_path / "routers/mine.py").write_bytes(b"mine")
    assert sorted(write(LATER, tmp_path)) == ["manifest.json", "routers/b.py", "routers/c.py"]
    assert read(tmp_path) == {**LATER, "routers/mine.py": b"mine"}


def test_files_that_do_not_change_keep_their_time(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    os.utime(tmp_path / "a.py", (1, 1))
    write(LATER, tmp_path)
    assert (tmp_path / "a.py").stat().st_mtime == 1
    assert write(LATER, tmp_path) == []


def test_a_file_that_it_did_not_write_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(FILES, tmp_path)
    (tmp_path / "routers/c.py").write_bytes(b"mine")
    before = read(tmp_path)
    monkeypatch.setattr("specfirst.codegen.generate.generate", lambda contract, settings: LATER)
    assert main(["generate", str(BOOKSHOP), "--output", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"specfirst generate: {tmp_path / 'routers/c.py'} was not written by specfirst")
    assert "move it out" in told
    assert "delete it" in told
    assert read(tmp_path) == before


@pytest.mark.parametrize(
    "text",
    [
        *('{"name": "A web application"}', "<<<<<<< ours", "[]", '{"files": 1}', '"x"'),
        *('{"files": ["../other.py"]}', '{"files": ["/etc/passwd"]}', '{"files": [""]}'),
    ],
)
def test_a_manifest_that_it_did_not_write_is_not_overwritten(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    monkeypatch.setattr("specfirst.codegen.generate.generate", lambda contract, settings: FILES)
    arguments = ["generate", str(BOOKSHOP), "--output", str(tmp_path)]
    assert (main(arguments), main([*arguments, "--check"])) == (2, 2)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all("manifest.json was changed after specfirst wrote it; restore it" in line for line in told)
    assert read(tmp_path) == {"manifest.json": text.encode()}


@contextlib.contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may write everywhere, so tests that run as root become another user."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_is_read_only_is_left_as_it_was() -> None:
    # Not pytest's folder, which other users cannot read.
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "out"
        write(FILES, output)
        before = read(output)
        Path(name).chmod(0o755)
        (output / "routers").chmod(0o555)
        with as_somebody_else(), pytest.raises(GenerationError) as caught:
            write({**LATER, "a.py": b"other"}, output)
        (output / "routers").chmod(0o755)
        assert f"{output}" in str(caught.value)
        assert "cannot be written: Permission denied; correct the permissions, or choose" in str(caught.value)
        assert read(output) == before


def test_a_failure_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(
        GenerationError, match="File name too long; choose another output folder; nothing was"
    ):
        write({"new/b.py": b"b", "x" * 300 + "/c.py": b"c"}, tmp_path / "out")
    assert [*tmp_path.iterdir()] == []


def test_differences_are_none_after_writing(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    assert differences(FILES, tmp_path) == []


# What cannot be expressed: how a contract is changed, the line's text, the construct, a word of the remedy.
INEXPRESSIBLE: list[tuple[str, str, str, str, str]] = [
    (
        "    Isbn:\n      type: string\n",
        "    Isbn:\n      type: string\n      not: {const: '1'}\n",
        "not: {const",
        "keyword not",
        "the allowed values",
    ),
    (
        "#/components/schemas/Currency'",
        "#/components/schemas/Coin'",
        "$ref:",
        "unresolved reference #/components/schemas/Coin",
        "correct the reference",
    ),
    ("openapi: 3.1.0", "openapi: 4.0.0", "openapi: 4.0.0", "'4.0.0'", "3.1"),
    (
        "  /books/{isbn}:\n",
        "  /books/{isbn}.json:\n",
        "/books/{isbn}.json:",
        "segment",
        "without escapes",
    ),
    ("operationId: getBook\n", "operationId: get_book\n", "operationId: get_book", "'get_book'", "listItems"),
    (
        "      operationId: getBook\n",
        "      operationId: getBook\n      callbacks: {}\n",
        "callbacks",
        "callbacks",
        "document",
    ),
    (
        "      deprecated: true\n",
        "      deprecated: true\n      deprecated: true\n",
        "deprecated: true",
        "duplicate key",
        "remove",
    ),
    ("      deprecated: true\n", "      deprecated: [\n", "", "invalid YAML", "opens in line"),
    (
        "      deprecated: true\n",
        "      deprecated: !!python/none x\n",
        "python/none",
        "no meaning in JSON",
        "remove the tag",
    ),
]


UNREADABLE = ("duplicate key", "invalid YAML", "no meaning in JSON")


@pytest.mark.parametrize(("old", "new", "line", "construct", "remedy"), INEXPRESSIBLE)
def test_what_cannot_be_expressed_is_refused_with_its_line_and_a_remedy(
    old: str,
    new: str,
    line: str,
    construct: str,
    remedy: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = BOOKSHOP.read_text(encoding="utf-8")
    assert old in text
    contract, output = tmp_path / "shop.yaml", tmp_path / "shop"
    contract.write_text(text.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["generate", "--contract", str(contract), "--output", str(output)])
    with pytest.raises(SystemExit) as ended:
        script.main()
    # Lint found errors, or the contract cannot be read.
    assert ended.value.code == (2 if construct in UNREADABLE else 1)
    told = capsys.readouterr()
    assert told.out == ""
    assert not output.exists()
    lines = contract.read_text(encoding="utf-8").splitlines()
    finding = next((text for text in told.err.splitlines() if construct in text and remedy in text), told.err)
    place = re.match(
        f"(?:scripts/generate: )?{re.escape(str(contract))}" + r":([0-9]+)(?::[0-9]+)?: (.*); (.*)$", finding
    )
    assert place, told.err
    assert line in lines[int(place[1]) - 1]
    assert construct in place[2]
    assert remedy in place[3]


def test_a_contract_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    done = generate("--contract", tmp_path / "none.yaml", "--output", tmp_path / "out")
    assert (done.returncode, done.stdout, (tmp_path / "out").exists()) == (2, "", False)
    assert "none.yaml: the file cannot be read" in done.stderr
    assert "use a file that exists" in done.stderr


@pytest.mark.parametrize(
    ("name", "better"), [("my-api", "my_api"), ("v1.2", "v1_2"), ("2nd", "_2nd"), ("class", "class_")]
)
def test_a_folder_that_cannot_be_a_package_is_refused(
    name: str, better: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / name
    assert main(["generate", str(BOOKSHOP), "--output", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"specfirst generate: {folder}: a Python package cannot have the name {name}; "
        f"generate into a folder such as {better}\n"
    )
    assert not folder.exists()


def wait_for(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def test_watching_generates_at_each_save_and_survives_what_is_wrong(tmp_path: Path) -> None:
    contract, output, log = tmp_path / "shop.yaml", tmp_path / "shop", tmp_path / "log"
    text = BOOKSHOP.read_text(encoding="utf-8")
    contract.write_text(text)
    with log.open("w") as told, contextlib.ExitStack() as stack:
        watching = subprocess.Popen(
            [sys.executable, "-m", "scripts.generate", "--watch", "--contract", contract, "--output", output],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=told,
            stderr=told,
        )
        stack.callback(watching.wait)
        stack.callback(watching.kill)
        wait_for(lambda: "Watching" in log.read_text(), "the first run")
        contract.write_text(text.replace("title: Bookshop", "titel: Bookshop"))
        wait_for(lambda: "is missing at #/info" in log.read_text(), "the refusal")
        assert b"Bookshop" in (output / "__init__.py").read_bytes()
        # Editors replace a file as often as they write into it.
        (tmp_path / "new").write_text(text.replace("title: Bookshop", "title: Library"))
        (tmp_path / "new").replace(contract)
        wait_for(lambda: b"Library" in (output / "__init__.py").read_bytes(), "the change")
        # Another file of the contract, in a folder of its own, is watched from now on.
        part, day = tmp_path / "parts" / "day.yaml", "{type: string, format: date, description: %s day.}"
        part.parent.mkdir()
        part.write_text(day % "A first")
        here = "      type: string\n      description: A day.\n      format: date\n"
        assert here in text
        contract.write_text(text.replace(here, "      $ref: parts/day.yaml\n"))
        wait_for(lambda: b"A first day." in (output / "openapi.json").read_bytes(), "the reference")

        def changed() -> bool:
            part.write_text(day % "Another")
            return b"Another day." in (output / "openapi.json").read_bytes()

        wait_for(changed, "the change of the other file")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0


def modules(name: str) -> Iterator[Path]:
    return (folder() / name).rglob("*.py")


def test_every_generated_module_compiles_imports_and_passes_mypy_strict(tmp_path: Path) -> None:
    checked = ("bookshop", "oddities", "kinds")
    for name in checked:
        package(name)
        for path in modules(name):
            compile(path.read_text(encoding="utf-8"), path.name, "exec")
            dotted = ".".join(path.relative_to(folder()).with_suffix("").parts)
            importlib.import_module(dotted.removesuffix(".__init__"))
    shutil.copytree(PROJECT / "generated", tmp_path / "generated")
    packages = [*(folder() / name for name in checked), tmp_path / "generated"]
    # The project's settings are strict. With a copy of its cache, mypy does not check the libraries again.
    if (PROJECT / ".mypy_cache").is_dir():
        shutil.copytree(PROJECT / ".mypy_cache", tmp_path / "cache")
    options = ["--config-file", PROJECT / "pyproject.toml", "--cache-dir", tmp_path / "cache"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *map(str, [*options, *packages])],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": f"{PROJECT}:{folder()}:{tmp_path}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_code_passes_ruff_whatever_the_names_are(tmp_path: Path) -> None:
    """The rules and exceptions are the project's, so the package has the name that the exceptions are for."""
    package("oddities")
    shutil.copytree(folder() / "oddities", tmp_path / "generated")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    # To ruff, a package is of this project if it is there.
    (tmp_path / "specfirst").symlink_to(PROJECT / "specfirst")
    for check in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--no-cache", "generated"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


async def test_names_that_python_or_generated_code_has_reach_the_implementation() -> None:
    served = serve("oddities", {"put_names": None})
    query = {"type": "a", "list": ["b", "c"], "self": "d", "body": "e", "operations": "f", "l": "g"}
    with contextlib.suppress(AssertionError):
        await served.request("PUT", "/names/1", params=query, json={"id": 2, "type": "h", "self": "i"})
    given = served.arguments
    assert given["body"].model_dump() == {"id": 2, "type": "h", "self": "i"}
    assert {name.rstrip("_"): given[name] for name in given if name != "body"} == {
        **query,
        "id": 1,
        **dict.fromkeys(("format", "input", "max")),
        "password": "secret",
        "host": "0.0.0.0",  # noqa: S104  # The default in the contract.
    }


def words(text: str | None) -> str:
    """A text without its line breaks, which a docstring sets anew."""
    return " ".join((text or "").split())


def test_texts_of_a_contract_stand_in_docstrings_as_they_are() -> None:
    modules = package("oddities")
    contract = modules.application.contract()
    info = contract.content["info"]
    assert words(f"{info['title']} {info['version']}") in words(modules.operations.__doc__)
    assert words(info["title"]) in words(importlib.import_module("oddities").__doc__)
    for tag in contract.content["tags"]:
        protocol = getattr(modules.operations, f"{tag['name'].title()}Operations")
        assert words(getdoc(protocol)) == words(tag["description"])
    for operation in contract.operations:
        protocol = getattr(modules.operations, f"{operation.tag.title()}Operations")
        text = words(getdoc(getattr(protocol, operation.identifier)))
        assert text.startswith(f"{operation.method.upper()} {operation.path}: {words(operation.summary)}.")
        assert words(operation.description) in text


def test_texts_of_a_contract_reach_fastapi_as_they_are() -> None:
    routes = routes_of("oddities")
    for operation in package("oddities").application.contract().operations:
        described = routes[operation.operation_id]
        assert described["summary"] == operation.summary
        assert words(described["description"]) == words(operation.description)
        assert {status: response["description"] for status, response in described["responses"].items()} == {
            str(status): response.description for status, response in operation.responses.items()
        }


def test_texts_of_schemas_stand_below_what_they_describe() -> None:
    tree = ast.parse(Path(package("oddities").schemas.__file__).read_text(encoding="utf-8"))
    described: dict[str, str] = {}
    for node, after in pairwise([*tree.body, ast.Pass()]):
        if isinstance(node, ast.ClassDef):
            described[node.name] = ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign) and isinstance(after, ast.Expr):
            described[ast.unparse(node.targets[0])] = ast.literal_eval(after.value)
    schemas = package("oddities").application.contract().schemas
    assert {name: words(text) for name, text in described.items()} == {
        name: words(schema["description"]) for name, schema in schemas.items()
    }


def test_enum_values_are_those_of_the_contract() -> None:
    modules = package("oddities")
    schemas = modules.application.contract().schemas
    assert list(get_args(modules.schemas.Quote.__value__)) == schemas["Quote"]["enum"]
    assert list(get_args(modules.schemas.Level.__value__)) == schemas["Level"]["enum"]


@pytest.mark.parametrize("name", ["bookshop", "oddities"])
def test_models_repeat_no_check_of_the_contracts_validator(name: str) -> None:
    """Pydantic reads patterns as Rust does and divides floats, so the two verdicts could differ."""
    schemas = package(name).schemas
    source = Path(schemas.__file__).read_text(encoding="utf-8")
    found = re.findall(r"\b(pattern|(?:min|max)_length|ge|gt|le|lt|multiple_of)=", source)
    assert found == []


QUOTES = [
    '"',
    '""',
    '"""',
    '""""',
    '"a"',
    'a"',
    'a""',
    "\\",
    '\\"',
    "\\\\",
    "a\\",
    '"""\\"',
    "'''",
    "a 'b'",
    "{x}",
]


@pytest.mark.parametrize("text", [*QUOTES, "well-known " * 30, "x" * 300, "größer 日本語", 'a\n\nb\\\n\nc"'])
def test_a_docstring_says_what_its_text_says(text: str) -> None:
    with warnings.catch_warnings():
        # fastapi-code-generator is written for an older Pydantic.
        warnings.simplefilter("ignore")
        from specfirst.codegen.views import docstring
    for indent in (0, 8):
        value = ast.literal_eval(f'"""{docstring(text, indent)}"""')
        assert words(value) == words(text)
        assert value.count("\n\n") == text.count("\n\n")


def routes_of(name: str) -> dict[str, Any]:
    """The routes' own descriptions of their operations, by operationId."""
    paths = serve(name, {}).app.openapi()["paths"]
    return {operation["operationId"]: operation for item in paths.values() for operation in item.values()}


def test_parameters_keep_their_names_places_and_whether_they_are_required() -> None:
    for name in ("bookshop", "oddities"):
        routes = routes_of(name)
        for operation in package(name).application.contract().operations:
            described = {
                (parameter["in"], parameter["name"], parameter["required"])
                for parameter in routes[operation.operation_id].get("parameters", [])
            }
            assert described == {(p.location, p.name, p.required) for p in operation.parameters}


def test_security_is_described_as_the_contract_has_it() -> None:
    described = routes_of("bookshop")
    schemes = {
        name: {key for part in operation.get("security", []) for key in part}
        for name, operation in described.items()
    }
    assert schemes == {
        "listBooks": set(),
        "getFeaturedBook": set(),
        "getBook": {"staff", "apiKey"},
        "putBook": {"staff"},
        "deleteBook": {"till", "person", "staff"},
        "createOrder": {"apiKey"},
        "getOrder": {"staff"},
    }


def test_no_error_of_a_generator_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that fails where the lint saw nothing wrong ends the run, and its message is told."""
    import specfirst.codegen.generate as generation

    broken = tmp_path / "visitor.py"
    broken.write_text("raise ValueError('The visitor is broken')", encoding="utf-8")
    monkeypatch.setattr(generation, "_VISITOR", broken)
    with pytest.raises(
        GenerationError, match=r"fastapi_code_generator failed:\n(.|\n)*The visitor is broken"
    ):
        generation.generate(BOOKSHOP)
