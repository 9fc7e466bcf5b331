"""Read the contracts that users name on the command line."""

from __future__ import annotations

from collections.abc import Mapping

from specfirst.cli.errors import CommandError
from specfirst.contract.bundling import Bundle, bundle
from specfirst.contract.document import DocumentError
from specfirst.contract.sources import source

CONTRACT = "a file, a URL, or git:REVISION:PATH"


def read_contract(name: str, *, beside: str | None = None) -> Bundle:
    """Read a contract, and all files that it refers to, as one document.

    `name` is a file, a URL, `git:REVISION:PATH`, or `git:REVISION` for the file `beside` there. Raises
    CommandError if it cannot be read or is not OpenAPI 3.
    """
    try:
        found = bundle(source(name, beside=beside))
    except DocumentError as error:
        raise CommandError(error.located(error.file or name)) from None
    require_openapi(found.content, name)
    return found


def require_openapi(content: object, name: str) -> None:
    """Raise CommandError unless this is an OpenAPI 3 document."""
    if isinstance(content, Mapping) and "swagger" in content:
        raise CommandError(
            f"{name}: this is Swagger {content['swagger']}; convert it to OpenAPI 3 first, for example with "
            "`npx swagger2openapi`"
        )
    if not isinstance(content, Mapping) or "openapi" not in content:
        raise CommandError(f"{name}: this is not an OpenAPI document; it has no field `openapi`")
    version = content["openapi"]
    if not isinstance(version, str) or not version.startswith("3."):
        raise CommandError(
            f"{name}: the version {version!r} of OpenAPI is not supported; use 3.0, 3.1 or 3.2"
        )
