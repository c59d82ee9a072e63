"""The audit log as people read it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from tests.console.conftest import look
from tests.needs import needs_chromium

from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.pause import pause, resume

pytestmark = needs_chromium
PAGE = "200000000000001"


def test_a_change_can_be_read_and_the_chain_be_verified(site, log_in):
    engine = site.world.engine()
    pause(engine, page_id=PAGE, reason="<b>Wrong</b> date", actor="airflow:ola")
    resume(engine, page_id=PAGE, actor="airflow:ola")
    tab = log_in("anna")
    tab.goto(site.at("audit"))
    expect(tab.get_by_text("There is no seal yet.")).to_be_visible()
    look(tab)
    seal_audit_log(engine)
    engine.dispose()
    tab.reload()
    tab.get_by_role("group").first.locator("summary").click()
    expect(tab.get_by_text("<b>Wrong</b> date").first).to_be_visible()
    look(tab)
    expect(tab.get_by_text("the chain was never verified as a whole")).to_be_visible()
    tab.get_by_role("button", name="Verify the whole chain").click()
    expect(tab.get_by_role("main").get_by_text("from the first entry to seal 1 of")).to_be_visible()
    look(tab)
    tab.get_by_role("link", name="Back to the log").click()
    expect(tab.get_by_text("was last verified on")).to_contain_text("up to seal 1.")
    look(tab)


@pytest.mark.parametrize("has_script", [True, False])
def test_a_long_chain_is_verified_in_steps_that_say_how_far_they_came(site, chromium, log_in, monkeypatch, has_script):
    """With a script by themselves, without one by a button."""
    engine = site.world.engine()
    for number in range(4):
        site.world.schedule(site.larp, due_in=3600 + number)
        seal_audit_log(engine)
    engine.dispose()
    monkeypatch.setattr("socialpub.console.chain._PATIENCE", timedelta(0))
    tab = log_in("anna")
    if not has_script:
        context = chromium.new_context(java_script_enabled=False)
        context.add_cookies([{"name": "test_user", "value": "anna", "url": site.host}])
        tab = context.new_page()
    tab.goto(site.at("audit"))
    tab.get_by_role("button", name="Verify the whole chain").click()
    if not has_script:
        for below in (4, 3, 2):
            expect(tab.locator(".message")).to_contain_text("Seal 4 of" if below == 4 else f"Seals {below} to 4 hold")
            expect(tab.locator(".message")).to_contain_text(f"Not looked at yet: {below - 1} older.")
            tab.get_by_role("button", name="Go on").click()
    expect(tab.get_by_role("main").get_by_text("from the first entry to seal 4 of")).to_be_visible()
    tab.goto(site.at("audit"))
    expect(tab.get_by_text("up to seal 4.")).to_be_visible()


def test_a_chain_that_was_written_anew_does_not_match_what_the_browser_keeps(site, log_in):
    """Whoever owns the database can make every digest right again; this browser still has the old one."""
    engine = site.world.engine()
    site.world.schedule(site.larp, due_in=3600)
    seal_audit_log(engine)
    tab = log_in("anna")
    tab.goto(site.at("audit"))
    tab.get_by_role("button", name="Verify the whole chain").click()
    expect(tab.get_by_text("This browser keeps it")).to_be_visible()
    with site.world.connect() as connection:
        for table in ("social_audit_log", "social_audit_seals"):
            connection.execute(f"alter table {table} disable trigger all")
        connection.execute("update social_audit_log set actor = 'nobody' where id = 2")
        connection.execute("delete from social_audit_seals")
    seal_audit_log(engine)
    engine.dispose()
    tab.goto(site.at("audit"))
    tab.get_by_role("button", name="Verify the whole chain").click()
    expect(tab.get_by_role("main").get_by_text("it was written anew since")).to_be_visible()
    look(tab)


def test_without_a_seal_nothing_is_claimed(site, log_in):
    tab = log_in("anna")
    tab.goto(site.at("audit"))
    tab.get_by_role("button", name="Verify the whole chain").click()
    expect(tab.get_by_role("main").get_by_text("There is no seal yet, so nothing can be verified.")).to_be_visible()
    look(tab)


def test_a_forged_entry_is_told(site, log_in):
    engine = site.world.engine()
    site.world.schedule(site.larp, due_in=3600)
    seal_audit_log(engine)
    engine.dispose()
    with site.world.connect() as connection:
        connection.execute("alter table social_audit_log disable trigger all")
        connection.execute("update social_audit_log set actor = 'nobody' where id = 2")
    tab = log_in("zosia")
    tab.goto(site.at("audit"))
    tab.get_by_role("button", name="Verify the whole chain").click()
    expect(tab.get_by_role("main").get_by_text("The audit log was tampered with")).to_be_visible()
    look(tab)


def test_it_is_filtered_and_what_is_no_id_is_explained(site, log_in):
    post = site.world.schedule(site.larp, due_in=3600)
    tab = log_in("anna")
    tab.goto(site.at("audit"))
    tab.get_by_label("What", exact=True).fill("scheduled_post")
    tab.get_by_role("button", name="Show").click()
    rows = tab.get_by_role("row")
    expect(rows).to_have_count(2)
    tab.get_by_label("Id of draft, post or Page").fill(str(post))
    tab.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(2)
    tab.get_by_label("What", exact=True).fill("nothing like it")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_text("No entry is like this.")).to_be_visible()
    look(tab)
    tab.get_by_label("Id of draft, post or Page").fill("?")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_text("That is no id.")).to_be_visible()


def test_another_larps_entries_are_not_shown(site, log_in):
    other = site.world.add_page("200000000000002", name="Inni")
    post = site.world.schedule(other, title="Theirs")
    tab = log_in("anna")
    tab.goto(site.at(f"audit?about={post}"))
    expect(tab.get_by_text("No entry is like this.")).to_be_visible()
