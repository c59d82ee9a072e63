"""The Queue and Now as people use them: looked at, searched, acted on after one question, refused, and never broken."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.console.conftest import look
from tests.graph.publishing import publish_feed_post
from tests.needs import needs_chromium
from tests.queue.conftest import force

from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.graph.client import GraphClient
from socialpub.graph.posts import FeedPost
from socialpub.graph.settings import GraphSettings
from socialpub.models.secret import Secret
from socialpub.services.queue.lists import STATES

pytestmark = needs_chromium
PAGE = "200000000000001"
HOSTILE = (
    "<script>document.title='owned'</script>",
    "\u202eyzarps\u202c \u2067מבחן\u2069 " + "a" * 120,
    "👩‍👩‍👧‍👦🏳️‍🌈" * 12,
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
)


def add_attempt(world, post, *, outcome="unconfirmed", words="No."):
    world.run(
        "insert into social_publish_attempts"
        " (scheduled_post_id, attempt_number, dag_id, run_id, sent_at, finished_at, outcome, error_message)"
        " values (%s, 1, 'publish_due_posts', 'scheduled__2027-01-01T00:00:00+00:00', now(), now(), %s, %s)",
        post, outcome, words,
    )  # fmt: skip


@pytest.fixture
def posts(site):
    """One in each of the states that matter most."""
    found = {}
    for number, status in enumerate(("pending", "failed", "missed", "unconfirmed", "published", "canceled")):
        found[status] = site.world.schedule(
            site.larp, due_in=7200 if status == "pending" else -600, title=f"Is {status}"
        )
        if status != "pending":
            force(site.world, found[status], status, number=number)
            add_attempt(site.world, found[status])
    return found


def test_now_shows_what_needs_a_person_and_leads_there(site, log_in, posts):
    site.world.run("select social_end_scan()")
    tab = log_in("anna")
    tab.goto(site.at("now"))
    expect(tab.get_by_role("heading", name="Publishing works.")).to_be_visible()
    expect(tab.get_by_text("“Is failed” of")).to_be_visible()
    look(tab)
    tab.get_by_role("listitem").filter(has_text="“Is failed”").get_by_role("link", name="Settle it").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Is failed")
    look(tab)


def test_now_says_when_nothing_goes_out(site, log_in):
    site.world.run(
        "update facebook_page_connections set paused_at = now(), paused_by = 'ola', pause_reason = 'Wrong date'"
    )
    tab = log_in("zosia")
    tab.goto(site.at("now"))
    expect(tab.get_by_text("SocialpubNoScan")).to_be_visible()
    expect(tab.get_by_text("is paused by ola: Wrong date")).to_be_visible()
    look(tab)


def test_now_with_nothing_to_do_says_so(site, log_in):
    site.world.run("select social_end_scan()")
    tab = log_in("zosia")
    tab.goto(site.at("now"))
    expect(tab.get_by_text("Nothing waits for a person.")).to_be_visible()
    look(tab)


@pytest.mark.parametrize("state", sorted(STATES))
def test_each_state_has_its_list(site, log_in, posts, state):
    tab = log_in("anna")
    tab.goto(site.at(f"queue?state={state}"))
    for status in posts:
        shown = tab.get_by_role("link", name=f"Is {status}", exact=True)
        expect(shown).to_have_count(1 if status in STATES[state] else 0)
    expect(tab.get_by_label("State")).to_have_value(state)


def test_the_list_has_no_violation(site, log_in, posts):
    tab = log_in("ewa")
    for state in ("to_come", "needs_a_person", "published"):
        tab.goto(site.at(f"queue?state={state}"))
        look(tab)


def test_a_post_is_found_by_its_words_and_its_id(site, log_in, posts):
    tab = log_in("anna")
    tab.goto(site.at("queue"))
    tab.get_by_label("Title or id").fill("IS PEND")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("link", name="Is pending")).to_be_visible()
    tab.get_by_label("Title or id").fill(str(posts["failed"]))
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("link", name="Is failed")).to_be_visible()
    tab.get_by_label("Title or id").fill("no such words")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_text("No post is like this.")).to_be_visible()
    look(tab)


def test_a_post_is_watched_going_live(site, log_in):
    """Without a reload; only its state is renewed."""
    post = site.world.schedule(site.larp, due_in=5, title="Soon")
    tab = log_in("anna")
    tab.goto(site.at("queue"))
    row = tab.get_by_role("row").filter(has_text="Soon")
    expect(row.get_by_text("Pending")).to_be_visible()
    row.get_by_role("checkbox").check()
    force(site.world, post, "published", number=9)
    expect(row.get_by_text("Published")).to_be_visible(timeout=10_000)
    expect(row.get_by_role("checkbox")).to_be_checked()
    look(tab)


def test_failed_posts_are_requeued_after_one_question(site, log_in, posts):
    tab = log_in("anna")
    tab.goto(site.at("queue?state=needs_a_person"))
    for status in ("failed", "missed", "unconfirmed"):
        tab.get_by_role("checkbox", name=f"Choose Is {status}").check()
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Requeue these posts?")
    expect(tab.get_by_text(re.compile("Left alone: It is “unconfirmed”"))).to_be_visible()
    assert site.world.one("select count(*) from social_scheduled_posts where status = 'pending'") == (1,)
    look(tab)
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_role("main").get_by_text("Done for 2 of 2 posts.")).to_be_visible()
    look(tab)
    assert site.world.one(
        "select count(*) from social_scheduled_posts where status = 'pending' and created_by = 'airflow:anna'"
    ) == (2,)
    tab.get_by_role("link", name="Back to the Queue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Queue")


def test_going_back_changes_nothing(site, log_in, posts):
    tab = log_in("anna")
    tab.goto(site.at("queue", posts["failed"]))
    tab.get_by_role("button", name="Requeue").click()
    tab.get_by_role("link", name="Go back, change nothing").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Is failed")
    assert site.world.status(posts["failed"]) == "failed"
    assert site.world.one("select count(*) from social_scheduled_posts where status = 'pending'") == (1,)


def test_publishing_now_asks_why_and_starts_a_run(site, log_in, posts):
    tab = log_in("ola")
    tab.goto(site.at("queue", posts["pending"]))
    tab.get_by_role("button", name="Publish now").click()
    look(tab)
    tab.get_by_label("Why?").fill("Sold out")
    tab.get_by_role("button", name="Publish now").click()
    expect(tab.get_by_role("main").get_by_text("Done for 1 of 1 posts.")).to_be_visible()
    look(tab)
    assert site.started == [(posts["pending"], "Sold out", "airflow:ola")]


def test_an_unconfirmed_post_is_resolved_as_the_live_one(site, log_in, posts):
    """An address that is none is explained on the same page; the right one settles it."""
    site.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=site.sandbox.url))
    live = publish_feed_post(client, PAGE, Secret(f"EAAGpage{PAGE}"), FeedPost("Zapraszamy!")).id
    tab = log_in("ola")
    tab.goto(site.at("queue", posts["unconfirmed"]))
    tab.get_by_label("Address or id of the live post").fill("https://example.com/not-a-post")
    tab.get_by_role("button", name="It is live as this").click()
    expect(tab.get_by_role("main").get_by_text("neither a post's id nor an address")).to_be_visible()
    look(tab)
    assert site.world.status(posts["unconfirmed"]) == "unconfirmed"
    tab.get_by_label("Address or id of the live post").fill(live)
    tab.get_by_role("button", name="It is live as this").click()
    expect(tab.get_by_role("main").get_by_text(f"is published as {live}")).to_be_visible()
    expect(tab.get_by_role("link", name="Live post")).to_have_attribute("href", re.compile("/posts/"))
    assert site.world.status(posts["unconfirmed"]) == "published"
    look(tab)


def test_in_a_frame_addresses_are_there_to_be_copied(site, log_in):
    """No window can be opened from it; what renews itself while a post leaves knows that as well."""
    post = site.world.schedule(site.larp, due_in=30, title="Is publishing")
    force(site.world, post, "publishing")
    tab = log_in("anna")
    tab.goto(f"{site.host}/frame")
    frame = tab.frame_locator("iframe")
    frame.get_by_role("link", name="Queue", exact=True).click()
    line = frame.get_by_role("row").filter(has_text="Is publishing")
    expect(line.locator(".badge")).to_have_text("Publishing")
    with site.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update social_scheduled_posts set status = 'published', permalink_url = 'https://www.facebook.com/posts/7',"
            " published_at = now(), facebook_post_id = '7_7', claimed_by = null, lease_expires_at = null where id = %s",
            [post],
        )
    expect(line.locator(".badge")).to_have_text("Published")
    expect(line.locator("code", has_text="https://www.facebook.com/posts/7")).to_be_visible()
    assert line.get_by_role("link", name="Live post").count() == 0


def test_an_unconfirmed_post_is_declared_absent(site, log_in, posts):
    tab = log_in("ola")
    tab.goto(site.at("queue", posts["unconfirmed"]))
    tab.get_by_role("button", name="It is not there").click()
    expect(tab.get_by_text("it will stand there twice")).to_be_visible()
    look(tab)
    tab.get_by_role("button", name="They are not there; send again").click()
    expect(tab.get_by_role("main").get_by_text("Done for 1 of 1 posts.")).to_be_visible()
    assert site.world.status(posts["unconfirmed"]) == "pending"


def test_a_page_is_paused_from_the_queue(site, log_in, posts):
    tab = log_in("ewa")
    tab.goto(site.at("queue"))
    tab.get_by_role("checkbox", name="Choose Is pending").check()
    tab.get_by_role("button", name="Pause their Page").click()
    look(tab)
    tab.get_by_label("Why?").fill("Wrong date")
    tab.get_by_role("button", name="Pause").click()
    expect(tab.get_by_role("main").get_by_text("Done for 1 of 1 posts.")).to_be_visible()
    assert site.world.one("select pause_reason, paused_by from facebook_page_connections") == (
        "Wrong date", "airflow:ewa",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("person", "action"),
    [
        ("zosia", "requeue"), ("zosia", "publish_now"), ("zosia", "declare_absent"), ("zosia", "pause"),
        ("anna", "publish_now"), ("anna", "declare_absent"), ("anna", "pause"), ("ola", "requeue"), ("ola", "pause"),
    ],
)  # fmt: skip
def test_what_a_role_may_not_do_is_neither_offered_nor_done(site, log_in, posts, person, action):
    """Also where somebody sends the form by hand, with a token of their own."""
    tab = log_in(person)
    tab.goto(site.at("queue?state=needs_a_person"))
    expect(tab.locator(f"button[value={action}]")).to_have_count(0)
    csrf = tab.locator("input[name=csrf]").first.get_attribute("value")
    before = site.world.one("select count(*) from social_audit_log")
    for step in ("confirm", "do"):
        answer = tab.request.post(
            site.at("queue", step), headers={"origin": site.host, "accept": "text/html"},
            form={"csrf": csrf or "", "action": action, "post": str(posts["failed"]), "reason": "because"},
        )  # fmt: skip
        assert answer.status == 403
    assert site.world.one("select count(*) from social_audit_log") == before
    assert site.started == []


def test_posts_of_another_larp_are_not_there(site, log_in):
    other = site.world.add_page("200000000000002", name="Inni")
    post = site.world.schedule(other, title="Theirs")
    tab = log_in("anna")
    tab.goto(site.at(f"queue?q={post}"))
    expect(tab.get_by_text("No post is like this.")).to_be_visible()
    for path in (str(post), f"{post}/state"):
        answer = tab.goto(site.at("queue", path))
        assert answer
        assert answer.status == 404
        assert "Theirs" not in tab.content()


def test_hostile_text_is_shown_as_text(site, log_in):
    """In the list, in the post and in the question before a deed."""
    for number, title in enumerate(HOSTILE):
        post = site.world.schedule(site.larp, due_in=-60 - number, title=title[:255], body="Ż" * 63_000)
        force(site.world, post, "failed")
        add_attempt(site.world, post, outcome="failed", words="<img src=x onerror=alert(1)>" * 90)
    tab = log_in("anna")
    tab.goto(site.at("now"))
    look(tab)
    tab.goto(site.at("queue?state=failed"))
    look(tab)
    for box in tab.get_by_role("checkbox").all():
        box.check()
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_text("<script>document.title='owned'</script>")).to_be_visible()
    look(tab)
    tab.goto(site.at("queue", post))
    look(tab)
    assert "owned" not in tab.title()


def test_the_keyboard_alone_is_enough(site, log_in, posts):
    """From the skip link into the list, a post chosen, the question answered."""
    tab = log_in("anna")
    tab.goto(site.at("queue?state=failed"))
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab.keyboard.press("Enter")
    seen = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate("[document.activeElement.name, document.activeElement.value].join('=')"))
        if seen[-1].startswith("post="):
            tab.keyboard.press("Space")
        if seen[-1] == "action=requeue":
            break
    assert seen[-1] == "action=requeue", seen
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Requeue these posts?")
    tab.get_by_role("button", name="Requeue").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("main").get_by_text("Done for 1 of 1 posts.")).to_be_visible()
