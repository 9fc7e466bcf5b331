# Generated from openapi.yaml by specfirst: change the contract, not this file.

from __future__ import annotations

from typing import Literal

from fastapi import UploadFile
from pydantic import MISSING, AwareDatetime, BaseModel, ConfigDict


class StationCreate(BaseModel):
    """What a client gives to register a station."""

    model_config = ConfigDict(
        extra="forbid",
    )

    name: str
    """The name of the place."""
    latitude: float
    """Degrees north of the equator."""
    longitude: float
    """Degrees east of Greenwich."""


class Station(BaseModel):
    """A station."""

    id: int
    """The id, which the server gives."""
    name: str
    """The name of the place."""
    latitude: float
    """Degrees north of the equator."""
    longitude: float
    """Degrees east of Greenwich."""


class PhotoUpload(BaseModel):
    """A photo and who took it."""

    image: str
    """The file."""
    photographer: str | MISSING = MISSING
    """Who took the photo."""


class MeasurementCreate(BaseModel):
    """One measurement, as a station sends it."""

    model_config = ConfigDict(
        extra="forbid",
    )

    time: AwareDatetime
    """When it was measured."""
    temperature: float
    """The temperature of the air in degrees Celsius."""


class Measurement(BaseModel):
    """One measurement of a station."""

    station_id: int
    """The station that measured it."""
    time: AwareDatetime
    """When it was measured."""
    temperature: float
    """The temperature of the air in degrees Celsius."""


class Imported(BaseModel):
    """The result of an import."""

    count: int
    """The number of measurements that were added."""


class Search(BaseModel):
    """The conditions of a search. A condition that is left out excludes nothing."""

    model_config = ConfigDict(
        extra="forbid",
    )

    station_ids: list[int] | MISSING = MISSING
    """Measurements of these stations."""
    temperature_above: float | MISSING = MISSING
    """Measurements above this temperature."""
    limit: int = 100
    """The maximum number of measurements."""


class MeasurementEvent(BaseModel):
    """A server-sent event with a measurement."""

    id: str
    """The id of the event, which `Last-Event-ID` repeats."""
    event: Literal["measurement"]
    """The kind of event."""
    data: str
    """The measurement."""


class ProblemErrorsItem(BaseModel):
    detail: str
    """What is wrong at this place."""
    pointer: str | MISSING = MISSING
    """The place in the body, as a JSON pointer."""
    parameter: str | MISSING = MISSING
    """The parameter."""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    """A URI for the kind of problem."""
    title: str
    """The kind of problem."""
    status: int
    """The HTTP status code."""
    detail: str
    """What was wrong with this request."""
    errors: list[ProblemErrorsItem] | MISSING = MISSING
    """Each place of the request that does not fit the contract."""


class SetPhotoBody(BaseModel):
    image: UploadFile
    """The file."""
    photographer: str | MISSING = MISSING
    """Who took the photo."""
