"""The distribution specfirst: built, installed into a fresh environment, and used in an empty folder."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from copies import apply, blocks
from packaging.requirements import Requirement
from serving import CLEAN, ROOT, Served, serving
from specfirst.cli.config import Config, check, command_settings
from specfirst.cli.init import copy
from specfirst.cli.main import COMMANDS, main
from specfirst.cli.reference import commands_page
from specfirst.runtime.error_formats import detail_body, problem_body
from specfirst.runtime.errors import Invalid, ValidationErrorItem

SOURCES = ROOT / "specfirst" / "src" / "specfirst"
DISTRIBUTION = tomllib.loads((ROOT / "specfirst/pyproject.toml").read_text(encoding="utf-8"))["project"]
CONTRACTS = ROOT / "tests/specfirst/contracts"
DOCS = ROOT / "docs/specfirst"


@dataclass
class Installed:
    """An environment with the built wheel, and a folder to work in."""

    wheel: Path
    environment: Path
    folder: Path

    def run(self, command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command as a shell with the active environment does, in the folder or below it."""
        env = CLEAN | {"PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}"}
        # What mypy and ruff know is shared, so that each run takes a second.
        env |= {"MYPY_CACHE_DIR": str(self.folder / ".mypy_cache"), "RUFF_NO_CACHE": "true"}
        return subprocess.run(
            ["sh", "-c", command], cwd=cwd or self.folder, env=env, capture_output=True, text=True
        )

    def succeed(self, command: str, cwd: Path | None = None) -> str:
        done = self.run(command, cwd)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone is installed; what it requires comes from the environment of the tests."""
    root = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root)]
    subprocess.run(build, cwd=ROOT / "specfirst", check=True, capture_output=True)
    (wheel,) = root.glob("*.whl")
    environment = root / "environment"
    venv.create(environment)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin/python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = environment.glob("lib/*/site-packages")
    # The .pth file of the project in that folder has no effect here, so this specfirst is the wheel's.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    for name in ("mypy", "pytest"):
        # As if pip had installed them here. ruff is not a script of Python.
        script, run = environment / "bin" / name, f"run_module('{name}', run_name='__main__')"
        script.write_text(f"#!{environment / 'bin/python'}\nfrom runpy import run_module\n{run}\n")
        script.chmod(0o755)
    (environment / "bin/ruff").symlink_to(Path(sysconfig.get_path("scripts")) / "ruff")
    (root / "work").mkdir()
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", root / "work" / ".mypy_cache")
    return Installed(wheel, environment, root / "work")


@pytest.fixture(scope="module")
def project(installed: Installed) -> Path:
    """A project that `specfirst init` made in an empty folder."""
    printed = installed.succeed("specfirst init notes")
    assert "wrote notes/impl/notes.py\n" in printed
    assert re.search(r"notes is ready, .* s\. Next: cd notes && specfirst serve\n$", printed)
    return installed.folder / "notes"


def test_the_wheel_has_every_file_of_the_package(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        packed = {name.removeprefix("specfirst/") for name in wheel.namelist() if ".dist-info/" not in name}
    files = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*") if path.is_file()}
    assert packed == {name for name in files if not re.search("__pycache__|[.]ruff_cache", name)}
    assert {"py.typed", "codegen/templates/routers/operations.jinja2", "cli/project/openapi.yaml"} <= packed


def test_the_installed_package_is_the_one_of_the_wheel(installed: Installed) -> None:
    place = installed.succeed("python -c 'import specfirst; print(specfirst.__file__)'").strip()
    assert Path(place).is_relative_to(installed.environment)
    assert installed.succeed("specfirst --version") == f"specfirst {DISTRIBUTION_VERSION}\n"


DISTRIBUTION_VERSION = re.findall('__version__ = "(.+)"', (SOURCES / "__init__.py").read_text())[0]


def required(*extras: str) -> dict[str, Requirement]:
    """Return what the distribution requires with these extras, and with the extras that they name."""
    lines = DISTRIBUTION["dependencies"] if not extras else []
    lines = [*lines, *(line for extra in extras for line in DISTRIBUTION["optional-dependencies"][extra])]
    found = {requirement.name: requirement for requirement in map(Requirement, lines)}
    own = found.pop("specfirst", None)
    return found | (required(*own.extras) if own else {})


def imported(*rooms: str) -> dict[str, set[str]]:
    """Return the top-level modules that the modules of these rooms import, wherever in them."""
    found: dict[str, set[str]] = {}
    for room in rooms:
        for path in (SOURCES / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    found.setdefault(name.partition(".")[0], set()).add(str(path.relative_to(SOURCES)))
    own = {*sys.stdlib_module_names, "specfirst"}
    return {name: paths for name, paths in found.items() if name not in own}


def test_the_runtime_imports_nothing_but_the_required_packages() -> None:
    core = {name.replace("-", "_") for name in required()}
    others = {name: paths for name, paths in imported("runtime").items() if name not in core}
    # pydantic_core is a part of pydantic. OpenTelemetry is there where FastAPI has a span.
    assert others.pop("pydantic_core")
    assert others.pop("opentelemetry") == {"runtime/observation.py"}
    # No server, but a command of the extra `serve`.
    assert others == {"httpx": {"runtime/validating_proxy.py"}}


def test_a_server_loads_no_package_of_codegen_or_fuzz(installed: Installed, project: Path) -> None:
    code = "import sys, app; app.create_app(); print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = {*installed.succeed(f"python -c {shlex.quote(code)}", project).split()}
    assert {"fastapi", "specfirst", "jsonschema_rs"} <= loaded
    assert not loaded & {
        "yaml",
        "fastapi_code_generator",
        "datamodel_code_generator",
        "schemathesis",
        "jinja2",
    }


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_the_locked_packages_satisfy_what_the_distribution_requires(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z][\w.-]*)==([^\s;]+)", text, re.MULTILINE))
    assert "specfirst" not in locked
    optional = required("serve" if lock == "requirements.txt" else "all")
    assert len(optional) > 2
    for name, requirement in (required() | optional).items():
        assert requirement.specifier.contains(locked[name]), requirement


def test_all_extras_are_in_all_and_commands_name_them() -> None:
    optional = DISTRIBUTION["optional-dependencies"]
    (everything,) = map(Requirement, optional["all"])
    assert everything.extras == {*optional} - {"all"}
    named = [import_module(f"specfirst.cli.{name}").EXTRA.split(",") for name in COMMANDS]
    assert {extra for extras in named for extra in extras} <= {*optional}


def test_the_page_of_commands_is_current() -> None:
    """Written by `python -m specfirst.cli.reference > docs/specfirst/commands.md`."""
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == commands_page()


def test_every_page_is_reached_from_the_index_and_every_link_leads_to_a_file() -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    links = {name: re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text) for name, text in pages.items()}
    missing = [(name, link) for name, found in links.items() for link in found if not (DOCS / link).exists()]
    assert missing == []
    assert {*pages} - {"index.md"} <= {*links["index.md"]}


def test_a_method_of_the_skeleton_has_the_types_of_the_contract(project: Path) -> None:
    module = (project / "impl/notes.py").read_text(encoding="utf-8")
    assert "    async def create_note(self, *, body: NoteCreate) -> CreateNote201:\n" in module


def test_init_overwrites_nothing(installed: Installed, project: Path) -> None:
    def state() -> dict[Path, bytes]:
        files = [path for path in project.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {path: path.read_bytes() for path in files}

    before = state()
    done = installed.run("specfirst init notes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("specfirst init: notes already has .github/workflows/ci.yml, .pre-commit")
    assert done.stderr.endswith("nothing was written. Choose another folder, or move these away\n")
    assert state() == before


def test_init_leaves_no_file_if_one_cannot_be_written(tmp_path: Path) -> None:
    made, target = tmp_path / "made", tmp_path / "target"
    for name in ("app.py", "impl/notes.py", "tests/test_app.py"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("ours")
    target.mkdir()
    # Where a folder is needed.
    (target / "tests").write_text("mine")
    with pytest.raises(FileExistsError):
        copy(made, target, kept=())
    assert [*target.rglob("*")] == [target / "tests"]


@pytest.mark.long
def test_init_with_a_contract_in_its_folder_keeps_it_and_the_readme(installed: Installed) -> None:
    """The contract has security schemes, and errors in the format of RFC 9457."""
    folder = installed.folder / "shop"
    folder.mkdir()
    (folder / "README.md").write_text("mine")
    contract = (CONTRACTS / "bookshop.yaml").read_bytes()
    (folder / "openapi.yaml").write_bytes(contract)
    printed = installed.succeed("specfirst init --contract openapi.yaml .", folder)
    assert not {"wrote README.md", "wrote openapi.yaml"} & {*printed.splitlines()}
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "openapi.yaml").read_bytes() == contract
    assert (folder / "impl/orders.py").is_file()
    # One function may return a caller, and another one Granted.
    written = (folder / "authentication.py").read_text(encoding="utf-8")
    granted = written.replace(") -> Caller:", ") -> Granted[Caller]:", 1)
    granted = granted.replace("Caller(credential)", "Granted(Caller(credential), frozenset(scopes))", 1)
    granted = granted.replace("import Authenticate", "import Authenticate, Granted")
    (folder / "authentication.py").write_text(granted, encoding="utf-8")
    installed.succeed("ruff check && ruff format --check && mypy", folder)
    assert " passed" in installed.succeed("pytest -q -W ignore", folder)


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        (None, 2, "none.yaml: the file cannot be read"),
        ("swagger: '2.0'\n", 1, "swagger"),
        ("{", 2, "none.yaml:"),
        ("just text", 2, "the document is not a mapping"),
    ],
)
def test_init_with_an_unusable_contract_writes_nothing(
    text: str | None,
    status: int,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "none.yaml").write_text(text)
    assert main(["init", "--contract", "none.yaml", "new"]) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert problem in told.err
    assert not (tmp_path / "new").exists()


def test_a_contract_of_several_files_becomes_one(installed: Installed, tmp_path: Path) -> None:
    """In a folder whose README is kept."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "things").mkdir()
    (tmp_path / "things/README.md").write_text("mine")
    (tmp_path / "parts/thing.yaml").write_text("Thing: {type: object, properties: {name: {type: string}}}\n")
    reference = "{$ref: './parts/thing.yaml#/Thing'}"
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Things, version: '1'}\n"
        "paths: {/things: {get: {operationId: getThing, tags: [things], responses: {'200': "
        f"{{description: d, content: {{application/json: {{schema: {reference}}}}}}}}}}}}}}}\n"
    )
    installed.succeed("specfirst init --contract api.yaml things", tmp_path)
    assert 'contract = "api.json"' in (tmp_path / "things/pyproject.toml").read_text(encoding="utf-8")
    # No other command needs its name.
    told = installed.run("specfirst coverage", tmp_path / "things").stderr
    assert installed.run("specfirst lint", tmp_path / "things").returncode == 0
    assert "has no observations of api.json" in told
    combined = (tmp_path / "things/api.json").read_bytes()
    assert b"parts/" not in combined
    assert (tmp_path / "things/generated/openapi.yaml").read_bytes() == combined
    manifest = json.loads((tmp_path / "things/generated/manifest.json").read_bytes())
    assert manifest["contract"] == "api.json"
    assert (tmp_path / "things/README.md").read_text() == "mine"


def test_an_extra_that_is_not_installed_is_named(installed: Installed, tmp_path: Path) -> None:
    """As if only `pip install specfirst` had been run."""
    (tmp_path / "yaml.py").write_text("raise ModuleNotFoundError(name='yaml')")
    done = installed.run(f"PYTHONPATH={shlex.quote(str(tmp_path))} specfirst generate openapi.yaml", tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "specfirst generate: the module yaml is not installed; install specfirst with its extra: "
        "pip install 'specfirst[codegen]'\n"
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('[generate]\nconract = "a"', "unknown setting generate.conract; did you mean generate.contract?"),
        ('[genrate]\ncontract = "a"', "unknown setting genrate; did you mean generate?"),
        ("[generate]\ncontract = 1", 'the setting generate.contract is invalid: 1 is not of type "string"'),
        ('[generate]\ncaller = "Caller"', "the setting generate.caller is invalid: "),
        ("[generate", "specfirst.toml cannot be read: "),
    ],
)
def test_a_broken_configuration_is_named_with_its_file(
    settings: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specfirst.toml").write_text(settings)
    assert main(["generate"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert problem in told.err
    assert told.err.startswith("specfirst generate: specfirst.toml")
    assert told.err.count("\n") == 1


GUIDE = (DOCS / "ten-minutes.md").read_text(encoding="utf-8")


def test_the_guide_of_ten_minutes_is_true(installed: Installed, project: Path) -> None:
    """Each block is executed as it stands, except the installation; the port is a free one."""
    server: Served | None = None
    printed = ""
    with ExitStack() as stack:
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
            if language == "console" or code == "specfirst init notes\n":
                # The fixtures have done both.
                continue
            if "specfirst serve" in code:
                if server:
                    server.stop()
                command = f"{installed.environment / 'bin/specfirst'}\0serve"
                server = stack.enter_context(serving("--port", "0", command=command, folder=project))
            elif language == "sh":
                url = server.url if server else ""
                printed = installed.succeed(code.replace("http://127.0.0.1:8000", url), project)
            elif language == "json":
                assert documents(printed) == documents(code)
            elif language == "text":
                assert code in printed
            elif language == "diff":
                apply(code, project)
            else:
                assert language == "python"
                first, _, text = code.partition("\n")
                (project / first.removeprefix("# ")).write_text(text, encoding="utf-8")
    assert "async def delete_note(" in (project / "impl/notes.py").read_text(encoding="utf-8")


def test_the_commands_of_ci_files_and_hooks_run(installed: Installed, project: Path) -> None:
    """Those of specfirst; the guide runs the others."""
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    local = yaml.safe_load((project / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    published = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    snippets = [*map(yaml.safe_load, blocks((DOCS / "ci.md").read_text(encoding="utf-8"), "yaml"))]
    (gitlab,) = (snippet["contract"]["script"] for snippet in snippets if "contract" in snippet)
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert {"pip install --group dev", "ruff check", "ruff format --check", "mypy", "pytest"} <= {*steps}
    hooks = [*local["repos"][0]["hooks"], *published]
    assert {hook["id"] for hook in hooks} == {"specfirst-lint", "specfirst-generate"}
    for hook in hooks:
        assert hook["language"] == "system"
        assert re.search(hook["files"], "openapi.yaml")
    entries = [hook["entry"] for hook in hooks]
    for command in dict.fromkeys(
        line for line in [*steps, *gitlab, *entries] if line.startswith("specfirst")
    ):
        if not command.startswith("specfirst diff") and command not in GUIDE:
            installed.succeed(command, project)


def test_the_github_action_passes_arguments_and_the_status(installed: Installed, tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    install, run = action["runs"]["steps"]
    assert "$GITHUB_ACTION_PATH/specfirst[$EXTRAS]" in install["run"]
    assert {*run["env"].values()} == {"${{ inputs.command }}", "${{ inputs.arguments }}"}
    (tmp_path / "specfirst").symlink_to(installed.environment)
    (tmp_path / "a contract.yaml").write_text("openapi: 3.1.0\npaths: {}\n")
    for arguments, status in (("--version", 0), ("'a contract.yaml' --format github", 1), ("none.yaml", 2)):
        env = {"RUNNER_TEMP": str(tmp_path), "COMMAND": "lint", "ARGUMENTS": arguments}
        if arguments == "--version":
            env |= {"COMMAND": arguments, "ARGUMENTS": ""}
        command = ["bash", "-c", run["run"]]
        done = subprocess.run(command, cwd=tmp_path, env=CLEAN | env, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        assert status != 1 or "::error file=a contract.yaml" in done.stdout


def test_the_page_of_errors_shows_what_the_engine_sends() -> None:
    shown = [*map(json.loads, blocks((DOCS / "errors.md").read_text(encoding="utf-8"), "json"))]
    message = "The value is shorter than 1 character"
    error = Invalid([ValidationErrorItem(("body", "text"), message, "minLength")])
    sent = [json.loads(json.dumps(body(error))) for body in (detail_body, problem_body)]
    # Python 3.13 knows 422 by its newer name.
    sent[1]["title"] = "Unprocessable Entity"
    assert shown == sent


def test_the_page_of_the_configuration_shows_valid_settings(tmp_path: Path) -> None:
    blocks_of_page = blocks((DOCS / "configuration.md").read_text(encoding="utf-8"), "toml")
    assert len(blocks_of_page) == 3
    for text in blocks_of_page:
        settings = tomllib.loads(text)
        check(Config(settings.get("tool", {}).get("specfirst", settings)), command_settings())


def documents(text: str) -> list[object]:
    """Return the JSON values that follow each other in a text."""
    found, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found
