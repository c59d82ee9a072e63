"""A claimed post through its lane: what the Page shows, what the row says, and what comes next."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from tests.services.conftest import PAGE

from socialpub.graph.client import GraphClient
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.arm import load_posts
from socialpub.services.lane import work_lane
from socialpub.services.outcomes import Published
from socialpub.services.show import show


def test_a_due_post_is_live_once_with_its_permalink(desk):
    """The Page shows it, the row knows its id and address, the draft is published."""
    post = desk.world.schedule(desk.world.add_page(), body="Zapraszamy!", link="https://larp.example/zapisy")
    [result] = desk.scan_and_work()
    assert desk.live() == ["Zapraszamy!"]
    status, reason, post_id, permalink = desk.row(post)
    assert (status, reason) == ("published", None)
    assert post_id == desk.sandbox.control.posts("200000000000001")[0].id
    assert (len(result.published), result.permalink_url) == (1, permalink)
    assert desk.world.one("select status from social_drafts") == ("published",)
    assert desk.attempts(post) == [(1, "published", None, None)]
    assert desk.world.one("select count(*) from social_outbox where event = 'SocialPublishSucceededEvent'") == (1,)


def test_a_published_post_is_found_by_the_trace_id_of_its_log_line(desk, caplog):
    """From Facebook's side to ours: one line a request, with post, attempt and run; and the row knows the id."""
    caplog.set_level(logging.INFO, logger="facebook")
    post = desk.world.schedule(desk.world.add_page(), body="Zapraszamy!")
    desk.scan_and_work()
    attempt, trace_id = desk.world.one("select id::text, fbtrace_id from social_publish_attempts")
    [line] = [record.getMessage() for record in caplog.records if "POST 200000000000001/feed" in record.getMessage()]
    assert f"fbtrace_id {trace_id}," in line
    assert line.endswith(f"post {post}, attempt {attempt}, run publish_due_posts/scheduled__1")
    assert show(desk.world.engine(), trace_id)[1] == f"  id          {post}"


def test_a_post_arrives_at_its_second_and_not_before(desk):
    """The lane waits on the database's clock; arrival is after the due time and within half a second of it."""
    post = desk.world.schedule(desk.world.add_page(), due_in=2.5, body="Punktualnie")
    desk.scan_and_work()
    (due,) = desk.world.one("select publish_at from social_scheduled_posts where id = %s", post)
    [arrival] = [a for a in desk.sandbox.control.arrivals(edge="feed") if a.message == "Punktualnie"]
    assert 0 <= arrival.arrived_at - due.timestamp() < 0.5


def test_a_second_copy_of_the_task_sends_nothing(desk):
    """Airflow may run a lane twice, or again after it was cleared."""
    post = desk.world.schedule(desk.world.add_page(), body="Raz")
    [[claimed]] = desk.scan()
    desk.work(claimed)
    result = desk.work(claimed)
    assert desk.sent("Raz") == 1
    assert len(result.published) == 1
    assert len(desk.attempts(post)) == 1


def test_retries_come_after_5_15_and_45_minutes_and_then_the_post_is_failed(desk):
    """The stored times are exact; four tries in all; the last one ends with the reason."""
    post = desk.world.schedule(desk.world.add_page(), body="Link", link="https://larp.example/x")
    desk.sandbox.control.add_fault("link_1609005", times=0)
    desk.scan()
    for minutes in (5, 15, 45):
        result = desk.work(post)
        waited = desk.world.one(
            "select p.next_attempt_at - a.finished_at, p.status from social_scheduled_posts p"
            " join social_publish_attempts a on a.scheduled_post_id = p.id order by a.attempt_number desc limit 1"
        )
        assert waited == (timedelta(minutes=minutes), "queued")
        assert result.retry_at is not None
        assert result.failed == ()
        desk.later(minutes)
    result = desk.work(post)
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert "1609005" in reason
    assert result.retry_at is None
    assert len(result.failed) == 1
    assert [outcome for _, outcome, *_ in desk.attempts(post)] == ["retry", "retry", "retry", "failed"]
    assert desk.live() == []


@pytest.mark.parametrize("mode", ["invalid_100", "missing_object_100_33"])
def test_a_permanent_error_fails_after_one_attempt(desk, mode):
    """Trying again would change nothing; the row says what Facebook said and what to do."""
    post = desk.world.schedule(desk.world.add_page())
    desk.sandbox.control.add_fault(mode, times=0)
    [result] = desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert (status, len(desk.attempts(post))) == ("failed", 1)
    assert "fbtrace_id" in reason
    assert "Next:" in reason
    assert len(result.failed) == 1
    assert desk.live() == []


def test_a_rate_limit_closes_the_page_and_costs_no_try(desk):
    """The post waits for Facebook's own time, then goes out; other Pages are not touched."""
    larp, other = desk.world.add_page(), desk.world.add_page("300000000000001", name="Inna")
    desk.sandbox.control.add_page("300000000000001", "Inna", token="EAAGpage300000000000001")
    limited, free = desk.world.schedule(larp, body="Limit"), desk.world.schedule(other, body="Wolne")
    desk.sandbox.control.add_fault("throttle_80001", page_id="200000000000001", regain_minutes=7)
    desk.scan()
    result = desk.work(limited, free)
    assert desk.row(free)[0] == "published"
    assert desk.row(limited)[0] == "queued"
    assert result.retry_at is None
    assert result.resume_at is not None
    assert desk.world.one(
        "select round(extract(epoch from rate_limited_until - now()) / 60) from facebook_page_connections"
        " where page_id = '200000000000001'"
    ) == (7,)
    desk.later(7.1)
    desk.work(limited)
    assert desk.row(limited)[0] == "published"
    assert [outcome for _, outcome, *_ in desk.attempts(limited)] == ["rate_limited", "published"]


@pytest.mark.parametrize(
    "mode", ["token_460", "token_463", "token_492", "token_invalid", "session_102", "permission_10", "permission_200"]
)
def test_a_lost_token_holds_the_pages_posts_until_it_is_reconnected(desk, mode):
    """Nothing fails and nothing is lost: posts wait with the reason, and go out after the reconnect."""
    larp = desk.world.add_page()
    first, second = desk.world.schedule(larp, body="Pierwszy"), desk.world.schedule(larp, due_in=1, body="Drugi")
    desk.sandbox.control.add_fault(mode)
    results = desk.scan_and_work()
    assert {desk.row(first)[0], desk.row(second)[0]} == {"pending"}
    assert "Next: " in desk.row(first)[1]
    assert "connect the Page again" in desk.row(first)[1]
    assert any(result.failed for result in results)
    assert desk.as_run("2").scan() == []
    desk.world.run("update facebook_page_connections set token_status = 'valid'")
    desk.later(6)
    desk.as_run("3").scan_and_work()
    assert desk.live() == ["Pierwszy", "Drugi"]


@pytest.mark.parametrize(
    "mode",
    [
        "committed_then_500",
        "committed_then_500_code1",
        "committed_then_reset",
        "committed_then_html_502",
        "committed_then_200_garbage",
        "committed_then_empty_200",
        "committed_then_truncated_json",
        "committed_then_200_error_body",
        "committed_then_hang",
    ],
)
def test_a_post_that_went_out_unanswered_is_found_and_never_sent_again(desk, mode):
    """Whatever the answer looked like, the Page shows it once and the row knows it."""
    post = desk.world.schedule(desk.world.add_page(), body="Raz i dobrze")
    desk.sandbox.control.add_fault(mode)
    desk.scan_and_work()
    assert desk.live() == ["Raz i dobrze"]
    assert desk.row(post)[0] == "published"
    assert desk.sent("Raz i dobrze") == 1


@pytest.mark.parametrize("mode", ["error_500_code2", "reset", "html_502", "garbage_200", "empty_200", "hang"])
def test_an_unknown_outcome_is_sent_again_only_after_the_page_was_read_back(desk, mode):
    """Absent right away proves nothing; absent after the settle time does."""
    post = desk.world.schedule(desk.world.add_page(), body="Może")
    desk.sandbox.control.add_fault(mode)
    [result] = desk.scan_and_work()
    assert desk.row(post)[0] == "unconfirmed"
    assert result.retry_at is not None
    assert desk.work(post).retry_at is not None
    assert desk.sent("Może") == 1
    desk.later(5)
    desk.work(post)
    assert desk.row(post)[0] == "published"
    assert desk.live() == ["Może"]
    assert [outcome for _, outcome, *_ in desk.attempts(post)] == ["absent", "published"]


def test_two_posts_with_the_same_text_are_not_taken_for_each_other(desk):
    """The id of the first is known, so it can't vouch for the second."""
    desk.sandbox.control.set_refuse_duplicates(False)
    larp = desk.world.add_page()
    first = desk.world.schedule(larp, body="To samo")
    desk.scan_and_work()
    second = desk.world.schedule(larp, body="To samo")
    desk.sandbox.control.add_fault("error_500_code2")
    desk.as_run("2").scan_and_work()
    assert (desk.row(first)[0], desk.row(second)[0]) == ("published", "unconfirmed")
    desk.later(5)
    desk.as_run("2").work(second)
    assert desk.row(second)[0] == "published"
    assert desk.row(first)[2] != desk.row(second)[2]
    assert desk.live() == ["To samo", "To samo"]


def test_a_late_answer_settles_the_post_that_was_already_rescued(desk):
    """The scan gave the post up while Facebook was slow; the answer still counts."""
    post = desk.world.schedule(desk.world.add_page(), body="Wolno")
    desk.scan()
    publisher = desk.publisher()
    [loaded] = load_posts(publisher.engine, publisher.run, [post])
    assert publisher._pass_fence(loaded)
    desk.world.run("update social_scheduled_posts set lease_expires_at = now() - interval '1 s'")
    desk.as_run("2").scan()
    assert desk.row(post)[0] == "unconfirmed"
    publisher.recorder.record_outcome(
        loaded.attempt.id, Published("200000000000001_1", None), now=publisher.clock.now()
    )
    assert desk.row(post)[0] == "published"
    assert desk.attempts(post)[0][1] == "published"


@pytest.mark.parametrize("change", ["body = 'Inne słowa'", "status = 'canceled'"])
def test_an_edit_after_arming_sends_nothing(desk, change):
    """What was armed is no longer what was approved."""
    post = desk.world.schedule(desk.world.add_page(), due_in=2, body="Stare słowa")
    [[claimed]] = desk.scan()
    desk.world.run(f"update social_drafts set {change}", user="backoffice_login")
    result = desk.work(claimed)
    assert desk.row(post)[0] == "canceled"
    assert desk.live() == []
    assert (result.failed, result.published, len(result.elsewhere)) == ((), (), 1)


def test_a_wrong_key_holds_the_post_and_says_which_key_is_missing(desk):
    """Nothing is sent, the row names the key, and the next scan within five minutes leaves the post alone."""
    larp = desk.world.add_page()
    foreign = TokenCipher([Fernet.generate_key().decode()]).encrypt(Secret("EAAGx"))
    desk.world.run("update facebook_page_connections set access_token = %s", foreign)
    post = desk.world.schedule(larp)
    [result] = desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "pending"
    assert foreign.split(":")[1] in reason
    assert "SOCIALPUB_TOKEN_KEYS" in reason
    assert len(result.failed) == 1
    assert desk.as_run("2").scan() == []


def test_a_page_without_a_token_holds_its_posts(desk):
    """The row says so, and what to do."""
    post = desk.world.schedule(desk.world.add_page())
    desk.world.run("update facebook_page_connections set access_token = null")
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "pending"
    assert "has no access token" in reason
    assert "connect the Page" in reason


def test_a_user_token_fails_with_facebooks_own_words(desk):
    """A token of the wrong type never half-works: nothing is live, the row names the trouble."""
    token = desk.sandbox.control.add_user("900000000000001", "Anna", accounts=["200000000000001"])
    larp = desk.world.add_page(token=token)
    post = desk.world.schedule(larp)
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status in ("failed", "pending")
    assert "200" in reason
    assert "Next:" in reason
    assert desk.live() == []


def test_facebook_out_of_reach_is_not_sent_and_tried_again(desk):
    """Connection refused proves that nothing left; the post waits for its retry."""
    post = desk.world.schedule(desk.world.add_page())
    desk.scan()
    publisher = desk.publisher()
    unreachable = GraphClient(replace(publisher.client.settings, graph_url="http://127.0.0.1:9"))
    result = work_lane(replace(publisher, client=unreachable), [post], threads=1)
    assert desk.row(post)[0] == "queued"
    assert result.retry_at is not None
    assert [outcome for _, outcome, *_ in desk.attempts(post)] == ["retry"]


def test_posts_of_one_page_keep_their_order_in_a_lane(desk):
    """Ten posts of one second arrive in the order in which they were planned."""
    larp = desk.world.add_page()
    posts = [desk.world.schedule(larp, body=f"Nr {n}") for n in range(10)]
    desk.scan()
    desk.work(*posts)
    assert desk.live() == [f"Nr {n}" for n in range(10)]


def test_a_lane_that_mixes_outcomes_reports_each(desk):
    """One published, one failed, one waiting for its retry."""
    larp = desk.world.add_page()
    good, bad, later = (desk.world.schedule(larp, body=body) for body in ("Dobry", "Zły", "Później"))
    desk.sandbox.control.add_fault("invalid_100", match_message="Zły")
    desk.sandbox.control.add_fault("link_1609005", match_message="Później")
    desk.scan()
    result = desk.work(good, bad, later)
    assert (len(result.published), len(result.failed), len(result.waiting)) == (1, 1, 1)
    assert result.retry_at is not None
    assert desk.live() == ["Dobry"]


def test_a_post_that_somebody_is_changing_holds_up_no_other_one_of_its_lane(desk):
    """Posts of one second pass the fence together; a locked one is left out, and follows when its lock is gone."""
    posts, pages = [], [str(int(PAGE) + number) for number in range(6)]
    for page in pages:
        desk.sandbox.control.add_page(page, page, token=f"EAAGpage{page}")
        posts.append(desk.world.schedule(desk.world.add_page(page), body=f"On {page}"))
    desk.scan()
    with desk.world.connect() as somebody, ThreadPoolExecutor(1) as pool:
        somebody.autocommit = False
        somebody.execute("select 1 from social_scheduled_posts where id = %s for update", (posts[0],))
        lane = pool.submit(desk.work, *posts)
        deadline = time.monotonic() + 5
        while sum(desk.row(post)[0] == "published" for post in posts[1:]) < 5:
            assert time.monotonic() < deadline, [desk.row(post) for post in posts]
            time.sleep(0.05)
        assert desk.row(posts[0])[0] == "queued"
        somebody.rollback()
        assert len(lane.result(timeout=15).published) == 6
    assert [desk.live(page) for page in pages] == [[f"On {page}"] for page in pages]


def test_a_process_that_stood_still_behind_the_fence_sends_nothing(desk):
    """Its lease may be over and the post in other hands: the scan finds out, and sends it once."""
    post = desk.world.schedule(desk.world.add_page(), due_in=3, body="Woken too late")
    slow = replace(desk, timing=replace(desk.timing, fence_ahead=timedelta(seconds=2), send_lease=timedelta(seconds=2)))
    slow.scan_and_work()  # Two seconds pass between the fence and the second; the lease allows one.
    assert (desk.row(post)[0], desk.sent("Woken too late")) == ("publishing", 0)
    desk.later(5)
    for number in range(2, 5):
        desk.as_run(str(number)).scan_and_work()
        desk.later(6)
    assert desk.row(post)[0] == "published"
    assert desk.live() == ["Woken too late"]
