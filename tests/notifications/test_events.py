"""Each event that anything writes has its words, in a message and on the page about notifications."""

from __future__ import annotations

import re

from local_stack.state import PROJECT
from socialpub.services.notices.wording import WORDINGS, find_wording

_WRITES = re.compile(r"insert\s+into\s+social_outbox|social_emit\s*\(", re.IGNORECASE)
# The places of a statement in which an event is named.
_NAMES = re.compile(
    r"'(Social\w+Event)'|social_emit\s*\(\s*'(\w+)'|values\s*\(\s*'(\w+)',|select\s+'(\w+)',\s*concat_ws|'(\w+)'\s+as\s+event\b"
)
_CHOSEN = re.compile(r"\btold text :=(.*?);", re.DOTALL)


def read_writers(world) -> dict[str, str]:
    """Name → text of all that writes events: functions as the last migration left them, and queries."""
    with world.connect() as connection:
        functions = connection.execute(
            "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace"
        ).fetchall()
    queries = [(path.name, path.read_text()) for path in (PROJECT / "include" / "sql" / "queries").glob("*.sql")]
    return {name: text for name, text in (*functions, *queries) if _WRITES.search(text)}


def find_events(text: str) -> set[str]:
    named = {name for groups in _NAMES.findall(text) for name in groups if name}
    chosen = {name for block in _CHOSEN.findall(text) for name in re.findall(r"(?:then|else) '(\w+)'", block)}
    return named | chosen


def test_every_event_that_is_written_has_words_of_its_own_and_no_words_are_left_over(world):
    """A new event without words fails here; so does one that is named in a way that this test can't see."""
    writers = read_writers(world)
    assert len(writers) >= 8
    events = {name: find_events(text) for name, text in writers.items()}
    assert [name for name, found in events.items() if not found] == []
    assert set().union(*events.values()) == WORDINGS.keys()


def test_a_writer_whose_event_is_new_is_found():
    """In each way in which one is named."""
    for text in (
        "perform social_emit('page_moon_risen', new.larp_id, null, null, '{}')",
        "insert into social_outbox (event) values ('page_moon_risen', 'k')",
        "insert into social_outbox (event) select 'page_moon_risen', concat_ws(':', 1)",
        "insert into social_outbox (event) select 'page_moon_risen' as event",
        "told text := case when x then 'page_moon_risen' else 'page_moon_risen' end; insert into social_outbox",
    ):
        assert find_events(text) == {"page_moon_risen"}
        assert "page_moon_risen" not in WORDINGS


def test_only_the_database_writes_events():
    """What Python wrote, the tests above would not see."""
    sources = (PROJECT / "plugins").rglob("*.py")
    assert [
        path.name for path in sources if re.search(r"(?<!class )\bOutboxEvent\(|insert\(OutboxEvent", path.read_text())
    ] == []


def test_every_event_is_on_the_page_about_notifications():
    """By its name, so that routes can be written."""
    page = (PROJECT / "docs" / "notifications.md").read_text()
    assert [event for event in (*WORDINGS, "daily_digest") if f"`{event}`" not in page] == []


def test_every_event_becomes_a_message_with_its_words(mailroom):
    """Through the templates, to a reader."""
    mailroom.route()
    larp = mailroom.world.add_page()
    for event in WORDINGS:
        mailroom.world.run(
            "insert into social_outbox (event, dedupe_key, larp_id, payload) values (%s, %s, %s, %s)",
            *(event, event, larp, '{"title": "Zapisy", "page_name": "Kroniki", "reason": "Why not. Next: do it."}'),
        )
    assert mailroom.run().sent == len(WORDINGS)
    texts = "\n".join(mail.part("text/plain") for mail in mailroom.inbox.box.mails)
    for event in WORDINGS:
        assert find_wording(event).one.format(title="Zapisy", page="Kroniki", count=1) in texts, event
