"""The console in the running Airflow, in a real browser: two people, from Airflow's own login to the live post."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from tests.airflow_runs.conftest import Office
from tests.needs import CHROMIUM, needs_chromium

pytestmark = [needs_chromium, pytest.mark.airflow, pytest.mark.timeout(400)]

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def log_in(chromium: Browser, office: Office, name: str) -> Page:
    """By name and password, as everybody does."""
    tab = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    tab.set_default_timeout(30_000)
    tab.goto(office.stack.airflow_url)
    tab.get_by_label("Username").fill(name)
    tab.get_by_label("Password").fill(office.stack.home.secret(f"{name}_password"))
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("link", name="Social posts")).to_be_visible(timeout=30_000)
    return tab


def write_in_the_frame(tab: Page, larp: UUID, title: str) -> UUID:
    """Through Airflow's navigation, in the frame that it gives a plugin; returns the draft's id."""
    tab.get_by_role("link", name="Social posts").click()
    frame = tab.frame_locator("iframe")
    choose_larp(frame, larp, title)
    frame.get_by_role("link", name="Drafts").click()
    frame.get_by_role("link", name="Write a draft").click()
    frame.get_by_label("Title").fill("Bramy otwarte")
    frame.get_by_label("Text", exact=True).fill("Zapraszamy do zamku!")
    expect(frame.get_by_role("article", name="Preview of the post")).to_contain_text("Zapraszamy do zamku!")
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Bramy otwarte")
    frame.get_by_role("button", name="Submit for approval").click()
    expect(frame.locator(".head .badge")).to_have_text("Waits for approval")
    return UUID(tab.frames[-1].url.rpartition("/drafts/")[2][:36])


def choose_larp(frame: FrameLocator, larp: UUID, title: str) -> None:
    """And wait for its screen: a click before that would still be on the other LARP's."""
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    frame.get_by_label("LARP").select_option(label=title)
    frame.get_by_role("button", name="Switch").click()
    expect(frame.get_by_role("link", name="Drafts")).to_have_attribute("href", re.compile(str(larp)))


def next_minute() -> datetime:
    """Of Warsaw's clocks, far enough away for a person to click."""
    now = datetime.now(WARSAW)
    return (now + timedelta(seconds=75)).replace(second=0, microsecond=0)


def test_a_post_from_the_login_to_the_live_page(office, chromium):
    larp = office.add_page("284000000000001", "Console in Airflow")
    office.add_page("284000000000002", "Another one to choose")
    console = f"{office.stack.airflow_url}/socialpub/console/larp/{larp}"
    anna, ola = log_in(chromium, office, "anna"), log_in(chromium, office, "ola")
    draft = write_in_the_frame(anna, larp, "Console in Airflow")

    ola.goto(f"{console}/drafts/{draft}")
    ola.get_by_role("link", name="Approve or reject").click()
    ola.get_by_role("button", name="Approve").click()
    expect(ola.locator(".head .badge")).to_have_text("Approved")

    at = next_minute()
    anna.goto(f"{console}/drafts/{draft}/schedule")
    anna.get_by_label("Day and time").fill(f"{at:%Y-%m-%dT%H:%M}")
    anna.get_by_role("button", name="Schedule it").click()
    expect(anna.locator("[data-say]")).to_contain_text(f"{at:%H:%M}")

    # Near its second a scan has it, and from then on its line in the queue renews itself.
    time.sleep(max(0.0, at.timestamp() - time.time() - 3))
    anna.goto(f"{console}/queue")
    line = anna.get_by_role("row").filter(has_text="Bramy otwarte")
    expect(line).to_contain_text("Queued")
    expect(line.locator(".badge")).to_have_text("Published", timeout=30_000)
    [sent] = [
        a for a in office.stack.sandbox.arrivals(edge="feed", method="POST") if a.message == "Zapraszamy do zamku!"
    ]
    assert 0 <= sent.arrived_at - at.timestamp() <= 2.0
    anna.goto(f"{console}/calendar")
    expect(anna.get_by_role("main")).to_contain_text("Bramy otwarte")
    anna.goto(f"{console}/queue?state=published")
    [(permalink,)] = office.rows("select permalink_url from social_scheduled_posts where draft_id = %s", draft)
    expect(anna.locator(f'a[href="{permalink}"]')).to_be_visible()
