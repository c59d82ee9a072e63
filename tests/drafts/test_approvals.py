"""Who may approve what, how many have to, and what makes an approval void."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

import pytest

from socialpub.errors import (
    ApprovalRefusedError,
    IllegalMoveError,
    RuleRefusedError,
    StaleDraftError,
    UnknownDraftError,
    UnknownLarpError,
)
from socialpub.models import DraftStatus
from socialpub.services.draft_approval import set_rule
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.read import list_attempts, list_audit
from socialpub.services.drafts.schedule import When, schedule_draft, unschedule_draft
from socialpub.services.drafts.write import AssetContent, DraftContent, cancel_draft, create_draft, update_draft
from tests.drafts.conftest import EDITS

TEXT = DraftContent("Zapisy", "Zapraszamy!")
PHOTO = AssetContent("photo", "2027/1.jpg", checksum_sha256="a" * 64)
APPROVE = "insert into social_draft_approvals (draft_id, approver, decision) values (%s, %s, 'approved')"
LATER = When(datetime.fromisoformat("2031-03-01T14:05"))


# Who ---------------------------------------------------------------

# named approvers, required, who approves in this order → what each comes to: "more", "done" or a refusal
MATRIX = [
    ((), 1, ["ola"], ["done"]),
    ((), 1, ["anna"], ["wrote or edited"]),
    ((), 1, [" ANNA "], ["wrote or edited"]),
    ((), 1, ["Ewa"], ["wrote or edited"]),
    ((), 2, ["ola", "piotr"], ["more", "done"]),
    ((), 2, ["ola", "ola", "piotr"], ["more", "already", "done"]),
    ((), 2, ["ola", "OLA ", "anna"], ["more", "already", "wrote or edited"]),
    (("Ola",), 1, ["piotr", "ola"], ["not among", "done"]),
    (("ola", "piotr"), 1, ["piotr"], ["done"]),
    (("ola", "piotr"), 2, ["jan", "piotr", "ola"], ["not among", "more", "done"]),
    ((), 1, ["airflow:anna"], ["wrote or edited"]),
    ((), 1, [" Airflow: EWA"], ["wrote or edited"]),
    ((), 2, ["ola", "airflow:ola", "piotr"], ["more", "already", "done"]),
    (("airflow:Ola",), 1, ["ola"], ["done"]),
    (("anna", "ewa", "ola"), 1, ["anna", "ewa", "ola"], ["wrote or edited", "wrote or edited", "done"]),
]


@pytest.mark.parametrize(("named", "required", "people", "outcomes"), MATRIX)
@pytest.mark.parametrize("way", ["service", "sql"])
def test_who_may_approve(office, way, named, required, people, outcomes):
    """Anna wrote the draft, Ewa edited it; by service and by SQL the answer is the same."""
    office.rule(required, *named)
    draft = office.draft("anna")
    update_draft(office.engine, office.larp, draft, DraftContent("Zapisy", "Inne słowa"), Caller("Ewa"))
    office.service.submit(office.larp, draft, Caller("anna"))
    for person, outcome in zip(people, outcomes, strict=True):
        if outcome == "already" and way == "sql":
            office.edit(APPROVE, draft, person)  # The same person twice is harmless, and counts once.
        elif outcome in ("more", "done"):
            office.edit(APPROVE, draft, person) if way == "sql" else office.approve(draft, person)
            assert office.status(draft) == ("approved" if outcome == "done" else "pending_approval")
        elif way == "sql":
            office.refused(outcome.replace("not among", "not named among"), APPROVE, draft, person)
        else:
            with pytest.raises(ApprovalRefusedError, match=outcome) as refusal:
                office.approve(draft, person)
            assert refusal.value.next_step


def test_the_service_names_who_is_left(office):
    """How many are missing, and who may."""
    set_rule(office.engine, office.larp, Caller("admin"), required_approvals=2, approvers=("Ola", "Piotr", " ola "))
    shown = office.approve(office.pending(), "ola")
    assert (shown.required_approvals, shown.missing_approvals, shown.named_approvers) == (2, 1, ("ola", "piotr"))


@pytest.mark.parametrize(
    ("required", "approvers", "rule"),
    [(0, (), "required_approvals_are_1_to_10"), (11, (), "required_approvals_are_1_to_10"),
     (2, ("ola", "OLA"), "named_approvers_are_enough")],
)  # fmt: skip
def test_an_impossible_rule_is_refused(office, required, approvers, rule):
    """By its name; nothing changes."""
    with pytest.raises(RuleRefusedError) as refusal:
        set_rule(office.engine, office.larp, Caller("admin"), required_approvals=required, approvers=approvers)
    assert refusal.value.rule == rule


def test_a_rule_is_audited_with_what_it_was(office):
    """Who lowered the number is asked one day."""
    office.rule(2)
    office.edit("update social_approval_rules set required_approvals = 1", actor="ewa")
    office.edit("delete from social_approval_rules", actor="ewa")
    with office.world.connect() as connection:
        log = connection.execute(
            "select actor, action, before ->> 'required_approvals' from social_audit_log"
            " where action like 'approval_rule%%' order by id"
        ).fetchall()
    assert log == [
        ("backoffice_login", "approval_rule.set", None),
        ("ewa", "approval_rule.set", "2"),
        ("ewa", "approval_rule.removed", "1"),
    ]


def test_two_approvers_at_once(office):
    """Of two that are needed both count, and the draft is approved once."""
    office.rule(2)
    drafts = [office.pending() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: office.approve(*job), [(d, p) for d in drafts for p in ("ola", "piotr")]))
    assert {office.status(draft) for draft in drafts} == {"approved"}
    events = office.world.one(
        "select count(*), count(distinct draft_id) from social_outbox where event = 'SocialDraftApprovedEvent'"
    )
    assert events == (8, 8)


def test_an_edit_and_an_approval_at_once(office):
    """Whichever is first: nobody's approval ends up under words that he has not seen."""
    for _ in range(6):
        draft = office.pending()
        shown = office.read(draft).draft.content_hash
        with ThreadPoolExecutor(2) as pool:
            edit = pool.submit(
                update_draft, office.engine, office.larp, draft, DraftContent("Zapisy", "Inne"), Caller("anna")
            )
            approval = pool.submit(office.service.approve, office.larp, draft, Caller("ola"), content_hash=shown)
            edit.result()
            if approval.exception():
                assert isinstance(approval.exception(), StaleDraftError)
        assert office.status(draft) in ("draft", "pending_approval")
        assert office.read(draft).missing_approvals == 1


# What makes it void ---------------------------------------------------------------


@pytest.mark.parametrize("what", EDITS)
@pytest.mark.parametrize("is_scheduled", [False, True])
def test_an_edit_voids_the_approval(office, what, is_scheduled):
    """Of anything that an approver saw; the schedule goes with it."""
    draft = office.pending(assets=() if what == "link" else (PHOTO,))
    office.approve(draft, "ola")
    if is_scheduled:
        schedule_draft(office.engine, office.larp, draft, LATER, Caller("anna"))
    office.edit(EDITS[what], draft, actor="ewa")
    shown = office.read(draft)
    assert (shown.draft.status, shown.missing_approvals, shown.draft.editors) == ("draft", 1, ["ewa"])
    assert [post.status for post in shown.schedules] == (["canceled"] if is_scheduled else [])


def test_words_that_come_back_need_a_new_approval(office):
    """An approval was of one review; an edit and its undoing are another one."""
    draft = office.pending()
    before = office.approve(draft, "ola").draft
    for words in ("Inne", "Zapraszamy!"):
        update_draft(office.engine, office.larp, draft, DraftContent("Zapisy", words), Caller("anna"))
    office.service.submit(office.larp, draft, Caller("anna"))
    shown = office.read(draft)
    assert (shown.draft.content_hash, shown.missing_approvals) == (before.content_hash, 1)
    office.refused("nobody approved", "update social_drafts set status = 'approved' where id = %s", draft)
    office.approve(draft, "ola")
    assert office.status(draft) == "approved"


def test_an_approver_who_edits_is_an_approver_no_more(office):
    """Also not for the words that he approved before."""
    draft = office.pending()
    office.approve(draft, "ola")
    update_draft(office.engine, office.larp, draft, DraftContent("Zapisy", "Lepsze słowa"), Caller("ola"))
    office.service.submit(office.larp, draft, Caller("ola"))
    with pytest.raises(ApprovalRefusedError, match="wrote or edited"):
        office.approve(draft, "ola")


def test_another_page_needs_another_approval(office):
    """The LARP leaves its Page and takes another: what was approved for the first is a draft again, what nobody has
    decided on stays."""
    approved, undecided, scheduled = office.pending(), office.pending(), office.pending()
    office.approve(approved, "ola")
    office.approve(scheduled, "ola")
    schedule_draft(office.engine, office.larp, scheduled, LATER, Caller("anna"))
    leave = "update facebook_page_connections set disconnected_at = now() where disconnected_at is null"
    office.world.run(leave)
    office.world.run("update facebook_page_connections set disconnected_at = null")  # The same Page again.
    assert office.status(approved) == "approved"
    office.world.run(leave)
    office.world.run(
        "insert into facebook_page_connections (larp_id, page_id, page_name) values (%s, '201', 'Nowa')", office.larp
    )
    assert office.status(approved) == "draft"
    assert office.status(undecided) == "pending_approval"
    # It keeps the Page that it was approved for, and waits there until that one is back.
    assert office.read(scheduled).schedules[0].page_id == "200000000000001"
    # Taken out of that schedule, it would go to the other Page.
    unschedule_draft(office.engine, office.larp, scheduled, Caller("anna"))
    assert office.status(scheduled) == "draft"


def test_a_rejection_returns_the_draft_with_its_reason(office):
    """Earlier approvals of the review are void with it; the author hears why."""
    office.rule(2)
    draft = office.pending()
    office.approve(draft, "ola")
    shown = office.service.reject(
        office.larp, draft, Caller("piotr"), content_hash=office.read(draft).draft.content_hash, comment="Literówka"
    )
    assert (shown.draft.status, shown.missing_approvals, shown.approvals[-1].comment) == ("draft", 2, "Literówka")
    assert office.world.one("select event, payload ->> 'comment' from social_outbox order by id desc limit 1") == (
        "SocialDraftRejectedEvent",
        "Literówka",
    )
    office.service.submit(office.larp, draft, Caller("anna"))
    office.approve(draft, "ola")
    assert office.status(draft) == "pending_approval"
    with pytest.raises(ApprovalRefusedError, match="no reason"):
        office.service.reject(office.larp, draft, Caller("piotr"), content_hash="", comment=" ")


def test_the_last_of_several_approvals_is_the_one_that_is_told(office):
    """Nobody hears of an approved draft that still lacks somebody."""
    office.rule(2)
    draft = office.pending()
    told = "select count(*) from social_outbox where event = 'SocialDraftApprovedEvent'"
    office.approve(draft, "ola")
    assert office.world.one(told) == (0,)
    office.approve(draft, "piotr")
    assert office.world.one(told) == (1,)


def test_a_changed_rule_counts_for_decisions_to_come(office):
    """What is approved stays so, through a schedule and back."""
    draft = office.pending()
    office.approve(draft, "ola")
    office.rule(2)
    schedule_draft(office.engine, office.larp, draft, LATER, Caller("anna"))
    assert unschedule_draft(office.engine, office.larp, draft, Caller("anna")).draft.status == "approved"
    other = office.pending()
    office.approve(other, "ola")
    assert office.status(other) == "pending_approval"


# By SQL ---------------------------------------------------------------

WHOLE = """
with draft as (
    insert into social_drafts (larp_id, title, body, status, created_by)
    values (%(larp)s, 'Zapisy', 'Tekst', 'approved', 'anna') returning id
)
insert into social_draft_approvals (draft_id, approver, decision)
select id, unnest(%(people)s::text[]), 'approved' from draft
"""


def test_an_approved_draft_by_sql_brings_its_approvals(office):
    """None, too few or the author's own are refused at the commit; the audit log says who approved."""
    office.rule(2)
    for people, match in (
        ([], "nobody approved"), (["ola"], "lacks 1 of its approvals"), (["ola", "Ola "], "lacks 1"),
        (["ola", "anna"], "wrote or edited"),
    ):  # fmt: skip
        with office.world.connect("backoffice_login") as connection:
            with pytest.raises(Exception, match=match) as refusal:
                connection.execute(WHOLE, {"larp": office.larp, "people": people})
            assert refusal.value.diag.message_hint
    with office.world.connect("backoffice_login") as connection:
        connection.execute(WHOLE, {"larp": office.larp, "people": ["ola", "piotr"]})
        approvers = connection.execute(
            "select actor, payload ->> 'approver' from social_audit_log where action = 'draft.approved_by_approver'"
            " order by id"
        ).fetchall()
    assert approvers == [("backoffice_login", "ola"), ("backoffice_login", "piotr")]
    assert office.world.one("select count(*) from social_drafts") == (1,)


@pytest.mark.parametrize(
    ("column", "value"), [("version", 9), ("review", 1), ("editors", []), ("number", 1), ("content_hash", "x")]
)
def test_what_approvals_hang_on_is_not_the_backoffices_to_write(office, column, value):
    """Nor is which review or Page an approval was for: the trigger says so."""
    draft = office.draft()
    office.refused(
        "permission denied|only be updated to DEFAULT",
        f"update social_drafts set {column} = %s where id = %s",
        value,
        draft,
    )
    office.service.submit(office.larp, draft, Caller("anna"))
    office.edit(
        "insert into social_draft_approvals (draft_id, approver, decision, review, page_id)"
        " values (%s, 'ola', 'approved', 77, '9')",
        draft,
    )
    assert office.world.one("select review, page_id from social_draft_approvals") == (1, "200000000000001")


# Every illegal move ---------------------------------------------------------------


def reach(office, status: str):
    """A draft in the status, by legal moves."""
    draft = office.draft()
    if status == "canceled":
        cancel_draft(office.engine, office.larp, draft, Caller("anna"))
    if status in ("draft", "canceled"):
        return draft
    office.service.submit(office.larp, draft, Caller("anna"))
    if status == "pending_approval":
        return draft
    office.approve(draft, "ola")
    if status == "approved":
        return draft
    schedule_draft(office.engine, office.larp, draft, LATER, Caller("anna"))
    for move in {"scheduled": (), "published": ("queued", "publishing", "published"), "failed": ("missed",)}[status]:
        office.world.run(
            "update social_scheduled_posts set status = %s, status_reason = 'x', claimed_by = 'd/r',"
            " lease_expires_at = now(), published_at = case when %s = 'published' then now() end,"
            " facebook_post_id = case when %s = 'published' then '1_2' end where draft_id = %s",
            move, move, move, draft,
        )  # fmt: skip
    return draft


ACTS = {
    "submit": lambda o, d: o.service.submit(o.larp, d, Caller("anna")),
    "approve": lambda o, d: o.approve(d, "piotr"),
    "reject": lambda o, d: o.service.reject(
        o.larp, d, Caller("piotr"), content_hash=o.read(d).draft.content_hash, comment="Nie"
    ),
    "schedule": lambda o, d: schedule_draft(o.engine, o.larp, d, LATER, Caller("anna")),
    "unschedule": lambda o, d: unschedule_draft(o.engine, o.larp, d, Caller("anna")),
    "cancel": lambda o, d: cancel_draft(o.engine, o.larp, d, Caller("anna")),
    "edit": lambda o, d: update_draft(o.engine, o.larp, d, DraftContent("Zapisy", "Inne"), Caller("anna")),
}
LEGAL = {
    "draft": {"submit", "cancel", "edit"},
    "pending_approval": {"approve", "reject", "cancel", "edit"},
    "approved": {"schedule", "cancel", "edit"},
    "scheduled": {"schedule", "unschedule", "cancel", "edit"},
    "published": set(),
    "failed": {"schedule", "cancel", "edit"},
    "canceled": {"cancel"},  # Once more is not another time.
}


@pytest.mark.parametrize("status", [status.value for status in DraftStatus])
@pytest.mark.parametrize("act", ACTS)
def test_each_act_in_each_status(office, status, act):
    """It is done, or refused with what to do instead; then nothing has changed."""
    draft = reach(office, status)
    assert office.status(draft) == status
    if act in LEGAL[status]:
        ACTS[act](office, draft)
        return
    with pytest.raises((IllegalMoveError, RuleRefusedError)) as refusal:
        ACTS[act](office, draft)
    assert str(draft) in refusal.value.message and refusal.value.next_step
    assert office.status(draft) == status


def test_another_larps_draft_is_nobodys(office, world):
    """For every verb the same answer as for a draft that does not exist."""
    draft, other = office.pending(), world.add_page("200000000000002")
    office.larp = other
    for act in ACTS.values():
        with pytest.raises(UnknownDraftError):
            act(office, draft)
    for read in (list_attempts, list_audit):
        with pytest.raises(UnknownDraftError):
            read(office.engine, other, draft, Caller("anna"))
    with pytest.raises(UnknownLarpError):
        create_draft(office.engine, uuid4(), TEXT, Caller("anna"))


def test_a_stale_version_changes_nothing(office):
    """Whoever edits, plans or cancels by an old look is told who was faster."""
    draft = office.pending()
    seen = office.read(draft).version
    update_draft(
        office.engine, office.larp, draft, DraftContent("Zapisy", "Inne"), Caller("ewa"), expected_version=seen
    )
    for act in (
        lambda: update_draft(office.engine, office.larp, draft, TEXT, Caller("anna"), expected_version=seen),
        lambda: cancel_draft(office.engine, office.larp, draft, Caller("anna"), expected_version=seen),
        lambda: office.service.submit(office.larp, draft, Caller("anna"), expected_version=seen),
        lambda: schedule_draft(office.engine, office.larp, draft, LATER, Caller("anna"), expected_version=seen),
    ):
        with pytest.raises(StaleDraftError, match="ewa"):
            act()


def test_an_update_that_changes_nothing_voids_nothing(office):
    """Sending the same content again keeps approval, uploads and version."""
    draft = office.pending(assets=(PHOTO,))
    version = office.approve(draft, "ola").version
    same = DraftContent("Zapisy", "Zapraszamy!", assets=(PHOTO,))
    shown = update_draft(office.engine, office.larp, draft, same, Caller("ewa"))
    assert (shown.draft.status, shown.version, shown.draft.editors) == ("approved", version, [])
