"""Which of the shipped alerts hold at this moment, as far as the database knows. Pure.

`include/prometheus/alerts.yml` is what watches; a test holds the limits here to those there. What needs the past
(rates, how long it has lasted) is Prometheus's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from socialpub.db.metrics import Gauge


@dataclass(frozen=True, slots=True)
class Alert:
    """`name` is that of the rule, and of its section in docs/runbook.md."""

    name: str
    is_critical: bool
    words: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds while the gauge `metric`, with `label` where it has one, is beyond `limit` (at it, if `is_at`)."""

    alert: Alert
    metric: str
    limit: float
    label: str | None = None
    is_at: bool = False

    def holds(self, gauges: Sequence[Gauge]) -> bool:
        return any(
            gauge.amount > self.limit or (self.is_at and gauge.amount == self.limit)
            for gauge in gauges
            if gauge.metric == self.metric and gauge.label == self.label
        )


NO_SCAN_SECONDS = 180
NO_SCAN = Alert(
    "SocialpubNoScan", True, "No scan for due posts has come to its end for three minutes; nothing goes out.",
    "look in Airflow whether publish_due_posts runs, and whether its scheduler is alive.",
)  # fmt: skip
RULES = (
    Rule(
        Alert("SocialpubPostsPastDue", True, "A post has been due for minutes and nobody has taken it.",
              "look at the latest run of publish_due_posts."),
        "social_post_oldest_due_age_seconds", 180, label="none",
    ),
    Rule(
        Alert("SocialpubPostsStuck", True, "Posts are owned by runs that should have ended.",
              "look whether publish_due_posts runs; its next scan rescues them."),
        "social_posts_stuck", 0,
    ),
    Rule(
        Alert("SocialpubFailuresInARow", True, "The last posts of one LARP have all failed.",
              "open the newest failed post in the Queue and do what its reason says."),
        "social_publish_failures_in_a_row", 3, is_at=True,
    ),
    Rule(
        Alert("SocialpubUnconfirmed", True, "A post was sent long ago and nobody knows whether it is live.",
              "look at the Page, then resolve the post in the Queue."),
        "social_post_oldest_unconfirmed_age_seconds", 1800,
    ),
    Rule(
        Alert("SocialpubTokenLost", True, "Facebook does not take the token of a Page any more; its posts wait.",
              "reconnect the Page; what waits goes out then."),
        "social_page_tokens_lost", 0,
    ),
    Rule(
        Alert("SocialpubTokenExpiring", False, "The token of a Page ends within a week.", "reconnect the Page."),
        "social_page_tokens_expiring", 0,
    ),
    Rule(
        Alert("SocialpubRateLimited", False, "Facebook limits the whole app; all posts wait.",
              "wait: posts go out when the limit is over."),
        "social_app_rate_limit_remaining_seconds", 0,
    ),
    Rule(
        Alert("SocialpubOutboxStuck", False, "A notification has waited for an hour.",
              "look at the latest run of deliver_notifications, then `socialpub outbox list`."),
        "social_notification_overdue_seconds", 3600,
    ),
)  # fmt: skip


def find_alerts(gauges: Sequence[Gauge], *, scan_age_seconds: float | None) -> Iterator[Alert]:
    """Critical ones first. `scan_age_seconds` None: no scan has ever ended."""
    if scan_age_seconds is None or scan_age_seconds > NO_SCAN_SECONDS:
        yield NO_SCAN
    for rule in RULES:
        if rule.holds(gauges):
            yield rule.alert
