"""Clients that other generators make from the contract compile and work."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from impl.identity.tokens import mint_token
from scripts.client import NODE, ROOT, install, run

# The client of this project (test_typescript.py) is tested each time.
pytestmark = pytest.mark.long

GENERATORS = Path(__file__).resolve().parent / "generators"

COMMANDS = {
    "hey-api": "@hey-api/openapi-ts/bin/run.js",
    "orval": "orval/dist/bin/orval.mjs",
}


@pytest.fixture(scope="session")
def generators() -> Path:
    """The generators; fails with npm's output if they cannot be installed."""
    install(GENERATORS)
    return GENERATORS / "node_modules"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_generated_client_compiles_and_works(
    generators: Path, tools: Path, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    for path in (ROOT / "openapi.yaml", GENERATORS / "tsconfig.json", GENERATORS / "settings.d.ts"):
        shutil.copy(path, tmp_path)
    shutil.copytree(GENERATORS / name, tmp_path, dirs_exist_ok=True)
    (tmp_path / "node_modules").symlink_to(generators)
    run(NODE, generators / COMMANDS[name], folder=tmp_path)
    run(NODE, generators / "typescript" / "bin" / "tsc", "--project", ".", folder=tmp_path)

    # An id that must be encoded in a path.
    user_id = f"auth0|{uuid4().hex}"
    token = mint_token(environment["BETTER_AUTH_SECRET"], user_id, timedelta(hours=1))
    values = {"API_URL": environment["API_URL"], "USER_ID": user_id, "TOKEN": token}
    bundle = [f"--define:{name}={json.dumps(value)}" for name, value in values.items()]
    bundle += ["--bundle", "--format=esm", "--outfile=consumer.mjs"]
    run(tools / "esbuild" / "bin" / "esbuild", "consumer.ts", *bundle, folder=tmp_path)
    assert json.loads(run(NODE, "consumer.mjs", folder=tmp_path)) == {
        "status": "healthy",
        "due": None,
        "titles": ["One"],
        "cursor": None,
        "detail": "Task not found",
        "places": ["query.limit"],
    }
