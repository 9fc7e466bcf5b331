"""Choose the media type of a response by the client's Accept (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def negotiated(media_types: Sequence[str], headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the media type that the client prefers; the first one if it says nothing, or accepts none."""
    accepted = [value.decode("latin-1") for name, value in headers if name == b"accept"]
    if not accepted:
        return media_types[0]
    ranges = _ranges(",".join(accepted))
    weights = {media_type: _weight(media_type, ranges) for media_type in media_types}
    best = max(weights.values())
    return next(media_type for media_type in media_types if weights[media_type] == best)


def _ranges(field: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in field.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = min(1.0, max(0.0, float(parameter[2:])))
                except ValueError:
                    weight = 0.0
        if name:
            ranges[name] = weight
    return ranges


def _weight(media_type: str, ranges: dict[str, float]) -> float:
    """Return the weight of the most specific range that the media type is in."""
    kind = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{kind}/*", "*/*") if name in ranges), 0.0)
