"""Code generation: lint, generate into a temporary folder, compile, replace the files.

The output depends only on the contract and the installed versions, not on the working directory, the
environment or the time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from specfirst.codegen.views import CONTRACT
from specfirst.contract.document import Document, DocumentError
from specfirst.contract.yaml import server_splices
from specfirst.lint import LintSettings, lint
from specfirst.lint.baseline import BaselineError

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_VISITOR = Path(__file__).resolve().parent / "visitor.py"
_SETTINGS = _TEMPLATES / "pyproject.toml"
_MANIFEST = "manifest.json"
_MARKER = "# Generated from {name} by specfirst: change the contract, not this file.\n"

_UNUSED = "unused.py"
"""The module of the models of fastapi-code-generator; ours are in the template `schemas`."""

Files = Mapping[str, bytes]
"""The generated files: contents by path, relative to the output folder."""


class GenerationError(Exception):
    """Generation failed; the message says why, where, and what to do."""


class LintErrors(GenerationError):
    """Lint found errors in the contract; the message has a line for each."""


def generate(contract: Path, settings: LintSettings | None = None, *, name: str | None = None) -> Files:
    """Generate all files from a contract, in memory, if it passes lint with these settings.

    By default, the errors of specfirst:recommended stop the generation. The files call the contract `name`
    (default: that of its file). Raises GenerationError.
    """
    name = name or contract.name
    document = _checked(contract, settings or LintSettings())
    with tempfile.TemporaryDirectory(prefix="specfirst-") as folder:
        work = Path(folder)
        # The generator and its formatter look for settings in this folder.
        shutil.copy(_SETTINGS, work)
        # The generator's own parser gets no operations: the templates show what our visitor reads.
        source = work / "openapi.json"
        source.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}}))
        (work / CONTRACT).write_bytes(document.to_json())
        package = work / "generated"
        _run(
            work, "fastapi_code_generator",
            "--input", source, "--output", package,
            "--template-dir", _TEMPLATES / "routers",
            "--custom-visitor", _VISITOR,
            "--model-file", _UNUSED,
            "--generate-routers", "--disable-timestamp", "--python-version", "3.11",
            "--output-model-type", "pydantic_v2.BaseModel",
        )  # fmt: skip
        (package / _UNUSED).unlink()
        (package / "routers" / "__init__.py").write_text('"""Routers: derived from the contract."""\n')
        _finish(package, name)
        files = {
            path.relative_to(package).as_posix(): path.read_bytes()
            for path in sorted(package.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
    files["openapi.json"] = document.to_json()
    # A document of several files is served as one, which is JSON and therefore YAML.
    files["openapi.yaml"] = document.to_json() if len(document.files) > 1 else contract.read_bytes()
    splices = {file: server_splices(files[file], document) for file in ("openapi.yaml", "openapi.json")}
    files["servers.json"] = (json.dumps(splices) + "\n").encode()
    manifest = {"contract": name, "sha256": document.digest, "files": sorted(files)}
    files[_MANIFEST] = (json.dumps(manifest, indent=2) + "\n").encode()
    return files


def differences(files: Files, output: Path) -> list[str]:
    """Return the differences between `output` and the files that would be generated."""
    found = []
    for name, content in sorted(files.items()):
        path = output / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.read_bytes() != content:
            found.append(f"{name} differs")
    return found + [f"{name} is stale" for name in _stale(files, output)]


def write(files: Files, output: Path) -> list[str]:
    """Replace the generated files; return the names of the changed ones.

    Raises GenerationError, before it changes anything, if it would overwrite a file that it did not write, or
    if a file cannot be written.
    """
    with ExitStack() as undo:
        try:
            mine = _written(output)
            _refuse_foreign(files, output, mine)
            changed = [name for name, content in files.items() if _content(output / name) != content]
            stale = _stale(files, output, mine)
            for name in changed:
                make_folder((output / name).parent, undo)
                temporary = _temporary(output / name)
                undo.callback(temporary.unlink, missing_ok=True)
                temporary.write_bytes(files[name])
        except OSError as error:
            permissions = "correct the permissions, or " if isinstance(error, PermissionError) else ""
            raise GenerationError(
                f"{error.filename} cannot be written: {error.strerror}; {permissions}choose another output "
                "folder; nothing was changed"
            ) from None
        undo.pop_all()
    # Each file is replaced atomically, also for a server that reloads on change.
    for name in changed:
        _temporary(output / name).replace(output / name)
    for name in stale:
        (output / name).unlink()
    return changed + stale


def _refuse_foreign(files: Files, output: Path, mine: set[str]) -> None:
    foreign = [name for name in files if (output / name).exists() and name not in mine | {_MANIFEST}]
    if foreign:
        raise GenerationError(
            f"{output / foreign[0]} was not written by specfirst and would be overwritten; "
            f"move it out of {output}, or delete it if it is an old generated file"
        )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def make_folder(folder: Path, undo: ExitStack) -> None:
    """Make a folder and its parents; `undo` removes those that were not there."""
    if not folder.is_dir():
        make_folder(folder.parent, undo)
        folder.mkdir()
        undo.callback(folder.rmdir)


def _written(output: Path) -> set[str]:
    manifest = output / _MANIFEST
    try:
        names = set(json.loads(manifest.read_bytes())["files"]) if manifest.is_file() else set()
        # Files outside of the folder are not deleted, whatever the manifest says.
        if all(Path(name).parts and not {"/", ".."} & {*Path(name).parts} for name in names):
            return names
    except (ValueError, KeyError, TypeError):
        pass
    raise GenerationError(
        f"{manifest} was changed after specfirst wrote it; restore it, or move it out of {output}"
    )


def _stale(files: Files, output: Path, written: set[str] | None = None) -> list[str]:
    written = _written(output) if written is None else written
    return sorted(name for name in written - set(files) if (output / name).exists())


def _checked(contract: Path, settings: LintSettings) -> Document:
    try:
        document = Document.load(contract)
    except DocumentError as error:
        raise GenerationError(error.located(str(contract))) from None
    try:
        failures = settings.failures(lint(document, settings.rules))
    except BaselineError as error:
        raise GenerationError(str(error)) from None
    if failures:
        raise LintErrors("\n".join(map(str, failures)))
    # The rule `success-response` may be off, or ignored.
    for operation in document.operations:
        if not operation.successes:
            lacking = document.error(
                "the operation declares no success response",
                operation.pointer,
                remedy="declare a 2xx response, or `default`",
            )
            raise GenerationError(lacking.located(str(contract)))
    return document


def _run(folder: Path, module: str, *arguments: str | Path) -> None:
    # The visitor imports this package, wherever it is. A fixed hash seed and locale make the output
    # deterministic.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise GenerationError(f"{module} failed:\n{done.stderr.strip()}")


def ruff(mode: str, text: str) -> str:
    """Format a module (`format`), or only sort its imports (`check`)."""
    options = ["check", "--fix-only", "--select", "I"] if mode == "check" else ["format"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *options, "--config", _SETTINGS, "--quiet", "--no-cache", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise GenerationError(f"ruff failed:\n{done.stderr.strip()}")
    return done.stdout


def _finish(package: Path, contract_name: str) -> None:
    """Add the header to all modules, format and compile them: generators exit 0 on invalid code."""
    for path in package.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        while lines and lines[0].startswith("#"):
            lines.pop(0)
        path.write_text(_MARKER.format(name=contract_name) + "".join(lines), encoding="utf-8")
    settings = ["--config", str(_SETTINGS), "--quiet", str(package)]
    # Templates may import more than a contract needs; the linter removes unused imports and sorts the rest.
    _run(package, "ruff", "check", "--fix-only", "--select", "F401,I", "--no-cache", *settings)
    _run(package, "ruff", "format", "--no-cache", *settings)
    for path in package.rglob("*.py"):
        try:
            compile(path.read_text(encoding="utf-8"), path.name, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise GenerationError(
                f"the generated {path.relative_to(package)} does not compile: line {error.lineno}, "
                f"{error.msg}: {(error.text or '').strip()}"
            ) from None
