"""The operations of `measurements`."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import Literal

from specfirst.runtime.errors import APIError
from specfirst.runtime.validation import Schemas

from authentication import Caller
from generated import plain
from generated.application import contract
from generated.operations import ExportMeasurements200Csv, ExportMeasurements200Json
from generated.schemas import Measurement, MeasurementCreate, Search
from impl.archive import Archive

MEASUREMENT = Schemas(contract()).validator({"$ref": "#/components/schemas/MeasurementCreate"})


class InvalidLine(APIError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Measurements:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def import_measurements(
        self, caller: Caller, *, station_id: int, body: str | list[MeasurementCreate]
    ) -> plain.Imported:
        self._archive.station(station_id)
        measurements = _read_csv(body) if isinstance(body, str) else body
        async with self._archive.added:
            for measurement in measurements:
                self._archive.measurements.append(
                    {
                        "station_id": station_id,
                        "time": measurement.time,
                        "temperature": measurement.temperature,
                    }
                )
            self._archive.added.notify_all()
        return {"count": len(measurements)}

    async def export_measurements(
        self, caller: Caller, *, accept: Literal["application/json", "text/csv"], station_id: int
    ) -> ExportMeasurements200Json | ExportMeasurements200Csv:
        self._archive.station(station_id)
        measurements = _by_time(m for m in self._archive.measurements if m["station_id"] == station_id)
        if accept == "text/csv":
            return ExportMeasurements200Csv(body=_write_csv(measurements))
        return ExportMeasurements200Json(body=measurements)

    async def search_measurements(self, caller: Caller, *, body: Search) -> list[plain.Measurement]:
        return _by_time(m for m in self._archive.measurements if _satisfies(m, body))[: body.limit]

    async def follow_measurements(
        self, caller: Caller, *, wait: int, last_event_id: int | None
    ) -> AsyncIterator[plain.MeasurementEvent]:
        # The id of an event is the number of measurements up to it.
        sent = len(self._archive.measurements) if last_event_id is None else last_event_id
        return self._events(sent, wait)

    async def _events(self, sent: int, wait: int) -> AsyncIterator[plain.MeasurementEvent]:
        measurements, added = self._archive.measurements, self._archive.added
        while True:
            try:
                async with asyncio.timeout(wait), added:
                    while len(measurements) <= sent:
                        await added.wait()
            except TimeoutError:
                return
            for measurement in measurements[sent:]:
                sent += 1
                data = Measurement.model_validate(measurement).model_dump_json()
                yield {"id": str(sent), "event": "measurement", "data": data}


def _read_csv(text: str) -> list[MeasurementCreate]:
    """Return the measurements of a CSV text. Raises InvalidLine with the number of the line."""
    lines = csv.reader(io.StringIO(text), strict=True)
    measurements = []
    try:
        if next(lines, []) != ["time", "temperature"]:
            raise InvalidLine("Line 1 is not time,temperature")
        for time, temperature in lines:
            measurement = {"time": time, "temperature": float(temperature)}
            # The contract says of CSV only that it is text. Its schema of a measurement decides here as for JSON.
            if not MEASUREMENT.is_valid(measurement):
                raise ValueError
            measurements.append(MeasurementCreate.model_validate(measurement))
    except (csv.Error, ValueError) as error:
        raise InvalidLine(f"Line {lines.line_num} is not a measurement") from error
    return measurements


def _write_csv(measurements: Iterable[plain.Measurement]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("station_id", "time", "temperature"))
    for m in measurements:
        writer.writerow((m["station_id"], m["time"].isoformat(), m["temperature"]))
    return text.getvalue()


def _by_time(measurements: Iterable[plain.Measurement]) -> list[plain.Measurement]:
    return sorted(measurements, key=lambda m: m["time"])


def _satisfies(measurement: plain.Measurement, search: Search) -> bool:
    ids, above = search.station_ids, search.temperature_above
    return (not isinstance(ids, list) or measurement["station_id"] in ids) and (
        not isinstance(above, float) or measurement["temperature"] > above
    )
