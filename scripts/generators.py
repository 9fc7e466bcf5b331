"""Generate clients with other generators, check their types, and run them against the service.

Each folder in tests/clients/generators has the options of one generator and a program that uses its client.
It creates, lists with a filter and by cursor, reads, gets a typed 404, toggles twice with one key, and gets
412. Everything is installed into build/generators: npm packages from a lock file, others from PyPI. Java is
compiled if javac is on the PATH; Rust and Kotlin are only generated.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from impl.identity.tokens import mint_token
from scripts.client import COMPILER_ENVIRONMENT, NODE, ROOT, TOOLS, ClientError, install, run

SOURCES = ROOT / "tests" / "clients" / "generators"
BUILD = ROOT / "build" / "generators"
PAGE = ROOT / "docs" / "generators.md"

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Generator:
    """`package` is what the version is of; `commands` generate the client in a copy of its folder.

    `missing` says how the program reads the body of a 404. `fault` is a fault of the generator and its issue:
    the client is used in spite of it. `noise` are warnings that say nothing about the contract.
    """

    package: str
    commands: Callable[[], list[Command]]
    kind: str = "typescript"
    missing: str = "narrowed by the status"
    options: str = ""
    fault: str = ""
    noise: tuple[str, ...] = ()
    quick: bool = False


@dataclass
class Outcome:
    name: str
    version: str
    generates: str = ""
    types: str = ""
    live: str = ""
    missing: str = ""
    options: str = ""
    fault: str = ""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def node(package: str, binary: str, *arguments: str) -> Callable[[], list[Command]]:
    """Return the command of an npm package, by the name of its program in `bin`."""

    def commands() -> list[Command]:
        folder = Path("node_modules") / package
        declared = json.loads((modules(package) / package / "package.json").read_text())["bin"]
        path = declared if isinstance(declared, str) else declared[binary]
        return [[NODE, folder / path, *arguments]]

    return commands


def openapi_generator(name: str, *options: str) -> Callable[[], list[Command]]:
    command = ["generate", "-i", "openapi.yaml", "-g", name, "-o", "generated", *options]
    return lambda: [[_python_program("openapi-generator-cli"), *command]]


_OPENAPI_GENERATOR_NOISE = (
    # For every document of OpenAPI 3.1.
    "OpenAPI 3.1 support is still in beta",
    # For each alternative of `oneOf` that is a scalar; the union is generated.
    "Failed to get the schema name: null",
    "cannot be used as model name. Renamed to model_",
    # About the examples in its own documentation.
    "Ignoring complex example on request body",
)

GENERATORS: Mapping[str, Generator] = {
    "openapi-fetch": Generator(
        "openapi-typescript",
        node("openapi-typescript", "openapi-typescript", "openapi.yaml", "-o", "generated/schema.ts"),
        missing="all errors are one union",
        quick=True,
    ),
    "hey-api": Generator(
        "@hey-api/openapi-ts",
        node("@hey-api/openapi-ts", "openapi-ts"),
        missing="all errors are one union",
        options="`parser.patch.schemas` for ids as `number`",
    ),
    "hey-api-bigint": Generator(
        "@hey-api/openapi-ts",
        node("@hey-api/openapi-ts", "openapi-ts"),
        missing="all errors are one union",
        options="none: ids are `bigint`",
    ),
    "orval": Generator("orval", node("orval", "orval"), options="`urlEncodeParameters`"),
    "kubb": Generator(
        "@kubb/cli",
        node("@kubb/cli", "kubb", "generate", "--config", "kubb.config.mjs"),
        missing="a type for each status; cast",
        options='`integerType: "number"`',
        fault="its `fetch` client sends no `Content-Type`, so the program does; the data of an error has the "
        "type of the success (no issue found)",
    ),
    "swagger-typescript-api": Generator(
        "swagger-typescript-api",
        node(
            "swagger-typescript-api",
            "swagger-typescript-api",
            *("generate", "-p", "openapi.yaml", "-o", "generated", "-n", "api.ts"),
        ),
        missing="all errors are one union",
    ),
    "openapi-typescript-codegen": Generator(
        "openapi-typescript-codegen",
        node("openapi-typescript-codegen", "openapi", "--input", "openapi.yaml", "--output", "generated"),
        missing="`any`",
    ),
    "ng-openapi-gen": Generator(
        "ng-openapi-gen",
        node("ng-openapi-gen", "ng-openapi-gen", "--input", "openapi.yaml", "--output", "generated"),
        missing="`any`",
    ),
    "rtk-query": Generator(
        "@rtk-query/codegen-openapi",
        node("@rtk-query/codegen-openapi", "rtk-query-codegen-openapi", "rtk.config.cjs"),
        missing="`unknown`; cast",
    ),
    "openapi-zod-client": Generator(
        "openapi-zod-client",
        node("openapi-zod-client", "openapi-zod-client", "openapi.yaml", "-o", "generated/api.ts"),
    ),
    "oazapfts": Generator(
        "oazapfts", node("oazapfts", "oazapfts", "openapi.yaml", "generated/api.ts"), quick=True
    ),
    "typed-openapi": Generator(
        "typed-openapi",
        node("typed-openapi", "typed-openapi", "openapi.yaml", "-o", "generated/api.ts"),
        fault="its types require `header` although each header is optional, and it names the method `patch`, "
        "which `fetch` sends as it is, so the program writes it in upper case (no issue found; the fault of "
        "[orval 888](https://github.com/orval-labs/orval/issues/888), which is fixed)",
        quick=True,
    ),
    "typescript-fetch": Generator(
        "openapi-generator-cli",
        openapi_generator("typescript-fetch"),
        missing="a `Response`; read by hand",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "typescript-axios": Generator(
        "openapi-generator-cli",
        openapi_generator("typescript-axios", "--additional-properties=useSingleRequestParameter=true"),
        missing="`any`",
        options="`useSingleRequestParameter`",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "python": Generator(
        "openapi-generator-cli",
        openapi_generator("python"),
        kind="python",
        missing="an exception for 404; data checked at run time",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "java": Generator(
        "openapi-generator-cli",
        openapi_generator(
            "java",
            "--additional-properties=library=native,openApiNullable=false,useJakartaEe=true,"
            "annotationLibrary=none,documentationProvider=none",
        ),
        kind="java",
        missing="text; read by hand",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "go": Generator(
        "openapi-generator-cli",
        openapi_generator("go", "--additional-properties=packageName=openapi,withGoMod=false"),
        kind="go",
        missing="an interface; checked at run time",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "rust": Generator(
        "openapi-generator-cli",
        openapi_generator("rust", "--additional-properties=packageName=tasks_api"),
        kind="rust",
        missing="an enum without a tag",
        fault="its enum of errors has no tag, so serde takes the first variant with the same body for a 404, "
        "`Status401`; the status is beside it ([openapi-generator 10977]"
        "(https://github.com/OpenAPITools/openapi-generator/issues/10977))",
        noise=(
            *_OPENAPI_GENERATOR_NOISE,
            # For each media type, and for a property `type`, which Rust reserves.
            "ApplicationJson cannot be used as a",
            "type cannot be used as a field/variable name",
        ),
    ),
    "kotlin": Generator(
        "openapi-generator-cli",
        openapi_generator("kotlin"),
        kind="kotlin",
        missing="text",
        noise=_OPENAPI_GENERATOR_NOISE,
    ),
    "openapi-python-client": Generator(
        "openapi-python-client",
        lambda: [
            [
                _python_program("openapi-python-client"),
                *("generate", "--path", "openapi.yaml", "--output-path", "generated"),
            ]
        ],
        kind="python",
        missing="narrowed by its class",
    ),
    "datamodel-code-generator": Generator(
        "datamodel-code-generator",
        lambda: [
            [
                _python_program("datamodel-codegen"),
                *("--input", "openapi.yaml", "--input-file-type", "openapi", "--output", "generated.py"),
                *(
                    "--output-model-type",
                    "pydantic_v2.BaseModel",
                    "--formatters",
                    "builtin",
                    "--collapse-root-models",
                ),
            ]
        ],
        kind="python",
        missing="a model; no client",
        options="`--collapse-root-models`, `pydantic.mypy`",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/generators", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GENERATORS)} (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON too")
    options = parser.parse_args()
    if unknown := {*options.names} - {*GENERATORS}:
        parser.error(f"unknown generator {', '.join(sorted(unknown))}")
    names = options.names or [*GENERATORS]
    try:
        with _service() as (url, secret):
            outcomes = [_shown(check(name, url, secret)) for name in names]
    except ClientError as error:
        sys.exit(f"scripts/generators: {error}")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in outcomes], indent=2) + "\n")
    if not options.names:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table(outcomes), text, flags=re.DOTALL))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    sys.exit(any(outcome.problems for outcome in outcomes))


def check(name: str, url: str, secret: str) -> Outcome:
    """Generate, check and run one client. Raises ClientError if something cannot be installed."""
    generator, began = GENERATORS[name], time.monotonic()
    folder = BUILD / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if generator.kind in _STEPS:
        shutil.copytree(SOURCES / name, folder, dirs_exist_ok=True)
    shutil.copy(ROOT / "openapi.yaml", folder)
    outcome = Outcome(name, "", missing=generator.missing, options=generator.options, fault=generator.fault)
    if generator.kind == "typescript":
        (folder / "node_modules").symlink_to(modules(generator.package))
        # Some generators expect the folder.
        (folder / "generated").mkdir()
        for file in ("scenario.ts", "tsconfig.json"):
            shutil.copy(SOURCES / file, folder)
    elif generator.kind == "python":
        shutil.copy(SOURCES / "scenario.py", folder)
    outcome.version = version(generator)
    # An id that must be encoded in a path.
    user = f"auth0|{secrets.token_hex(16)}"
    token = mint_token(secret, user, timedelta(hours=1))
    env = {"API_URL": url, "USER_ID": user, "TOKEN": token, "PYTHONPATH": str(folder)}
    if generator.kind == "typescript":
        env |= COMPILER_ENVIRONMENT
    elif generator.kind == "python":
        # Generators call ruff, and mypy its plugins.
        env["PATH"] = os.pathsep.join([str(_python_program("")), os.environ["PATH"]])
    try:
        output = "\n".join(run(*command, folder=folder, env=env) for command in generator.commands())
        found = [line for line in output.splitlines() if re.search(r"\bwarn", line, re.IGNORECASE)]
        found = [line for line in found if not any(noise in line for noise in generator.noise)]
        outcome.generates = "yes" if not found else "with warnings"
        outcome.problems += found
        types, live = _STEPS[generator.kind](folder) if generator.kind in _STEPS else ([], [])
        for command in types:
            run(*command, folder=folder, env=env)
        outcome.types = "yes"
        if live:
            result = run(*live, folder=folder, env=env)
            outcome.live = "yes" if result.rstrip().endswith("works") else "no"
            if outcome.live == "no":
                outcome.problems.append(result)
        else:
            outcome.types = outcome.live = "not run"
    except ClientError as error:
        outcome.problems.append(str(error))
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


Steps = tuple[list[Command], Command]


def _typescript(folder: Path) -> Steps:
    install(TOOLS)
    packages = folder / "node_modules"
    bundle: list[str | Path] = [
        packages / "esbuild" / "bin" / "esbuild",
        "consumer.ts",
        "--bundle",
        "--platform=node",
    ]
    return (
        [
            # Not the version that some generators are written with, which takes five times as long.
            [NODE, TOOLS / "node_modules" / "typescript" / "bin" / "tsc", "--project", "."],
            [*bundle, "--format=esm", "--outfile=consumer.mjs", "--log-level=error", _REQUIRE],
        ],
        [NODE, "consumer.mjs"],
    )


# CommonJS packages in a bundle of ES modules.
_REQUIRE = (
    "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
)


def _python(folder: Path) -> Steps:
    generated = folder / "generated"
    if generated.is_dir():
        for package in generated.iterdir():
            if (package / "__init__.py").exists():
                package.rename(folder / package.name)
    python = _python_program("python")
    mypy: Command = [python, "-m", "mypy", "--strict", "--follow-imports=silent", "consumer.py"]
    return [mypy], [python, "consumer.py"]


def _java(folder: Path) -> Steps:
    javac, java = shutil.which("javac"), shutil.which("java")
    if not (javac and java):
        return [], []
    # The generator contains the libraries that its clients need.
    (jar,) = (BUILD / "venv").rglob("openapi-generator.jar")
    generated = (folder / "generated/src/main/java").rglob("*.java")
    sources = [*sorted(generated), *(folder / "jakarta").rglob("*.java")]
    compile_: list[str | Path] = [javac, "-Xlint:all,-processing,-serial", "-nowarn", "-cp", jar]
    return [[*compile_, "-d", "classes", "Consumer.java", *sources]], [
        java,
        "-cp",
        f"classes{os.pathsep}{jar}",
        "Consumer",
    ]


def _go(folder: Path) -> Steps:
    package = folder / "openapi"
    package.mkdir()
    for file in (folder / "generated").glob("*.go"):
        file.rename(package / file.name)
    shutil.rmtree(folder / "generated")
    go = _python_program("go")
    return [[go, "vet", "./..."]], [go, "run", "."]


_STEPS: Mapping[str, Callable[[Path], Steps]] = {
    "typescript": _typescript,
    "python": _python,
    "java": _java,
    "go": _go,
}
"""The steps by kind; a client of another kind is only generated."""


def version(generator: Generator) -> str:
    package = modules(generator.package) / generator.package / "package.json"
    if package.exists():
        found: str = json.loads(package.read_text())["version"]
        return found
    (pinned,) = re.findall(
        rf"^{re.escape(generator.package)}==(\S+)$", (SOURCES / "requirements.txt").read_text(), re.MULTILINE
    )
    return str(pinned)


def modules(package: str) -> Path:
    """Install the npm packages, few for the quick generators, and return node_modules."""
    quick = any(one.quick and one.package == package for one in GENERATORS.values())
    folder = BUILD / ("quick" if quick else "npm")
    source = SOURCES / "quick" if quick else SOURCES
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        if not (folder / name).exists() or (folder / name).read_bytes() != (source / name).read_bytes():
            shutil.copy(source / name, folder)
    install(folder)
    return folder / "node_modules"


def _python_program(name: str) -> Path:
    """Return a program of the Python packages, which are installed when first used."""
    folder, wanted = BUILD / "venv", (SOURCES / "requirements.txt").read_text()
    marker = folder / ".made-from"
    if not marker.exists() or marker.read_text() != wanted:
        print("installing tests/clients/generators/requirements.txt", file=sys.stderr)
        run(sys.executable, "-m", "venv", folder, folder=ROOT)
        run(folder / "bin/pip", "install", "-q", "-r", SOURCES / "requirements.txt", folder=ROOT)
        marker.write_text(wanted)
    return folder / "bin" / name


@contextmanager
def _service() -> Iterator[tuple[str, str]]:
    """Run the service with a database of its own; yield its URL and its secret."""
    secret = secrets.token_urlsafe(32)
    with TemporaryDirectory() as data:
        command = [sys.executable, "-P", "-m", "scripts.serve", "--port", "0", "--data", data]
        env = {**os.environ, "BETTER_AUTH_SECRET": secret, "PYTHONPATH": _import_path()}
        BUILD.mkdir(parents=True, exist_ok=True)
        log = BUILD / "service.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            assert process.stdout
            for line in process.stdout:
                if found := re.search(r"API +(http://\S+)", line):
                    yield found[1], secret
                    return
            raise ClientError(f"the service did not start:\n{log.read_text()}")
        finally:
            process.terminate()
            process.wait()


def _import_path() -> str:
    return os.pathsep.join([str(ROOT), str(ROOT / "specfirst/src")])


BEGIN, END = "<!-- scripts/generators begins -->", "<!-- scripts/generators ends -->"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the part of the page that the script writes."""
    header = ("client", "package, version", "generates", "types", "live", "body of a 404", "options")
    lines = [header, ("---",) * len(header)]
    for one in outcomes:
        named = f"{GENERATORS[one.name].package} {one.version}"
        lines.append(
            (one.name, named, one.generates, one.types, one.live, one.missing, one.options or "none")
        )
    rows = [f"| {' | '.join(line)} |" for line in lines]
    faults = [f"- {one.name}: {one.fault}." for one in outcomes if one.fault]
    return "\n".join([BEGIN, *rows, "", "Faults of generators:", "", *faults, END])


def _shown(outcome: Outcome) -> Outcome:
    state = "works" if not outcome.problems else "FAILS"
    print(f"{state}  {outcome.name:27} {outcome.version:9} {outcome.seconds:6.1f} s", flush=True)
    for problem in outcome.problems:
        print("    " + problem.replace("\n", "\n    ")[:4000], flush=True)
    return outcome


if __name__ == "__main__":
    main()
