"""A reading as Prometheus's text: each metric with its help, labels of closed sets, and zero where nothing was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

from socialpub.errors import SocialpubError
from socialpub.graph.latency import BOUNDS, EDGES, OUTCOMES
from socialpub.models import AttemptOutcome, Delivery
from socialpub.services.latencies import name_bound
from socialpub.services.metrics import Reading


def _error_names(kind: type[SocialpubError] = SocialpubError) -> set[str]:
    return {kind.__name__}.union(*map(_error_names, kind.__subclasses__()))


_OTHER = "other"
_DELIVERIES = tuple(Delivery)
_ERRORS = (*sorted(_error_names()), "none", _OTHER)
_UNSUCCESSFUL = tuple(set(AttemptOutcome) - {AttemptOutcome.PUBLISHED, AttemptOutcome.HANDED_OVER})
_LATENESS_BOUNDS = ("1", "2", "5", "10", "30", "60", "120", "300", "900", "3600", "21600", "+Inf")
_WAITING = ("none", "paused", "token_lost", "rate_limited", "catching_up", "held")


@dataclass(frozen=True, slots=True)
class Described:
    """Help, and the closed set of values of each label. A value outside of its set is counted as "other"."""

    help: str
    labels: Mapping[str, tuple[str, ...]]


COUNTERS: Mapping[str, Described] = {
    "social_posts_scheduled_total": Described("Posts that were scheduled.", {"delivery": _DELIVERIES}),
    "social_post_publish_success_total": Described("Posts that went live.", {"delivery": _DELIVERIES}),
    "social_post_publish_failure_total": Described(
        "Posts that failed for good, by the class of the last error.", {"error": _ERRORS, "delivery": _DELIVERIES}
    ),
    "social_posts_missed_total": Described("Posts not sent, because they came too late.", {"delivery": _DELIVERIES}),
    "social_posts_canceled_total": Described("Posts that a person took back.", {"delivery": _DELIVERIES}),
    "social_publish_attempts_unsuccessful_total": Described(
        "Attempts that published nothing, by what became of them; retries are outcome retry.",
        {"outcome": _UNSUCCESSFUL},
    ),
}
HISTOGRAMS: Mapping[str, tuple[Described, tuple[str, ...]]] = {
    "social_publish_lateness_seconds": (
        Described("How long after its planned instant each post went live.", {"delivery": _DELIVERIES}),
        _LATENESS_BOUNDS,
    ),
    "facebook_api_latency_seconds": (
        Described("How long each request to Facebook took.", {"edge": EDGES, "outcome": OUTCOMES}),
        tuple(map(name_bound, BOUNDS)),
    ),
}
GAUGES: Mapping[str, Described] = {
    "social_posts_due": Described(
        "Posts whose time has come and that nobody has, by why they wait.", {"why": _WAITING}
    ),
    "social_post_oldest_due_age_seconds": Described("How long the oldest of them has waited.", {"why": _WAITING}),
    "social_posts_under_way": Described("Posts that a run owns.", {"status": ("queued", "publishing")}),
    "social_posts_stuck": Described("Of these, posts whose run should have ended two minutes ago.", {}),
    "social_posts_unconfirmed": Described("Posts that were sent and whose outcome is unknown.", {}),
    "social_post_oldest_unconfirmed_age_seconds": Described("How long ago the oldest of them was sent.", {}),
    "social_publish_failures_in_a_row": Described("Failed posts since the last success, of the worst LARP.", {}),
    "social_publishing_paused": Described("1 while all publishing is paused.", {}),
    "social_pages_paused": Described("Pages that are paused.", {}),
    "social_app_rate_limit_remaining_seconds": Described("How long Facebook still limits the whole app.", {}),
    "social_pages_rate_limited": Described("Pages that Facebook limits now.", {}),
    "social_page_tokens_lost": Described("Connected Pages whose token Facebook does not take any more.", {}),
    "social_page_tokens_expiring": Described("Connected Pages whose token ends within 7 days.", {}),
    "social_page_token_days_left": Described("Days until the first token ends; no value when none does.", {}),
    "social_outbox_oldest_age_seconds": Described("How long the oldest event has waited to be routed.", {}),
    "social_notifications_waiting": Described("Messages that are not sent yet.", {}),
    "social_notification_overdue_seconds": Described("How long the oldest message is past its time.", {}),
    "social_last_scan_timestamp_seconds": Described("When a scan last came to its end; no value before the first.", {}),
}
_NO_ZERO = {"social_page_token_days_left", "social_last_scan_timestamp_seconds"}


@dataclass(frozen=True, slots=True, eq=False)
class ReadingCollector:
    """A collector of `prometheus_client` over one reading."""

    reading: Reading

    def collect(self) -> Iterator[Metric]:
        amounts = self._sum_up()
        yield from (_counter(name, described, amounts[name]) for name, described in COUNTERS.items())
        for name, (described, bounds) in HISTOGRAMS.items():
            yield _histogram(name, described, bounds, amounts[name], amounts[f"{name}_sum"])
        yield from (_gauge(name, described, amounts[name]) for name, described in GAUGES.items())

    def _sum_up(self) -> dict[str, dict[tuple[str, ...], float]]:
        amounts: dict[str, dict[tuple[str, ...], float]] = defaultdict(lambda: defaultdict(float))
        for counted in self.reading.counted:
            amounts[counted.metric][counted.labels] += counted.amount
        for gauge in self.reading.gauges:
            amounts[gauge.metric][() if gauge.label is None else (gauge.label,)] += gauge.amount
        return amounts


def _bounded(described: Described, found: Mapping[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Every combination of labels, so that the first event of a kind is an increase and not a new series."""
    amounts = dict.fromkeys(product(*described.labels.values()), 0.0)
    for labels, amount in found.items():
        known = [value if value in allowed else _OTHER for value, allowed in _pairs(described, labels)]
        amounts[tuple(known)] = amounts.get(tuple(known), 0.0) + amount
    return amounts


def _pairs(described: Described, labels: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    return zip(labels, described.labels.values(), strict=True)


def _counter(name: str, described: Described, found: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(name, described.help, labels=tuple(described.labels))
    for labels, amount in _bounded(described, found).items():
        family.add_metric(labels, amount)
    return family


def _gauge(name: str, described: Described, found: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, described.help, labels=tuple(described.labels))
    for labels, amount in (dict(found) if name in _NO_ZERO else _bounded(described, found)).items():
        family.add_metric(labels, amount)
    return family


def _histogram(
    name: str,
    described: Described,
    bounds: tuple[str, ...],
    found: Mapping[tuple[str, ...], float],
    sums: Mapping[tuple[str, ...], float],
) -> Metric:
    """Of each first label that occurred, and of the usual one, every combination; all would be a thousand zeros."""
    family = HistogramMetricFamily(name, described.help, labels=tuple(described.labels))
    first, *others = described.labels.values()
    occurred = dict.fromkeys([first[0], *sorted({key[0] for key in found if key[0] in first})])
    for labels in product(occurred, *others):
        total, buckets = 0.0, []
        for bound in bounds:
            total += found.get((*labels, bound), 0.0)
            buckets.append((floatToGoString(float(bound)), total))  # type: ignore[no-untyped-call]
        family.add_metric(labels, buckets, sums.get(labels, 0.0))
    return family
