"""What the commands that listen on a port share: options, and serving until the user stops the command."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from specfirst.cli.errors import CommandError
from specfirst.cli.inputs import setting

if TYPE_CHECKING:
    from specfirst.contract.document import Document

LISTENING: dict[str, dict[str, Any]] = {
    "host": {"type": "string", "description": "The address to listen on (default: 127.0.0.1)."},
    "port": {"type": "integer", "minimum": 0, "maximum": 65535, "description": "The port (default: 8000)."},
}
POLICIES: dict[str, dict[str, Any]] = {
    "errors": {
        "enum": ["detail", "problem+json"],
        "description": "The body of error responses (default: detail).",
    },
    "validation-status": {
        "enum": [400, 422],
        "description": "The status of validation errors (default: the declared one, or 422).",
    },
    "unknown-query": {
        "enum": ["refuse", "ignore"],
        "description": "What happens to undeclared query parameters (default: refuse).",
    },
}
"""The settings of the engine's policies: JSON schemas by name."""


def add_listening_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="HOST", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, metavar="PORT", help="the port to listen on, 0 for any (default: 8000)"
    )


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--errors", choices=POLICIES["errors"]["enum"], help="the body of error responses (default: detail)"
    )
    parser.add_argument(
        "--validation-status",
        type=int,
        choices=POLICIES["validation-status"]["enum"],
        help="the status of validation errors (default: the declared one, or 422)",
    )
    parser.add_argument(
        "--unknown-query",
        choices=POLICIES["unknown-query"]["enum"],
        help="what to do with undeclared query parameters (default: refuse)",
    )


def policies(arguments: argparse.Namespace, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the Engine."""
    return {
        "error_body": setting(arguments, settings, "errors", "detail"),
        "validation_status": setting(arguments, settings, "validation-status", None),
        "unknown_query": setting(arguments, settings, "unknown-query", "refuse"),
    }


def serve(
    app: Any,
    arguments: argparse.Namespace,
    settings: Mapping[str, Any],
    say: Sequence[str],
    *,
    date: bool = True,
) -> None:
    """Serve an application in this process until a signal stops it. Raises CommandError.

    `say` are the lines to print; `{url}` in them is the address. For `date` see `configure`.
    """
    from specfirst.serving.listening import bind, configure, listen, url_of
    from specfirst.serving.server import Server
    from specfirst.serving.startup import StartupError

    host, port = setting(arguments, settings, "host", "127.0.0.1"), setting(arguments, settings, "port", 8000)
    try:
        with bind(host, port) as listener:
            listen(listener, host, port)
            for line in say:
                print(line.replace("{url}", url_of(listener, host)), flush=True)
            Server(configure(app, date=date), notice=0, shutdown_timeout=5).run([listener])
    except StartupError as error:
        raise CommandError(str(error)) from None


def addresses(document: Document) -> list[str]:
    """Return the texts with the addresses of a contract's servers, for `say`."""
    return [f"{{url}}{path}" for path in document.base_paths]
