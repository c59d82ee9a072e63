"""A whole walk without a mouse: the focus is always seen, and reaches everything in reading order."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.needs import needs_chromium

pytestmark = needs_chromium
_FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return [
    one.labels?.[0]?.innerText || one.innerText || one.value || one.tagName,
    style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 1 && box.height > 1
      && box.bottom > 0 && box.top < innerHeight,
  ];
}"""


def go_to(tab: Page, words: str) -> None:
    """Press Tab until the focus is on what these words begin; every stop on the way has to be seen."""
    passed = []
    tab.wait_for_load_state("load")  # Before the style sheet is here, no focus can show.
    for _ in range(60):
        tab.keyboard.press("Tab")
        name, is_seen = tab.evaluate(_FOCUSED)
        name = name.strip().split("\n")[0]
        assert is_seen, f"“{name}” has the focus and does not show it"
        if name.startswith(words):
            return
        passed.append(name)
    raise AssertionError(f"“{words}” can't be reached; passed: {passed}")


def test_a_draft_is_written_and_submitted_and_approved_and_scheduled_by_keyboard(site, log_in):
    """From the first key on the list to the time in the schedule."""
    anna = log_in("anna")
    anna.goto(site.at("drafts"))
    go_to(anna, "Skip to the content")
    anna.keyboard.press("Enter")
    go_to(anna, "Write a draft")
    anna.keyboard.press("Enter")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Write a draft")
    go_to(anna, "Title")
    anna.keyboard.type("Z klawiatury")
    go_to(anna, "Text")
    anna.keyboard.type("Bez myszy.")
    go_to(anna, "Save")
    anna.keyboard.press("Enter")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Z klawiatury")
    go_to(anna, "Submit for approval")
    anna.keyboard.press("Space")
    expect(anna.locator(".head .badge")).to_have_text("Waits for approval")

    ola = log_in("ola")
    ola.goto(anna.url)
    go_to(ola, "Approve or reject")
    ola.keyboard.press("Enter")
    expect(ola.get_by_role("heading", level=1)).to_have_text("Approve or reject")
    go_to(ola, "Approve")
    ola.keyboard.press("Enter")
    expect(ola.locator(".head .badge")).to_have_text("Approved")

    anna.goto(anna.url)
    go_to(anna, "Schedule")
    anna.keyboard.press("Enter")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Schedule")
    go_to(anna, "Day and time")
    anna.keyboard.type("0701")
    anna.keyboard.type("2031")
    anna.keyboard.press("Tab")
    anna.keyboard.type("0600PM")
    expect(anna.get_by_label("Day and time")).to_have_value("2031-07-01T18:00")
    go_to(anna, "Schedule it")
    anna.keyboard.press("Enter")
    expect(anna.locator("[data-say]")).to_contain_text("Tue 1 Jul 2031, 18:00 CEST")


def test_enter_in_the_title_saves(site, log_in):
    """And adds no file and draws no preview instead."""
    tab = log_in("anna")
    tab.goto(site.at("drafts", "new"))
    tab.get_by_label("Title").fill("Krótko")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Krótko")
    assert site.world.one("select count(*) from social_drafts") == (1,)


def test_everything_works_without_a_script(site, chromium):
    """Preview by its button, checks by their link."""
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "test_user", "value": "anna", "url": site.host}])
    tab = context.new_page()
    tab.goto(site.at("drafts", "new"))
    tab.get_by_label("Title").fill("Bez skryptów")
    tab.get_by_label("Text", exact=True).fill("Też działa.")
    tab.get_by_role("button", name="Preview").click()
    expect(tab.locator(".words")).to_have_text("Też działa.")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_role("link", name="Look now").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("What was found")
    context.close()
