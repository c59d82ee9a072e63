"""The console around its screens: who comes in, what the frame of every page does, and what a form has to prove."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import expect
from tests.console.conftest import look
from tests.needs import needs_chromium

pytestmark = needs_chromium


def test_the_door_leads_to_the_first_screen(site, log_in):
    """Of the person's first LARP."""
    tab = log_in("anna")
    tab.goto(f"{site.url}/")
    expect(tab.get_by_role("navigation", name="Screens").get_by_role("link").first).to_have_attribute(
        "aria-current", "page"
    )
    look(tab)


def test_a_theme_is_remembered(site, log_in):
    """Over the next page, whatever the system has."""
    tab = log_in("anna")
    tab.emulate_media(color_scheme="light")
    tab.goto(site.at("drafts"))
    ground = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(ground)
    tab.get_by_role("button", name="Dark").click()
    expect(tab.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert tab.url == site.at("drafts")
    assert tab.evaluate(ground) != light
    tab.goto(site.at("pages"))
    assert tab.evaluate(ground) != light


def test_it_works_in_the_frame_that_airflow_gives_it(site, log_in):
    """Without popups, dialogs and the window's address."""
    tab = log_in("anna")
    tab.goto(f"{site.host}/frame")
    frame = tab.frame_locator("iframe")
    frame.get_by_role("link", name="Page", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Larpowe Kroniki")
    frame.get_by_role("button", name="Dark").click()
    expect(frame.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_somebody_without_a_role_is_told_what_to_do(site, log_in):
    """As a page, and without a word of the LARP."""
    tab = log_in("nobody")
    answer = tab.goto(f"{site.url}/")
    assert answer and answer.status == 403
    expect(tab.get_by_text("has no role in any LARP")).to_be_visible()
    look(tab)
    answer = tab.goto(site.at("drafts"))
    assert answer and answer.status == 404
    assert "Kroniki" not in tab.content()


def test_nobody_is_sent_to_the_login(site):
    """And comes back afterwards."""
    answer = requests.get(site.at("drafts"), headers={"accept": "text/html"}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303
    assert "/auth/login" in answer.headers["location"] and "drafts" in answer.headers["location"]


def test_the_policy_allows_nothing_inline(site):
    """And a frame of Airflow's own pages only."""
    answer = requests.get(site.at("drafts"), cookies={"test_user": "anna"}, timeout=10)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"origin": "https://evil.example"}, 403), ({"origin": "HOST"}, 403)],
    ids=["no origin", "another site", "no token"],
)
def test_a_form_that_is_not_ours_changes_nothing(site, headers, status):
    """Whoever's cookie comes with it."""
    headers = {name: value.replace("HOST", site.host) for name, value in headers.items()}
    answer = requests.post(
        f"{site.url}/theme", data={"theme": "dark"}, headers=headers, cookies={"test_user": "anna"}, timeout=10
    )
    assert (answer.status_code, "set-cookie" in answer.headers) == (status, False)


def test_styles_are_asked_for_once(site):
    """Their address changes with them."""
    page = requests.get(site.at("drafts"), cookies={"test_user": "anna"}, timeout=10).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = requests.get(f"{site.host}{address}", timeout=10)
    assert "immutable" in answer.headers["cache-control"]
