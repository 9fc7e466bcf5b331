# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `measurements`, bound to an implementation when the application is built."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Security
from specfirst.runtime.routing import Engine, only_the_engine

from .. import components, plain
from ..operations import (
    CallerT,
    ExportMeasurements200Csv,
    ExportMeasurements200Json,
    ExportMeasurementsDefault,
    FollowMeasurementsDefault,
    ImportMeasurementsDefault,
    MeasurementsOperations,
    SearchMeasurementsDefault,
)
from ..schemas import Imported, Measurement, MeasurementCreate, MeasurementEvent, Search


def measurements_router(engine: Engine[CallerT], operations: MeasurementsOperations[CallerT]) -> APIRouter:
    """What the stations have measured."""
    router = engine.router("measurements")

    @router.post(
        "/stations/{station_id}/measurements",
        operation_id="importMeasurements",
        summary="Import measurements",
        status_code=200,
        response_model=Imported,
        response_description="The number of measurements that were added.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def import_measurements(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        station_id: Annotated[int, Path(description="The id of the station.")],
        body: Annotated[str | list[MeasurementCreate], Depends(only_the_engine)],
    ) -> Imported | plain.Imported | ImportMeasurementsDefault:
        """Adds measurements. As CSV, the first line is `time,temperature`, and each other line is one
        measurement."""
        return await operations.import_measurements(
            caller,
            station_id=station_id,
            body=body,
        )

    @router.get(
        "/stations/{station_id}/measurements",
        operation_id="exportMeasurements",
        summary="Export measurements",
        status_code=200,
        response_model=list[Measurement],
        response_description="The measurements, in the order of their times.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def export_measurements(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        accept: Annotated[Literal["application/json", "text/csv"], Depends(only_the_engine)],
        station_id: Annotated[int, Path(description="The id of the station.")],
    ) -> ExportMeasurements200Json | ExportMeasurements200Csv | ExportMeasurementsDefault:
        """Returns all measurements of the station, in the format that `Accept` asks for."""
        return await operations.export_measurements(
            caller,
            accept=accept,
            station_id=station_id,
        )

    @router.api_route(
        "/measurements",
        methods=["QUERY"],
        operation_id="searchMeasurements",
        summary="Search measurements",
        status_code=200,
        response_model=list[Measurement],
        response_description="The measurements, in the order of their times.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def search_measurements(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        body: Annotated[Search, Body()],
    ) -> list[Measurement] | list[plain.Measurement] | SearchMeasurementsDefault:
        """Returns the measurements that satisfy all given conditions. The search may be as long as a
        body, and can be cached and repeated like GET."""
        return await operations.search_measurements(
            caller,
            body=body,
        )

    @router.get(
        "/measurements/live",
        operation_id="followMeasurements",
        summary="Follow new measurements",
        status_code=200,
        response_model=None,
        response_description="The new measurements.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def follow_measurements(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        wait: Annotated[
            int, Query(description="The stream ends after this number of seconds without a measurement.")
        ] = 30,
        last_event_id: Annotated[
            int | None,
            Header(
                alias="Last-Event-ID", description="The id of the last event that the client has received."
            ),
        ] = None,
    ) -> AsyncIterable[MeasurementEvent | plain.MeasurementEvent] | FollowMeasurementsDefault:
        """Sends each new measurement as a server-sent event. The stream ends when no measurement has
        come for `wait` seconds. A browser's `EventSource` then connects again with `Last-Event-ID`,
        and receives what it missed."""
        return await operations.follow_measurements(
            caller,
            wait=wait,
            last_event_id=last_event_id,
        )

    return router
