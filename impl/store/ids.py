"""Ids of new rows, known before the rows are stored.

The primary key then tells whether an insertion whose answer was lost has been carried out. What is fetched
and not used when the process ends leaves a gap in the numbers, as a transaction that is rolled back does.
"""

from __future__ import annotations

import asyncio
from collections import deque

from sqlalchemy import Table, func, select, text

from impl.postgres.database import Database
from impl.postgres.statement import Statement

# Fetched at once, when half of them are left: half a microsecond for each new row.
BLOCK = 256


class Ids:
    """The numbers of a table's sequence, in their order."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        numbers = func.generate_series(text("1"), text(str(BLOCK))).alias("number")
        sequence = text(f"'{table.schema}.{table.name}_id_seq'")
        self._statement = Statement(select(func.nextval(sequence).label("id")).select_from(numbers))
        self._ahead: deque[int] = deque()
        self._fetching: asyncio.Task[None] | None = None

    async def next(self) -> int:
        while True:
            if len(self._ahead) <= BLOCK // 2 and self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch())
                # If it fails and nobody waits for it, the next one tries again.
                self._fetching.add_done_callback(lambda task: task.cancelled() or task.exception())
            if self._ahead:
                return self._ahead.popleft()
            assert self._fetching
            await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            rows = await self._database.all(self._statement)
            self._ahead.extend(row["id"] for row in rows)
        finally:
            self._fetching = None
