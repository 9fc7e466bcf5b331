"""Service information and health checks."""

from __future__ import annotations

from generated.schemas import HealthResponse, ReadinessResponse, RootResponse
from impl.errors import DatabaseUnavailable, Stopping
from impl.postgres.database import Database


class Health:
    def __init__(self, database: Database, *, name: str, version: str, docs: str, revision: str) -> None:
        """Create the operations; `revision` is the database revision that this code needs.

        The server is also ready with a later revision, because a migration removes nothing that the previous
        version needs: during a rolling restart, both versions serve. See
        docs/decisions/023-sharding-migrations-and-read-replicas.md.
        """
        self._database = database
        self._root = RootResponse(name=name, version=version, docs=docs, health="/health")
        self._revision = revision
        self._stopping = False

    def stop(self) -> None:
        """Report from now on that the service is not ready, so that load balancers use other instances."""
        self._stopping = True

    async def get_root(self) -> RootResponse:
        return self._root

    async def get_health(self) -> HealthResponse:
        return HealthResponse(status="healthy", message="API is running")

    async def get_readiness(self) -> ReadinessResponse:
        if self._stopping:
            raise Stopping
        if (await self._database.revision() or "") < self._revision:
            raise DatabaseUnavailable("The database is not migrated")
        return ReadinessResponse(status="ready")
