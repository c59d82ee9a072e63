"""The Calendar as people use it: read, moved by mouse and by keyboard, with the clock's changes and full days."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from tests.console.conftest import look
from tests.needs import needs_chromium

pytestmark = needs_chromium
ZONE = ZoneInfo("Europe/Warsaw")
HOSTILE = "<script>document.title='owned'</script> \u202eabc\u202c " + "x" * 150


def plan(site, at: str, title: str = "Zapisy", *, larp=None):
    """A post at this wall time of Warsaw."""
    post = site.world.schedule(larp or site.larp, due_in=3600, title=title)
    site.world.run(
        "update social_scheduled_posts set publish_at = cast(%s as timestamp) at time zone 'Europe/Warsaw'"
        " where id = %s",
        at, post,
    )  # fmt: skip
    return post


def planned(site, post) -> str:
    [at] = site.world.one("select publish_at from social_scheduled_posts where id = %s", post)
    return f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M%z}"


def test_a_month_and_a_week_show_the_posts_of_each_day(site, log_in):
    plan(site, "2027-06-10 18:00", "Zapisy")
    plan(site, "2027-06-10 18:05", "Za blisko")
    tab = log_in("anna")
    for view, title in (("month", "June 2027"), ("week", "Week of 7 June 2027")):
        tab.goto(site.at(f"calendar?view={view}&day=2027-06-09"))
        expect(tab.get_by_role("heading", level=1)).to_have_text(title)
        day = tab.locator("[data-day='2027-06-10']")
        expect(day.get_by_role("link", name="18:00 CEST, Pending Zapisy")).to_be_visible()
        expect(day.get_by_text("close to another post")).to_have_count(2)
        look(tab)


def test_a_day_whose_clock_changes_says_so(site, log_in):
    plan(site, "2027-03-28 12:00")
    plan(site, "2027-10-31 12:00")
    tab = log_in("anna")
    tab.goto(site.at("calendar?day=2027-03-01"))
    expect(tab.locator("[data-day='2027-03-28']")).to_contain_text("23 hours.")
    look(tab)
    tab.goto(site.at("calendar?view=week&day=2027-10-31"))
    expect(tab.locator("[data-day='2027-10-31']")).to_contain_text("25 hours.")
    look(tab)


def test_a_post_is_dragged_to_another_day(site, log_in):
    """It keeps its time of day, also over a change of clocks."""
    post = plan(site, "2027-03-27 18:30")
    tab = log_in("anna")
    tab.goto(site.at("calendar?view=week&day=2027-03-27"))
    tab.locator(f"[data-post='{post}']").drag_to(tab.locator("[data-day='2027-03-28']"))
    expect(tab.get_by_role("main").get_by_text("is planned for Sun 28 Mar 2027, 18:30 CEST")).to_be_visible()
    assert planned(site, post) == "2027-03-28T18:30+0200"
    assert tab.url.startswith(site.at("calendar?view=week"))
    assert site.world.one("select actor from social_audit_log where entity_id = %s order by id desc limit 1", post) == (
        "airflow:anna",
    )


def test_a_post_is_moved_by_keyboard(site, log_in):
    post = plan(site, "2027-06-10 18:00")
    tab = log_in("anna")
    tab.goto(site.at("calendar?day=2027-06-01"))
    tab.get_by_role("link", name="Move Zapisy").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("New time")).to_have_value("2027-06-10T18:00")
    look(tab)
    tab.get_by_label("New time").fill("2027-06-12T09:15")
    tab.get_by_label("New time").press("Enter")
    expect(tab.get_by_role("main").get_by_text("is planned for Sat 12 Jun 2027, 09:15 CEST")).to_be_visible()
    assert planned(site, post) == "2027-06-12T09:15+0200"
    look(tab)


def test_a_time_that_does_not_exist_is_offered_its_neighbours(site, log_in):
    post = plan(site, "2027-03-27 02:30")
    tab = log_in("anna")
    tab.goto(site.at("calendar?view=week&day=2027-03-27"))
    tab.locator(f"[data-post='{post}']").drag_to(tab.locator("[data-day='2027-03-28']"))
    expect(tab.get_by_role("main").get_by_text("does not exist in Europe/Warsaw")).to_be_visible()
    look(tab)
    tab.get_by_role("button", name="2027-03-28 03:00").click()
    expect(tab.get_by_role("main").get_by_text("is planned for Sun 28 Mar 2027, 03:00 CEST")).to_be_visible()
    assert planned(site, post) == "2027-03-28T03:00+0200"


def test_a_time_that_comes_twice_is_asked_for(site, log_in):
    post = plan(site, "2027-10-30 02:30")
    tab = log_in("anna")
    tab.goto(site.at("calendar", "move", post))
    tab.get_by_label("New time").fill("2027-10-31T02:30")
    tab.get_by_role("button", name="Move").click()
    expect(tab.get_by_role("main").get_by_text("comes twice in Europe/Warsaw")).to_be_visible()
    look(tab)
    tab.get_by_role("button", name="The second").click()
    expect(tab.get_by_role("main").get_by_text("is planned for Sun 31 Oct 2027, 02:30 CET")).to_be_visible()
    assert planned(site, post) == "2027-10-31T02:30+0100"


def test_the_past_is_refused_with_the_reason(site, log_in):
    post = plan(site, "2027-06-10 18:00")
    tab = log_in("anna")
    tab.goto(site.at("calendar", "move", post))
    tab.get_by_label("New time").fill("2020-06-10T18:00")
    tab.get_by_role("button", name="Move").click()
    expect(tab.get_by_role("main").get_by_text("is past")).to_be_visible()
    look(tab)
    assert planned(site, post) == "2027-06-10T18:00+0200"


def test_a_move_of_a_draft_that_somebody_edited_meanwhile_is_refused(site, log_in):
    post = plan(site, "2027-06-10 18:00")
    tab = log_in("anna")
    tab.goto(site.at("calendar", "move", post))
    tab.locator("input[name=version]").evaluate("field => { field.value = '99999'; }")
    tab.get_by_role("button", name="Move").click()
    expect(tab.get_by_role("main")).to_contain_text("meanwhile")
    look(tab)


@pytest.mark.parametrize("person", ["zosia", "ola"])
def test_who_may_not_schedule_can_neither_drag_nor_send_the_form(site, log_in, person):
    post = plan(site, "2027-06-10 18:00")
    tab = log_in(person)
    tab.goto(site.at("calendar?day=2027-06-01"))
    expect(tab.get_by_role("link", name="18:00 CEST, Pending Zapisy")).to_be_visible()
    expect(tab.locator("[draggable]")).to_have_count(0)
    csrf = tab.locator("input[name=csrf]").first.get_attribute("value")
    answer = tab.request.post(
        site.at("calendar", "move", post), headers={"origin": site.host, "accept": "text/html"},
        form={"csrf": csrf or "", "at": "2027-06-12T18:00"},
    )  # fmt: skip
    assert answer.status == 403
    assert planned(site, post) == "2027-06-10T18:00+0200"


def test_another_larps_posts_are_neither_shown_nor_moved(site, log_in):
    other = site.world.add_page("200000000000002", name="Inni")
    post = plan(site, "2027-06-10 18:00", "Theirs", larp=other)
    tab = log_in("anna")
    tab.goto(site.at("calendar?day=2027-06-01"))
    assert "Theirs" not in tab.content()
    answer = tab.goto(site.at("calendar", "move", post))
    assert answer
    assert answer.status == 404
    look(tab)


def test_a_full_day_stays_readable_and_all_of_it_can_be_read(site, log_in):
    start = datetime(2027, 6, 10, 8, tzinfo=UTC)
    first = plan(site, "2027-06-10 10:00", "Post 0")
    with site.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "insert into social_scheduled_posts (draft_id, connection_id, publish_at, status, status_reason,"
            " content_hash, delivery) select draft_id, connection_id, %s + n * interval '20 seconds', 'failed', 'No.',"
            " content_hash, 'direct' from social_scheduled_posts, generate_series(1, 2500) as n where id = %s",
            [start, first],
        )
    tab = log_in("anna")
    tab.goto(site.at("calendar?day=2027-06-01"))
    expect(tab.locator("[data-day='2027-06-10'] .entry")).to_have_count(4)
    look(tab)
    tab.get_by_role("link", name="All 2,501 of 10 Jun").click()
    expect(tab.locator(".entry")).to_have_count(50)
    look(tab)
    tab.get_by_role("link", name="More posts").click()
    expect(tab.locator(".entry")).to_have_count(50)
    expect(tab.get_by_role("link", name="Back to the first posts")).to_be_visible()


def test_hostile_titles_are_shown_as_text(site, log_in):
    plan(site, "2027-06-10 18:00", HOSTILE[:255])
    plan(site, "2027-06-11 18:00", "👩‍👩‍👧‍👦" * 20)
    tab = log_in("anna")
    for view in ("month", "week"):
        tab.goto(site.at(f"calendar?view={view}&day=2027-06-10"))
        look(tab)
    tab.goto(site.at("calendar/day/2027-06-10"))
    look(tab)
    assert "owned" not in tab.title()


@pytest.mark.parametrize("query", ["day=0001-01-01", "day=9999-12-31", "view=week&day=9999-12-31", "day=2027-02-30"])
def test_days_at_the_ends_of_time_break_nothing(site, log_in, query):
    tab = log_in("anna")
    answer = tab.goto(site.at(f"calendar?{query}"))
    assert answer
    assert answer.status in (200, 422)
