"""The web server of a front end: it serves a page with a script, and receives the script's results."""

from __future__ import annotations

import json
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

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
