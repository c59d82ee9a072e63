"""Submitting a draft, and deciding on it: who may, what of it, and what is told before anybody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from socialpub.errors import ApprovalRefusedError, IllegalMoveError, StaleDraftError
from socialpub.media.findings import Finding
from socialpub.models import ApprovalRule, DraftApproval, DraftStatus, EventPostDraft, person_of
from socialpub.services.drafts.desk import Caller, open_desk, take_draft
from socialpub.services.drafts.findings import DraftFinding, find_troubles
from socialpub.services.drafts.read import DraftDetails, read_details
from socialpub.services.drafts.schedule import When, plan

LookAtDraft = Callable[[UUID], list[Finding]]
"""Looks at the files of a draft."""
LookAtLink = Callable[[str], list[Finding]]


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of a submit. With an error among the findings the draft stayed what it was."""

    details: DraftDetails
    findings: tuple[DraftFinding, ...]

    @property
    def is_submitted(self) -> bool:
        return not any(finding.is_error for finding in self.findings)


@dataclass(frozen=True)
class DraftApprovalService:
    """The rules themselves are the database's (migration 0011), so that they hold for those who write SQL as well."""

    engine: Engine
    look_at_files: LookAtDraft | None = None
    """None: files are not looked at, as where no storage is set up."""
    look_at_link: LookAtLink | None = None
    twins_within: timedelta = timedelta(hours=24)
    """The same words on the same Page this near are a warning."""

    def check(self, larp_id: UUID, draft_id: UUID, caller: Caller, *, when: When | None = None) -> list[DraftFinding]:
        """What can be known of the draft now; nothing changes. Raises `UnknownDraftError`, `LocalTimeError`."""
        with open_desk(self.engine, caller) as session:
            draft = take_draft(session, larp_id, draft_id, None)
            planned = plan(session, larp_id, when) if when else None
            found = list(find_troubles(session, draft, planned, twins_within=self.twins_within))
            link = draft.link
        return [*found, *self._look(draft_id, link)]

    def submit(
        self,
        larp_id: UUID,
        draft_id: UUID,
        caller: Caller,
        *,
        when: When | None = None,
        expected_version: int | None = None,
    ) -> Submission:
        """Ask for approval, unless a finding is an error. `when` is the time that is thought of, if one is.

        Raises `UnknownDraftError`, `StaleDraftError`, `IllegalMoveError`, `LocalTimeError`, `RuleRefusedError`.
        """
        found = self.check(larp_id, draft_id, caller, when=when)
        with open_desk(self.engine, caller) as session:
            draft = take_draft(session, larp_id, draft_id, expected_version)
            if not any(finding.is_error for finding in found):
                draft.submit_for_approval()
                session.flush()
            return Submission(read_details(session, larp_id, draft_id), tuple(found))

    def approve(
        self,
        larp_id: UUID,
        draft_id: UUID,
        caller: Caller,
        *,
        content_hash: str,
        comment: str | None = None,
    ) -> DraftDetails:
        """The caller approves the content with this hash, which he was shown; the last one needed makes it approved.

        Raises `ApprovalRefusedError` when this person may not, `StaleDraftError` when the content is another one
        meanwhile, `IllegalMoveError` when there is nothing to decide on.
        """
        with open_desk(self.engine, caller) as session:
            draft = take_draft(session, larp_id, draft_id, None)
            details = read_details(session, larp_id, draft_id)
            _require_open(draft, content_hash)
            for reason, next_step in _reasons_against(details, caller.actor):
                raise ApprovalRefusedError(reason, next_step=next_step)
            return _decide(session, draft.approve(caller.actor, comment), larp_id)

    def reject(self, larp_id: UUID, draft_id: UUID, caller: Caller, *, content_hash: str, comment: str) -> DraftDetails:
        """Return the draft to its author, with the reason. Earlier approvals are void then. Raises as `approve`."""
        if not comment.strip():
            raise ApprovalRefusedError(
                f"Draft {draft_id} was not rejected: there is no reason.", next_step="tell the author what to change."
            )
        with open_desk(self.engine, caller) as session:
            draft = take_draft(session, larp_id, draft_id, None)
            _require_open(draft, content_hash)
            return _decide(session, draft.reject(caller.actor, comment), larp_id)

    def _look(self, draft_id: UUID, link: str | None) -> Iterator[DraftFinding]:
        """With no transaction open meanwhile."""
        if self.look_at_files:
            yield from (DraftFinding.of_media(finding) for finding in self.look_at_files(draft_id))
        if link and self.look_at_link:
            yield from (DraftFinding.of_link(finding) for finding in self.look_at_link(link))


def set_rule(
    engine: Engine, larp_id: UUID, caller: Caller, *, required_approvals: int, approvers: tuple[str, ...] = ()
) -> None:
    """How many of whom have to approve the LARP's drafts from the next decision on. Raises `RuleRefusedError`."""
    with open_desk(engine, caller) as session:
        rule = session.get(ApprovalRule, larp_id, with_for_update=True)
        if rule is None:
            session.add(ApprovalRule(larp_id=larp_id, required_approvals=required_approvals, approvers=list(approvers)))
        else:
            rule.required_approvals, rule.approvers = required_approvals, list(approvers)


def _decide(session: Session, decision: DraftApproval, larp_id: UUID) -> DraftDetails:
    session.add(decision)
    session.flush()
    return read_details(session, larp_id, decision.draft_id)


def _require_open(draft: EventPostDraft, content_hash: str) -> None:
    if draft.status != DraftStatus.PENDING_APPROVAL:
        raise IllegalMoveError(
            f"Draft {draft.id} is “{draft.status}”: there is nothing to decide on.",
            next_step="submit it first; what is approved is edited, unscheduled or canceled instead.",
        )
    if draft.content_hash != content_hash:
        raise StaleDraftError(
            f"Draft {draft.id} was edited by {draft.updated_by} since you looked at it.",
            next_step="look at what it says now, then decide.",
        )


def _reasons_against(details: DraftDetails, actor: str) -> Iterator[tuple[str, str]]:
    """As the database has them; here before anything is written, and with nothing but names."""
    person, draft = person_of(actor), details.draft
    if person in (person_of(draft.created_by), *draft.editors):
        yield f"{actor} wrote or edited draft {draft.id}.", "four eyes: ask somebody who has not worked on it."
    if details.named_approvers and person not in details.named_approvers:
        yield (
            f"{actor} is not among those who approve this LARP's posts.",
            (f"ask one of {', '.join(details.named_approvers)}."),
        )
    if any(
        person_of(given.approver) == person and given.decision == "approved" and given.review == draft.review
        for given in details.approvals
    ):
        yield (
            f"{actor} has approved draft {draft.id} already.",
            (f"{details.missing_approvals} more people have to approve it."),
        )
