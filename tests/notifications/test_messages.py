"""What people read: each event once, in words that say what to do, and nothing that could do them harm."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlparse

import pytest
from sqlalchemy import select

from socialpub.db.connections import prompt_reconnect
from socialpub.db.engine import transaction
from socialpub.models import FacebookPageConnection
from socialpub.models.encrypted import TokenCipher
from socialpub.services.notices.links import PURPOSE, LinkMaker, Target
from socialpub.services.notices.templates import Templates
from tests.conftest import TOKEN_KEY
from tests.notifications.conftest import REASON, make_writer

FAILED = "SocialPublishFailedEvent"
HOSTILE = '<script>alert(1)</script> " onload=x & <!channel> {{7*7}} {% raw %}\u2028 *b*'


def test_a_failure_mail_says_cause_codes_and_next_step(mailroom):
    """In the HTML part and in the plain one, with links to the draft and to the run."""
    mailroom.route(event=FAILED)
    larp = mailroom.world.add_page()
    mailroom.become(mailroom.world.schedule(larp, title="Zapisy"), "failed")
    assert mailroom.run().sent == 1
    [mail] = mailroom.inbox.box.mails
    assert mail.message["Subject"] == "“Zapisy” was not published · Larpowe Kroniki"
    assert mail.message["From"] == "social@larp.test"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.recipients == ("team@larp.test",)
    for kind in ("text/plain", "text/html"):
        text = mail.part(kind)
        for words in ("Zapisy", "Larpowe Kroniki", "Invalid parameter", "code 100", "AbC123", "correct the post."):
            assert words in text, (kind, words)
        assert "Next:" in text
        assert text.count("http://airflow.test/socialpub/links/") == 2


def test_a_failure_in_slack_has_buttons_that_link(mailroom):
    """Block Kit: header, cause, codes, and a button each for the draft and the run."""
    mailroom.route("slack", "", event=FAILED)
    larp = mailroom.world.add_page()
    mailroom.become(mailroom.world.schedule(larp, title="Zapisy"), "failed")
    mailroom.run()
    [message] = mailroom.inbox.box.slack
    kinds = [block["type"] for block in message.body["blocks"]]
    assert kinds == ["header", "context", "section", "actions"]
    assert "“Zapisy” was not published" in message.body["text"]
    buttons = message.body["blocks"][-1]["elements"]
    assert [button["text"]["text"] for button in buttons] == ["Draft", "Airflow task"]
    assert all(button["url"].startswith("http://airflow.test/socialpub/links/") for button in buttons)
    assert "code 100" in message.body["blocks"][2]["text"]["text"]


def test_twenty_failures_of_one_cause_are_one_message_with_a_list(mailroom):
    """Every title is in it, and another cause has a message of its own."""
    mailroom.route(event=FAILED)
    mailroom.route("slack", "", event=FAILED)
    larp = mailroom.world.add_page()
    for number in range(20):
        mailroom.become(mailroom.world.schedule(larp, body=f"B{number}", title=f"Title {number}!"), "failed")
    mailroom.become(mailroom.world.schedule(larp, body="other", title="Other"), "failed", code=200)
    assert mailroom.run().sent == 4
    listing = next(mail for mail in mailroom.inbox.box.mails if "20 posts" in mail.message["Subject"])
    assert all(f"Title {number}!" in listing.part(kind) for number in range(20) for kind in ("text/plain", "text/html"))
    assert "Other" not in listing.part("text/plain")
    blocks = str(next(m.body for m in mailroom.inbox.box.slack if "20 posts" in m.body["text"])["blocks"])
    assert all(f"Title {number}!" in blocks for number in range(20))


def test_what_follows_shortly_waits_and_becomes_one_list(mailroom):
    """At the pace: the first at once, the others together."""
    mailroom.grouping = type(mailroom.grouping)(pace=timedelta(minutes=5))
    mailroom.route(event=FAILED)
    larp = mailroom.world.add_page()
    mailroom.become(mailroom.world.schedule(larp, title="First"), "failed")
    assert mailroom.run().sent == 1
    for title in ("Second", "Third"):
        mailroom.become(mailroom.world.schedule(larp, body=title, title=title), "failed")
        assert mailroom.run().sent == 0
    mailroom.world.run("update social_notifications set next_attempt_at = now()")
    assert mailroom.run().sent == 1
    assert mailroom.inbox.box.mails[1].message["Subject"].startswith("2 posts were not published")


def test_hostile_texts_are_text_wherever_they_stand(mailroom):
    """Title, LARP, comment and approver: no tag, no header, no mention, no template."""
    mailroom.route()
    mailroom.route("slack", "")
    larp = mailroom.world.add_page(name=HOSTILE)
    mailroom.world.run(
        "insert into social_drafts (larp_id, title, body, status, created_by) values (%s, %s, 'x', 'pending_approval',"
        " 'a')", larp, HOSTILE + "\r\nBcc: victim@x.test",
    )  # fmt: skip
    mailroom.world.run(
        "insert into social_draft_approvals (draft_id, approver, decision, comment)"
        " select id, %s, 'rejected', %s from social_drafts", HOSTILE, HOSTILE,
    )  # fmt: skip
    assert mailroom.run().sent == 4
    for mail in mailroom.inbox.box.mails:
        assert mail.message["Bcc"] is None
        assert mail.recipients == ("team@larp.test",)
        html = mail.part("text/html")
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert "{{7*7}}" in html
        assert "49" not in re.sub(r"/socialpub/links/\S+", "", mail.part("text/plain"))
    for message in mailroom.inbox.box.slack:
        mrkdwn = [b["text"]["text"] for b in message.body["blocks"] if b["type"] == "section"]
        assert not re.search(r"<(?!https?://airflow\.test)", "".join(mrkdwn))


def test_no_secret_and_no_other_larps_post_is_in_any_message(mailroom):
    """Tokens that slipped into a reason are blanked; each LARP's people see their own."""
    first, second = mailroom.world.add_page(), mailroom.world.add_page("200000000000002", name="Second")
    mailroom.route(recipient="first@larp.test", larp_id=first, event=FAILED)
    mailroom.route(recipient="second@larp.test", larp_id=second, event=FAILED)
    token = "EAAG" + "x" * 40
    reason = f"GET /me?access_token={token} failed with {token} Next: look."
    mailroom.become(mailroom.world.schedule(first, title="Of the first"), "failed", reason=reason)
    mailroom.become(mailroom.world.schedule(second, title="Of the second"), "failed", reason=reason)
    mailroom.run()
    by_recipient = {mail.recipients[0]: str(mail.message) for mail in mailroom.inbox.box.mails}
    assert set(by_recipient) == {"first@larp.test", "second@larp.test"}
    assert "Of the second" not in by_recipient["first@larp.test"]
    assert "Of the first" not in by_recipient["second@larp.test"]
    assert not any(token in text for text in by_recipient.values())


def test_an_event_that_is_new_here_is_told_with_what_it_says(mailroom):
    """Another part of the product may emit it; values under secret names stay out."""
    mailroom.route()
    larp = mailroom.world.add_page()
    mailroom.world.run(
        "insert into social_outbox (event, dedupe_key, larp_id, payload) values ('page_moon_risen', 'k', %s,"
        """ '{"page_name": "Kroniki", "phase": "full", "days": 3, "access_token": "hush", "nested": {"a": 1}}')""",
        larp,
    )
    mailroom.run()
    [mail] = mailroom.inbox.box.mails
    assert mail.message["Subject"] == "Page moon risen: Kroniki · Larpowe Kroniki"
    assert "days: 3; phase: full" in mail.part("text/plain")
    assert "hush" not in str(mail.message)


def test_drafts_pages_and_the_stack_are_told_too(mailroom):
    """Submitted, approved, published with its link; paused Page, rate limit, paused gate; posts that nobody claims."""
    mailroom.route()
    larp = mailroom.world.add_page()
    mailroom.become(mailroom.world.schedule(larp, title="Live one"), "published")
    pages = "update facebook_page_connections set "
    mailroom.world.run(pages + "paused_at = now(), paused_by = 'ewa', pause_reason = 'Crisis'")
    mailroom.world.run(pages + "paused_at = null, paused_by = null, pause_reason = null")
    mailroom.world.run(pages + "rate_limited_until = now() + interval '1 hour'")
    mailroom.world.run(pages + "rate_limited_until = now() + interval '2 hours'")  # still the same stop
    mailroom.world.run(pages + "rate_limited_until = null")
    mailroom.world.schedule(larp, title="Forgotten", due_in=-600, body="f")
    assert mailroom.world.one("select social_tell_unhealthy()") == (1,)
    assert mailroom.world.one("select social_tell_unhealthy()") == (1,)  # told once an hour
    gate = "update social_publishing_gate set paused_at = now(), paused_by = 'ewa', pause_reason = 'Hacked'"
    mailroom.world.run(gate)
    mailroom.run()
    subjects = sorted(str(mail.message["Subject"]) for mail in mailroom.inbox.box.mails)
    assert subjects == sorted([
        "2 drafts are approved · Larpowe Kroniki",
        "All publishing is paused",
        "Facebook slows Page Larpowe Kroniki down · Larpowe Kroniki",
        "Page Larpowe Kroniki is paused · Larpowe Kroniki",
        "Posts are overdue and nobody sends them",
        "“Live one” is live · Larpowe Kroniki",
    ])  # fmt: skip
    live = next(mail for mail in mailroom.inbox.box.mails if "is live" in mail.message["Subject"])
    assert "Live post" in live.part("text/html")


def test_a_page_to_reconnect_has_its_link_under_the_public_address(mailroom):
    """Lost, told by the schema with a path, and expiring, told by the check with an address."""
    mailroom.route()
    mailroom.route("slack", "")
    larp = mailroom.world.add_page()
    mailroom.world.run("update facebook_page_connections set token_expires_at = '2027-03-28T01:00Z'")
    path = f"/backoffice/larp/{larp}/social/facebook/connect"
    engine = mailroom.world.engine()
    with transaction(engine, actor="check") as session:
        page = session.scalars(select(FacebookPageConnection)).one()
        assert prompt_reconnect(session, page.id, days=3, reconnect_url=f"https://social.test/socialpub{path}")
    engine.dispose()
    reason = "The password was changed. Next: reconnect the Page, logged in as a person who may post to it."
    mailroom.world.run(
        "update facebook_page_connections set token_status = 'lost', token_problem = 'revoked',"
        " token_status_reason = %s",
        reason,
    )
    assert mailroom.run().sent == 4
    told = [mail.part("text/plain") for mail in mailroom.inbox.box.mails]  # in any order: they were sent side by side
    lost, soon = sorted(told, key=lambda text: "has lost its access" not in text)
    assert "Page Larpowe Kroniki has to be reconnected soon" in soon
    assert "it ends Sun 2027-03-28 03:00 CEST" in soon
    assert f"Reconnect: https://social.test/socialpub{path}" in soon
    assert "Page Larpowe Kroniki has lost its access; its posts wait" in lost
    assert "The password was changed." in lost
    assert "reconnect the Page" in lost
    assert f"Reconnect: http://airflow.test/socialpub{path}" in lost
    assert not re.search("days left|problem|revoked|reconnect_", soon + lost)
    urls = [e["url"] for m in mailroom.inbox.box.slack for b in m.body["blocks"] for e in b.get("elements", ())
            if e["type"] == "button"]  # fmt: skip
    assert sorted(urls) == sorted([f"https://social.test/socialpub{path}", f"http://airflow.test/socialpub{path}"])


def test_an_address_that_is_none_becomes_no_link(mailroom):
    """Whatever comes to stand in the payload."""
    mailroom.route()
    larp = mailroom.world.add_page()
    for number, address in enumerate(("javascript:alert(1)", "https://x.test/><a>", "//x.test", "ftp://x.test")):
        mailroom.world.run(
            "insert into social_outbox (event, dedupe_key, larp_id, payload)"
            " values ('page_token_expiring', %s, %s, jsonb_build_object('reconnect_url', %s::text))",
            *(str(number), larp, address),
        )
    mailroom.run()
    assert not any("Reconnect:" in mail.part("text/plain") for mail in mailroom.inbox.box.mails)


def test_a_first_comment_that_failed_is_told_with_its_reason(mailroom):
    """Its post is live, so its own event says nothing of it."""
    mailroom.route(event="first_comment_failed")
    larp = mailroom.world.add_page()
    post = mailroom.world.schedule(larp, title="Zapisy")
    mailroom.become(post, "published")
    mailroom.world.run(
        "insert into social_first_comments (scheduled_post_id, due_at, status) values (%s, now(), 'posting')", post
    )
    reason = "Facebook refused the comment; the post itself is live. Next: reconnect the Page."
    mailroom.world.run("update social_first_comments set status = 'failed', reason = %s", reason, user="airflow_login")
    assert mailroom.run().sent == 1
    text = mailroom.inbox.box.mails[0].part("text/plain")
    assert "The first comment of “Zapisy” was not posted; the post is live" in text
    assert "Next: reconnect the Page." in text
    assert "Live post: " in text
    assert "Airflow task" not in text


def test_links_end_and_cannot_be_made_up():
    """Sealed under a key of their own; useless for another purpose, altered, or after their time."""
    cipher = TokenCipher([TOKEN_KEY])
    links = LinkMaker(cipher.sealer(PURPOSE), "http://x", timedelta(days=3))
    import uuid

    entity = uuid.uuid4()
    sealed = urlparse(links.make(Target.DRAFT, entity, "Draft").url).path.lstrip("/")
    assert links.read(sealed) == (Target.DRAFT, entity)
    assert links.read(sealed[:-4] + "AAAA") is None
    assert LinkMaker(cipher.sealer("form"), "http://x").read(sealed) is None
    assert LinkMaker(cipher.sealer(PURPOSE), "http://x", timedelta(seconds=-1)).read(sealed) is None


def test_a_team_overrides_a_template_and_a_broken_one_silences_nobody(mailroom, tmp_path, caplog):
    """Theirs is used; with a mistake in it ours is, and the log names the file and the line."""
    mailroom.route(event=FAILED)
    larp = mailroom.world.add_page()
    (tmp_path / "notice.txt.j2").write_text("Ahoj! {{ notice.headline }}")
    mailroom.writer = make_writer(Templates(tmp_path))
    mailroom.become(mailroom.world.schedule(larp, title="One"), "failed")
    mailroom.run()
    assert mailroom.inbox.box.mails[0].part("text/plain").startswith("Ahoj! “One” was not published")
    (tmp_path / "notice.txt.j2").write_text("line\n{{ notice.nothing }")
    mailroom.writer = make_writer(Templates(tmp_path))
    mailroom.become(mailroom.world.schedule(larp, title="Two", body="2"), "failed")
    mailroom.run()
    assert "“Two” was not published" in mailroom.inbox.box.mails[1].part("text/plain")
    assert "notice.txt.j2, line 2" in caplog.text


@pytest.mark.parametrize(
    ("text", "words", "next_step"),
    [(REASON, REASON.partition(" Next: ")[0], "correct the post."), ("Only this", "Only this", ""), ("", "", "")],
)
def test_a_reason_is_split_into_cause_and_next_step(text, words, next_step):
    """Errors as text say both."""
    from socialpub.services.notices.read_notice import split_reason

    assert split_reason(text) == (words, next_step)
