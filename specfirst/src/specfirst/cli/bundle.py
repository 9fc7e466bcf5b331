"""`specfirst bundle`: put a contract of several files into one."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, CommandError
from specfirst.cli.inputs import CONTRACT, read_bundle
from specfirst.cli.progress import progress

if TYPE_CHECKING:
    from specfirst.contract.bundling import Bundle

SUMMARY = "Put a contract of several files into one document."
EXAMPLES = """\
  specfirst bundle openapi.yaml > bundled.yaml
  specfirst bundle openapi.yaml --output build/openapi.json
  specfirst bundle git:v1.2.0:api/openapi.yaml --format json"""

EXTRA = "codegen"
SETTINGS: dict[str, dict[str, Any]] = {}

_FORMATS = ("yaml", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=f"the contract: {CONTRACT}")
    parser.add_argument("--output", "-o", metavar="FILE", help="write to a file, not to stdout")
    parser.add_argument(
        "--format", choices=_FORMATS, help="the format (default: that of --output, or else of FILE)"
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Write the document. Nothing is written if a reference leads nowhere."""
    suffix = Path(arguments.output or arguments.file).suffix.lower()
    name = arguments.format or ("json" if suffix == ".json" else "yaml")
    with progress(f"Bundling {arguments.file}"):
        found = read_bundle(arguments.file)
        _check_references(found)
        text = as_json(found.content) if name == "json" else as_yaml(found.content)
    if arguments.output is None:
        sys.stdout.write(text)
        return CLEAN
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{arguments.output} cannot be written: {error.strerror}; choose another --output"
        ) from None
    print(f"{arguments.output}: {len(found.files)} file{'s' if len(found.files) > 1 else ''}")
    return CLEAN


def _check_references(found: Bundle) -> None:
    """Raise CommandError for a reference that leads nowhere, or to itself."""
    from specfirst.contract.bundling import references
    from specfirst.contract.document import Document, DocumentError

    document = Document(found.content)
    for pointer, node in references(found.content):
        try:
            document.follow(node, pointer)
        except DocumentError as error:
            error.file, error.line, error.column = found.origin(pointer)
            raise CommandError(error.located(found.files[0])) from None


def as_json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9A-Fa-f]+")


_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""Characters that only double quotes keep: some readers take them for line breaks or byte order marks."""


def as_yaml(content: Any) -> str:
    """Write JSON data as YAML that readers of YAML 1.1 and 1.2 understand in the same way."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            # Items of lists are indented, as most contracts have them.
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        # PyYAML quotes what YAML 1.1 would not read as a text, and 1.2 has more numbers.
        if _BREAKS.search(data):
            style: str | None = '"'
        else:
            style = "|" if "\n" in data else "'" if _NUMBER.fullmatch(data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    return str(yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100))
