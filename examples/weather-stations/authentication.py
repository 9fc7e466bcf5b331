"""Authentication: who sends a request, and whether they may use the path."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specfirst.runtime.errors import Unauthenticated

DEVELOPMENT = os.environ.get("ENVIRONMENT", "development") == "development"


@dataclass(frozen=True)
class Caller:
    """The sender of a request. The methods in impl/ receive it as their first argument."""

    name: str


async def verify_station_key(credential: str, scopes: tuple[str, ...]) -> Caller:
    """Verify a credential of the scheme `stationKey` (apiKey in header), and return its caller.

    Raises Unauthenticated if it is not the value of the environment variable STATION_KEY.
    """
    key = os.environ.get("STATION_KEY", "try-me" if DEVELOPMENT else "")
    # compare_digest takes equally long for every credential of this length, so that its time reveals nothing.
    if not key or not hmac.compare_digest(credential.encode(), key.encode()):
        raise Unauthenticated
    return Caller("operator")


AUTHENTICATE = {
    "stationKey": verify_station_key,
}


def authorize(caller: Caller, values: Mapping[str, Any]) -> None:
    """Check whether the caller may use the path with these parameters. Raises Forbidden if not."""
