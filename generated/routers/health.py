# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""The routes of `health`, bound to an implementation when the application is built."""

from __future__ import annotations

from fastapi import APIRouter

from specfirst.routing import Engine

from .. import components, plain
from ..operations import CallerT, HealthOperations
from ..schemas import HealthResponse, ReadinessResponse, RootResponse


def health_router(engine: Engine[CallerT], operations: HealthOperations) -> APIRouter:
    """What the service is, and whether it is well."""
    router = engine.router("health")

    @router.get(
        "/",
        operation_id="getRoot",
        summary="Name the service",
        status_code=200,
        response_model=RootResponse,
        response_description="The service and where to go from here.",
        responses={
            422: components.UNPROCESSABLE_CONTENT,
            500: components.INTERNAL_SERVER_ERROR,
        },
    )
    async def get_root() -> RootResponse | plain.RootResponse:
        """Says what this service is and where its documentation and health stand."""
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
        """Answers as long as the process runs. Touches no database; see `/ready` for that."""
        return await operations.get_health()

    @router.get(
        "/ready",
        operation_id="getReadiness",
        summary="Readiness",
        status_code=200,
        response_model=ReadinessResponse,
        response_description="The service can do its work.",
        responses={
            422: components.UNPROCESSABLE_CONTENT,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_readiness() -> ReadinessResponse | plain.ReadinessResponse:
        """Answers 200 while the database can be reached and its migrations are applied, and 503
        otherwise, and as soon as the service is asked to stop."""
        return await operations.get_readiness()

    return router
