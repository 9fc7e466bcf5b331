"""`specfirst client`: write a typed client of a contract as a package that can be installed."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, PROBLEMS, CommandError
from specfirst.cli.inputs import CONTRACT, add_skip_argument, path_setting, read_contract, servable, setting

SUMMARY = "Write a typed client of a contract, as an npm package."
EXAMPLES = """\
  specfirst client typescript --contract openapi.yaml --output client
  specfirst client typescript --name @shop/api --pack        shop-api-1.0.0.tgz, for npm install
  specfirst client typescript --check                        exit 1 if the client is not current

The package contains JavaScript with types, so nothing has to be compiled, and needs no other package."""
EXTRA = "lint"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "contract": {"type": "string", "description": "The contract (default: openapi.yaml)."},
    "output": {"type": "string", "description": "The folder of the package (default: client)."},
    "name": {"type": "string", "description": "The name of the npm package (default: made of the title)."},
    "prefix": {
        "type": "string",
        "pattern": "^([A-Za-z_$][A-Za-z0-9_$]*)?$",
        "description": "A word in the names of exports: with Task, createClient is createTaskClient.",
    },
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("language", choices=("typescript",), help="the language of the client")
    parser.add_argument("--contract", metavar="FILE", help=f"the contract: {CONTRACT} (openapi.yaml)")
    parser.add_argument("--output", "-o", metavar="FOLDER", help="the folder of the package (client)")
    parser.add_argument("--name", metavar="PACKAGE", help="the name of the npm package")
    parser.add_argument("--prefix", metavar="WORD", help="a word in the names of exports: createWORDClient")
    add_skip_argument(parser)
    parser.add_argument("--pack", action="store_true", help="also write the tarball that npm installs")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the client is not current"
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Write the package, or compare it."""
    from specfirst.client.package import OWN, package, tarball, tarball_name, write
    from specfirst.contract.document import DocumentError

    started = time.monotonic()
    settings = config.section("client")
    name = arguments.contract or config.contract(settings.get("contract", "openapi.yaml"))
    output = path_setting(arguments, settings, config, "output", "client")
    contract = read_contract(name)
    document = servable(contract, skip=arguments.skip_unservable)
    # The mock, from which the examples are, warns of those that are not valid. `specfirst lint` reports them.
    log = logging.getLogger("specfirst")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        files = package(
            document,
            name=setting(arguments, settings, "name", None),
            prefix=setting(arguments, settings, "prefix", ""),
            manifest=_manifest(output / "package.json"),
        )
    except DocumentError as error:
        raise contract.error(error) from None
    finally:
        log.setLevel(level)
    if arguments.check:
        # Copies of the runtime need not be there.
        compared = [path for path in files if path in OWN or (output / path).exists()]
        stale = [path for path in compared if not _is_current(output / path, files[path])]
        for path in stale:
            print(f"{output / path} differs", file=sys.stderr)
        if stale:
            print(f"{output} does not match {name}; run {arguments.program}", file=sys.stderr)
        return PROBLEMS if stale else CLEAN
    readme = output / "README.md"
    try:
        for path in write(files, output):
            # The others are the same in all clients.
            if path in OWN:
                print(f"wrote {output / path}")
        if arguments.pack:
            own = {"README.md": readme.read_text(encoding="utf-8")} if readme.is_file() else {}
            packed = output / tarball_name(files)
            packed.write_bytes(tarball({**files, **own}))
            print(f"wrote {packed}: npm install {packed if packed.is_absolute() else f'./{packed}'}")
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be written: {error.strerror}; choose another --output"
        ) from None
    print(f"{output} is current, {time.monotonic() - started:.1f} s")
    return CLEAN


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _manifest(path: Path) -> Mapping[str, Any]:
    """Return the package.json that is there. Raises CommandError if it is not JSON."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}; correct or delete it") from None
    return content if isinstance(content, dict) else {}
