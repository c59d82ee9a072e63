"""A draft's life by way of the services, with the publisher's login."""

from __future__ import annotations

from datetime import datetime

from socialpub.services.draft_approval import DraftApprovalService
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.read import list_attempts, list_audit
from socialpub.services.drafts.schedule import When, schedule_draft, unschedule_draft
from socialpub.services.drafts.write import DraftContent, cancel_draft, create_draft

ANNA, OLA, EWA = Caller("anna", "req-1"), Caller("ola", "req-2"), Caller("ewa", "req-3")
TEXT = DraftContent("Zapisy", "Zapraszamy!")


def test_from_nothing_to_a_schedule_and_back(world):
    """Create, submit, approve, schedule, move, unschedule, cancel; the audit log names actor and request of each."""
    larp, engine = world.add_page(), world.engine()
    service = DraftApprovalService(engine)
    made = create_draft(engine, larp, TEXT, ANNA)
    assert (made.draft.status, made.missing_approvals, made.version) == ("draft", 1, 1)
    submitted = service.submit(larp, made.draft.id, ANNA)
    assert submitted.is_submitted and submitted.findings == ()
    approved = service.approve(larp, made.draft.id, OLA, content_hash=made.draft.content_hash, comment="Ładne")
    assert (approved.draft.status, approved.missing_approvals) == ("approved", 0)
    assert approved.approvals[0].page_id == "200000000000001"
    planned = schedule_draft(engine, larp, made.draft.id, When(datetime.fromisoformat("2031-03-01T14:05")), ANNA)
    assert (planned.draft.status, planned.schedules[0].time_zone) == ("scheduled", "Europe/Warsaw")
    assert planned.schedules[0].publish_at.isoformat() == "2031-03-01T13:05:00+00:00"
    moved = schedule_draft(
        engine, larp, made.draft.id, When(datetime.fromisoformat("2031-07-01T14:05"), "Europe/London"), ANNA
    )
    assert moved.schedules[0].publish_at.isoformat() == "2031-07-01T13:05:00+00:00"
    assert moved.version > planned.version
    back = unschedule_draft(engine, larp, made.draft.id, ANNA, reason="Event moved")
    assert (back.draft.status, back.schedules[0].status_reason) == ("approved", "Event moved (anna)")
    assert cancel_draft(engine, larp, made.draft.id, EWA).draft.status == "canceled"
    log = list_audit(engine, larp, made.draft.id, OLA)
    assert [(entry.actor, entry.request_id, entry.action, entry.before) for entry in log if entry.actor == "ola"] == [
        ("ola", "req-2", "draft.approved", {"status": "pending_approval"}),
        ("ola", "req-2", "draft.approved_by_approver", None),
    ]
    assert list_attempts(engine, larp, made.draft.id, OLA) == []
