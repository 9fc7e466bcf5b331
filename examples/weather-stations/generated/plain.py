# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""Response bodies as plain dicts.

Type checkers check such a dict. It is sent without validation, so it suits values that need none, such as rows
of your own database. A model of `schemas` validates its values when it is made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypedDict


class Station(TypedDict):
    """A station."""

    id: int
    """The id, which the server gives."""
    name: str
    """The name of the place."""
    latitude: float
    """Degrees north of the equator."""
    longitude: float
    """Degrees east of Greenwich."""


class Measurement(TypedDict):
    """One measurement of a station."""

    station_id: int
    """The station that measured it."""
    time: datetime
    """When it was measured."""
    temperature: float
    """The temperature of the air in degrees Celsius."""


class Imported(TypedDict):
    """The result of an import."""

    count: int
    """The number of measurements that were added."""


class MeasurementEvent(TypedDict):
    """A server-sent event with a measurement."""

    id: str
    """The id of the event, which `Last-Event-ID` repeats."""
    event: Literal["measurement"]
    """The kind of event."""
    data: str
    """The measurement."""


class ProblemErrorsItem(TypedDict):
    detail: str
    """What is wrong at this place."""
    pointer: NotRequired[str]
    """The place in the body, as a JSON pointer."""
    parameter: NotRequired[str]
    """The parameter."""


class Problem(TypedDict):
    """What went wrong (RFC 9457)."""

    type: str
    """A URI for the kind of problem."""
    title: str
    """The kind of problem."""
    status: int
    """The HTTP status code."""
    detail: str
    """What was wrong with this request."""
    errors: NotRequired[list[ProblemErrorsItem]]
    """Each place of the request that does not fit the contract."""
