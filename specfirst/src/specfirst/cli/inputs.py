"""Read the contract that a command line names, and the settings that it shares with the configuration."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from specfirst.cli.errors import CommandError

if TYPE_CHECKING:
    from specfirst.cli.config import Config
    from specfirst.contract.bundling import Bundle
    from specfirst.contract.document import Document, DocumentError

CONTRACT = "a file, a URL, or git:REVISION:PATH"
"""What a user may name as a contract, for --help."""


@dataclass(frozen=True)
class Input:
    """A contract that the command line names: its document and its text."""

    name: str
    document: Document
    text: bytes

    def error(self, error: DocumentError) -> CommandError:
        """Return the error with its place."""
        return CommandError(error.located(error.file or self.name))


def read_bundle(name: str, *, beside: str | None = None) -> Bundle:
    """Read a contract, and all files that it refers to, as one document.

    `name` is a file, an http(s) URL, `git:REVISION:PATH`, or `git:REVISION` for the file `beside` there.
    Raises CommandError if it cannot be read or is not OpenAPI 3.
    """
    from specfirst.contract.bundling import bundle
    from specfirst.contract.document import DocumentError
    from specfirst.contract.sources import source

    try:
        found = bundle(source(name, beside=beside))
    except DocumentError as error:
        raise CommandError(error.located(error.file or name)) from None
    require_openapi(found.content, name)
    return found


def read_contract(name: str) -> Input:
    """Read a contract as `read_bundle` does. Raises CommandError."""
    from specfirst.contract.document import Document

    found = read_bundle(name)
    document = Document(found.content, found.origin, found.files)
    return Input(name, document, found.texts[found.files[0]].encode())


def add_skip_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--skip-unservable",
        action="store_true",
        help="leave out the operations with errors, and list them",
    )


def servable(contract: Input, *, skip: bool) -> Document:
    """Return what can be served of a contract, and print what is left out.

    Raises CommandError with the errors that lint finds, unless `skip` is set and some operations have none.
    """
    from specfirst.contract.servable import unservable_operations, without_operations
    from specfirst.lint import RULES, lint
    from specfirst.problems import Severity

    levels = {rule.name: rule.severity for rule in RULES.values() if rule.severity is Severity.ERROR}
    problems = lint(contract.document, levels)
    if not problems:
        return contract.document
    listed = "\n".join(map(str, problems))
    left_out = unservable_operations(contract.document, [problem.pointer for problem in problems])
    if not skip or left_out is None:
        # Some problems concern the whole document.
        hint = "" if skip or left_out is None else "\nTo leave out their operations: --skip-unservable"
        alone = len(problems) == 1 and not hint
        raise CommandError(listed if alone else f"{contract.name} has errors:\n{listed}{hint}")
    print(listed, file=sys.stderr)
    for path, method in left_out:
        print(f"Left out: {method.upper()} {path}", file=sys.stderr)
    return without_operations(contract.document, left_out)


def require_openapi(content: object, name: str) -> None:
    """Raise CommandError unless this content of the file `name` is an OpenAPI 3 document."""
    if isinstance(content, Mapping) and "swagger" in content:
        raise CommandError(
            f"{name}: the document is Swagger {content['swagger']}; convert it to OpenAPI 3, for example "
            "with `npx swagger2openapi`"
        )
    if not isinstance(content, Mapping) or "openapi" not in content:
        raise CommandError(f"{name}:1: the document is not OpenAPI; begin it with `openapi: 3.1.0`")
    version = content["openapi"]
    if not isinstance(version, str) or not version.startswith("3."):
        raise CommandError(f"{name}: OpenAPI {version!r} is not supported; use 3.0, 3.1 or 3.2")


def setting(arguments: argparse.Namespace, settings: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return the value of an option: the user's, or else the configuration's, or else the default."""
    given = getattr(arguments, name.replace("-", "_"))
    return settings.get(name, default) if given is None else given


def path_setting(
    arguments: argparse.Namespace, settings: Mapping[str, Any], config: Config, name: str, default: str
) -> Path:
    """Return a file or folder. An option is relative to the working directory.

    The configuration's value and the default are relative to the folder of the configuration.
    """
    given = getattr(arguments, name.replace("-", "_"))
    return config.file(settings.get(name, default)) if given is None else Path(given)


def check_server(url: str) -> None:
    """Raise CommandError unless the URL names a server that accepts connections."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise CommandError(f"{url} is not a URL; write, for example, http://127.0.0.1:3000") from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise CommandError(
            f"{url} is not the URL of a server; write http(s)://HOST:PORT, and a path if there is one"
        )
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise CommandError(
            f"{url} cannot be reached: {reason}; start the server, or correct the URL"
        ) from None
