"""A draft from the first word to its schedule, as an editor and an approver see it."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.console.conftest import look
from tests.needs import needs_chromium

pytestmark = needs_chromium

HOSTILE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}",
    "right to left": "\u202edrow a fo dne\u202c שלום \u2067abc",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇵🇱👍🏽" * 20,
    "long word": "a" * 3_000,
    "the longest": "Zażółć gęślą jaźń 🎭\n" * 3_000 + "ż" * 3_000,
}


def picture(color: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (300, 200), color).save(written, "PNG")
    return written.getvalue()


def test_a_draft_from_the_first_word_to_its_schedule(site, log_in):
    """Written with a preview, submitted, not approved by its author, approved by somebody else, scheduled, moved."""
    anna = log_in("anna")
    anna.goto(site.at("drafts"))
    anna.get_by_role("link", name="Write a draft").click()
    look(anna)
    anna.get_by_label("Title").fill("Zapisy otwarte")
    anna.get_by_label("Text", exact=True).fill("Zapraszamy na jesień!\n\nDo zobaczenia.")
    preview = anna.get_by_role("article", name="Preview of the post")
    expect(preview).to_contain_text("Zapraszamy na jesień!\n\nDo zobaczenia.", use_inner_text=True)
    expect(anna.get_by_text("37 of 63,000 characters")).to_be_visible()
    anna.get_by_role("button", name="Save").click()
    expect(anna.get_by_role("heading", level=1)).to_have_text("Zapisy otwarte")
    expect(anna.get_by_role("status")).to_contain_text("Saved")
    expect(anna.get_by_text("Nothing was found")).to_be_visible()
    look(anna)
    anna.get_by_role("button", name="Submit for approval").click()
    expect(anna.locator(".head .badge")).to_have_text("Waits for approval")
    assert anna.get_by_role("link", name="Approve or reject").count() == 0
    look(anna)

    ola = log_in("ola")
    ola.goto(anna.url)
    ola.get_by_role("link", name="Approve or reject").click()
    expect(ola.get_by_text("It was never approved before")).to_be_visible()
    look(ola)
    ola.get_by_role("button", name="Approve").click()
    expect(ola.locator(".head .badge")).to_have_text("Approved")
    look(ola)

    anna.reload()
    anna.get_by_role("link", name="Schedule").click()
    look(anna)
    anna.get_by_label("Day and time").fill("2031-07-01T18:00")
    anna.get_by_role("button", name="Schedule it").click()
    expect(anna.locator("[data-say]")).to_contain_text("Tue 1 Jul 2031, 18:00 CEST (Europe/Warsaw)")
    look(anna)
    anna.get_by_role("link", name="Move to another time").click()
    anna.get_by_label("Time zone").fill("America/New_York")
    anna.get_by_role("button", name="Move it").click()
    expect(anna.locator("[data-say]")).to_contain_text("which is Wed 2 Jul 2031, 00:00 CEST")
    look(anna)
    assert site.world.one("select publish_at::text from social_scheduled_posts") == ("2031-07-01 22:00:00+00",)
    anna.get_by_role("link", name="Unschedule").click()
    look(anna)
    anna.get_by_role("button", name="Take it out").click()
    expect(anna.locator(".head .badge")).to_have_text("Approved")


def test_the_author_does_not_approve(site, log_in):
    """Also where the role would allow it."""
    draft = site.add_draft(author="airflow:ewa")
    ewa = log_in("ewa")
    ewa.goto(site.at("drafts", draft))
    ewa.get_by_role("button", name="Submit for approval").click()
    ewa.get_by_role("link", name="Approve or reject").click()
    ewa.get_by_role("button", name="Approve").click()
    expect(ewa.get_by_text("wrote or edited draft")).to_be_visible()
    expect(ewa.get_by_text("ask somebody who has not worked on it")).to_be_visible()
    look(ewa)
    assert site.world.one("select status from social_drafts") == ("pending_approval",)


def test_a_rejection_needs_a_reason_and_the_next_approver_sees_what_has_changed(site, log_in):
    """Against the last version that was approved, word by word."""
    draft = site.world.add_draft(site.larp, body="Gry terenowe w lesie pod Toruniem")
    anna, ola = log_in("anna"), log_in("ola")
    anna.goto(site.at("drafts", draft, "edit"))
    expect(anna.get_by_text("approvals are void")).to_be_visible()
    anna.get_by_label("Text", exact=True).fill("Gry terenowe w parku pod Toruniem")
    anna.get_by_role("button", name="Save").click()
    site.world.run("update social_drafts set status = 'pending_approval'", user="backoffice_login")
    ola.goto(site.at("drafts", draft, "decide"))
    expect(ola.locator(".difference del")).to_have_text("lesie")
    expect(ola.locator(".difference ins")).to_have_text("parku")
    look(ola)
    ola.get_by_role("button", name="Reject").click()
    expect(ola.get_by_text("there is no reason")).to_be_visible()
    look(ola)
    ola.go_back()
    ola.get_by_label("Comment").fill("Park jest zamknięty.")
    ola.get_by_role("button", name="Reject").click()
    expect(ola.locator(".head .badge")).to_have_text("Draft")
    expect(ola.get_by_text("Park jest zamknięty.")).to_be_visible()
    look(ola)


def test_a_time_that_clocks_skip_or_show_twice_comes_with_choices(site, log_in):
    """In Warsaw, at both changes of 2031."""
    draft = site.world.add_draft(site.larp)
    tab = log_in("anna")
    tab.goto(site.at("drafts", draft, "schedule"))
    tab.get_by_label("Day and time").fill("2031-03-30T02:30")
    tab.get_by_role("button", name="Schedule it").click()
    expect(tab.locator("[data-say]")).to_contain_text("does not exist in Europe/Warsaw")
    expect(tab.get_by_role("radio")).to_have_count(2)
    look(tab)
    tab.get_by_label("Day and time").fill("2031-10-26T02:30")
    tab.get_by_role("radio").first.check()
    tab.get_by_role("button", name="Schedule it").click()
    expect(tab.locator("[data-say]")).to_contain_text("comes twice")
    look(tab)
    tab.get_by_label("UTC+01:00").check()
    tab.get_by_role("button", name="Schedule it").click()
    expect(tab.locator("[data-say]")).to_contain_text("02:30 CET (Europe/Warsaw)")
    assert site.world.one("select publish_at::text from social_scheduled_posts") == ("2031-10-26 01:30:00+00",)


def test_photos_are_shown_as_they_will_lie_and_can_be_described(site, log_in):
    """Taken in, put in order, left out; the pictures are those of the media storage."""
    tab = log_in("anna")
    tab.goto(site.at("drafts", "new"))
    tab.get_by_label("Title").fill("Galeria")
    files = [
        {"name": f"{color}.png", "mimeType": "image/png", "buffer": picture(color)}
        for color in ("red", "blue", "green")
    ]
    tab.get_by_label("Choose files").set_input_files(files)
    tab.get_by_role("button", name="Add the files").click()
    expect(tab.locator(".photos.n3 img")).to_have_count(3)
    tab.evaluate("Promise.all([...document.images].map(one => one.decode()))")
    tab.get_by_label("Alt text of photo 1").fill("Rycerz na koniu")
    tab.locator(".asset").nth(0).get_by_label("Place").fill("9")
    tab.locator(".asset").nth(2).get_by_label("Leave it out").check()
    look(tab)
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator(".photos.n2 img").nth(1)).to_have_attribute("alt", "Rycerz na koniu")
    look(tab)
    tab.get_by_role("link", name="Edit").click()
    expect(tab.get_by_label("Alt text of photo 2")).to_have_value("Rycerz na koniu")
    tab.get_by_label("Add more").set_input_files(
        [{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}]
    )
    tab.get_by_role("button", name="Add the files").click()
    expect(tab.get_by_role("main").get_by_text("is no photo or video that can be taken")).to_be_visible()
    look(tab)
    expect(tab.get_by_label("Alt text of photo 2")).to_have_value("Rycerz na koniu")


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_shown_as_text(site, log_in, kind):
    """In list, page, preview, edit and message; it comes back from the form as it was."""
    text = HOSTILE[kind]
    title = text.split("\n")[0][:255]
    draft = site.add_draft(title, text)
    tab = log_in("anna")
    tab.goto(site.at("drafts"))
    assert tab.locator("tbody a").all_text_contents() == [title]
    look(tab)
    tab.goto(site.at("drafts", draft))
    assert "".join(tab.locator(".words").all_text_contents()).replace("See more", "", 1) == text.strip("\n ")
    look(tab)
    tab.goto(site.at("drafts", draft, "edit"))
    assert tab.get_by_label("Text", exact=True).input_value() == text
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator("[data-say]")).to_contain_text("Saved")
    look(tab)
    assert site.world.one("select body = %s, title = %s, version from social_drafts", text, title) == (True, True, 1)


def test_what_somebody_else_wrote_meanwhile_costs_nobody_a_word(site, log_in):
    """Both texts are there, and the second save is meant."""
    draft = site.add_draft(body="Zaczynamy o osiemnastej")
    tab = log_in("anna")
    tab.goto(site.at("drafts", draft, "edit"))
    site.world.run("update social_drafts set body = 'Zaczynamy o szesnastej'", user="backoffice_login")
    tab.get_by_label("Text", exact=True).fill("Zaczynamy o siedemnastej")
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator("[data-say]")).to_contain_text("Your text is below, not saved")
    expect(tab.locator(".difference del")).to_have_text("szesnastej")
    look(tab)
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator(".words")).to_have_text("Zaczynamy o siedemnastej")


def test_a_form_that_is_wrong_says_where(site, log_in):
    """Beside the field, for eyes and ears, with all the rest still there."""
    tab = log_in("anna")
    tab.goto(site.at("drafts", "new"))
    tab.get_by_label("Title").fill("   ")
    tab.get_by_label("Link").fill("ftp://larp.example/x")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
    expect(tab.get_by_text("beginning with https://")).to_be_visible()
    expect(tab.get_by_label("Link")).to_have_value("ftp://larp.example/x")
    look(tab)


def test_errors_found_on_submit_keep_the_draft_back(site, log_in):
    """With what to do about each."""
    draft = site.add_draft(body="")
    tab = log_in("anna")
    tab.goto(site.at("drafts", draft))
    tab.get_by_role("button", name="Submit for approval").click()
    expect(tab.get_by_role("heading", name="It was not submitted")).to_be_visible()
    expect(tab.get_by_text("write a text, or add something").first).to_be_visible()
    look(tab)
    assert site.world.one("select status from social_drafts") == ("draft",)


def test_publishing_now_asks_once_and_for_a_reason(site, log_in):
    """Then Airflow is asked for a run, in the person's name."""
    draft = site.world.add_draft(site.larp)
    tab = log_in("ola")
    tab.goto(site.at("drafts", draft))
    tab.get_by_role("link", name="Publish now").click()
    look(tab)
    assert site.started == []
    tab.get_by_label("Why can't it wait?").fill("Bramy są otwarte.")
    tab.get_by_role("button", name="Publish now").click()
    expect(tab.locator("[data-say]")).to_contain_text("manual__1")
    look(tab)
    assert site.started == [(draft, "Bramy są otwarte.", "airflow:ola")]


def test_canceling_asks_once(site, log_in):
    """And is an Admin's alone."""
    draft = site.add_draft()
    anna = log_in("anna")
    assert anna.goto(site.at("drafts", draft, "cancel")).status == 403
    look(anna)
    tab = log_in("ewa")
    tab.goto(site.at("drafts", draft))
    tab.get_by_role("link", name="Cancel the draft").click()
    look(tab)
    tab.get_by_role("button", name="Cancel the draft").click()
    expect(tab.locator(".head .badge")).to_have_text("Canceled")
    look(tab)


def test_the_list_has_filters_and_goes_on_by_cursor(site, log_in):
    """Thirty at a time."""
    with site.world.connect("backoffice_login") as connection:
        connection.execute(
            "insert into social_drafts (larp_id, title, body, created_by)"
            " select %s, 'Post ' || n, 'x', 'airflow:anna' from generate_series(1, 65) as n",
            (site.larp,),
        )
    site.world.add_draft(site.larp, title="Zapisy")
    tab = log_in("anna")
    tab.goto(site.at("drafts"))
    tab.get_by_label("State").select_option("draft")
    tab.get_by_role("button", name="Show").click()
    expect(tab.locator("tbody tr")).to_have_count(30)
    look(tab)
    for count in (30, 5):
        tab.get_by_role("link", name="More drafts").click()
        expect(tab.locator("tbody tr")).to_have_count(count)
    expect(tab.get_by_role("link", name="Post 1", exact=True)).to_be_visible()
    tab.get_by_role("link", name="Back to the first drafts").click()
    expect(tab.get_by_role("link", name="Post 65", exact=True)).to_be_visible()
