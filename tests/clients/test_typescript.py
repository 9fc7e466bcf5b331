"""The TypeScript client: generation, package, types, and requests to a live server."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import tarfile
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
import yaml
from frontend import check_types, compile_files
from serving import Served

from scripts.client import NODE, PACKAGE, ROOT, TOOLS, install, main, npm, run

README = (PACKAGE / "README.md").read_text(encoding="utf-8")
CONTRACT = ROOT / "openapi.yaml"
FILES = ("types.ts", "page.ts", "calls.test.ts", "hooks.test.ts", "optional.test.ts")
ESBUILD = TOOLS / "node_modules" / "esbuild" / "bin" / "esbuild"


def changed_contract(folder: Path, old: str, new: str) -> Path:
    text, count = re.subn(old, new, CONTRACT.read_text(encoding="utf-8"), count=1)
    assert count
    path = folder / "openapi.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- Generation -------------------------------------------------------------------------------------------


def test_a_stale_client_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = changed_contract(tmp_path, r"enum: \[low, medium, high]", "enum: [low, high]")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["scripts/client", "--check", "--contract", str(contract)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert "clients/typescript/dist/schemas.d.ts differs" in said
    assert "run scripts/client" in said


def test_the_package_has_the_version_of_the_contract() -> None:
    version = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["info"]["version"]
    assert json.loads((PACKAGE / "package.json").read_text())["version"] == version


@pytest.mark.parametrize("folder", ["specfirst/typescript", "tests/clients/generators"])
def test_lock_files_have_hashes_and_no_registry(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(entry.keys() >= {"version", "integrity"} for entry in packages.values())
    assert "resolved" not in text
    assert not re.search(r"https?://[^\s\"]*registry", text)


def test_the_runtime_is_short() -> None:
    """What every client loads is below 300 lines of code; each optional part is below 100."""

    def lines(*modules: str) -> int:
        text = "\n".join((TOOLS / "src" / f"{name}.ts").read_text(encoding="utf-8") for name in modules)
        return len(re.findall(r"^\s*(?!//|\*|/\*)\S", text, re.MULTILINE))

    assert lines("client", "errors", "pages", "tokens", "wire") < 300
    assert all(lines(name) < 100 for name in ("forms", "streams", "queries", "hooks", "handlers"))


# --- The package ------------------------------------------------------------------------------------------


def test_publint_reports_no_problem(tools: Path, tarball: Path) -> None:
    output = run(NODE, tools / "publint" / "src" / "cli.js", tarball, "--strict", folder=TOOLS)
    assert "All good" in output


def test_every_module_resolution_finds_code_and_types(tools: Path, tarball: Path) -> None:
    attw = tools / "@arethetypeswrong" / "cli" / "dist" / "index.js"
    run(NODE, attw, tarball, "--profile", "node16", folder=TOOLS)


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ('export * from "@tasks-api/client";', 4096),
        ('export { createTaskClient } from "@tasks-api/client";', 4096),
        ('export * from "@tasks-api/client/react";', 5632),
        ('export { handlers } from "@tasks-api/client/msw";', 6144),
        ('export { TaskCreate } from "@tasks-api/client/zod";', 1024),
    ],
)
def test_each_import_is_small(tools: Path, consumer: Path, code: str, limit: int) -> None:
    (consumer / "entry.js").write_text(code)
    options = [
        "--bundle",
        "--minify",
        "--format=esm",
        "--external:react",
        "--external:@tanstack/*",
        "--external:msw",
        "--external:zod",
    ]
    bundle = run(ESBUILD, "entry.js", *options, folder=consumer)
    assert len(gzip.compress(bundle.encode())) < limit


def test_unused_code_is_removed_from_a_bundle(tools: Path, consumer: Path) -> None:
    entry = consumer / "unused.js"
    entry.write_text('import "@tasks-api/client";\nimport "@tasks-api/client/react";\n')
    bundle = run(ESBUILD, entry, "--bundle", "--format=esm", folder=consumer)
    assert "function" not in bundle


def test_the_running_service_offers_the_package(tarball: Path, served: Served) -> None:
    response = httpx.get(f"{served.url}/client.tgz")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/gzip")
    offered, packed = unpacked(response.content), unpacked(tarball.read_bytes())
    manifest = json.loads(offered["package/package.json"])
    assert manifest["name"] == "@tasks-api/client"
    assert all(offered[name] == text for name, text in packed.items() if name.startswith("package/dist/"))


@pytest.mark.long
def test_npm_installs_the_package_from_the_running_service(served: Served, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    # There is no other package, so npm needs no registry.
    npm("install", f"{served.url}/client.tgz", "--no-audit", "--no-fund", folder=tmp_path)
    code = 'import("@tasks-api/client").then((client) => console.log(typeof client.createTaskClient))'
    assert run(NODE, "-e", code, folder=tmp_path) == "function\n"


def unpacked(tarball: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


# --- Types ------------------------------------------------------------------------------------------------


def test_only_correct_calls_compile(consumer: Path) -> None:
    check_types(consumer, "@tasks-api/client", files=FILES)


@pytest.mark.long
def test_a_bundler_project_without_node_types_compiles(consumer: Path) -> None:
    compile_files(consumer, ["types.ts", "page.ts"], module="esnext", moduleResolution="bundler", types=[])


# --- Against the live server ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["calls.test.ts", "hooks.test.ts", "optional.test.ts"])
def test_the_client_works_with_the_live_server(
    consumer: Path, environment: dict[str, str], file: str
) -> None:
    run(NODE, "--test", "--test-reporter=spec", file, folder=consumer, env=environment)


# What Better Auth's server answers to its client. tests/better_auth has a real one.
LOGIN = dedent(
    """\
    import { createServer } from "node:http";
    import { API_URL, token } from "./people.ts";
    const id = crypto.randomUUID();
    const login = createServer(({ url }, response) => {
      const answer = url?.endsWith("/token") ? { token: token(id) } : { user: { id }, session: {} };
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
    });
    await new Promise<void>((listening) => login.listen(0, "127.0.0.1", listening));
    const LOGIN_URL = `http://127.0.0.1:${(login.address() as { port: number }).port}`;
    """
)


def test_the_examples_of_the_client_readme_run(consumer: Path, environment: dict[str, str]) -> None:
    """All of them compile, with the types of Better Auth, and those without React run."""
    examples = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert {language for language, _ in examples} == {"sh", "ts", "tsx"}
    login, installed = ROOT / "examples" / "better-auth", consumer / "node_modules"
    install(login)
    for package in (login / "node_modules").glob("[!.]*"):
        if not (installed / package.name).exists():
            (installed / package.name).symlink_to(package)
    plain = "".join(code for language, code in examples if language == "ts")
    for url, variable in (("https://api.example.com", "API_URL"), ("https://login.example.com", "LOGIN_URL")):
        assert f'"{url}"' in plain
        plain = plain.replace(f'"{url}"', variable)
    (consumer / "readme.ts").write_text(f"{LOGIN}{plain}login.close();\n", encoding="utf-8")
    with_react = [code for language, code in examples if language == "tsx"]
    (consumer / "readme-next.tsx").write_text(with_react.pop(), encoding="utf-8")
    declared = 'declare const api: import("@tasks-api/client").TaskClient;\ndeclare const user_id: string;\n'
    (consumer / "readme-react.tsx").write_text(declared + "".join(with_react), encoding="utf-8")
    compile_files(consumer, ["readme.ts", "readme-react.tsx", "readme-next.tsx"], preserveSymlinks=True)
    printed = run(NODE, "--preserve-symlinks", "readme.ts", folder=consumer, env=environment)
    assert "true 0" in printed
    assert "body.color" in printed
    assert "/api/" in printed
    assert "false title" in printed
