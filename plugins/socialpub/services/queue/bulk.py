"""What a person does to several scheduled posts at once: looked at first, then done by the verb's own service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine

from socialpub.errors import RuleRefusedError, SocialpubError
from socialpub.services.pause import pause
from socialpub.services.queue.lists import QueueLine, read_queue_lines
from socialpub.services.requeue import requeue
from socialpub.services.resolve import resolve_as_absent

MOST = 200
"""How many posts one order may name."""

StartPublish = Callable[[UUID, str], str]
"""Starts the run that publishes the draft or scheduled post, for a reason; returns where to look at it."""


class BulkAction(StrEnum):
    REQUEUE = "requeue"
    PUBLISH_NOW = "publish_now"
    DECLARE_ABSENT = "declare_absent"
    PAUSE = "pause"


NEEDS_REASON = (BulkAction.PUBLISH_NOW, BulkAction.PAUSE)


@dataclass(frozen=True, slots=True)
class Step:
    """What an action means for one post; `words` say what will happen, what has, or why it can't."""

    line: QueueLine
    is_good: bool
    words: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What the verbs need beside the database. `pace` lies between two posts of one Page."""

    pace: timedelta
    start_publish: StartPublish


def plan_bulk(engine: Engine, larp_ids: Collection[UUID], action: BulkAction, post_ids: Sequence[UUID]) -> list[Step]:
    """What would happen to each post of the LARPs; nothing changes. Raises `RuleRefusedError` for none or too many."""
    if not 0 < len(post_ids) <= MOST:
        raise RuleRefusedError(
            f"{len(post_ids)} posts are chosen.", next_step=f"choose between 1 and {MOST} posts.", rule="choice"
        )
    return [_plan(action, line) for line in read_queue_lines(engine, larp_ids, post_ids)]


def carry_out(
    engine: Engine,
    larp_ids: Collection[UUID],
    action: BulkAction,
    post_ids: Sequence[UUID],
    *,
    tools: Tools,
    reason: str,
    actor: str,
) -> list[Step]:
    """Do it to each post that it can be done to; returns what became of each. What one refuses stops no other."""
    reason = reason.strip()
    if action in NEEDS_REASON and not reason:
        raise RuleRefusedError("No reason is given.", next_step="say why; the audit log keeps it.", rule="reason")
    steps = plan_bulk(engine, larp_ids, action, post_ids)
    lines = [step.line for step in steps if step.is_good]
    if action == BulkAction.PAUSE:
        done = _pause(engine, lines, reason=reason, actor=actor)
    elif action == BulkAction.REQUEUE:
        done = _requeue(engine, lines, pace=tools.pace, actor=actor)
    else:
        done = {line.id: _do(engine, action, line, tools, reason, actor) for line in lines}
    return [done.get(step.line.id, step) for step in steps]


def _plan(action: BulkAction, line: QueueLine) -> Step:
    if action == BulkAction.REQUEUE:
        words = "A new schedule is made for now; posts of one Page leave at its pace."
        return Step(line, line.can_requeue, words if line.can_requeue else _why_not_requeue(line))
    if action == BulkAction.PUBLISH_NOW:
        words = "A run is started that publishes it at once, whatever time was planned."
        return Step(line, line.can_publish_now, words if line.can_publish_now else _why_not_now(line))
    if action == BulkAction.DECLARE_ABSENT:
        words = "You say that it is not on the Page: it is sent again. If it is there, it will stand there twice."
        refused = f"It is “{line.status}”: only an unconfirmed post is declared absent."
        return Step(line, line.can_resolve, words if line.can_resolve else refused)
    return Step(line, True, f"All posts of {line.page_name} wait until somebody resumes the Page.")


def _why_not_requeue(line: QueueLine) -> str:
    if line.status in ("failed", "missed") and line.draft_status == "scheduled":
        return "Somebody has scheduled its draft again already."
    return f"It is “{line.status}”, its draft “{line.draft_status}”: only failed and missed posts are requeued."


def _why_not_now(line: QueueLine) -> str:
    if line.status == "unconfirmed":
        return "It may be live already: resolve it first."
    return f"It is “{line.status}”: only what still waits, or has failed, can be published now."


def _pause(engine: Engine, lines: Sequence[QueueLine], *, reason: str, actor: str) -> dict[UUID, Step]:
    """Each Page once."""
    said: dict[str, tuple[bool, str]] = {}
    for line in lines:
        if line.page_id not in said:
            said[line.page_id] = _try(
                lambda page=line.page_id: pause(engine, page_id=page, reason=reason, actor=actor)  # type: ignore[misc]
            )
    return {line.id: Step(line, *said[line.page_id]) for line in lines}


def _requeue(engine: Engine, lines: Sequence[QueueLine], *, pace: timedelta, actor: str) -> dict[UUID, Step]:
    """All together, because posts of one Page leave `pace` apart; when one has moved on meanwhile, one by one."""
    if not lines:
        return {}
    ids = [line.id for line in lines]
    is_good, words = _try(lambda: "\n".join(requeue(engine, post_ids=ids, pace=pace, actor=actor)))
    if is_good:
        return {line.id: Step(line, True, "It is scheduled anew.") for line in lines}
    if len(lines) == 1:
        return {lines[0].id: Step(lines[0], False, words)}
    each = [_requeue(engine, [line], pace=pace, actor=actor) for line in lines]
    return {post_id: step for found in each for post_id, step in found.items()}


def _do(engine: Engine, action: BulkAction, line: QueueLine, tools: Tools, reason: str, actor: str) -> Step:
    if action == BulkAction.DECLARE_ABSENT:
        return Step(line, *_try(lambda: resolve_as_absent(engine, line.id, actor=actor)))
    wanted = line.draft_id if line.can_requeue else line.id
    return Step(line, *_try(lambda: f"The run is started: {tools.start_publish(wanted, reason)}"))


def _try(work: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, work()
    except SocialpubError as error:
        return False, str(error)
