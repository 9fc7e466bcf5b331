"""docs/specfirst/engine.md is executed: its contract, its command and its main.py make a service."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from contracts import PROJECT

CHECK = """
import asyncio, json
import httpx
from main import create_app

async def main():
    app = create_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://one") as client:
        key = {"X-Key": "k1"}
        for path, headers in [("Bob?loud=true", key), ("nobody", key), ("Bob", {}), ("B" * 21, key)]:
            response = await client.get(f"/greetings/{path}", headers=headers)
            print(json.dumps([response.status_code, response.headers["content-type"], response.json()]))

asyncio.run(main())
"""


def test_thirty_lines_are_a_service(tmp_path: Path) -> None:
    page = (PROJECT / "docs/specfirst/engine.md").read_text()
    blocks = dict(re.findall(r"^```(yaml|python)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "greetings.yaml").write_text(blocks["yaml"])
    (tmp_path / "main.py").write_text(blocks["python"])
    assert len([line for line in blocks["python"].splitlines() if line]) <= 30
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT / "specfirst/src")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "specfirst generate greetings.yaml --output generated" in page
    run("-m", "specfirst", "generate", "greetings.yaml", "--output", "generated")
    responses = [json.loads(line) for line in run("-c", CHECK).splitlines()]
    assert [(status, media_type) for status, media_type, _ in responses] == [
        (200, "application/json"),
        *((status, "application/problem+json") for status in (404, 401, 422)),
    ]
    assert responses[0][2] == {"text": "HELLO BOB, FROM ADA"}
    assert responses[1][2]["detail"] == "Ada knows nobody"
