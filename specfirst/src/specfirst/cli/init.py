"""`specfirst init`: write a project around a contract that runs at once, and overwrite nothing."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from specfirst.cli.config import Config
from specfirst.cli.errors import COULD_NOT_RUN, CommandError

SUMMARY = "Create a project around a contract that runs at once."
EXAMPLES = """\
  specfirst init notes                             with a small contract to start from
  specfirst init --contract openapi.yaml shop      with yours
  cd notes && specfirst serve                      serve it; the mock answers until you write the methods"""
EXTRA = "codegen"
SETTINGS: Mapping[str, Mapping[str, Any]] = {}

LINT_ERRORS = 1
_TEMPLATES = files("specfirst.cli") / "project"
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
_KEPT = ("README.md", ".gitignore")
"""Files that a folder may have already, and keeps."""
_USED_BY_APP = frozenset(
    {"AUTHENTICATE", "BrowsersToDocs", "Caller", "ContractAPI", "DEVELOPMENT", "Engine"}
    | {"OPENAPI_JSON", "OPENAPI_YAML", "SERVERS"}
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder of the project, which need not exist")
    parser.add_argument("--contract", metavar="FILE", help="your contract, which is copied (default: a starter)")


def run(arguments: argparse.Namespace, config: Config) -> int:
    import sys

    from specfirst.codegen.generate import GenerationError, LintErrors

    started = time.monotonic()
    target = Path(arguments.folder)
    contract = Path(arguments.contract) if arguments.contract else None
    try:
        _refuse_conflicts(target, contract)
        with tempfile.TemporaryDirectory(prefix="specfirst-") as temporary:
            made = Path(temporary) / "project"
            _make(made, target, contract)
            written = _copy(made, target)
    except LintErrors as errors:
        print(errors, file=sys.stderr)
        return LINT_ERRORS
    except GenerationError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}; choose another folder") from None
    for name in written:
        print(f"wrote {target / name}")
    print(f"{target} is ready, {time.monotonic() - started:.1f} s. Next: cd {target} && specfirst serve")
    return 0


def _name_of(contract: Path | None) -> str:
    return contract.name if contract else "openapi.yaml"


def _is_kept(name: str, target: Path, contract: Path | None) -> bool:
    """Whether the folder has this file already, and should: the contract itself, or a README."""
    path = target / name
    return path.exists() and (name in _KEPT or bool(contract and contract.exists() and path.samefile(contract)))


def _refuse_conflicts(target: Path, contract: Path | None) -> None:
    names = [_name_of(contract), "generated", "impl", *_FILES]
    found = [n for n in names if (target / n).exists() and not _is_kept(n, target, contract)]
    if found:
        raise CommandError(
            f"{target} already has {', '.join(found)}, which would be overwritten; nothing was written. "
            "Choose another folder, or move these away"
        )


def _make(made: Path, target: Path, contract: Path | None) -> None:
    """Make the whole project in a temporary folder."""
    from specfirst.codegen.generate import generate, write
    from specfirst.codegen.skeleton import Layout, missing, write_missing
    from specfirst.contract.yaml import load

    made.mkdir()
    copy = made / _name_of(contract)
    text = contract.read_bytes() if contract else (_TEMPLATES / "openapi.yaml").read_bytes()
    copy.write_bytes(text)
    write(generate(contract or copy), made / "generated")
    document = load(copy)
    values = _values(document, copy.name, target.absolute().name)
    for name, template in _FILES.items():
        if name != "authentication.py" or values["schemes"]:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(_rendered(template, values), encoding="utf-8")
    layout = Layout(
        generated=made / "generated",
        package="generated",
        implementations=made / "impl",
        caller="authentication:Caller" if values["schemes"] else None,
    )
    for gap in missing(document, layout):
        write_missing(gap, layout)
    (made / "impl" / "__init__.py").write_text('"""The implementation: one module for each tag."""\n')
    _format(made)


def _format(folder: Path) -> None:
    """Sort the imports and format what is not generated, as the project's own settings say."""
    import subprocess
    import sys

    for options in (["check", "--fix-only"], ["format"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *options, "--quiet", "--no-cache", "."], cwd=folder, check=True
        )
