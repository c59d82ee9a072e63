"""The audit log as people read it."""

from __future__ import annotations

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
    tab.get_by_role("button", name="Verify the newest 12 seals").click()
    expect(tab.get_by_role("main").get_by_text("The newest 1 seals hold")).to_be_visible()
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
    tab.get_by_role("button", name="Verify the newest 12 seals").click()
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
