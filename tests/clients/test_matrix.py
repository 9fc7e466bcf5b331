"""The packed client in the environments of front ends, each with its defaults."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from frontend import compile_files

from scripts.client import NODE, PACKAGE, install, run

README = (PACKAGE / "README.md").read_text(encoding="utf-8")
MATRIX = Path(__file__).resolve().parent / "matrix"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# --- Node, without other tools ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["module", "commonjs"])
def test_node_loads_every_entry(consumer: Path, kind: str) -> None:
    entries = [
        "@tasks-api/client",
        "@tasks-api/client/react",
        "@tasks-api/client/msw",
        "@tasks-api/client/zod",
    ]
    if kind == "module":
        lines = [f'import * as e{i} from "{name}";' for i, name in enumerate(entries)]
        lines += ['import { check } from "./check.cjs";']
    else:
        lines = [f'const e{i} = require("{name}");' for i, name in enumerate(entries)]
        lines += ['const { check } = require("./check.cjs");']
    lines += [
        "check(e0).then(console.log);",
        "console.log(typeof e1.useApiQuery, typeof e2.handlers, typeof e3.Limit.parse);",
    ]
    shutil.copy(MATRIX / "check.cjs", consumer)
    name = "loads.mjs" if kind == "module" else "loads.cjs"
    (consumer / name).write_text("\n".join(lines))
    assert run(NODE, name, folder=consumer).split() == ["function", "function", "function", "works"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("module", "resolution", "kind"),
    [
        ("esnext", "bundler", "module"),
        ("node16", "node16", "module"),
        ("node16", "node16", "commonjs"),
        ("nodenext", "nodenext", "module"),
        ("nodenext", "nodenext", "commonjs"),
    ],
)
@pytest.mark.parametrize("compiler", ["typescript", "typescript-oldest"])
def test_the_compiler_finds_the_types(
    consumer: Path, compiler: str, module: str, resolution: str, kind: str
) -> None:
    """With the newest compiler, and with the oldest one that the README promises."""
    folder = consumer / f"types-{compiler}-{module}-{kind}"
    folder.mkdir()
    (folder / "node_modules").symlink_to(consumer / "node_modules")
    config = json.loads((consumer / "tsconfig.json").read_text())
    # TypeScript 5.8 and later.
    del config["compilerOptions"]["erasableSyntaxOnly"]
    (folder / "tsconfig.json").write_text(json.dumps(config))
    (folder / "package.json").write_text(json.dumps({"type": kind}))
    (folder / "use.ts").write_text(
        'import { createTaskClient, type TaskResponse } from "@tasks-api/client";\n'
        'import { useApiQuery } from "@tasks-api/client/react";\n'
        'export const api = createTaskClient({ baseUrl: "/" });\n'
        "export const title = (task: TaskResponse): string => task.title;\n"
        'export const Title = () => useApiQuery("getTask", { user_id: "ada", task_id: 1 }).data?.title;\n'
        "// @ts-expect-error An id is a number.\n"
        'void api.getTask({ user_id: "ada", task_id: "1" });\n'
    )
    compile_files(folder, ["use.ts"], compiler, module=module, moduleResolution=resolution)


# --- The tools of front ends ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def front_end(consumer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with Vite, Vitest, Jest, Next and the client."""
    install(MATRIX)
    folder = tmp_path_factory.mktemp("front-end")
    # Next and Jest do not follow links out of the project.
    shutil.copytree(MATRIX / "node_modules", folder / "node_modules", symlinks=True)
    shutil.copytree(consumer / "node_modules" / "@tasks-api", folder / "node_modules" / "@tasks-api")
    # Next calls the compiler's functions, which version 7 does not have.
    for name, source in (("typescript", "typescript-oldest"), ("@types", "@types")):
        shutil.copytree(
            consumer / "node_modules" / source, folder / "node_modules" / name, dirs_exist_ok=True
        )
    shutil.copy(MATRIX / "check.cjs", folder)
    (folder / "package.json").write_text('{"private": true}')
    return folder


@pytest.mark.long
def test_jest_with_its_defaults(front_end: Path) -> None:
    write(
        front_end,
        client_dot_test_dot_js="""\
const client = require("@tasks-api/client");
require("@tasks-api/client/react");
const { check } = require("./check.cjs");
test("it works", async () => expect(await check(client)).toBe("works"));
""",
    )
    run(NODE, front_end / "node_modules" / "jest" / "bin" / "jest.js", "client.test.js", folder=front_end)


@pytest.mark.long
def test_vitest_with_its_defaults(front_end: Path) -> None:
    write(
        front_end,
        client_dot_spec_dot_ts="""\
import * as client from "@tasks-api/client";
import { useApiQuery } from "@tasks-api/client/react";
import { expect, test } from "vitest";
import { check } from "./check.cjs";
test("it works", async () => expect(await check(client)).toBe("works"));
test("hooks", () => expect(typeof useApiQuery).toBe("function"));
""",
    )
    run(NODE, front_end / "node_modules" / "vitest" / "vitest.mjs", "run", "client.spec.ts", folder=front_end)


PAGE = """\
import { createTaskClient } from "@tasks-api/client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { TaskClientProvider, useApiQuery } from "@tasks-api/client/react";
const api = createTaskClient({ baseUrl: "https://api.example.com" });
function Health() {
  return <p>{useApiQuery("getHealth", {}).data?.status ?? "waiting"}</p>;
}
export default function App() {
  return (
    <QueryClientProvider client={new QueryClient()}>
      <TaskClientProvider value={api}><Health /></TaskClientProvider>
    </QueryClientProvider>
  );
}
"""


@pytest.mark.long
def test_vite_builds(front_end: Path) -> None:
    write(
        front_end,
        vite__index_dot_html='<div id="root"></div><script type="module" src="/main.tsx"></script>',
        vite__App_dot_tsx=f'import React from "react";\n{PAGE}',
        vite__main_dot_tsx="""\
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import App from "./App";
createRoot(document.getElementById("root")!).render(createElement(App));
""",
    )
    vite = front_end / "node_modules" / "vite" / "bin" / "vite.js"
    printed = run(NODE, vite, "build", "vite", folder=front_end)
    assert "built in" in printed
    assert "warn" not in printed.lower()


@pytest.mark.long
def test_next_builds_and_renders(front_end: Path) -> None:
    """A server component calls the API, a client component has hooks, and that of the README compiles."""
    *_, component = re.findall(r"^```tsx\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert "export async function Count" in component
    write(
        front_end,
        tsconfig_dot_json='{"compilerOptions": {"skipLibCheck": true}, "include": ["app"]}',
        app__layout_dot_tsx="""\
export default function Layout({ children }: { children: React.ReactNode }) {
  return <html><body>{children}</body></html>;
}
""",
        app__page_dot_tsx="""\
import { createTaskClient } from "@tasks-api/client";
import App from "./app";
const answer = async () => new Response('{"status":"healthy","message":"on the server"}', {
  headers: { "Content-Type": "application/json" },
});
export default async function Page() {
  const api = createTaskClient({ baseUrl: "https://api.example.com", fetch: answer });
  const { message } = await api.getHealth();
  return <main>{message}<App /></main>;
}
""",
        app__app_dot_tsx=f'"use client";\n{PAGE}',
        app__count_dot_tsx=component,
        app__tasks__page_dot_tsx="""\
import { Count } from "../count";
export const dynamic = "force-dynamic";
export default function Page() {
  return <Count user_id="ada" token="token" />;
}
""",
    )
    command = front_end / "node_modules" / "next" / "dist" / "bin" / "next"
    run(NODE, command, "build", folder=front_end, env={"NEXT_TELEMETRY_DISABLED": "1"})
    page = (front_end / ".next" / "server" / "app" / "index.html").read_text(encoding="utf-8")
    assert "on the server" in page
    assert "waiting" in page
