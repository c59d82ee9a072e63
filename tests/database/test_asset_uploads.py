"""What was uploaded and will not be published is deleted, and never taken for what was approved later."""

from __future__ import annotations

import time

import pytest
from tests.database.conftest import WORKER

NONE = ("not_uploaded", None, None, False, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update social_drafts set body = 'Inne słowa'", "The draft was edited by backoffice_login"),
        (
            "update social_draft_assets set alt_text = 'x' where position = 1",
            "The draft was edited by backoffice_login",
        ),
        ("update social_drafts set status = 'canceled'", 'The draft became "canceled" by backoffice_login'),
        ("update social_scheduled_posts set status = 'canceled'", 'The draft became "approved" by backoffice_login'),
    ],
)
def test_an_edit_or_a_cancel_forgets_every_upload_and_has_it_deleted(desk, change, reason):
    """Of all assets of the draft: what was uploaded belonged to what was approved."""
    draft_id, _ = desk.schedule("photo", "photo")
    desk.upload(draft_id)
    ticket = desk.world.one("select min(upload_ticket::text) from social_draft_assets")
    desk.edit(change)
    assert desk.uploads(draft_id) == [NONE, NONE]
    assert desk.cleanups() == [("9001", "photo", "s", reason), ("9002", "photo", "s", reason)]
    assert desk.world.one("select min(upload_ticket::text) from social_draft_assets") != ticket
    connection_ids = "select count(*) from social_media_cleanups where connection_id = (select id from %s)"
    assert desk.world.one(connection_ids % "facebook_page_connections") == (2,)


def test_a_deleted_asset_is_deleted_at_facebook_as_well(desk):
    """Together with what else was uploaded of its album."""
    draft_id, _ = desk.schedule("photo", "photo")
    desk.upload(draft_id)
    desk.edit("delete from social_draft_assets where position = 1")
    assert [row[:2] for row in desk.cleanups()] == [("9001", "photo"), ("9002", "photo")]
    assert desk.uploads(draft_id) == [NONE]


def test_a_video_that_is_half_uploaded_is_given_up_with_its_session(desk):
    """Its id is known from the start of the upload."""
    desk.schedule("video")
    desk.work(
        "update social_draft_assets set upload_state = 'uploading', upload_session_id = '77', facebook_media_id = '88',"
        " upload_start_offset = 10, upload_end_offset = 20"
    )
    desk.edit("update social_drafts set title = 'Nowy'")
    assert [row[:3] for row in desk.cleanups()] == [("88", "video", "77")]
    assert desk.world.one("select upload_start_offset, upload_end_offset from social_draft_assets") == (None, None)


def test_a_failed_post_leaves_no_orphan(desk):
    """All or nothing: the photos that were uploaded are deleted when the post has failed."""
    draft_id, post_id = desk.schedule("photo", "photo")
    desk.upload(draft_id)
    desk.move(post_id, "queued", "publishing", "failed")
    assert desk.status(draft_id) == "failed"
    assert [row[0] for row in desk.cleanups()] == ["9001", "9002"]
    assert desk.uploads(draft_id) == [NONE, NONE]


def test_what_is_published_is_never_cleaned_up(desk):
    """Its media stay with it, and an edit is refused."""
    draft_id, post_id = desk.schedule("photo")
    desk.upload(draft_id)
    desk.publish(post_id)
    for change in ("delete from social_draft_assets", "update social_draft_assets set alt_text = 'x'"):
        desk.refused("its content can't change any more", change)
    assert desk.cleanups() == []
    assert desk.uploads(draft_id)[0][:2] == ("uploaded", "9001")


def test_an_editor_who_meets_an_upload_waits_for_neither_side(desk):
    """A plain "try again" instead of a deadlock, and nothing half done."""
    draft_id, _ = desk.schedule("photo")
    with desk.world.connect(WORKER) as uploader, uploader.transaction():
        uploader.execute("update social_draft_assets set upload_state = 'uploading'")
        started = time.monotonic()
        hint = desk.refused("is being uploaded at this moment", "update social_drafts set body = 'Inne'")
        assert time.monotonic() - started < 5
    assert "Try again" in hint
    assert desk.status(draft_id) == "scheduled"


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("uploaded_means_we_know_the_media", "upload_state = 'uploaded'"),
        ("failed_upload_has_a_reason", "upload_state = 'failed'"),
        ("upload_state_is_known", "upload_state = 'done'"),
        ("upload_offsets_are_in_order", "upload_start_offset = 5, upload_end_offset = 4"),
        ("upload_offsets_are_in_order", "upload_start_offset = -1, upload_end_offset = 4"),
    ],
)
def test_an_upload_that_cant_be_is_refused_by_the_name_of_its_rule(desk, rule, change):
    """For the publisher as for anybody."""
    desk.draft("photo")
    desk.refused(rule, f"update social_draft_assets set {change}", user=WORKER)
