"""PgBouncer in transaction mode between the servers of the tests and their PostgreSQL.

With PGBOUNCER=0 in the environment it does not support prepared statements, as before version 1.21. Another
number is the maximum of prepared statements per connection.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from benchmarks.debian import program
from devtools.embedded_postgres import EmbeddedPostgres

PACKAGES = ("pgbouncer", "libevent-2.1-7", "libevent-2.1-7t64", "libcares2", "libc-ares2")
ROOT = Path(__file__).resolve().parents[1]
PREPARED = os.environ.get("PGBOUNCER")

# The port of PgBouncer, if the servers of this session connect through it.
_in_between: list[int] = []

# server_round_robin: each statement goes to the least recently used server connection, rarely the same one
# twice.
CONFIGURATION = """
[databases]
* = host={host} port={port} user=postgres
[pgbouncer]
auth_type = any
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 5
server_round_robin = 1
server_login_retry = 0
max_client_conn = 500
"""


class PgBouncer:
    """The PgBouncer program: installed, or from the Debian package; without either, the tests are skipped."""

    def __init__(self) -> None:
        self._program = program("pgbouncer", PACKAGES, ROOT / "build" / "tools" / "pgbouncer")
        self.version = (0, 0)
        if self._program:
            command, environment = self._program
            output = subprocess.run(
                [command, "--version"], env=environment, capture_output=True, text=True
            ).stdout
            if found := re.search(r"PgBouncer (\d+)\.(\d+)", output):
                self.version = int(found[1]), int(found[2])

    @contextmanager
    def to(self, postgres: EmbeddedPostgres, folder: Path, prepared: int = 0) -> Iterator[int]:
        """Start PgBouncer before this PostgreSQL, and yield its port."""
        address = make_url(postgres.url).query
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port: int = unused.getsockname()[1]
        configuration = CONFIGURATION.format(**address, listen_port=port)
        if self.version >= (1, 21):
            configuration += f"max_prepared_statements = {prepared}\n"
        (folder / "pgbouncer.ini").write_text(configuration)
        assert self._program
        command, environment = self._program
        # Like PostgreSQL, PgBouncer does not run as root.
        command = [*postgres._unprivileged(), command, str(folder / "pgbouncer.ini")]
        with (folder / "pgbouncer.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionError:
                    assert process.poll() is None, (folder / "pgbouncer.log").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            yield port
        finally:
            process.kill()
            process.wait()


@contextmanager
def in_between(postgres: EmbeddedPostgres, folder: Path) -> Iterator[None]:
    """Start PgBouncer before this PostgreSQL if PGBOUNCER is set in the environment."""
    if PREPARED is None:
        yield
        return
    with PgBouncer().to(postgres, folder, int(PREPARED)) as port:
        _in_between.append(port)
        yield
        _in_between.remove(port)


def served(database_url: str) -> str:
    """Return the URL with which a server connects to this database."""
    url = make_url(database_url)
    for port in _in_between:
        url = url.set(host="127.0.0.1", port=port, query={"pgbouncer": "true"})
    return url.render_as_string(hide_password=False)
