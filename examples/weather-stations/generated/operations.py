# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""The operations of Weather stations 1.0.0, for an implementation.

Each tag has a Protocol, and each operation a method of it. A class satisfies a Protocol by its shape and need
not inherit from it; `specfirst generate --skeleton` writes the methods that are missing. The engine has
validated the arguments with the contract's schemas. To send an error, raise a subclass of
`specfirst.runtime.errors.APIError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeVar

from specfirst.runtime.responses import Result

from . import plain
from .schemas import (
    Imported,
    Measurement,
    MeasurementCreate,
    MeasurementEvent,
    Problem,
    Search,
    SetPhotoBody,
    Station,
    StationCreate,
)

CallerT = TypeVar("CallerT", contravariant=True)
"""The type of the caller, which the functions of `authenticate` return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStation201(Result):
    """Response 201 of createStation. The new station."""

    status: ClassVar[int] = 201
    body: Station | plain.Station
    location: str
    """The header Location. The URL of the new station."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStationDefault(Result):
    """Response default of createStation. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class GetStationDefault(Result):
    """Response default of getStation. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPhotoDefault(Result):
    """Response default of setPhoto. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPhoto200Png(Result):
    """Response 200 of getPhoto. The photo."""

    status: ClassVar[int] = 200
    media_type: ClassVar[str] = "image/png"
    body: bytes | AsyncIterable[bytes]
    content_disposition: str
    """The header Content-Disposition. The name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPhoto200Jpeg(Result):
    """Response 200 of getPhoto. The photo."""

    status: ClassVar[int] = 200
    media_type: ClassVar[str] = "image/jpeg"
    body: bytes | AsyncIterable[bytes]
    content_disposition: str
    """The header Content-Disposition. The name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPhotoDefault(Result):
    """Response default of getPhoto. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMeasurementsDefault(Result):
    """Response default of importMeasurements. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMeasurements200Json(Result):
    """Response 200 of exportMeasurements. The measurements, in the order of their times."""

    status: ClassVar[int] = 200
    media_type: ClassVar[str] = "application/json"
    body: list[Measurement] | list[plain.Measurement]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMeasurements200Csv(Result):
    """Response 200 of exportMeasurements. The measurements, in the order of their times."""

    status: ClassVar[int] = 200
    media_type: ClassVar[str] = "text/csv"
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMeasurementsDefault(Result):
    """Response default of exportMeasurements. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMeasurementsDefault(Result):
    """Response default of searchMeasurements. The request failed."""

    status: int
    body: Problem | plain.Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowMeasurementsDefault(Result):
    """Response default of followMeasurements. The request failed."""

    status: int
    body: Problem | plain.Problem


class StationsOperations(Protocol[CallerT]):
    """Stations and the photos of their sites."""

    async def create_station(
        self,
        caller: CallerT,
        /,
        *,
        body: StationCreate,
    ) -> CreateStation201 | CreateStationDefault:
        """POST /stations: Register a station.

        Registers a station at a place.

        Errors: default.
        """
        ...

    async def get_station(
        self,
        caller: CallerT,
        /,
        *,
        station_id: int,
    ) -> Station | plain.Station | GetStationDefault:
        """GET /stations/{station_id}: Get a station.

        Returns the station with this id.

        Errors: default.
        """
        ...

    async def set_photo(
        self,
        caller: CallerT,
        /,
        *,
        station_id: int,
        body: SetPhotoBody,
    ) -> None | SetPhotoDefault:
        """PUT /stations/{station_id}/photo: Upload a photo.

        Replaces the photo of the station's site.

        Errors: default.
        """
        ...

    async def get_photo(
        self,
        caller: CallerT,
        /,
        *,
        accept: Literal["image/png", "image/jpeg"],
        station_id: int,
    ) -> GetPhoto200Png | GetPhoto200Jpeg | GetPhotoDefault:
        """GET /stations/{station_id}/photo: Download the photo.

        Returns the photo of the station's site, in the format in which it was uploaded.

        Errors: default.
        """
        ...


class MeasurementsOperations(Protocol[CallerT]):
    """What the stations have measured."""

    async def import_measurements(
        self,
        caller: CallerT,
        /,
        *,
        station_id: int,
        body: str | list[MeasurementCreate],
    ) -> Imported | plain.Imported | ImportMeasurementsDefault:
        """POST /stations/{station_id}/measurements: Import measurements.

        Adds measurements. As CSV, the first line is `time,temperature`, and each other line is one
        measurement.

        Errors: default.
        """
        ...

    async def export_measurements(
        self,
        caller: CallerT,
        /,
        *,
        accept: Literal["application/json", "text/csv"],
        station_id: int,
    ) -> ExportMeasurements200Json | ExportMeasurements200Csv | ExportMeasurementsDefault:
        """GET /stations/{station_id}/measurements: Export measurements.

        Returns all measurements of the station, in the format that `Accept` asks for.

        Errors: default.
        """
        ...

    async def search_measurements(
        self,
        caller: CallerT,
        /,
        *,
        body: Search,
    ) -> list[Measurement] | list[plain.Measurement] | SearchMeasurementsDefault:
        """QUERY /measurements: Search measurements.

        Returns the measurements that satisfy all given conditions. The search may be as long as a
        body, and can be cached and repeated like GET.

        Errors: default.
        """
        ...

    async def follow_measurements(
        self,
        caller: CallerT,
        /,
        *,
        wait: int,
        last_event_id: int | None,
    ) -> AsyncIterable[MeasurementEvent | plain.MeasurementEvent] | FollowMeasurementsDefault:
        """GET /measurements/live: Follow new measurements.

        Sends each new measurement as a server-sent event. The stream ends when no measurement has
        come for `wait` seconds. A browser's `EventSource` then connects again with `Last-Event-ID`,
        and receives what it missed.

        Errors: default.
        """
        ...
