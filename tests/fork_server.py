"""A process that has loaded the service once, and forks a server for each test that needs one.

Loading the modules takes most of the CPU time of a start. A forked server is a real process, with its own
environment, folder, log, sockets and signals. Tests of the start itself use tests/serving.py, which runs
scripts/serve.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from threading import Thread
from typing import BinaryIO

PRELOADED = ("scripts.serve", "impl.app", "uvloop", "uvicorn.lifespan.on", "uvicorn.loops.uvloop")


class Process:
    """A forked process, with those methods of subprocess.Popen that the tests use."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status.makefile("rb", buffering=0)
        self.pid = self._next_number()
        self.returncode: int | None = None

    def _next_number(self) -> int:
        line = self._status.readline()
        if not line:
            self._status.close()
            raise RuntimeError("The fork server has exited; its error is in the output of the tests")
        return int(line)

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal), or None while the process runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = self._next_number()
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    listener: socket.socket,
    workers: int,
    *,
    env: Mapping[str, str],
    folder: str | os.PathLike[str],
    log: BinaryIO,
) -> Process:
    """Serve the API on the listener in a forked process, with this environment in this folder.

    The modules are imported from the environment's PYTHONPATH.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        request = json.dumps([workers, dict(env), str(folder)]).encode() + b"\n"
        socket.send_fds(
            _fork_server(env["PYTHONPATH"]), [request], [listener.fileno(), log.fileno(), theirs.fileno()]
        )
        theirs.close()
        return Process(ours)


@cache
def _fork_server(import_path: str) -> socket.socket:
    """Start a fork server. It exits when the socket is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            # Without a file as `__main__`, which multiprocessing would load in the workers of a server.
            [sys.executable, "-c", f"from tests.fork_server import serve; serve({theirs.fileno()})"],
            pass_fds=[theirs.fileno()],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": import_path, "PYTHONSAFEPATH": "1"},
        )

    @atexit.register
    def stop() -> None:
        ours.close()
        process.wait()

    return ours


def serve(descriptor: int) -> None:
    """Fork a server for each request on the socket."""
    for name in PRELOADED:
        import_module(name)
    # Nobody waits for the processes that report the exit of servers. Ctrl-C ends the tests, which end this.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as requests:
        while True:
            data, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, 3)
            while data and not data.endswith(b"\n"):
                data += requests.recv(1 << 16)
            if not data:
                return
            if os.fork() == 0:
                requests.close()
                _report(*descriptors, *json.loads(data))
            for inherited in descriptors:
                os.close(inherited)


def _report(listener: int, log: int, status: int, workers: int, env: dict[str, str], folder: str) -> None:
    """Fork the server, and write its process id and, when it has exited, its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        os.close(listener)
        os.close(log)
        os.write(status, b"%d\n" % pid)
        Thread(target=_stop_with_the_tests, args=(status, pid), daemon=True).start()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        # The tests may have ended.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.write(status, b"%d\n" % code)
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.close(status)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    code: object = 1
    try:
        _serve(listener, workers)
        code = 0
    except SystemExit as exit_:
        code = exit_.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _stop_with_the_tests(status: int, server: int) -> None:
    """Stop the server when the tests have ended without stopping it, because they were killed."""
    os.read(status, 1)
    os.kill(server, signal.SIGTERM)


def _serve(listener: int, workers: int) -> None:
    from impl.settings import load_settings
    from scripts.serve import _run

    _run(socket.socket(fileno=listener), load_settings(), workers=workers or None)
