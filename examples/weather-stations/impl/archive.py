"""What the service stores, in memory: a restart loses it, and one process serves all requests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from specfirst.runtime.errors import APIError

from generated.plain import Measurement, Station

ImageType = Literal["image/png", "image/jpeg"]


class StationNotFound(APIError):
    status = HTTPStatus.NOT_FOUND

    def __init__(self, station_id: int) -> None:
        super().__init__(f"There is no station {station_id}")


@dataclass(frozen=True)
class Photo:
    media_type: ImageType
    content: bytes


@dataclass
class Archive:
    stations: dict[int, Station] = field(default_factory=dict)
    photos: dict[int, Photo] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    added: asyncio.Condition = field(default_factory=asyncio.Condition)
    """Notified when measurements were added."""

    def station(self, station_id: int) -> Station:
        """Return a station. Raises StationNotFound."""
        try:
            return self.stations[station_id]
        except KeyError:
            raise StationNotFound(station_id) from None
