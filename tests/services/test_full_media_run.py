"""Everything a Page takes, by the services themselves: each request has only what Facebook documents for its edge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.graph.documented_params import COMMON, DOCUMENTED, edge_of
from tests.services.conftest import PAGE
from tests.services.test_media_posts import MIB, photo, schedule, settle, video
from tests.services.test_preupload import preupload
from tests.services.test_whole_videos import upload_by_handle

from graph_sandbox.entities import PUBLISHING_SCOPES
from graph_sandbox.samples import make_png
from socialpub.media.limits import VideoLimits
from socialpub.services.clean_up import CleanUpLimits, clean_up
from socialpub.services.first_comments import post_first_comments
from socialpub.services.hand_over import HandOverLimits, hand_over_posts
from socialpub.services.verify_handed_over import VerifyLimits, verify_handed_over_posts

HOUR = 3600
# What a run of services writes; the edges of the table that only a person's page of the console uses are not among it.
WRITTEN = {("POST", "feed"), ("POST", "photos"), ("POST", "videos"), ("POST", "node"), ("POST", "post"),
           ("POST", "comments"), ("POST", "uploads"), ("POST", "upload"), ("DELETE", "node")}  # fmt: skip


@pytest.fixture
def larp(desk):
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}", scopes=scopes)
    desk.sandbox.control.change_settings(processing_seconds=0.1, chunk_bytes=MIB)
    desk.limits = replace(desk.limits, video=VideoLimits(single_request_bytes=3 * MIB))
    return desk.world.add_page()


def test_every_request_of_a_full_media_run_has_documented_parameters_only(desk, larp):
    """Photo, album, small and large video with thumbnail, native schedules moved and canceled, comment, handle."""
    publish_everything(desk, larp)
    hold_everything(desk, larp)
    upload_by_handle(desk, larp)
    seen = set()
    for arrival in desk.sandbox.control.arrivals():
        edge = (arrival.method, edge_of(arrival.path))
        seen.add(edge)
        names = {*arrival.params, *(file["name"] for file in arrival.files)} - {"body"}
        assert names <= DOCUMENTED[edge] | COMMON, (edge, names - DOCUMENTED[edge])
    assert seen >= WRITTEN


def publish_everything(desk, larp):
    thumb = desk.put("thumb.png", make_png(9))
    desk.sandbox.control.add_fault("committed_then_500", edge="feed", method="POST")
    posts = [
        schedule_with_comment(desk, larp),
        schedule(desk, larp, photo(desk, "one.png", 1, alt_text="A gate"), body="One"),
        schedule(desk, larp, *(photo(desk, f"{n}.png", n) for n in range(2, 5)), body="Album"),
        schedule(desk, larp, video(desk, "small.mp4", MIB, title="Small", thumbnail_path=thumb), body="Small"),
        schedule(desk, larp, video(desk, "large.mp4", 4 * MIB, title="Large", thumbnail_path=thumb), body="Large"),
    ]
    desk.scan_and_work()
    for post in posts[3:]:
        settle(desk, post)
    assert [desk.world.status(post) for post in posts] == ["published"] * 5
    assert post_first_comments(desk.publisher()) == {"posted": 1}
    edited = schedule(desk, larp, video(desk, "edited.mp4", MIB), due_in=HOUR)
    preupload(desk, edited)
    desk.world.run("update social_drafts set body = 'Other' where status = 'scheduled'", user="backoffice_login")
    clean_up(desk.publisher(), CleanUpLimits())


def schedule_with_comment(desk, larp):
    with desk.world.connect("backoffice_login") as connection, connection.transaction():
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, first_comment, status)"
            " values (%s, 'T', 'Commented', 'Under it', 'approved') returning id", (larp,),
        ).fetchone()  # fmt: skip
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
    return desk.world.schedule_draft(draft[0])


def hold_everything(desk, larp):
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    held = [
        schedule(desk, larp, photo(desk, "held.png", 11), photo(desk, "held2.png", 12), due_in=HOUR, body="Held album"),
        schedule(desk, larp, video(desk, "held.mp4", MIB), due_in=HOUR, body="Held small"),
        schedule(desk, larp, video(desk, "held2.mp4", 4 * MIB), due_in=HOUR, body="Held large"),
    ]
    hand_over_posts(desk.publisher(), HandOverLimits())
    assert [desk.world.status(post) for post in held] == ["handed_over"] * 3
    for post in held:
        desk.world.run(
            "update social_scheduled_posts set publish_at = publish_at + interval '1 hour' where id = %s",
            post, user="backoffice_login",
        )  # fmt: skip
    verify_handed_over_posts(desk.publisher(), VerifyLimits(), HandOverLimits())
    desk.world.run(
        "update social_scheduled_posts set status = 'canceled' where id = %s", held[2], user="backoffice_login"
    )
    clean_up(desk.publisher(), CleanUpLimits())
