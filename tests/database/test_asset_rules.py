"""What may be written of a photo or video, and by whom."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import sql
from tests.database.conftest import ADD, EDITOR, WORKER


@pytest.mark.parametrize(
    ("rule", "kind", "column", "value"),
    [
        ("storage_path_is_not_blank", "photo", "storage_path", "  "),
        ("storage_path_is_plain_text", "photo", "storage_path", "a\nb.jpg"),
        ("storage_path_is_plain_text", "photo", "storage_path", "a\x1b[2J.jpg"),
        ("storage_path_is_plain_text", "photo", "storage_path", "a\u202egpj.exe"),
        ("storage_path_has_at_most_1024_characters", "photo", "storage_path", "a" * 1025),
        ("storage_path_does_not_climb", "photo", "storage_path", "../a.jpg"),
        ("storage_path_does_not_climb", "photo", "storage_path", "a/.."),
        ("storage_path_is_relative_or_file_s3_gs_abfs", "photo", "storage_path", "/etc/passwd"),
        ("storage_path_is_relative_or_file_s3_gs_abfs", "photo", "storage_path", "http://169.254.169.254/a.jpg"),
        ("storage_path_is_relative_or_file_s3_gs_abfs", "photo", "storage_path", "s3://"),
        ("public_url_is_a_web_address", "photo", "public_url", "file:///etc/passwd"),
        ("public_url_has_at_most_2048_characters", "photo", "public_url", "https://a/" + "a" * 2048),
        ("alt_text_has_at_most_1000_characters", "photo", "alt_text", "a" * 1001),
        ("alt_text_is_plain_text", "photo", "alt_text", "a\u2066b"),
        ("alt_text_and_reencoding_belong_to_a_photo", "video", "alt_text", "a"),
        ("alt_text_and_reencoding_belong_to_a_photo", "video", "may_reencode", True),
        ("title_and_thumbnail_belong_to_a_video", "photo", "title", "a"),
        ("title_and_thumbnail_belong_to_a_video", "photo", "thumbnail_path", "a.jpg"),
        ("video_title_has_at_most_254_characters", "video", "title", "a" * 255),
        ("video_title_is_plain_text", "video", "title", "a\tb"),
        ("thumbnail_path_is_relative_or_file_s3_gs_abfs", "video", "thumbnail_path", "https://a/b.jpg"),
        ("thumbnail_path_does_not_climb", "video", "thumbnail_path", "s3://a/../b.jpg"),
        ("thumbnail_path_is_plain_text", "video", "thumbnail_path", "a\0b".replace("\0", "\x7f")),
        ("mime_type_is_of_a_photo_or_video", "photo", "mime_type", "text/html"),
        ("asset_size_is_positive", "photo", "size_bytes", 0),
        ("checksum_is_sha256", "photo", "checksum_sha256", "ABC"),
        ("asset_position_is_positive", "photo", "position", 0),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_rule(desk, rule, kind, column, value):
    """When it is inserted and when it is changed."""
    draft_id = desk.draft(kind)
    name = sql.Identifier(column)
    update = sql.SQL("update social_draft_assets set {} = %s").format(name)
    columns = {"draft_id": draft_id, "position": 2, "type": kind, "storage_path": "x", column: value}
    insert = sql.SQL("insert into social_draft_assets ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Literal, columns.values()))
    )
    desk.refused(rule, update, value)
    desk.refused(rule, insert)


@pytest.mark.parametrize(
    "path",
    ["a.jpg", "2027/żółć (1)#?.jpg", "s3://media@larps/a.jpg", "gs://a/b", "abfs://c@d/e", "file:///srv/a.jpg", "a..b"],
)  # fmt: skip
def test_a_good_path_is_taken(desk, path):
    """Relative to the root, or by URL."""
    draft_id = desk.draft("photo")
    desk.edit("update social_draft_assets set storage_path = %s", path)
    assert desk.status(draft_id) == "draft"


def test_an_album_has_ten_photos_at_most(desk):
    """The eleventh is refused with what to do, in one statement or by another."""
    draft_id = desk.draft(*["photo"] * 10)
    hint = desk.refused("has 11 photos", ADD, draft_id, 11, "photo", "k.jpg")
    assert "An album has 10 photos at most" in hint
    many = (
        "insert into social_draft_assets (draft_id, position, type, storage_path)"
        " select %s, n, 'photo', 'a' from generate_series(11, 15) as n"
    )
    desk.refused("has 15 photos", many, draft_id)


def test_a_video_stands_alone(desk):
    """Beside a photo, another video, or what was a photo before."""
    for first, second in (("video", "photo"), ("photo", "video"), ("video", "video")):
        hint = desk.refused("a video beside other assets", ADD, desk.draft(first), 2, second, "b.bin")
        assert "give each its own draft" in hint
    album = desk.draft("photo", "photo")
    turned = "update social_draft_assets set type = 'video' where draft_id = %s and position = 1"
    desk.refused("a video beside", turned, album, user="postgres")


def test_two_editors_who_add_at_once_do_not_make_eleven(desk):
    """The second waits for the first, and counts what it wrote; the fingerprint is of both."""
    draft_id = desk.draft(*["photo"] * 8)
    outcomes = []

    def add(position: int) -> None:
        try:
            desk.edit(ADD, draft_id, position, "photo", f"{position}.jpg")
            outcomes.append("added")
        except psycopg.Error as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=add, args=(position,)) for position in (9, 10, 11, 12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(outcomes)[2:] == ["added", "added"]
    assert all("has 11 photos" in outcome for outcome in sorted(outcomes)[:2])
    assert desk.world.one(
        "select content_hash = social_content_hash(title, body, link, social_draft_assets_of(id)) from social_drafts"
    ) == (True,)


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        (EDITOR, "update social_draft_assets set facebook_media_id = '1'"),
        (EDITOR, "update social_draft_assets set upload_state = 'uploaded'"),
        (EDITOR, "update social_draft_assets set file_version = gen_random_uuid()"),
        (EDITOR, "update social_draft_assets set upload_ticket = gen_random_uuid()"),
        (EDITOR, "select from social_media_cleanups"),
        (EDITOR, "update social_first_comments set status = 'skipped'"),
        (EDITOR, "update facebook_page_connections set page_name = 'x'"),
        (EDITOR, "update social_scheduled_posts set handed_over_for = now()"),
        (WORKER, "update social_draft_assets set storage_path = 'x'"),
        (WORKER, "update social_draft_assets set alt_text = 'x'"),
        (WORKER, "update social_draft_assets set file_version = gen_random_uuid()"),
        (WORKER, "delete from social_draft_assets"),
        (WORKER, "insert into social_draft_assets (type) values ('photo')"),
        (WORKER, "update social_drafts set first_comment = 'x'"),
        (WORKER, "insert into social_first_comments (comment_id) values ('1')"),
        (WORKER, "update social_first_comments set scheduled_post_id = gen_random_uuid()"),
        (WORKER, "update social_media_cleanups set media_id = '1'"),
        (WORKER, "delete from social_media_cleanups"),
        ("report_login", "update social_media_cleanups set attempts = 0"),
        ("report_login", "update social_first_comments set attempts = 0"),
    ],
)
def test_nobody_writes_what_is_not_theirs(desk, user, statement):
    """Editors write what is seen, the publisher what it did, reports nothing."""
    desk.refused("permission denied", statement, user=user)


def test_reports_read_all_of_it(desk):
    """Comments to come, media to delete, and how a Page delivers."""
    for statement in (
        "select * from social_first_comments",
        "select * from social_media_cleanups",
        "select delivery from facebook_page_connections",
        "select * from social_draft_assets",
    ):
        desk.world.run(statement, user="report_login")
