"""The pictures of Now, Queue, Calendar and Audit: `python docs/screenshots.py` keeps them, a test only takes them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.console.test_pictures import shoot  # noqa: F401 - a fixture
from tests.needs import needs_chromium
from tests.queue.conftest import force

from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.pause import pause, resume

pytestmark = needs_chromium
REASONS = {
    "failed": "Facebook refused the post: (#100) Invalid parameter. Next: correct the post and schedule it again.",
    "missed": "It came 7 hours late, and this Page takes at most 6. Next: schedule it again if it still makes sense.",
    "unconfirmed": "Facebook did not answer; the Page has been read twice. Next: look at the Page, then resolve it.",
}
TITLES = (
    "Zapisy otwarte", "Galeria z zamku", "Warsztaty kostiumowe", "Ostatnie miejsca", "Regulamin 2027", "Mapa terenu",
    "Nocna straż szuka ludzi", "Podziękowania", "Zwiastun", "Poradnik dla nowych",
)  # fmt: skip


@pytest.fixture
def season(site):
    """A month of posts in every state, over a change of the clock."""
    run = site.world.run
    for number, title in enumerate(TITLES * 3):
        post = site.world.schedule(site.larp, due_in=3600, title=title)
        run(
            "update social_scheduled_posts set publish_at = (timestamp '2027-03-01 18:00' + %s * interval '1 day'"
            " + %s * interval '7 minutes') at time zone 'Europe/Warsaw' where id = %s",
            number + number % 3, number % 2, post,
        )  # fmt: skip
        status = {3: "handed_over", 5: "published", 8: "published", 11: "canceled"}.get(number)
        if status:
            force(site.world, post, status, number=number)
    for number, (status, reason) in enumerate(REASONS.items()):
        post = site.world.schedule(site.larp, due_in=-3600 * (number + 1), title=TITLES[number])
        force(site.world, post, status)
        with site.world.connect() as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute("update social_scheduled_posts set status_reason = %s where id = %s", [reason, post])
        run(
            "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, sent_at,"
            " finished_at, outcome, error_message) values (%s, 1, 'publish_due_posts', 'scheduled__1', now(), now(),"
            " 'unconfirmed', %s)", post, reason,
        )  # fmt: skip
    run("select social_end_scan()")
    return post


def test_pictures_of_now_and_queue(site, log_in, season, shoot):  # noqa: F811 - the fixture
    tab = log_in("ewa")
    tab.goto(site.at("now"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Now")
    shoot(tab, "now")
    tab.goto(site.at("queue?state=needs_a_person"))
    for box in tab.get_by_role("checkbox").all():
        box.check()
    shoot(tab, "queue")
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Requeue these posts?")
    shoot(tab, "requeue")
    tab.goto(site.at("queue", season))
    shoot(tab, "post")


def test_pictures_of_calendar_and_audit(site, log_in, season, shoot):  # noqa: F811 - the fixture
    tab = log_in("ewa")
    tab.goto(site.at("calendar?day=2027-03-01"))
    shoot(tab, "calendar")
    tab.goto(site.at("calendar?view=week&day=2027-03-28"))
    shoot(tab, "week")
    engine = site.world.engine()
    pause(engine, page_id="200000000000001", reason="Wrong date", actor="airflow:ola")
    resume(engine, page_id="200000000000001", actor="airflow:ola")
    seal_audit_log(engine)
    engine.dispose()
    tab.goto(site.at("audit"))
    tab.get_by_role("group").first.locator("summary").click()
    shoot(tab, "audit")
