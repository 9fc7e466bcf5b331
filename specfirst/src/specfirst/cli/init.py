"""`specfirst init`: write a project around a contract that runs at once, and overwrite nothing."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, CommandError
from specfirst.cli.generate import failure

if TYPE_CHECKING:
    from specfirst.codegen.skeleton import Missing
    from specfirst.contract.document import Document

SUMMARY = "Create a project around a contract that runs at once."
EXAMPLES = """\
  specfirst init notes                             with a small contract to start from
  specfirst init --contract openapi.yaml shop      with yours
  cd notes && specfirst serve                      serve it; the mock answers until you write the methods"""
EXTRA = "codegen"
SETTINGS: Mapping[str, Mapping[str, Any]] = {}

_TEMPLATES = Path(__file__).with_name("project")
_FILES = {
    "app.py": "app.py.jinja2",
    "authentication.py": "authentication.py.jinja2",
    "tests/test_app.py": "test_app.py.jinja2",
    "pyproject.toml": "pyproject.toml.jinja2",
    "README.md": "README.md.jinja2",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml.jinja2",
    ".github/workflows/ci.yml": "ci.yml.jinja2",
}
_USED_BY_APP = frozenset(
    {"AUTHENTICATE", "BrowsersToDocs", "Caller", "ContractAPI", "DEVELOPMENT", "Engine"}
    | {"OPENAPI_JSON", "OPENAPI_YAML", "SERVERS"}
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder of the project, which need not exist")
    parser.add_argument(
        "--contract", metavar="FILE", help="your contract, which is copied (default: a starter)"
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.codegen.generate import GenerationError

    started = time.monotonic()
    target = Path(arguments.folder)
    contract = Path(arguments.contract) if arguments.contract else None
    try:
        kept = _kept(target, contract)
        with tempfile.TemporaryDirectory(prefix="specfirst-") as temporary:
            made = Path(temporary) / "project"
            _make(made, target, contract, kept)
            written = copy(made, target, kept)
    except GenerationError as error:
        return failure(error, arguments.program)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}; choose another folder") from None
    for name in written:
        print(f"wrote {target / name}")
    print(f"{target} is ready, {time.monotonic() - started:.1f} s. Next: cd {target} && specfirst serve")
    return CLEAN


def _name_of(contract: Path | None) -> str:
    return contract.name if contract else "openapi.yaml"


def _kept(target: Path, contract: Path | None) -> set[str]:
    """Return the files that the folder has and keeps: a README, and the contract if it is there already.

    Raises CommandError if it has others that would be overwritten.
    """
    own = _name_of(contract)
    present = {n for n in (own, "generated", "impl", *_FILES) if (target / n).exists()}
    kept = present & {"README.md", ".gitignore"}
    if contract and own in present and contract.exists() and contract.samefile(target / own):
        kept.add(own)
    if present - kept:
        raise CommandError(
            f"{target} already has {', '.join(sorted(present - kept))}; nothing was written. "
            "Choose another folder, or move these away"
        )
    return kept


def _make(made: Path, target: Path, contract: Path | None, kept: Collection[str]) -> None:
    """Make the whole project in a temporary folder."""
    from specfirst.codegen.generate import GenerationError, generate, write
    from specfirst.codegen.skeleton import Layout, missing, write_missing
    from specfirst.contract.document import Document, DocumentError

    source = contract or _TEMPLATES / "openapi.yaml"
    try:
        document = Document.load(source)
    except DocumentError as error:
        raise GenerationError(error.located(str(source))) from None
    # References to files beside it would lead nowhere in the project, so it gets one combined document.
    combined = len(document.files) > 1 and source.name not in kept
    copied = made / (f"{source.stem}.json" if combined else source.name)
    files = generate(source, name=copied.name)
    made.mkdir()
    if combined:
        copied.write_bytes(document.to_json())
    else:
        shutil.copyfile(source, copied)
    write(files, made / "generated")
    schemes = _schemes(document)
    layout = Layout(
        generated=made / "generated",
        package="generated",
        implementations=made / "impl",
        caller="authentication:Caller" if schemes else None,
    )
    gaps = missing(document, layout)
    values = {
        "name": re.sub(r"[^a-z0-9]+", "-", target.absolute().name.lower()).strip("-") or "service",
        "title": " ".join(document.content["info"]["title"].split()),
        "contract": copied.name,
        "classes": _classes(gaps),
        "schemes": schemes,
        "problems": _has_problems(document),
        "sample": _sample(document),
        "credentials": _all_credentials(document),
    }
    for name, template in _FILES.items():
        if name != "authentication.py" or schemes:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(_rendered(template, values), encoding="utf-8")
    for gap in gaps:
        write_missing(gap, layout)
    (made / "impl/__init__.py").write_text('"""The implementation: one module for each tag."""\n')
    # As the project's own settings say, which also know which modules are its own.
    for options in (["check", "--fix-only"], ["format"]):
        command = [sys.executable, "-m", "ruff", *options, "--quiet", "--no-cache", "."]
        subprocess.run(command, cwd=made, check=True)


def _rendered(template: str, values: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # The files are not HTML.
    )
    environment.filters["python"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string((_TEMPLATES / template).read_text(encoding="utf-8")).render(values)


def _classes(gaps: Sequence[Missing]) -> list[Mapping[str, str]]:
    """Return the class of each tag: its module, its name, and the name by which app.py imports it."""
    found: list[Mapping[str, str]] = []
    taken = {*_USED_BY_APP}
    for gap in gaps:
        alias = gap.class_name
        while alias in taken:
            alias += "Tag"
        taken.add(alias)
        found.append({"module": gap.module.stem, "name": gap.class_name, "alias": alias})
    return found


def _schemes(document: Document) -> list[Mapping[str, str]]:
    """Return the security schemes that operations require, each with the function that verifies it."""
    from specfirst.contract.document import python_name

    names = dict.fromkeys(name for o in document.operations for need in o.security for name in need)
    return [
        {
            "name": name,
            "function": f"verify_{python_name(name)}",
            "kind": _kind(document.security_schemes[name]),
        }
        for name in names
    ]


def _has_problems(document: Document) -> bool:
    """Return whether error responses are problem details (RFC 9457)."""
    responses = [response for o in document.operations for response in o.responses.values()]
    return any(response.media_type == "application/problem+json" for response in responses)


def _kind(scheme: Mapping[str, Any]) -> str:
    detail = {"http": scheme.get("scheme"), "apiKey": f"in {scheme.get('in')}"}.get(scheme["type"])
    return f"{scheme['type']} {detail}" if detail else str(scheme["type"])


def _sample(document: Document) -> Mapping[str, Any] | None:
    """Return a request that needs no values, if an operation of the contract allows one."""
    for operation in document.operations:
        if operation.method == "get" and not any(p.required for p in operation.parameters):
            headers = _credentials(document, operation.security)
            if headers is not None:
                return {"identifier": operation.identifier, "path": operation.path, "headers": headers}
    return None


def _all_credentials(document: Document) -> Mapping[str, str]:
    """Return a header for each scheme that operations require, if a header can carry its credential."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(name for o in document.operations for need in o.security for name in need):
        found = {**(_credentials(document, [{name: ()}]) or {}), **found}
    return found


def _credentials(
    document: Document, security: Sequence[Mapping[str, Sequence[str]]]
) -> Mapping[str, str] | None:
    """Return headers that satisfy one of the requirements, with the name of a caller as each credential."""
    for requirement in security or [{}]:
        headers = {}
        for name in requirement:
            scheme = document.security_schemes[name]
            if scheme["type"] != "apiKey":
                kind = "Basic" if scheme.get("scheme", "").lower() == "basic" else "Bearer"
                headers["Authorization"] = f"{kind} ada"
            elif scheme["in"] == "header":
                headers[scheme["name"]] = "ada"
            elif scheme["in"] == "cookie":
                headers["Cookie"] = f"{scheme['name']}=ada"
            else:
                break
        else:
            return headers
    return None


def copy(made: Path, target: Path, kept: Collection[str]) -> list[str]:
    """Copy the project into its folder, or nothing: what exists is not overwritten. Raises OSError."""
    from specfirst.codegen.generate import make_folder

    names = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    written = [name for name in names if name not in kept]
    with ExitStack() as undo:
        for name in written:
            make_folder((target / name).parent, undo)
            with (target / name).open("xb") as file:
                undo.callback((target / name).unlink)
                file.write((made / name).read_bytes())
        undo.pop_all()
    return written
