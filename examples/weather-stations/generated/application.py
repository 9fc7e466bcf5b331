# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""Where the contract and an implementation meet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter
from specfirst.contract.document import Document, Splices
from specfirst.runtime.implementations import optional_at_run_time
from specfirst.runtime.routing import Engine

from .operations import MeasurementsOperations, StationsOperations
from .routers.measurements import measurements_router
from .routers.stations import stations_router

CallerT = TypeVar("CallerT")

OPENAPI_YAML = Path(__file__).with_name("openapi.yaml").read_bytes()
"""The contract as it was written, byte for byte."""

OPENAPI_JSON = Path(__file__).with_name("openapi.json").read_bytes()
"""The same contract in JSON."""

SERVERS: dict[str, Splices] = json.loads(Path(__file__).with_name("servers.json").read_bytes())
"""Where the paths of servers stand in `openapi.yaml` and `openapi.json`, for a service behind a path prefix."""


def contract() -> Document:
    """The contract that this package was generated from."""
    return Document.from_json(OPENAPI_JSON)


@optional_at_run_time
def build_router(
    engine: Engine[CallerT],
    *,
    stations: StationsOperations[CallerT],
    measurements: MeasurementsOperations[CallerT],
) -> APIRouter:
    """Bind every operation of the contract to its implementation.

    `specfirst generate --skeleton` writes the methods that an implementation lacks. Raises
    specfirst.runtime.implementations.UnimplementedOperations, which lists them.
    """
    engine.bind(
        (StationsOperations, stations),
        (MeasurementsOperations, measurements),
    )
    return engine.join(
        stations_router(engine, stations),
        measurements_router(engine, measurements),
    )
