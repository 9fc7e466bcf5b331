"""The TypeScript client: generation, package, types, and requests to a live server."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from scripts.client import NODE, PACKAGE, ROOT, ClientError, derive, run

README = (PACKAGE / "README.md").read_text(encoding="utf-8")
CONTRACT = ROOT / "openapi.yaml"


def scripts_client(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.client", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def changed_contract(folder: Path, old: str, new: str) -> Path:
    text, count = re.subn(old, new, CONTRACT.read_text(encoding="utf-8"), count=1)
    assert count
    path = folder / "openapi.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- Generation -------------------------------------------------------------------------------------------


def test_a_stale_client_fails_the_check(tools: Path, tmp_path: Path) -> None:
    contract = changed_contract(tmp_path, r"enum: \[low, medium, high]", "enum: [low, high]")
    done = scripts_client("--check", "--contract", contract)
    assert done.returncode == 1
    assert "clients/typescript/src/schema.ts differs\n" in done.stderr
    assert "run scripts/client" in done.stderr


def test_a_contract_version_becomes_the_package_version(tools: Path, tmp_path: Path) -> None:
    files = derive(changed_contract(tmp_path, r"(?m)^  version: .*$", "  version: 9.9.9"))
    assert json.loads(files["package.json"])["version"] == "9.9.9"
    assert json.loads(files["package-lock.json"])["packages"][""]["version"] == "9.9.9"


def test_an_unsupported_parameter_is_named_with_its_line(tools: Path, tmp_path: Path) -> None:
    contract = changed_contract(tmp_path, r"name: completed\n +in: query", "name: X\n          in: cookie")
    with pytest.raises(
        ClientError, match=r"yaml:\d+:\d+: the client cannot express the cookie parameter 'X'"
    ):
        derive(contract)


LABELS = """\
- name: labels
          in: query
          description: Labels.
          explode: false
          schema: {type: array, items: {$ref: '#/components/schemas/TaskTitle'}}
        - name: colors
          in: query
          description: Colours.
          schema: {type: array, items: {$ref: '#/components/schemas/TaskTitle'}}
        - name: completed
"""


def test_arrays_are_serialized_as_the_contract_declares(tools: Path, tmp_path: Path) -> None:
    """With `explode: false`, one value with commas: encoded first and then joined (RFC 6570, 3.2.8)."""
    contract = changed_contract(tmp_path, r"- name: completed\n", LABELS)
    source = tmp_path / "src"
    shutil.copytree(PACKAGE / "src", source)
    for name, text in derive(contract).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(tools)
    (source / "call.ts").write_text(
        dedent(
            """\
            import { createTaskClient } from "./client.js";
            const json = { headers: { "Content-Type": "application/json" } };
            const fetch = async ({ url }: Request) => {
              console.log(new URL(url).search);
              return new Response("{}", json);
            };
            const api = createTaskClient({ baseUrl: "http://api.test", fetch });
            const find = (query: object) => api.listTasks({ user_id: "ada", ...query });
            await find({ labels: ["a,b", "c"] });
            await find({ labels: ["a b&c=d", "é", ""] });
            await find({ labels: [], colors: [] });
            await find({ colors: ["a,b", "c"], limit: 5, completed: false, cursor: undefined });
            const params = { path: { user_id: "ada" }, query: { labels: ["a,b", "c"] } };
            await api.http.GET("/api/{user_id}/tasks", { params });
            """
        )
    )
    options = ("--bundle", "--format=esm", "--platform=node", f"--outfile={tmp_path / 'call.mjs'}")
    run(tools / "esbuild" / "bin" / "esbuild", source / "call.ts", *options, folder=tmp_path)
    assert run(NODE, tmp_path / "call.mjs", folder=tmp_path).splitlines() == [
        "?labels=a%2Cb,c",
        "?labels=a%20b%26c%3Dd,%C3%A9,",
        "",
        "?colors=a%2Cb&colors=c&limit=5&completed=false",
        "?labels=a%2Cb,c",
    ]


def test_an_inconsistent_parameter_is_named_with_its_line(tools: Path, tmp_path: Path) -> None:
    text = CONTRACT.read_text(encoding="utf-8")
    first, second = ("/tasks:", "/categories:")
    for path, form in ((first, LABELS), (second, LABELS.replace("explode: false", "explode: true"))):
        head, tail = text.split(f"  /api/{{user_id}}{path}\n", 1)
        tail = tail.replace(
            "      parameters:\n        - ",
            f"      parameters:\n        {form.rsplit('- name: completed', 1)[0]}- ",
            1,
        )
        text = f"{head}  /api/{{user_id}}{path}\n{tail}"
    (tmp_path / "openapi.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(
        ClientError, match=r"yaml:\d+:\d+: the query parameter 'labels' has `explode: false` in one"
    ):
        derive(tmp_path / "openapi.yaml")


def test_the_package_has_the_version_of_the_contract() -> None:
    version = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["info"]["version"]
    assert json.loads((PACKAGE / "package.json").read_text())["version"] == version


@pytest.mark.parametrize("folder", ["clients/typescript", "tests/clients/generators"])
def test_lock_files_have_hashes_and_no_registry(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(entry.keys() >= {"version", "integrity"} for entry in packages.values())
    assert "resolved" not in text
    assert not re.search(r"https?://[^\s\"]*registry", text)


# --- The package ------------------------------------------------------------------------------------------


def test_publint_reports_no_problem(tools: Path, tarball: Path) -> None:
    output = run(NODE, tools / "publint" / "src" / "cli.js", tarball, "--strict", folder=PACKAGE)
    assert "All good" in output


def test_every_module_resolution_finds_code_and_types(tools: Path, tarball: Path) -> None:
    attw = tools / "@arethetypeswrong" / "cli" / "dist" / "index.js"
    run(NODE, attw, tarball, "--profile", "esm-only", folder=PACKAGE)


def test_the_client_is_below_4_kilobytes_with_dependencies(tools: Path, consumer: Path) -> None:
    entry = consumer / "entry.js"
    entry.write_text('export * from "@tasks-api/client";\n')
    esbuild = tools / "esbuild" / "bin" / "esbuild"
    run(esbuild, entry, "--bundle", "--minify", "--format=esm", "--outfile=bundle.js", folder=consumer)
    assert len(gzip.compress((consumer / "bundle.js").read_bytes())) < 4096


def test_unused_code_is_removed_from_a_bundle(tools: Path, consumer: Path) -> None:
    entry = consumer / "unused.js"
    entry.write_text('import "@tasks-api/client";\nimport "@tasks-api/client/react";\n')
    bundle = run(tools / "esbuild" / "bin" / "esbuild", entry, "--bundle", "--format=esm", folder=consumer)
    assert "function" not in bundle


# --- Types ------------------------------------------------------------------------------------------------


def compile_project(folder: Path, project: str = "tsconfig.json") -> None:
    run(NODE, folder / "node_modules" / "typescript" / "bin" / "tsc", "--project", project, folder=folder)


def compile_files(consumer: Path, files: list[str], **options: object) -> None:
    """Compile as most front ends do: without checks of the declarations of installed packages."""
    options["skipLibCheck"] = True
    project = {"extends": "./tsconfig.json", "files": files, "compilerOptions": options}
    (consumer / "tsconfig.some.json").write_text(json.dumps(project), encoding="utf-8")
    compile_project(consumer, "tsconfig.some.json")


def test_only_correct_calls_compile(consumer: Path) -> None:
    # This also checks the package's own declarations.
    compile_project(consumer)


def test_a_bundler_project_without_node_types_compiles(consumer: Path) -> None:
    compile_files(consumer, ["types.ts", "page.ts"], module="esnext", moduleResolution="bundler", types=[])


# --- Against the live server ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["calls.test.ts", "hooks.test.ts"])
def test_the_client_works_with_the_live_server(
    consumer: Path, environment: dict[str, str], file: str
) -> None:
    run(NODE, "--test", "--test-reporter=spec", file, folder=consumer, env=environment)


def test_the_examples_of_the_client_readme_run(consumer: Path, environment: dict[str, str]) -> None:
    examples = re.findall(r"^```(tsx?)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(examples) > 5
    # The examples expect Better Auth's client and a logged-in user.
    prelude = dedent(
        """\
        import { API_URL, newUser, token } from "./people.ts";
        const { user_id } = newUser();
        const authClient = { token: async () => ({ data: { token: token(user_id) } }) };
        """
    )
    plain = "".join(code for language, code in examples if language == "ts")
    code = prelude + plain.replace('"https://api.example.com"', "API_URL")
    (consumer / "readme.ts").write_text(code, encoding="utf-8")
    with_react = "".join(code for language, code in examples if language == "tsx")
    declared = 'declare const api: import("@tasks-api/client").TaskClient;\ndeclare const user_id: string;\n'
    (consumer / "readme-react.tsx").write_text(declared + with_react, encoding="utf-8")
    compile_files(consumer, ["readme.ts", "readme-react.tsx"])
    printed = run(NODE, "readme.ts", folder=consumer, env=environment)
    assert "true 0" in printed
    assert "body.color" in printed
    assert "/api/" in printed
