# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""The contract's security schemes and shared responses, as FastAPI describes them."""

from __future__ import annotations

from typing import Any

from fastapi.security import APIKeyHeader

from .schemas import Problem

# The engine evaluates the schemes; to FastAPI they only say what the documentation shows.
station_key = APIKeyHeader(
    name="X-Station-Key",
    scheme_name="stationKey",
    description="The key that the operator gave to the team.",
    auto_error=False,
)


PROBLEM: dict[str, Any] = {"model": Problem, "description": "The request failed."}
