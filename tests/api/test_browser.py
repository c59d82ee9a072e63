"""The connect flow as a person sees it: a real Chromium, the sandbox's dialog as a page, our pages in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.needs import CHROMIUM, needs_chromium

pytestmark = needs_chromium

PAGE, OTHER = "200000000000001", "200000000000002"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(site, chromium: Browser) -> Iterator[Page]:
    """A tab of somebody who is logged in; it fails when the policy of a page blocks anything on it."""
    site.sandbox.control.set_dialog_decision("ask")
    context = log_in(site, chromium, "ewa")
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    assert [text for text in complaints if "Content Security Policy" in text] == []
    context.close()


def log_in(site, chromium: Browser, name: str):
    context = chromium.new_context()
    context.add_cookies([{"name": "test_user", "value": f"{name}:ADMIN", "url": site.url}])
    return context


def test_approving_connects_the_chosen_page(site, tab):
    """Link, dialog, choice among two, connected."""
    site.sandbox.control.add_page(OTHER, "Bitewny Kurier")
    site.sandbox.control.add_user("300000000000001", "Anna Wiśniewska", accounts=[PAGE, OTHER])
    tab.goto(f"{site.larp_url}/connect")
    expect(tab.get_by_role("heading")).to_have_text("Facebook (sandbox)")
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_role("heading")).to_have_text("Choose the Page of Larpowe Kroniki")
    assert site.connected() == []
    tab.get_by_role("button", name="Connect Bitewny Kurier").click()
    expect(tab.get_by_role("heading")).to_have_text("Bitewny Kurier")
    expect(tab.get_by_text("never")).to_be_visible()
    assert "code=" not in tab.url
    assert site.connected() == [OTHER]


def test_declining_one_permission_asks_again_and_then_connects(site, tab):
    """The dialog offers the declined one once more, because it is asked to."""
    tab.goto(f"{site.larp_url}/connect")
    tab.get_by_label("pages_manage_posts").uncheck()
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_text("Publishing needs pages_manage_posts")).to_be_visible()
    assert site.connected() == []
    tab.get_by_role("link", name="Ask Facebook again").click()
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_role("button", name="Connect Larpowe Kroniki").click()
    expect(tab.get_by_role("heading")).to_have_text("Larpowe Kroniki")
    assert site.connected() == [PAGE]


def test_canceling_leads_back_with_a_link_to_start_again(site, tab):
    """Nothing is stored."""
    tab.goto(f"{site.larp_url}/connect")
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.get_by_text("Facebook's dialog was canceled")).to_be_visible()
    tab.get_by_role("link", name="Start again").click()
    expect(tab.get_by_role("heading")).to_have_text("Facebook (sandbox)")
    assert site.connected() == []


def test_a_replayed_state_is_refused(site, tab):
    """Going back in the browser's history, and sending the answer again."""
    tab.goto(f"{site.larp_url}/connect")
    tab.get_by_role("button", name="Continue").click()
    address = tab.url
    tab.get_by_role("button", name="Connect Larpowe Kroniki").click()
    expect(tab.get_by_role("heading")).to_have_text("Larpowe Kroniki")
    tab.goto(address)
    expect(tab.get_by_text("This login was used already")).to_be_visible()
    assert site.connected() == [PAGE]


def test_a_foreign_state_is_refused(site, tab, chromium):
    """Somebody sends the link with their own answer to somebody else."""
    theirs = log_in(site, chromium, "mallory")
    page = theirs.new_page()
    page.goto(f"{site.larp_url}/connect")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading")).to_have_text("Choose the Page of Larpowe Kroniki")
    tab.goto(page.url)
    expect(tab.get_by_text("Somebody else started this login")).to_be_visible()
    theirs.close()
    assert site.connected() == []


def test_no_page_at_all_is_explained(site, tab):
    """With what to do about it."""
    site.sandbox.control.add_user("300000000000001", "Anna Wiśniewska", accounts=[])
    tab.goto(f"{site.larp_url}/connect")
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_text("Facebook lists no Page for Anna Wiśniewska")).to_be_visible()
    expect(tab.get_by_text("business_management")).to_be_visible()


def test_reconnecting_and_disconnecting(site, tab):
    """The same Page comes back by one click more; afterwards its token is gone."""
    for _ in range(2):
        tab.goto(site.larp_url)
        tab.get_by_role("link", name="onnect").click()
        tab.get_by_role("button", name="Continue").click()
        tab.get_by_role("button", name="Connect Larpowe Kroniki").click()
        expect(tab.get_by_role("heading")).to_have_text("Larpowe Kroniki")
    assert site.world.one("select count(*) from facebook_page_connections") == (1,)
    tab.get_by_role("button", name="Disconnect").click()
    expect(tab.get_by_role("heading")).to_contain_text("is disconnected")
    assert site.connected() == []
