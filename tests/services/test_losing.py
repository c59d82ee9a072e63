"""The loss of a token: its state at once, its posts held together, told once, judged and resumed together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.conftest import TOKEN_KEY

from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.connections import FacebookConnectionService

PAGE, OTHER = "200000000000001", "200000000000002"
TOKEN = f"EAAGpage{PAGE}"
STATE = "select token_status, token_problem from facebook_page_connections where page_id = %s"
PACE = ScanLimits(catch_up_pace=timedelta(seconds=20))


def reconnect(desk) -> None:
    """A person pastes a new token."""
    token = desk.sandbox.control.add_page_token(PAGE, "EAAGnewtoken")
    app = GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=desk.sandbox.url)
    service = FacebookConnectionService(desk.world.engine(), GraphClient(app), TokenCipher([TOKEN_KEY]))
    (larp,) = desk.world.one("select larp_id from facebook_page_connections where page_id = %s", PAGE)
    service.connect_with_token(larp, PAGE, Secret(token), actor="ewa")


def events(desk) -> list[tuple]:
    with desk.world.connect() as connection:
        return connection.execute(
            "select event, payload ->> 'problem' from social_outbox where event like 'page_token%%' order by id"
        ).fetchall()


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("token_invalid", "revoked"),
        ("token_458", "revoked"),
        ("token_459", "login_required"),
        ("token_460", "revoked"),
        ("token_463", "expired"),
        ("token_464", "login_required"),
        ("token_467", "revoked"),
        ("token_492", "role_lost"),
        ("token_493", "revoked"),
        ("session_102", "revoked"),
        ("permission_10", "not_permitted"),
        ("permission_200", "not_permitted"),
        ("capability_3", "not_permitted"),
    ],
)
def test_each_loss_has_its_state_at_once_and_holds_all_posts_of_the_page(desk, mode, problem):
    """The one that met it, those of the same lane, and those of next week; no try is used, nothing fails."""
    larp = desk.world.add_page()
    posts = [desk.world.schedule(larp, due_in=due, body=f"Post {due}") for due in (0, 1, 2, 7 * 86_400)]
    desk.sandbox.control.add_fault(mode)
    desk.scan_and_work()
    assert desk.world.one(STATE, PAGE) == ("lost", problem)
    assert {desk.row(post)[0] for post in posts} == {"pending"}
    reasons = [desk.row(post)[1] for post in (posts[0], posts[3])]
    assert reasons[0] == reasons[1] and "Next: " in reasons[0]
    assert desk.as_run("2").scan() == []
    outcomes = {outcome for post in posts for _, outcome, *_ in desk.attempts(post)}
    assert outcomes <= {"released"}
    assert events(desk) == [("page_token_lost", problem)]


def test_what_becomes_due_later_says_why_it_stays(desk):
    """No due post is without a reason, whenever it was scheduled."""
    larp = desk.world.add_page()
    desk.sandbox.control.revoke_token(TOKEN)
    first = desk.world.schedule(larp, body="First")
    desk.scan_and_work()
    later = desk.world.schedule(larp, body="Later")
    desk.as_run("2").scan()
    assert desk.row(later)[:2] == ("pending", desk.row(first)[1])
    held = scan_due_posts(desk.world.engine(), desk.as_run("3").run, PACE).held
    assert "its token is lost" in held[0].why


def test_sixteen_lanes_that_meet_it_at_once_tell_it_once(desk):
    """Each of its own task, one event."""
    larp = desk.world.add_page()
    posts = [desk.world.schedule(larp, body=f"Post {n}") for n in range(16)]
    desk.sandbox.control.revoke_token(TOKEN)
    desk.scan()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda post: desk.work(post), posts))
    assert {desk.row(post)[0] for post in posts} == {"pending"}
    assert events(desk) == [("page_token_lost", "revoked")]
    assert desk.live() == []


def test_other_pages_go_on(desk):
    """The loss is one Page's."""
    lost, free = desk.world.add_page(), desk.world.add_page(OTHER, name="Inna")
    desk.sandbox.control.add_page(OTHER, "Inna", token=f"EAAGpage{OTHER}")
    desk.sandbox.control.revoke_token(TOKEN)
    desk.world.schedule(lost)
    free_post = desk.world.schedule(free, body="Wolne")
    desk.scan_and_work()
    assert desk.row(free_post)[0] == "published"
    assert desk.world.one(STATE, OTHER) == ("unchecked", None)


def test_held_posts_are_judged_when_they_may_go_on_and_not_before(desk):
    """A day without a token: nothing is missed meanwhile; then the rule decides, also on the one that was sent."""
    larp = desk.world.add_page()
    desk.sandbox.control.revoke_token(TOKEN)
    refused, held = desk.world.schedule(larp, body="Refused"), desk.world.schedule(larp, due_in=2, body="Held")
    desk.scan_and_work()
    desk.later(24 * 60)
    fresh = [desk.world.schedule(larp, due_in=-3600 + n, body=f"Fresh {n}") for n in range(6)]
    for number in range(3):
        scan_due_posts(desk.world.engine(), desk.as_run(f"during {number}").run, PACE)
    assert {desk.row(post)[0] for post in (refused, held, *fresh)} == {"pending"}
    reconnect(desk)
    assert {desk.row(post)[1] for post in fresh} == {None}
    scan = scan_due_posts(desk.world.engine(), desk.as_run("after").run, PACE)
    assert (scan.missed, scan.claimed) == (2, 4)
    assert {desk.row(post)[0] for post in (refused, held)} == {"missed"}
    gaps = [
        desk.world.one(
            "select extract(epoch from next_attempt_at - queued_at)::int from social_scheduled_posts where id = %s",
            post,
        )[0]
        for post in fresh[:4]
    ]
    assert gaps == [0, 20, 40, 60]
    assert [desk.row(post)[0] for post in fresh[4:]] == ["pending", "pending"]


def test_after_a_quick_reconnect_everything_goes_out_in_its_order(desk):
    """Whoever met the refusal first is the first to go."""
    larp = desk.world.add_page()
    desk.sandbox.control.revoke_token(TOKEN)
    for n in range(4):
        desk.world.schedule(larp, due_in=n / 10, body=f"Post {n}")
    desk.scan_and_work()
    reconnect(desk)
    assert desk.world.one(STATE, PAGE) == ("valid", None)
    desk.as_run("2").scan_and_work()
    assert desk.live() == [f"Post {n}" for n in range(4)]


def test_a_reconnect_wakes_the_scan(desk):
    """Nobody waits for the next minute."""
    larp = desk.world.add_page()
    desk.sandbox.control.revoke_token(TOKEN)
    desk.world.schedule(larp)
    desk.scan_and_work()
    with desk.world.connect() as listener:
        listener.execute("listen social_due")
        reconnect(desk)
        assert len(list(listener.notifies(timeout=2, stop_after=1))) == 1


def test_a_refusal_of_the_old_token_that_comes_after_the_reconnect_loses_nothing(desk):
    """The lane had armed with the old one: its post waits five minutes, and goes out with the new."""
    larp = desk.world.add_page()
    post = desk.world.schedule(larp, due_in=3, body="Zmiana")
    desk.sandbox.control.revoke_token(TOKEN)
    desk.scan()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(desk.work, post)
        reconnect(desk)
        working.result()
    assert desk.world.one(STATE, PAGE) == ("valid", None)
    assert events(desk) == []
    desk.later(6)
    desk.as_run("2").scan_and_work()
    assert desk.live() == ["Zmiana"]


def test_a_token_that_has_expired_by_our_clock_is_lost_before_anything_is_sent(desk):
    """Facebook need not be asked."""
    larp = desk.world.add_page()
    desk.world.run("update facebook_page_connections set token_expires_at = now() - interval '1 second'")
    post = desk.world.schedule(larp)
    desk.scan_and_work()
    assert desk.world.one(STATE, PAGE) == ("lost", "expired")
    assert "expired at" in desk.row(post)[1]
    assert desk.sandbox.control.arrivals(edge="feed") == []


def test_a_read_back_that_is_refused_loses_the_token_and_waits_for_a_new_one(desk):
    """An unconfirmed post is not looked up with a dead token again and again; afterwards it is found."""
    larp = desk.world.add_page()
    post = desk.world.schedule(larp, body="Czy jest?")
    desk.sandbox.control.add_fault("committed_then_500", edge="feed")
    desk.sandbox.control.add_fault("token_460", edge="published_posts")
    desk.scan_and_work()
    assert desk.row(post)[0] == "unconfirmed"
    assert desk.world.one(STATE, PAGE) == ("lost", "revoked")
    desk.later(10)
    assert desk.as_run("2").scan() == []
    reconnect(desk)
    desk.as_run("3").scan_and_work()
    assert desk.row(post)[0] == "published"
    assert desk.live() == ["Czy jest?"]
