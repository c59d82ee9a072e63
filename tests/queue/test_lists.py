"""Every scheduled post can be found in the list of its state, and only by people of its LARP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialpub.errors import RuleRefusedError
from socialpub.models import PostStatus
from socialpub.services.queue.lists import STATES, QueueFilter, list_posts
from tests.queue.conftest import force

ALL = list(PostStatus)


@pytest.fixture
def posts(world, larp):
    """One in each status: history was due an hour ago, what a scan has taken is in a minute, the rest in an hour."""
    found = {}
    for number, status in enumerate(ALL):
        ahead = 60 if status in ("queued", "publishing") else 3600
        due_in = ahead + number if status in STATES["to_come"] else -3600 - number
        post = world.schedule(larp, due_in=due_in, title=f"Post {status}")
        if status != PostStatus.PENDING:
            force(world, post, status, number=number)
        found[status] = post
    return found


@pytest.mark.parametrize("status", ALL)
def test_each_state_shows_its_posts(engine, larp, posts, status):
    [line] = list_posts(engine, [larp], QueueFilter(state=status)).lines
    assert (line.id, line.title, line.status) == (posts[status], f"Post {status}", status)


def test_to_come_goes_by_time_and_what_needs_a_person_backwards(engine, larp, posts):
    to_come = list_posts(engine, [larp], QueueFilter()).lines
    assert [line.status for line in to_come] == ["queued", "publishing", "pending", "handed_over"]
    aside = list_posts(engine, [larp], QueueFilter(state="needs_a_person")).lines
    assert [line.status for line in aside] == ["unconfirmed", "failed", "missed"]


def test_a_list_is_read_page_by_page_without_gap_or_repetition(world, engine, larp):
    """Also where several posts have the very same second."""
    ids = [world.schedule(larp, due_in=600 + 60 * (number // 3), title=f"No {number}") for number in range(10)]
    world.run("update social_scheduled_posts set publish_at = date_trunc('minute', publish_at)")
    seen, cursor = [], None
    while True:
        page = list_posts(engine, [larp], QueueFilter(), cursor=cursor, limit=3)
        seen += [line.id for line in page.lines]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("state", ["to_come", "needs_a_person", "published"])
def test_the_list_of_many_larps_is_one_list_by_time(world, engine, state):
    """Read page by page: as if all Pages were one, and without what is not asked for."""
    larps = [world.add_page(f"2000000000001{number:02}", name=f"Page {number}") for number in range(12)]
    sign, statuses = (1, ["pending"]) if state == "to_come" else (-1, STATES[state])
    wanted = []
    for number in range(40):
        # Some Pages have many posts close together, some have one, and the last one is not asked for.
        larp = larps[[0, 0, 0, 1, 2, 0, 11, 3 + number % 8][number % 8]]
        post = world.schedule(larp, due_in=sign * (3600 + 60 * number), title=f"No {number}")
        status = statuses[number % len(statuses)]
        if status != "pending":
            force(world, post, status, number=number)
        if larp != larps[11]:
            wanted.append(post)
    seen, cursor = [], None
    while True:
        page = list_posts(engine, larps[:11], QueueFilter(state=state), cursor=cursor, limit=4)
        seen += [line.id for line in page.lines]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == wanted


def test_what_waits_although_its_time_has_come_is_to_come(world, engine, larp):
    """Held or overdue, and put off to a later time."""
    overdue, put_off = world.schedule(larp, due_in=-300), world.schedule(larp, due_in=-200)
    world.run("update social_scheduled_posts set next_attempt_at = now() + interval '1 hour' where id = %s", put_off)
    ahead = world.schedule(larp, due_in=300)
    assert [line.id for line in list_posts(engine, [larp], QueueFilter()).lines] == [overdue, put_off, ahead]


def test_posts_that_were_published_early_stand_first_in_what_is_live(world, engine, larp, posts):
    early = world.schedule(larp, due_in=86400)
    force(world, early, "published", number=77, is_by_hand=True)
    page = list_posts(engine, [larp], QueueFilter(state="published"), limit=1)
    assert [line.id for line in page.lines] == [early]
    rest = list_posts(engine, [larp], QueueFilter(state="published"), cursor=page.next_cursor).lines
    assert [line.id for line in rest] == [posts["published"]]


def test_another_larp_sees_none_of_them(world, engine, posts):
    other = world.add_page("200000000000002", name="Inni")
    for state in STATES:
        assert list_posts(engine, [other], QueueFilter(state=state)).lines == ()
    assert list_posts(engine, [other], QueueFilter(text=str(posts["pending"]))).lines == ()
    assert list_posts(engine, [other], QueueFilter(text="200000000000001_5")).lines == ()


def test_dates_and_page_narrow_the_list(engine, larp, posts):
    soon, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)
    assert len(list_posts(engine, [larp], QueueFilter(since=soon, until=later)).lines) == 4
    assert list_posts(engine, [larp], QueueFilter(since=later)).lines == ()
    assert list_posts(engine, [larp], QueueFilter(page_id="200000000000009")).lines == ()
    assert len(list_posts(engine, [larp], QueueFilter(page_id="200000000000001")).lines) == 4


def test_a_post_is_found_by_what_names_it(world, engine, larp, posts):
    """Its own id, its draft's, the live post's, its address, and what Facebook's support asks for; in any state."""
    live = posts["published"]
    [draft] = world.one("select draft_id from social_scheduled_posts where id = %s", live)
    [facebook_id] = world.one("select facebook_post_id from social_scheduled_posts where id = %s", live)
    world.run(
        "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, fbtrace_id)"
        " values (%s, 1, 'publish_due_posts', 'scheduled__1', 'Atrace1')", live,
    )  # fmt: skip
    page, _, number = facebook_id.partition("_")
    for name in (str(live), str(draft), facebook_id, f"https://www.facebook.com/{page}/posts/{number}", "Atrace1"):
        [line] = list_posts(engine, [larp], QueueFilter(text=name)).lines
        assert line.id == live
        assert (line.attempts, line.dag_id, line.run_id) == (1, "publish_due_posts", "scheduled__1")


def test_words_of_the_title_are_searched_as_words(engine, larp, posts):
    """Not as a pattern, and in any capitals."""
    assert [line.status for line in list_posts(engine, [larp], QueueFilter(text="POST PEND")).lines] == ["pending"]
    assert list_posts(engine, [larp], QueueFilter(text="p%d")).lines == ()


def test_a_search_says_how_far_it_looked_and_goes_on_from_there(world, engine, larp, monkeypatch):
    monkeypatch.setattr("socialpub.services.queue.lists._LOOKED_AT", 3)
    for number in range(7):
        world.schedule(larp, due_in=600 + number, title="Wanted" if number == 5 else "Other")
    first = list_posts(engine, [larp], QueueFilter(text="wanted"))
    assert (first.lines, first.looked_at) == ((), 3)
    second = list_posts(engine, [larp], QueueFilter(text="wanted"), cursor=first.next_cursor)
    assert [line.title for line in second.lines] == ["Wanted"]


def test_lateness_is_told_for_what_went_out_and_for_what_still_waits(world, engine, larp, posts):
    [line] = list_posts(engine, [larp], QueueFilter(state="published")).lines
    assert line.late_seconds == pytest.approx(2.0)
    overdue = world.schedule(larp, due_in=-120)
    [line] = list_posts(engine, [larp], QueueFilter(state="pending", until=datetime.now(UTC))).lines
    assert line.id == overdue
    assert line.late_seconds == pytest.approx(120, abs=30)


@pytest.mark.parametrize("cursor", ["x", "2026-01-01~1", "2026-01-01T00:00~00000000-0000-0000-0000-000000000000", "~"])
def test_a_cursor_of_its_own_is_refused(engine, larp, cursor):
    with pytest.raises(RuleRefusedError):
        list_posts(engine, [larp], QueueFilter(), cursor=cursor)


def test_a_state_of_its_own_is_refused(engine, larp):
    with pytest.raises(RuleRefusedError):
        list_posts(engine, [larp], QueueFilter(state="'; drop table"))
