"""A server with graceful shutdown, and a supervisor with rolling restart."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from types import FrameType

import uvicorn

from specfirst.runtime.asgi import STOPPING
from specfirst.serving.connections import Connection, Limits

# What a supervisor sends to its workers, besides SIGTERM: see Server. A worker that is still starting exits.
RETIRE, QUIT = signal.SIGUSR1, signal.SIGUSR2

# A worker that is not ready after this time, or sends no heartbeat for this time, is killed.
START_SECONDS = 60.0
SILENT_SECONDS = 30.0
# A worker that needs this much longer than its shutdown timeout is killed.
LEAVE_SECONDS = 5.0
# Workers that die are replaced at most this often.
PACE_SECONDS = 1.0

# Open files of a process in addition to its clients' connections.
SPARE_FILES = 1024

_TICK_SECONDS = 0.05

log = logging.getLogger("uvicorn.error")
_spawn = multiprocessing.get_context("spawn")


class Server(uvicorn.Server):
    """uvicorn's server, extended by a graceful shutdown on SIGTERM or RETIRE.

    SIGTERM stops the service. For `notice` seconds, and until the requests in progress are complete, the
    server reports that it is not ready and still accepts connections. RETIRE is for a server that another one
    has replaced, so it skips this phase. Then the server stops accepting connections, and exits when its
    connections are closed: after their next response, when they have been idle for some time, and at the
    latest after `shutdown_timeout` seconds in total.

    SIGINT and QUIT close idle connections at once, and a second SIGINT closes all others.
    """

    def __init__(self, config: uvicorn.Config, *, notice: float, shutdown_timeout: float) -> None:
        super().__init__(config)
        self._notice, self._shutdown_timeout = notice, shutdown_timeout
        self._asked: int | None = None
        self._beats: Pipe | None = None

    def work(self, listener: socket.socket, beats: Pipe) -> None:
        """Serve as the worker of a supervisor, and send it a heartbeat every second."""
        self._beats = beats
        for number in (RETIRE, QUIT):
            signal.signal(number, self.handle_exit)
        self.run([listener])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Replace uvicorn's method, which raises the signal again, so that the exit status is 0."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        if not self.should_exit or sig == QUIT:
            self._asked = sig
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        limits: Limits = getattr(self.config.http, "limits", Connection.limits)
        _allow_files(limits.connections + SPARE_FILES)
        await super().startup(sockets)
        _exclude_startup_objects()
        self._sockets = sockets or []
        if supervisor := multiprocessing.parent_process():
            loop = asyncio.get_running_loop()
            loop.add_reader(supervisor.sentinel, self._orphaned, supervisor.sentinel)

    def _orphaned(self, sentinel: int) -> None:
        log.error("The supervisor of this worker died")
        asyncio.get_running_loop().remove_reader(sentinel)
        self.handle_exit(signal.SIGTERM, None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn leaves this out after a second SIGINT, and then logs a traceback of the application.
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await self.lifespan.shutdown()

    async def on_tick(self, counter: int) -> bool:
        if self._beats and counter % 10 == 0:
            # Without a supervisor, nothing receives the heartbeat, and `_orphaned` does the rest.
            with suppress(BrokenPipeError):
                self._beats.send(None)
        return await super().on_tick(counter)

    async def main_loop(self) -> None:
        await super().main_loop()
        if self._asked not in (signal.SIGTERM, RETIRE):
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._shutdown_timeout
        self.config.encoded_headers.append((b"connection", b"close"))
        await self.on_tick(0)
        for connection in self._connections():
            connection.leave()
        if self._asked == signal.SIGTERM:
            if stopping := self.lifespan.state.get(STOPPING):
                stopping()
            requests, noticed = set(self.server_state.tasks), loop.time() + self._notice
            await self._until(
                lambda: loop.time() >= noticed and all(task.done() for task in requests), deadline
            )
        for server in self.servers:
            server.close()
        for listener in self._sockets:
            listener.close()
        await self._until(lambda: not self.server_state.connections, deadline)
        if loop.time() >= deadline:
            for connection in self._connections():
                connection.abandon()
            self.config.timeout_graceful_shutdown = 1

    def _connections(self) -> list[Connection]:
        return [c for c in self.server_state.connections if isinstance(c, Connection)]

    async def _until(self, done: Callable[[], bool], deadline: float) -> None:
        loop = asyncio.get_running_loop()
        while not done() and loop.time() < deadline and not self.force_exit and self._asked != QUIT:
            await asyncio.sleep(_TICK_SECONDS)
            # Keep the Date header of responses current.
            await self.on_tick(0)


def _exclude_startup_objects() -> None:
    """Exclude start-up objects from garbage collection, and run the collector less often.

    Requests create no reference cycles, and concurrent requests create more objects than the default
    threshold of 700. Measured: this saves 5 % of the time of reading one task.

    Broken database connections are cycles, and have survived some collections when they break. So every
    seventh collection is a full one, in place of every 133rd. A full one is skipped while fewer objects are
    new than a quarter of those that the last one has seen, so the second `collect` sees none.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
    gc.set_threshold(10_000, 1, 1)


def _allow_files(count: int) -> None:
    """Raise the limit of open files, which is 1024 on many systems, towards the maximum that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Supervisor:
    """Runs `workers` processes that serve one listener, until SIGTERM or SIGINT stops them all.

    SIGHUP starts a rolling restart: new processes, which load code and settings again, replace the old ones
    one after the other. An old worker retires as soon as its successor accepts connections. If a new worker
    fails, the old ones stay.

    uvicorn's supervisor waits until each retired worker has exited, and handles no signal meanwhile.
    """

    def __init__(
        self,
        work: Callable[[socket.socket, Pipe], None],
        listener: socket.socket,
        *,
        workers: int,
        shutdown_timeout: float,
    ) -> None:
        self._work, self._listener, self._shutdown_timeout = work, listener, shutdown_timeout
        self._signals: deque[int] = deque()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda sig, frame: self._signals.append(sig))
        self._workers = [self._start() for _ in range(workers)]
        # The workers that the restart must still replace, and the successor of the first one.
        self._due: list[_Worker] = []
        self._coming: _Worker | None = None
        self._leaving: list[_Worker] = []
        self._started = time.monotonic()
        self._ending = False

    def run(self) -> bool:
        """Run until stopped; return False if it exits because no worker could start."""
        # Standard input may be closed.
        has_terminal = os.isatty(0)
        were_ready = failed = False
        while self._all():
            alive = [worker.process.sentinel for worker in self._all() if worker.process.is_alive()]
            wait(alive, timeout=2 * _TICK_SECONDS)
            while self._signals:
                sig = self._signals.popleft()
                if sig == signal.SIGHUP and has_terminal and not os.isatty(0):
                    # Here SIGHUP means that the terminal was closed, not a rolling restart.
                    sig = signal.SIGTERM
                self._handle(sig)
            for worker in self._all():
                worker.look()
            self._leaving = [worker for worker in self._leaving if worker.process.is_alive()]
            were_ready = were_ready or any(worker.ready for worker in self._workers)
            if self._ending:
                continue
            if not were_ready and not all(worker.process.is_alive() for worker in self._workers):
                log.error("A worker did not start")
                failed = True
                self._end(QUIT)
            else:
                self._replace_the_dead()
                self._hand_over()
        return not failed

    def _all(self) -> list[_Worker]:
        return [*self._workers, *self._leaving, *([self._coming] if self._coming else [])]

    def _start(self) -> _Worker:
        self._started = time.monotonic()
        return _Worker(self._work, self._listener)

    def _handle(self, sig: int) -> None:
        if sig != signal.SIGHUP:
            self._end(QUIT if sig == signal.SIGINT else sig)
        elif not self._ending:
            log.info("Rolling restart: starting new workers")
            self._due = [*self._workers]
            self._dismiss(QUIT)

    def _end(self, sig: int) -> None:
        self._ending, self._due = True, []
        # Keep the listener open: without it, connections are refused as soon as no worker accepts them.
        self._listener.close()
        self._dismiss(sig)
        for worker in [*self._workers, *self._leaving]:
            worker.ask(sig, self._shutdown_timeout)
        self._leaving += self._workers
        self._workers = []

    def _dismiss(self, sig: int) -> None:
        """Stop the worker that is starting."""
        if self._coming:
            self._coming.ask(sig, self._shutdown_timeout)
            self._leaving.append(self._coming)
        self._coming = None

    def _replace_the_dead(self) -> None:
        for index, worker in enumerate(self._workers):
            if not worker.process.is_alive() and time.monotonic() > self._started + PACE_SECONDS:
                log.error("Worker [%s] died, status %s", worker.process.pid, worker.process.exitcode)
                self._workers[index] = self._start()

    def _hand_over(self) -> None:
        # Workers that died meanwhile already have successors.
        self._due = [worker for worker in self._due if worker in self._workers]
        if self._coming and not self._coming.process.is_alive():
            log.error("Rolling restart failed: a new worker did not start, so the old workers stay")
            self._due, self._coming = [], None
        elif self._coming and not self._due:
            self._dismiss(RETIRE)
        elif self._coming and self._coming.ready:
            old = self._due.pop(0)
            self._workers[self._workers.index(old)], self._coming = self._coming, None
            old.ask(RETIRE, self._shutdown_timeout)
            self._leaving.append(old)
            if not self._due:
                log.info("Rolling restart complete")
        if self._due and not self._coming:
            self._coming = self._start()


class _Worker:
    """A worker process as seen by its supervisor."""

    def __init__(self, work: Callable[[socket.socket, Pipe], None], listener: socket.socket) -> None:
        self._beats, beats = _spawn.Pipe(duplex=False)
        self.process = _spawn.Process(target=work, args=(listener, beats))
        self.process.start()
        beats.close()
        self.ready = False
        self._deadline = time.monotonic() + START_SECONDS
        self._leaving = False

    def look(self) -> None:
        """Receive the worker's heartbeats, and kill it if there was none for too long."""
        with suppress(EOFError):
            while self._beats.poll():
                self._beats.recv()
                self.ready = True
                if not self._leaving:
                    self._deadline = time.monotonic() + SILENT_SECONDS
        if time.monotonic() > self._deadline and self.process.is_alive():
            log.error("Worker [%s] does not respond", self.process.pid)
            self.process.kill()
            self._deadline = math.inf

    def ask(self, sig: int, shutdown_timeout: float) -> None:
        if not self._leaving:
            self._leaving = True
            self._deadline = time.monotonic() + shutdown_timeout + LEAVE_SECONDS
        if self.process.is_alive():
            assert self.process.pid is not None
            os.kill(self.process.pid, sig)
