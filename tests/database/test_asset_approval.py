"""An approval covers everything that is seen of photos, videos and first comments, and nothing else."""

from __future__ import annotations

import time
from uuid import UUID

import psycopg
import pytest
from tests.database.conftest import ADD, EDITOR, WORKER


def test_a_draft_gets_its_assets_before_its_approval_in_the_transaction_that_makes_it(desk):
    """It is approved with them; without an approval of the whole, the commit is refused."""
    assert desk.status(desk.draft("photo", "photo")) == "approved"
    with (
        desk.world.connect(EDITOR) as connection,
        pytest.raises(psycopg.Error, match="nobody approved what it says now"),
        connection.transaction(),
    ):
        [draft_id] = connection.execute(
            "insert into social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'approved') returning id",
            (desk.larp,),
        ).fetchone()
        connection.execute(ADD, (draft_id, 1, "photo", "a.jpg"))


def test_an_asset_that_comes_after_the_approval_voids_it(desk):
    """Within the same transaction as well."""
    with desk.world.connect(EDITOR) as connection, connection.transaction():
        [draft_id] = connection.execute(
            "insert into social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'approved') returning id",
            (desk.larp,),
        ).fetchone()
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')",
            (draft_id,),
        )
        connection.execute(ADD, (draft_id, 1, "photo", "a.jpg"))
    assert desk.status(draft_id) == "draft"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("photo", "storage_path = 'other.jpg'"),
        ("photo", "position = 7"),
        ("photo", "public_url = 'https://larp.example/a.jpg'"),
        ("photo", "alt_text = 'A tent at dusk'"),
        ("photo", "may_reencode = true"),
        ("photo", "checksum_sha256 = repeat('a', 64)"),
        ("photo", "size_bytes = 7"),
        ("photo", "mime_type = 'image/png'"),
        ("video", "title = 'Trailer'"),
        ("video", "thumbnail_path = 'a.jpg'"),
    ],
)
def test_an_edit_of_anything_an_approver_sees_voids_the_approval(desk, kind, change):
    """And cancels the schedule."""
    draft_id, post_id = desk.schedule(kind)
    desk.edit(f"update social_draft_assets set {change}")
    assert (desk.status(draft_id), desk.world.status(post_id)) == ("draft", "canceled")


@pytest.mark.parametrize("change", ["first_comment = 'Link w komentarzu'", "first_comment_delay_minutes = 3"])
def test_the_first_comment_is_part_of_what_is_approved(desk, change):
    """Its text and its delay."""
    draft_id, post_id = desk.schedule(first_comment="Pierwszy!")
    desk.edit(f"update social_drafts set {change}")
    assert (desk.status(draft_id), desk.world.status(post_id)) == ("draft", "canceled")


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("first_comment_is_not_blank", "first_comment = ' '"),
        ("first_comment_has_at_most_8000_characters", "first_comment = repeat('x', 8001)"),
        ("first_comment_waits_a_week_at_most", "first_comment_delay_minutes = 10081"),
        ("first_comment_waits_a_week_at_most", "first_comment_delay_minutes = -1"),
    ],
)
def test_a_bad_first_comment_is_refused_by_the_name_of_its_rule(desk, rule, change):
    """As anything else an editor writes."""
    desk.draft()
    desk.refused(rule, f"update social_drafts set {change}")


def test_an_upload_changes_nothing_of_the_draft(desk):
    """Not its fingerprint, its approval, its schedule, or its row."""
    draft_id, post_id = desk.schedule("photo", "photo")
    before = desk.world.one("select xmin, content_hash, updated_at from social_drafts where id = %s", draft_id)
    desk.upload(draft_id)
    assert desk.world.one("select xmin, content_hash, updated_at from social_drafts where id = %s", draft_id) == before
    assert desk.world.status(post_id) == "pending"


def test_figures_that_nobody_declared_are_filled_in_without_voiding_anything(desk):
    """The publisher's first look; its second finds them there."""
    draft_id, post_id = desk.schedule("photo")
    before = desk.world.one("select content_hash from social_drafts where id = %s", draft_id)
    desk.work(
        "update social_draft_assets set size_bytes = 7, checksum_sha256 = repeat('a', 64), mime_type = 'image/png'"
    )
    assert desk.world.one("select content_hash from social_drafts where id = %s", draft_id) == before
    assert (desk.status(draft_id), desk.world.status(post_id)) == ("scheduled", "pending")


@pytest.mark.parametrize("value", ["null", "repeat('b', 64)"])
@pytest.mark.parametrize("user", [EDITOR, WORKER, "postgres"])
def test_figures_that_are_there_change_only_with_a_new_approval(desk, user, value):
    """Whoever changes them: it is another file."""
    draft_id, post_id = desk.schedule("photo")
    desk.work("update social_draft_assets set size_bytes = 7, checksum_sha256 = repeat('a', 64)")
    desk.world.run(f"update social_draft_assets set checksum_sha256 = {value}", user=user)
    assert (desk.status(draft_id), desk.world.status(post_id)) == ("draft", "canceled")


def test_figures_of_the_old_file_do_not_stay_with_a_new_path(desk):
    """Neither those that were found nor those that were declared, unless new ones come along."""
    desk.draft("photo")
    desk.edit("update social_draft_assets set size_bytes = 7, checksum_sha256 = repeat('a', 64)")
    desk.edit("update social_draft_assets set storage_path = 'b.jpg', size_bytes = 8")
    figures = "select size_bytes, checksum_sha256, mime_type from social_draft_assets"
    assert desk.world.one(figures) == (8, None, None)


def test_the_same_asset_removed_and_added_again_needs_a_new_approval(desk):
    """It may be another file by now."""
    draft_id = desk.draft("photo")
    before = desk.world.one("select content_hash from social_drafts")
    desk.edit("delete from social_draft_assets")
    desk.edit(ADD, draft_id, 1, "photo", "2027/1.bin")
    assert desk.status(draft_id) == "draft"
    assert desk.world.one("select content_hash from social_drafts") != before


def test_a_post_of_photos_needs_no_text(desk):
    """But one of nothing is refused."""
    assert desk.status(desk.draft("photo", body="")) == "approved"
    desk.edit("update social_drafts set status = 'draft'")
    desk.edit("update social_drafts set status = 'pending_approval'")
    desk.refused("there is nothing to publish", "delete from social_draft_assets")


def test_the_audit_log_shows_which_assets_an_edit_left(desk):
    """So that somebody can tell later what was on the picture."""
    desk.draft("photo")
    payload = desk.world.one(
        "select payload -> 'assets' from social_audit_log where action = 'draft.edited' order by id desc limit 1"
    )[0]
    assert [asset[:3] for asset in payload] == [[1, "photo", "2027/1.bin"]]


def test_four_times_the_assets_take_about_four_times_the_time(world):
    """In one session, whose plans are kept from the smaller statement for the larger one."""
    larp = world.add_page()
    few, many = 2_000, 8_000
    with world.connect(EDITOR) as connection:
        seconds_to_attach(connection, larp, "One ", 1)
        short = seconds_to_attach(connection, larp, "Few ", few)
        long = seconds_to_attach(connection, larp, "Many ", many)
    assert long / short < 3 * many / few, (short, long)
    assert world.one("select count(*), count(distinct content_hash) from social_drafts") == (10_001, 10_001)


def seconds_to_attach(connection: psycopg.Connection, larp: UUID, name: str, rows: int) -> float:
    connection.execute(
        "insert into social_drafts (larp_id, title, body) select %s, %s || n, 'B' from generate_series(1, %s) as n",
        (larp, name, rows),
    )
    started = time.monotonic()
    added = connection.execute(
        "insert into social_draft_assets (draft_id, position, type, storage_path)"
        " select id, n, 'photo', n || '.jpg' from social_drafts, generate_series(1, 2) as n where title like %s",
        (f"{name}%",),
    )
    assert added.rowcount == 2 * rows
    return time.monotonic() - started


def test_four_times_the_edits_take_about_four_times_the_time(world):
    """Of approved drafts with an upload each, one statement an edit: every approval is voided, every upload dropped."""
    larp = world.add_page()
    few, many = 1_000, 4_000
    with world.connect() as connection:
        times = [seconds_to_edit(connection, larp, name, rows) for name, rows in (("O", 1), ("F", few), ("M", many))]
    assert times[2] / times[1] < 3 * many / few, times
    assert world.one("select count(*) from social_media_cleanups") == (5_001,)
    assert world.one("select count(*) from social_drafts where status = 'draft'") == (5_001,)


def seconds_to_edit(connection: psycopg.Connection, larp: UUID, name: str, rows: int) -> float:
    seconds_to_attach(connection, larp, name, rows)
    connection.execute("update social_drafts set status = 'pending_approval' where title like %s", (f"{name}%",))
    connection.execute(
        "insert into social_draft_approvals (draft_id, approver, decision)"
        " select id, 'ola', 'approved' from social_drafts where title like %s",
        (f"{name}%",),
    )
    connection.execute(
        "update social_draft_assets set upload_state = 'uploaded', facebook_media_id = id where position = 1"
        " and draft_id in (select id from social_drafts where title like %s)",
        (f"{name}%",),
    )
    started = time.monotonic()
    connection.execute("update social_drafts set body = 'Inne' where title like %s", (f"{name}%",))
    return time.monotonic() - started
