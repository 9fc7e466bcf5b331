# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `health`, bound to an implementation when the application is built."""

from __future__ import annotations

from fastapi import APIRouter
from specfirst.runtime.routing import Engine

from .. import components, plain
from ..operations import CallerT, HealthOperations
from ..schemas import HealthResponse, ReadinessResponse, RootResponse


def health_router(engine: Engine[CallerT], operations: HealthOperations) -> APIRouter:
    """Name and version of the service, and its health checks."""
    router = engine.router("health")

    @router.get(
        "/",
        operation_id="getRoot",
        summary="Describe the service",
        status_code=200,
        response_model=RootResponse,
        response_description="The service and its links.",
        responses={
            422: components.UNPROCESSABLE_CONTENT,
            500: components.INTERNAL_SERVER_ERROR,
        },
    )
    async def get_root() -> RootResponse | plain.RootResponse:
        """Returns the name and version of the service, and the paths of its documentation and health
        check."""
        return await operations.get_root()

    @router.get(
        "/health",
        operation_id="getHealth",
        summary="Liveness",
        status_code=200,
        response_model=HealthResponse,
        response_description="The process is alive.",
        responses={
            422: components.UNPROCESSABLE_CONTENT,
            500: components.INTERNAL_SERVER_ERROR,
        },
    )
    async def get_health() -> HealthResponse | plain.HealthResponse:
        """Answers 200 as long as the process runs. It does not use the database; `/ready` does."""
        return await operations.get_health()

    @router.get(
        "/ready",
        operation_id="getReadiness",
        summary="Readiness",
        status_code=200,
        response_model=ReadinessResponse,
        response_description="The service is ready.",
        responses={
            422: components.UNPROCESSABLE_CONTENT,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_readiness() -> ReadinessResponse | plain.ReadinessResponse:
        """Answers 200 while the database is available and its migrations are applied, and 503
        otherwise. It also answers 503 as soon as the service begins to shut down."""
        return await operations.get_readiness()

    return router
