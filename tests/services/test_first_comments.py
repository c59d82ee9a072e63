"""The first comment: one, under its post, whatever happens on the way."""

from __future__ import annotations

import pytest
from tests.services.conftest import PAGE

from graph_sandbox.entities import PUBLISHING_SCOPES
from socialpub.services import first_comments
from socialpub.services.first_comments import post_first_comments

TEXT = "Zapisy: https://larp.example/zapisy"
UNCLEAR = ("500", "reset", "hang", "200_garbage", "empty_200")


@pytest.fixture
def post(desk):
    """A live post whose first comment is due."""
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}", scopes=scopes)
    return publish(desk)


def publish(desk, delay=0):
    larp = desk.world.add_page()
    with desk.world.connect("backoffice_login") as connection, connection.transaction():
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, first_comment, first_comment_delay_minutes, status)"
            " values (%s, 'Zapisy', 'Zapraszamy!', %s, %s, 'approved') returning id", (larp, TEXT, delay),
        ).fetchone()  # fmt: skip
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
    post = desk.world.schedule_draft(draft[0])
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    return post


def run(desk):
    return post_first_comments(desk.publisher())


def shown(desk, post):
    return [comment.message for comment in desk.sandbox.control.comments(desk.row(post)[2])]


def row(desk):
    return desk.world.one("select status, attempts, comment_id, reason from social_first_comments")


def requests(desk):
    return len(desk.sandbox.control.arrivals(edge="comments", method="POST"))


def test_it_is_posted_once_and_its_id_is_kept(desk, post):
    assert run(desk) == {"posted": 1}
    [comment] = desk.sandbox.control.comments(desk.row(post)[2])
    assert row(desk) == ("posted", 1, comment.id, None)
    assert comment.message == TEXT
    assert run(desk) == {}
    assert requests(desk) == 1


def test_it_waits_as_long_as_its_draft_says(desk):
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}", scopes=scopes)
    publish(desk, delay=30)
    assert run(desk) == {}
    desk.later(31)
    assert run(desk) == {"posted": 1}


@pytest.mark.parametrize("end", UNCLEAR)
def test_one_without_an_answer_is_looked_up_and_never_repeated(desk, post, end):
    """brightbeanxyz/brightbean-studio#140: posted four times because the error came after the creation."""
    desk.sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="comments")
    assert run(desk) == {"posting": 1}
    assert run(desk) == {}
    desk.later(3)
    assert run(desk) == {"posted": 1}
    assert (shown(desk, post), requests(desk)) == ([TEXT], 1)


def test_one_that_is_proved_absent_is_posted_again(desk, post):
    desk.sandbox.control.add_fault("error_500_code2", method="POST", edge="comments")
    assert run(desk) == {"posting": 1}
    desk.later(3)
    assert run(desk) == {"pending": 1, "posted": 1}
    assert (shown(desk, post), row(desk)[1]) == ([TEXT], 2)


def test_a_list_that_cant_be_read_proves_nothing(desk, post):
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="comments")
    run(desk)
    desk.later(3)
    desk.sandbox.control.add_fault("error_500_code2", method="GET", edge="comments")
    assert run(desk) == {"posting": 1}
    assert run(desk) == {"posted": 1}
    assert requests(desk) == 1


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_run_killed_behind_the_fence_leaves_one_comment(desk, post, is_sent, monkeypatch):
    class KilledError(BaseException):
        pass

    def die(*_, **__):
        raise KilledError

    monkeypatch.setattr(first_comments, "_save" if is_sent else "add_comment", die)
    with pytest.raises(KilledError):
        run(desk)
    monkeypatch.undo()
    assert row(desk)[0] == "posting"
    assert run(desk) == {}
    desk.later(3)
    run(desk)
    assert shown(desk, post) == [TEXT]
    assert row(desk)[0] == "posted"


def test_a_missing_permission_says_so_and_leaves_the_post_alone(desk):
    """It needs one of its own; once it is granted, the row may be tried again."""
    post = publish(desk)
    before = desk.row(post)
    assert run(desk) == {"failed": 1}
    status, _, _, reason = row(desk)
    assert status == "failed"
    assert "reconnect the Page with the permission pages_manage_engagement" in reason
    assert desk.row(post) == before
    assert desk.world.one("select status from social_drafts") == ("published",)
    assert run(desk) == {}
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.narrow_token(f"EAAGpage{PAGE}", scopes=scopes)
    desk.world.run("update social_first_comments set status = 'pending'")
    assert run(desk) == {"posted": 1}


@pytest.mark.parametrize(("fault", "status", "tries"), [
    ("link_1609005", "pending", 1),
    ("throttle_80001", "pending", 0),
    ("token_460", "pending", 0),
    ("blocked_368", "failed", 1),
    ("invalid_100", "failed", 1),
    ("missing_object_100_33", "failed", 1),
])  # fmt: skip
def test_a_refusal_waits_or_fails_and_the_post_stays_published(desk, post, fault, status, tries):
    """What lies outside the comment uses up no try."""
    before = desk.row(post)
    desk.sandbox.control.add_fault(fault, method="POST", edge="comments")
    assert run(desk) == {status: 1}
    assert row(desk)[:2] == (status, tries)
    assert row(desk)[3]
    assert desk.row(post) == before
    assert run(desk) == {}


def test_refused_four_times_it_is_failed(desk, post):
    """After 5, 15 and 45 minutes, as a post would be."""
    desk.sandbox.control.add_fault("link_1609005", method="POST", edge="comments", times=0)
    for minutes in (5, 15, 45):
        assert run(desk) == {"pending": 1}
        assert run(desk) == {}
        desk.later(minutes)
    assert run(desk) == {"failed": 1}
    assert requests(desk) == 4


def test_a_paused_page_gets_no_comment(desk, post):
    desk.world.run("update facebook_page_connections set paused_at = now(), paused_by = 'anna', pause_reason = 'Cisza'")
    assert run(desk) == {}
    assert requests(desk) == 0


def test_a_comment_that_a_person_wrote_already_is_not_doubled(desk, post):
    """The look-up takes any comment of the Page with the text."""
    desk.sandbox.control.add_fault("error_500_code2", method="POST", edge="comments")
    run(desk)
    publisher = desk.publisher()
    from socialpub.graph.comments import add_comment
    from socialpub.models.secret import Secret

    add_comment(publisher.client, desk.row(post)[2], Secret(f"EAAGpage{PAGE}"), TEXT)
    desk.later(3)
    assert run(desk) == {"posted": 1}
    assert shown(desk, post) == [TEXT]
