"""Which requests a scripted fault hits, and how often."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph_sandbox.request import GraphRequest

BREAKS_UPLOADS = frozenset({"upload_cut", "upload_stall"})
"""The modes that strike while a file comes in."""


@dataclass(slots=True)
class FaultRule:
    """A fault mode, the requests it is meant for (None fits all), and how the mode is tuned.

    It lets the first `skip` fitting requests pass, then hits `times` of them (0: until removed), each with
    probability `chance`. `delay_seconds` is waited before the answer. `code`, `subcode`, `status` and `error_message`
    replace those of an error mode; `regain_minutes` fills the usage header. `phase` is that of a chunked upload;
    `after_bytes` is how much of a file a mode lets through that breaks uploads off.
    """

    mode: str
    page_id: str | None = None
    edge: str | None = None
    method: str | None = None
    times: int = 1
    skip: int = 0
    chance: float = 1.0
    match_message: str | None = None
    phase: str | None = None
    after_bytes: int = 0
    delay_seconds: float | None = None
    regain_minutes: int | None = None
    code: int | None = None
    subcode: int | None = None
    status: int | None = None
    error_message: str | None = None
    id: int = 0
    hits: int = 0

    def fits(self, request: GraphRequest) -> bool:
        """Return whether the rule is meant for this request."""
        return (
            self.page_id in (None, request.page_id)
            and self.edge in (None, request.edge)
            and self.method in (None, request.method)
            and self.phase in (None, request.phase)
            and (self.match_message is None or self.match_message in (request.message or ""))
        )

    @property
    def is_spent(self) -> bool:
        """Whether the rule has hit as often as it was asked to."""
        return bool(self.times) and self.hits >= self.times


class FaultRules:
    """The scripted faults, oldest first; the first that fits wins."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._ids = itertools.count(1)
        self._dice = random.Random(20261123)

    def add(self, rule: FaultRule) -> FaultRule:
        """Add a rule behind the others and give it an id."""
        rule.id = next(self._ids)
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: int) -> bool:
        """Remove a rule; False when there is none with this id."""
        kept = [rule for rule in self._rules if rule.id != rule_id]
        found = len(kept) < len(self._rules)
        self._rules = kept
        return found

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def all(self) -> list[FaultRule]:
        """Return the rules still in force."""
        return list(self._rules)

    def take(self, request: GraphRequest, *, breaks_uploads: bool = False) -> FaultRule | None:
        """Return the rule that hits this request and count the hit, or None.

        Rules that break uploads off are asked for while the body comes in, all others once it is there.
        """
        for rule in self._rules:
            if (rule.mode in BREAKS_UPLOADS) == breaks_uploads and rule.fits(request) and self._strikes(rule):
                rule.hits += 1
                if rule.is_spent:
                    self._rules.remove(rule)
                return rule
        return None

    def _strikes(self, rule: FaultRule) -> bool:
        if rule.skip > 0:
            rule.skip -= 1
            return False
        return rule.chance >= 1.0 or self._dice.random() < rule.chance
