"""What front ends have: a compiler, and a web server that serves a page and receives its results."""

from __future__ import annotations

import json
import queue
import shutil
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

from scripts.client import COMPILER_ENVIRONMENT, NODE, run

_PAGE = b'<!doctype html><title>A front end</title><script type="module" src="/page.js"></script>'


class Frontend(ThreadingHTTPServer):
    """Listens on two origins, one of which the API allows."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = b""
        self.report: queue.Queue[dict[str, Any]] = queue.Queue()
        self.origin = f"http://localhost:{self.server_port}"
        self.foreign_origin = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    @property
    def _frontend(self) -> Frontend:
        assert isinstance(self.server, Frontend)
        return self.server

    def do_GET(self) -> None:
        is_script = self.path == "/page.js"
        content = self._frontend.script if is_script else _PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._frontend.report.put(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def compile_files(project: Path, files: list[str], compiler: str = "typescript", **options: object) -> None:
    """Compile as most front ends do: without checks of the declarations of installed packages."""
    options["skipLibCheck"] = True
    config = {"extends": "./tsconfig.json", "include": files, "compilerOptions": options}
    (project / "tsconfig.some.json").write_text(json.dumps(config), encoding="utf-8")
    tsc = project / "node_modules" / compiler / "bin" / "tsc"
    run(NODE, tsc, "--project", "tsconfig.some.json", folder=project, env=COMPILER_ENVIRONMENT)


def check_types(project: Path, *packages: str, files: Sequence[str] = ()) -> None:
    """Compile files and the declarations of packages, but not those of other packages, which takes long."""
    checked = []
    for package in packages:
        folder = project / f"declarations-of-{package.rpartition('/')[2]}"
        folder.mkdir()
        for path in (project / "node_modules" / package / "dist").glob("*.d.ts"):
            # In a .ts file, declarations are checked in spite of skipLibCheck.
            shutil.copy(path, folder / path.name.replace(".d.ts", ".ts"))
        checked.append(folder.name)
    compile_files(project, [*files, *checked])
