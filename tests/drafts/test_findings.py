"""What a submit finds out before anybody has looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from socialpub.media.findings import Finding, Severity
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.schedule import When, schedule_draft
from socialpub.services.drafts.write import AssetContent

ANNA = Caller("anna")


def codes(office, draft, **options) -> list[tuple[str, str]]:
    found = office.service.check(office.larp, draft, ANNA, **options)
    assert all(finding.words and finding.next_step for finding in found)
    return [(finding.severity.value, finding.code) for finding in found]


def when(text: str) -> When:
    return When(datetime.fromisoformat(text))


def test_a_good_draft_has_nothing_to_tell(office):
    """No finding is better than a list of what is fine."""
    assert codes(office, office.draft(), when=when("2027-03-01 14:05")) == []


def test_an_error_keeps_the_draft_a_draft(office):
    """The findings come back, nothing is submitted, nobody is told."""
    draft = office.draft(body="  ")
    answer = office.service.submit(office.larp, draft, ANNA)
    assert not answer.is_submitted
    assert [finding.code for finding in answer.findings] == ["nothing_to_publish"]
    assert (answer.details.draft.status, office.world.one("select count(*) from social_outbox")) == ("draft", (0,))


def test_a_warning_does_not(office):
    """It is told, and the draft is submitted."""
    office.world.run("update facebook_page_connections set token_status = 'lost', token_status_reason = 'revoked'")
    answer = office.service.submit(office.larp, office.draft(), ANNA)
    assert answer.is_submitted
    assert [finding.code for finding in answer.findings] == ["token_lost"]


@pytest.mark.parametrize(
    ("change", "at", "expected"),
    [
        ("token_status = 'lost'", None, ("warning", "token_lost")),
        ("token_expires_at = '2027-02-01'", "2027-03-01 14:05", ("warning", "token_expires_before")),
        ("paused_at = now(), paused_by = 'ewa', pause_reason = 'x'", None, ("warning", "page_paused")),
        ("disconnected_at = now()", None, ("warning", "page_not_connected")),
        ("delivery = 'native'", "2027-10-01 14:05", ("warning", "beyond_native_window")),
        ("delivery = 'direct'", "2031-03-01 14:05", ("warning", "far_ahead")),
        ("delivery = 'direct'", "2021-03-01 14:05", ("error", "time_is_past")),
    ],
)
def test_page_and_time(office, change, at, expected):
    """What would hold the post, and what is wrong with its time."""
    office.world.run(f"update facebook_page_connections set {change}")
    assert codes(office, office.draft(), when=when(at) if at else None) == [expected]


def test_a_link_beside_a_photo(office):
    """The database refuses it too, but only says so later."""
    draft = office.draft(link="https://larp.example", assets=(AssetContent("photo", "a.jpg"),))
    assert codes(office, draft) == [("error", "link_beside_assets")]


def test_nobody_is_left_to_approve(office):
    """When all who are named have worked on it."""
    office.rule(1, "anna")
    assert codes(office, office.draft()) == [("error", "approval_impossible")]


@pytest.mark.parametrize(("hours", "is_told"), [(0, True), (23, True), (25, False), (-23, True), (-25, False)])
def test_the_same_words_on_the_same_page(office, hours, is_told):
    """Within a day before or after; letters' case and spaces around make no other words."""
    first = office.pending()
    office.approve(first, "ola")
    schedule_draft(office.engine, office.larp, first, when("2027-03-02 14:05"), ANNA)
    at = datetime.fromisoformat("2027-03-02 14:05") + timedelta(hours=hours)
    twin = office.draft(body=" ZAPRASZAMY! ")
    assert codes(office, twin, when=When(at)) == ([("warning", "duplicate_content")] if is_told else [])
    assert codes(office, office.draft(body="Co innego"), when=When(at)) == []
    assert codes(office, office.draft(link="https://larp.example"), when=When(at)) == []


def test_files_and_link_are_looked_at(office):
    """What the looks find has a code of its own."""
    service = replace(
        office.service,
        look_at_files=lambda draft_id: [Finding(Severity.ERROR, "a.jpg", "No photo.", "replace it.")],
        look_at_link=lambda link: [Finding(Severity.WARNING, link, "No preview.", "add tags.")],
    )
    answer = service.submit(office.larp, office.draft(link="https://larp.example"), ANNA)
    assert [finding.code for finding in answer.findings] == ["media_error", "link_warning"]
    assert not answer.is_submitted
