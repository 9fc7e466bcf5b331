"""Garbage collection of a server process."""

from __future__ import annotations

import gc


def exclude_startup_objects() -> None:
    """Exclude start-up objects from garbage collection, and run the collector less often.

    Requests create no reference cycles, and concurrent requests create more objects than the default
    threshold of 700. Measured: this saves 5 % of the time of reading one task.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
