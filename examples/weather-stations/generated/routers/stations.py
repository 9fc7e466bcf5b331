# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `stations`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Path, Security
from specfirst.runtime.routing import Engine, only_the_engine

from .. import components, plain
from ..operations import (
    CallerT,
    CreateStation201,
    CreateStationDefault,
    GetPhoto200Jpeg,
    GetPhoto200Png,
    GetPhotoDefault,
    GetStationDefault,
    SetPhotoDefault,
    StationsOperations,
)
from ..schemas import SetPhotoBody, Station, StationCreate


def stations_router(engine: Engine[CallerT], operations: StationsOperations[CallerT]) -> APIRouter:
    """Stations and the photos of their sites."""
    router = engine.router("stations")

    @router.post(
        "/stations",
        operation_id="createStation",
        summary="Register a station",
        status_code=201,
        response_model=Station,
        response_description="The new station.",
        responses={
            201: {
                "headers": {
                    "Location": {
                        "description": "The URL of the new station.",
                        "required": True,
                        "schema": {"type": "string", "format": "uri-reference"},
                    }
                }
            },
            "default": components.PROBLEM,
        },
    )
    async def create_station(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        body: Annotated[StationCreate, Body()],
    ) -> CreateStation201 | CreateStationDefault:
        """Registers a station at a place."""
        return await operations.create_station(
            caller,
            body=body,
        )

    @router.get(
        "/stations/{station_id}",
        operation_id="getStation",
        summary="Get a station",
        status_code=200,
        response_model=Station,
        response_description="The station.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def get_station(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        station_id: Annotated[int, Path(description="The id of the station.")],
    ) -> Station | plain.Station | GetStationDefault:
        """Returns the station with this id."""
        return await operations.get_station(
            caller,
            station_id=station_id,
        )

    @router.put(
        "/stations/{station_id}/photo",
        operation_id="setPhoto",
        summary="Upload a photo",
        status_code=204,
        response_model=None,
        response_description="The photo is stored.",
        responses={
            "default": components.PROBLEM,
        },
    )
    async def set_photo(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        station_id: Annotated[int, Path(description="The id of the station.")],
        body: Annotated[SetPhotoBody, Depends(only_the_engine)],
    ) -> None | SetPhotoDefault:
        """Replaces the photo of the station's site."""
        return await operations.set_photo(
            caller,
            station_id=station_id,
            body=body,
        )

    @router.get(
        "/stations/{station_id}/photo",
        operation_id="getPhoto",
        summary="Download the photo",
        status_code=200,
        response_model=None,
        response_description="The photo.",
        responses={
            200: {
                "headers": {
                    "Content-Disposition": {
                        "description": "The name of the file.",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                }
            },
            "default": components.PROBLEM,
        },
    )
    async def get_photo(
        *,
        caller: Annotated[CallerT, Security(components.station_key)],
        accept: Annotated[Literal["image/png", "image/jpeg"], Depends(only_the_engine)],
        station_id: Annotated[int, Path(description="The id of the station.")],
    ) -> GetPhoto200Png | GetPhoto200Jpeg | GetPhotoDefault:
        """Returns the photo of the station's site, in the format in which it was uploaded."""
        return await operations.get_photo(
            caller,
            accept=accept,
            station_id=station_id,
        )

    return router
