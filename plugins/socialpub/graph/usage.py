"""How much of its allowance a Page or the app has used, from the headers of an answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_APP_HEADER, _PAGE_HEADER = "x-app-usage", "x-page-usage"
_BUSINESS_HEADER = "x-business-use-case-usage"
_PERCENTAGES = ("call_count", "total_time", "total_cputime")
# Quotas roll over 24 hours; a longer estimate is a defect of the header, not a reason to hold a Page for weeks.
_LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the usage headers said; None where they said nothing. Above 100 % Facebook refuses calls.

    `regain_after` is how long until access returns, counted from the answer; None when access is not withheld.
    Source: Graph API reference, Rate limiting.
    """

    app_percent: float | None = None
    page_percent: float | None = None
    regain_after: timedelta | None = None

    @property
    def highest_percent(self) -> float | None:
        return max((used for used in (self.app_percent, self.page_percent) if used is not None), default=None)


def read_usage(headers: Mapping[str, str]) -> Usage:
    """Read whatever can be read; unknown, missing or malformed parts are left out, never an error."""
    lowered = {name.lower(): value for name, value in headers.items()}
    of_app = [_parse(lowered.get(_APP_HEADER))]
    of_page = [_parse(lowered.get(_PAGE_HEADER)), *_business_counters(_parse(lowered.get(_BUSINESS_HEADER)))]
    counters = [*of_app, *of_page]
    # The estimate is in minutes, unlike every other time in the API.
    minutes = [number for counter in counters for number in _numbers(counter, ["estimated_time_to_regain_access"])]
    longest = max(minutes, default=0.0)
    wait = min(timedelta(minutes=min(longest, 1e6)), _LONGEST_WAIT)
    return Usage(_highest(of_app), _highest(of_page), wait if longest > 0 else None)


def _highest(counters: Iterable[Any]) -> float | None:
    return max((number for counter in counters for number in _numbers(counter, _PERCENTAGES)), default=None)


def _parse(text: str | None) -> Any:  # noqa: ANN401 - JSON of a shape we do not trust
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _business_counters(parsed: Any) -> list[Any]:  # noqa: ANN401 - JSON of a shape we do not trust
    """`{"<page or business id>": [counter, …]}` flattened."""
    lists = parsed.values() if isinstance(parsed, dict) else ()
    return [counter for entry in lists if isinstance(entry, list) for counter in entry]


def _numbers(counter: Any, names: Iterable[str]) -> Iterator[float]:  # noqa: ANN401 - JSON of a shape we do not trust
    for name in names if isinstance(counter, dict) else ():
        value = counter.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e9:
            number = float(value)
            if math.isfinite(number):
                yield number
