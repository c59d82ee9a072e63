"""When to run a peer beside a stack that is up."""

from __future__ import annotations

import math
import time


def next_quiet_second(lead_seconds: float) -> float:
    """A full second at least `lead_seconds` away in which no scan of ours starts: that would slow the peer down."""
    instant = math.ceil(time.time() + lead_seconds)
    in_minute = instant % 60
    return float(instant if in_minute <= 20 or in_minute >= 40 else instant + 40 - in_minute)
