"""What is tried: every step of a post's way, with every answer that Facebook may have for it, under every blow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Where a post is when the blow falls."""

    CLAIMED = "claimed"
    ARMED = "armed"
    BEFORE_FENCE = "before fence"
    FENCED = "fenced"
    SENT = "sent, not committed"
    COMMITTED = "committed, unanswered"
    ANSWERED = "answered, unsaved"
    SAVED = "saved"


class Blow(StrEnum):
    """What strikes."""

    TASK = "SIGKILL of the task processes"
    SCHEDULER = "SIGKILL of the scheduler and all its tasks"
    API_SERVER = "SIGKILL of the API server"
    POSTGRES = "immediate restart of PostgreSQL"
    NETWORK = "network cut for 4 s"
    CLEARED = "somebody clears the run"
    DELETED = "somebody marks the run failed and deletes it"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sandbox does with the post's first request (`times` = 0: with each), and how the post must end."""

    name: str
    fault: str | None
    ends_as: str = "published"
    times: int = 1
    list_lag_seconds: float = 0.0
    """How much later the Page's lists show the post."""


ACCEPTED = Answer("accepted", None)
REFUSED = Answer("refused for good", "invalid_100", ends_as="failed", times=0)
_ANSWERS = (
    ACCEPTED,
    REFUSED,
    Answer("committed, says 500", "committed_then_500"),
    Answer("not committed, says 500", "error_500_code2"),
    Answer("refused for now", "link_1609005"),
)
HANGS = Answer("hangs, not committed", "hang")
HANGS_COMMITTED = Answer("hangs, committed", "committed_then_hang")
HANGS_COMMITTED_LISTS_LAG = Answer("hangs, committed, lists lag", "committed_then_hang", list_lag_seconds=6.0)

_CELLS = {
    **dict.fromkeys((Step.CLAIMED, Step.ARMED, Step.BEFORE_FENCE, Step.FENCED, Step.ANSWERED), _ANSWERS),
    Step.SENT: (HANGS,),
    Step.COMMITTED: (HANGS_COMMITTED, HANGS_COMMITTED_LISTS_LAG),
    Step.SAVED: (ACCEPTED, REFUSED),
}


def all_cells() -> Iterator[tuple[Step, Answer]]:
    for step in Step:
        for answer in _CELLS[step]:
            yield step, answer
