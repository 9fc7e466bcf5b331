"""This service with one optimization disabled, to measure the effect of the optimization.

The service itself has no such switches. Each function here restores what an optimization replaced. The
responses stay the same.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from specfirst.runtime import responses
from specfirst.runtime.application import ContractAPI
from sqlalchemy import Table, bindparam, func, select
from starlette.middleware.cors import CORSMiddleware

from generated.schemas import TaskListResponse, TaskResponse
from impl import app
from impl.postgres.database import Database
from impl.store import batching, pages
from impl.store.pages import PageStatement, page_statement
from impl.store.statements import Columns, owned


def shared_statements() -> None:
    batching.LARGEST, batching.IN_FLIGHT = 1, sys.maxsize


def front() -> None:
    """Route requests through FastAPI's middleware stack and router."""
    ContractAPI.build_middleware_stack = FastAPI.build_middleware_stack  # type: ignore[method-assign]


def short_cors() -> None:
    """Pass all requests through Starlette's CORS middleware."""
    app.__dict__["CORS"] = CORSMiddleware


def plain_responses() -> None:
    """Convert rows to Pydantic models and encode the models."""
    encode = responses.to_json

    def through_models(value: Any) -> bytes:
        if isinstance(value, dict) and "items" in value:
            return encode(TaskListResponse.model_validate(value))
        return encode(TaskResponse.model_validate(value) if isinstance(value, dict) else value)

    responses.to_json = through_models


def plans() -> None:
    """Let PostgreSQL decide for each list whether to plan it again."""
    _on_each_connection(lambda connection: connection.execute("SET plan_cache_mode = auto"))


def times() -> None:
    """Receive timestamps in PostgreSQL's binary format, which asyncpg decodes in Python."""
    _on_each_connection(lambda connection: connection.reset_type_codec("timestamptz", schema="pg_catalog"))


def lone_pages() -> None:
    """Always join pages with their user, and sort them again."""

    def anyway(*arguments: Any, **options: Any) -> PageStatement:
        statement = page_statement(*arguments, **options)
        return PageStatement(statement.anyway, statement.anyway)

    _lists_read(anyway)


def late_join() -> None:
    """Read complete rows that an offset skips."""

    def whole(*arguments: Any, skipping: bool, **options: Any) -> PageStatement:
        return page_statement(*arguments, skipping=False, **options)

    _lists_read(whole)


def counters() -> None:
    """Count rows for totals, in a database whose triggers are disabled."""

    def counting(
        table: Table, columns: Columns, filters: Iterable[str], _: object, **options: Any
    ) -> PageStatement:
        conditions = [table.c[name] == bindparam(name) for name in filters]
        total = select(func.count()).select_from(table).where(owned(table), *conditions)
        return page_statement(table, columns, filters, total.scalar_subquery(), **options)

    _lists_read(counting)


def idle_collector() -> None:
    """Let the garbage collector check all objects, at Python's default frequency."""
    gc.set_threshold(700)
    gc.freeze = lambda: None
    gc.set_threshold = lambda *_: None


MECHANISMS: Mapping[str, Callable[[], None]] = {
    mechanism.__name__.replace("_", "-"): mechanism
    for mechanism in (
        shared_statements,
        front,
        short_cors,
        plain_responses,
        plans,
        times,
        lone_pages,
        late_join,
        counters,
        idle_collector,
    )
}


def _lists_read(statement: Callable[..., PageStatement]) -> None:
    pages.__dict__["page_statement"] = statement


def _on_each_connection(change: Callable[[Any], Any]) -> None:
    connect = Database._connect

    async def changed(database: Database, limit: asyncio.Timeout) -> Any:
        connection = await connect(database, limit)
        await change(connection)
        return connection

    Database._connect = changed  # type: ignore[assignment]


def create_app() -> FastAPI:
    MECHANISMS[os.environ["WITHOUT"]]()
    return app.create_app()
