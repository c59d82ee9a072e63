"""The Page as operators see it: how its token stands, pausing it, and connecting it anew."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.console.conftest import look
from tests.needs import needs_chromium

pytestmark = needs_chromium


def test_pausing_asks_for_a_reason_and_resuming_opens_it_again(site, log_in):
    """Everybody sees who did it and why."""
    site.world.schedule(site.larp, due_in=3600)
    tab = log_in("ewa")
    tab.goto(site.at("pages"))
    look(tab)
    tab.get_by_role("link", name="Pause").click()
    look(tab)
    tab.get_by_label("Why?").fill("Kłótnia w komentarzach")
    tab.get_by_role("button", name="Pause the Page").click()
    expect(tab.locator(".head .badge")).to_have_text("Paused")
    expect(tab.get_by_text("Kłótnia w komentarzach. Posts that wait: 1.")).to_be_visible()
    look(tab)
    assert site.world.one("select paused_by, pause_reason from facebook_page_connections") == (
        "airflow:ewa", "Kłótnia w komentarzach",
    )  # fmt: skip
    tab.get_by_role("link", name="Resume").click()
    look(tab)
    tab.get_by_role("button", name="Resume the Page").click()
    expect(tab.locator(".head .badge")).to_have_text("Open")
    look(tab)


def test_a_lost_token_is_named_and_reconnected(site, log_in):
    """By Facebook's dialog, and back."""
    site.world.run(
        "update facebook_page_connections set token_status = 'lost', token_problem = 'revoked',"
        " token_status_reason = 'The password was changed.'"
    )
    tab = log_in("ewa")
    tab.goto(site.at("pages"))
    expect(tab.get_by_text("Nothing can be published: The password was changed.")).to_be_visible()
    look(tab)
    tab.get_by_role("link", name="Reconnect").click()
    tab.get_by_role("button", name="Connect Larpowe Kroniki").click()
    tab.get_by_role("link", name="To the console").click()
    expect(tab.locator(".facts .badge").first).to_have_text("Valid")
    look(tab)


def test_in_airflows_frame_facebook_is_an_address_to_copy(site, log_in):
    """A frame can't open it: Facebook refuses frames, and the frame refuses other windows."""
    tab = log_in("ewa")
    tab.goto(f"{site.host}/frame")
    frame = tab.frame_locator("iframe")
    frame.get_by_role("link", name="Page", exact=True).click()
    expect(frame.get_by_text("Copy this address")).to_be_visible()
    assert frame.get_by_role("link", name="Reconnect").count() == 0


def test_a_rate_limit_and_the_key_are_shown_and_the_token_is_not(site, log_in):
    """To operators; editors see the Page without the key."""
    site.world.run("update facebook_page_connections set rate_limited_until = now() + interval '1 hour'")
    tab = log_in("ewa")
    tab.goto(site.at("pages"))
    expect(tab.locator(".head .badge")).to_have_text("Rate limited")
    expect(tab.get_by_text("the newest")).to_be_visible()
    assert "EAAG" not in tab.content()
    look(tab)
    editor = log_in("zosia")
    editor.goto(site.at("pages"))
    assert editor.get_by_text("the newest").count() == 0
    look(editor)


def test_disconnecting_asks_once_and_connecting_is_offered_then(site, log_in):
    """The token is gone."""
    tab = log_in("ewa")
    tab.goto(site.at("pages"))
    tab.get_by_role("link", name="Disconnect").click()
    look(tab)
    tab.get_by_role("button", name="Disconnect and forget the token").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("No Page is connected")
    expect(tab.get_by_role("link", name="Connect a Page")).to_be_visible()
    look(tab)
    assert site.world.one("select access_token from facebook_page_connections") == (None,)
