"""One digest a LARP and local day, whatever the clocks do; what it says; and what many of them cost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from socialpub.services.digest.days import find_clock_change, find_due_day
from socialpub.services.digest.send_digests import DigestOrder, DigestRun, send_digests

SCHEDULED = DigestOrder()
GOLDEN = Path(__file__).parent / "golden"


def digest(mailroom, order: DigestOrder = SCHEDULED, *, now: datetime | None = None, checks=()) -> DigestRun:
    engine = mailroom.world.engine()
    try:
        return send_digests(engine, mailroom.writer, order, checks=checks, now=now)
    finally:
        engine.dispose()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "zone",
    ["Europe/Warsaw", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Australia/Lord_Howe",
     "Pacific/Kiritimati", "Pacific/Marquesas", "America/New_York", "Africa/Casablanca", "UTC"],
)  # fmt: skip
def test_a_whole_year_of_quarter_hours_gives_each_local_day_its_digest_at_seven(zone):
    """Every local day of 2026 once, first due when the wall clock says 07:00; both clock changes are among them."""
    info, now = ZoneInfo(zone), at("2025-12-31T00:00")
    first_due: dict[date, datetime] = {}
    while now < at("2027-01-02T00:00"):
        if day := find_due_day(info, now):
            first_due.setdefault(day, now)
        now += timedelta(minutes=15)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert set(days) <= set(first_due)
    for day in days:
        local = first_due[day].astimezone(info)
        assert (local.date(), local.hour) == (day, 7)
        assert local.minute < 15


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_runs_every_quarter_hour_over_a_changed_clock_make_one_digest(mailroom, day):
    """The table has one row a LARP and local date, however often the DAG runs."""
    mailroom.world.add_page()
    mailroom.route(event="daily_digest")
    now = at(day + "T00:00") - timedelta(hours=3)
    made = []
    for _ in range(4 * 30):
        if digest(mailroom, now=now).made:
            made.append(now)
        now += timedelta(minutes=15)
    seven = {"2026-03-29": "05:00", "2026-10-25": "06:00"}[day]
    assert [instant for instant in made if instant.astimezone(ZoneInfo("Europe/Warsaw")).date().isoformat() == day] == [
        at(f"{day}T{seven}")
    ]
    assert mailroom.world.one("select count(*) from social_digests where local_date = %s", day) == (1,)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-03-28T06:00", "The clock changes on Sunday, 29 March: 02:00 becomes 03:00."),
        ("2026-10-24T05:00", "The clock changes on Sunday, 25 October: 03:00 becomes 02:00."),
        ("2026-10-25T06:00", ""),
    ],
)
def test_a_clock_change_of_the_next_day_is_announced(now, words):
    """Europe/Warsaw, both ways, and not on the morning after."""
    assert find_clock_change(ZoneInfo("Europe/Warsaw"), at(now), at(now) + timedelta(hours=24)) == words


def test_running_again_sends_nothing_twice_unless_forced_and_a_dry_run_sends_nothing(mailroom):
    """At any hour: force and dry run do not wait for the morning."""
    mailroom.world.add_page()
    mailroom.route(event="daily_digest")
    shown = digest(mailroom, DigestOrder(is_dry_run=True), now=at("2026-06-01T20:00"))
    assert len(shown.shown) == 1
    assert "Nothing is planned" in shown.shown[0]
    assert mailroom.messages() == []
    assert digest(mailroom, now=at("2026-06-01T04:45")).made == 0
    assert digest(mailroom, now=at("2026-06-01T05:00")).made == 1
    assert digest(mailroom, now=at("2026-06-01T05:15")).made == 0
    assert digest(mailroom, now=at("2026-06-01T17:15")).made == 0
    assert mailroom.run().sent == 1
    assert digest(mailroom, DigestOrder(is_forced=True, run_id="manual__1"), now=at("2026-06-01T20:00")).messages == 1
    assert digest(mailroom, DigestOrder(is_forced=True, run_id="manual__2"), now=at("2026-06-01T20:01")).messages == 1
    assert mailroom.run().sent == 2
    assert len(mailroom.inbox.box.mails) == 3


def test_a_forced_run_that_is_cleared_tells_those_who_have_not_heard_and_nobody_twice(mailroom):
    """As after a run that ended red because of one LARP, which is mended now."""
    first, second = mailroom.world.add_page(), mailroom.world.add_page("200000000000002", name="Second")
    mailroom.route(event="daily_digest", larp_id=first)
    order = DigestOrder(is_forced=True, run_id="manual__1")
    assert digest(mailroom, order, now=at("2026-06-01T20:00")).messages == 1
    mailroom.route(event="daily_digest", larp_id=second)
    assert digest(mailroom, order, now=at("2026-06-01T20:05")).messages == 1
    assert mailroom.run().sent == 2


def test_two_runs_at_once_make_one_digest(mailroom):
    """The unique row decides, not the look before."""
    from socialpub.db.digests import claim_digest
    from socialpub.db.engine import transaction

    larp = mailroom.world.add_page()
    engine = mailroom.world.engine()
    with transaction(engine, actor="a") as session:
        assert claim_digest(session, larp, date(2026, 6, 1), is_forced=False)
    with transaction(engine, actor="b") as session:
        assert not claim_digest(session, larp, date(2026, 6, 1), is_forced=False)
        assert claim_digest(session, larp, date(2026, 6, 1), is_forced=True)
    engine.dispose()


def test_empty_digests_can_be_switched_off_for_one_recipient(mailroom):
    """The other one still gets it."""
    mailroom.world.add_page()
    mailroom.route(event="daily_digest", recipient="always@larp.test")
    mailroom.route(event="daily_digest", recipient="seldom@larp.test", skip_empty=True)
    assert digest(mailroom, now=at("2026-06-01T05:00")).messages == 1
    mailroom.run()
    assert mailroom.inbox.box.mails[0].recipients == ("always@larp.test",)


def test_a_larp_with_an_unknown_zone_keeps_nobody_else_waiting(mailroom):
    """The backoffice owns the table, so it may hold anything; the run names the LARP."""
    first, _ = mailroom.world.add_page(), mailroom.world.add_page("200000000000002", name="Second")
    mailroom.route(event="daily_digest")
    mailroom.world.run("alter table larps drop constraint time_zone_is_known")
    mailroom.world.run("update larps set time_zone = 'Mars/Olympus' where id = %s", first)
    run = digest(mailroom, now=at("2026-06-01T05:00"))
    assert run.made == 1
    assert "Mars/Olympus" in run.problems[0]


def fill(mailroom, kind: str, now: datetime) -> None:
    """The worlds of the golden files. Time travel needs triggers that look away."""
    world = mailroom.world
    larp = world.add_page()
    if kind == "nothing":
        return
    post = world.schedule(larp, title="Zapisy otwarte", due_in=3600)
    posts = [(post, now + timedelta(hours=5))]
    if kind in ("dst_night", "everything_broken"):
        night = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
        posts.append((world.schedule(larp, title="O drugiej w nocy", body="Night", due_in=3600), night))
    if kind == "everything_broken":
        posts.append((world.schedule(larp, title="Twin", due_in=3600), now + timedelta(hours=6)))
        failed = world.schedule(larp, title="Broken", body="b")
        mailroom.become(failed, "failed")
        published = world.schedule(larp, title="Yesterday's", body="y")
        mailroom.become(published, "published")
        unknown = world.schedule(larp, title="Maybe", body="m")
        mailroom.become(unknown, "unconfirmed")
        world.run(
            "insert into social_drafts (larp_id, title, body, status, created_by)"
            " values (%s, 'Please <b>look</b>', 'x', 'pending_approval', 'anna')",
            larp,
        )
        world.run(
            "update facebook_page_connections set token_status = 'lost', token_status_reason = 'password changed',"
            " paused_at = now(), paused_by = 'ewa', pause_reason = 'Crisis', scopes = '{pages_show_list}'"
        )
        world.run("update social_publishing_gate set paused_at = now(), paused_by = 'ewa', pause_reason = 'Hacked'")
        yesterday = now - timedelta(hours=20)
        with world.connect() as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "update social_scheduled_posts set publish_at = %s, updated_at = %s,"
                " published_at = case when published_at is not null then %s::timestamptz + interval '90 seconds' end"
                " where id = any(%s)",
                (yesterday, yesterday, yesterday, [failed, published, unknown]),
            )
            connection.execute(
                "update social_drafts set updated_at = %s where status = 'pending_approval'", (yesterday,)
            )
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        for post_id, publish_at in posts:
            connection.execute("update social_scheduled_posts set publish_at = %s where id = %s", (publish_at, post_id))


@pytest.mark.parametrize("kind", ["nothing", "one_post", "dst_night", "everything_broken"])
def test_the_digest_reads_as_in_the_golden_file(mailroom, kind):
    """Plain text, with ids and sealed links left out; a change of wording is a change of these files."""

    now = at("2026-06-01T05:00" if kind in ("nothing", "one_post") else "2026-10-24T05:00")
    fill(mailroom, kind, now)
    run = digest(mailroom, DigestOrder(is_dry_run=True), now=now, checks=[lambda post: ["The link answers with 404."]])
    text = re.sub(r"socialpub/links/\S+", "socialpub/links/…", run.shown[0])
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    golden = GOLDEN / f"digest_{kind}.txt"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
        pytest.fail(f"{golden} was not there; it is now. Read it, then run again.")
    assert text == golden.read_text()


def test_a_digest_arrives_as_mail_and_in_slack_within_slacks_limits(mailroom):
    """HTML escaped, blocks at most 50, headers at most 150, texts at most 3,000 characters."""
    now = at("2026-10-24T05:00")
    fill(mailroom, "everything_broken", now)
    larp = mailroom.world.one("select id from larps")[0]
    for number in range(60):
        mailroom.world.schedule(larp, title="<i>" + "t" * 250, body=f"{number}", due_in=3600)
    with mailroom.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update social_scheduled_posts set publish_at = %s where status = 'pending'", (now + timedelta(hours=5),)
        )
    mailroom.route(event="daily_digest")
    mailroom.route("slack", "", event="daily_digest")
    assert digest(mailroom, now=now).messages == 2
    assert mailroom.run().sent == 2
    [mail] = mailroom.inbox.box.mails
    assert "&lt;i&gt;ttt" in mail.part("text/html")
    assert "<i>" not in mail.part("text/html")
    assert "Please &lt;b&gt;look&lt;/b&gt;" in mail.part("text/html")
    assert "and 23 more" in mail.part("text/plain")
    [message] = mailroom.inbox.box.slack
    assert len(message.body["blocks"]) <= 50
    for block in message.body["blocks"]:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3000
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150


def test_a_post_with_a_photo_shows_it_small_in_the_mail(mailroom):
    """At its public address, or by a sealed link; of a video its own picture; by none where there is nothing to see."""
    larp, world = mailroom.world.add_page(), mailroom.world
    assets = {
        "public": {"type": "photo", "storage_path": "p.jpg", "public_url": "https://cdn.test/a.jpg?x=1&y=2"},
        "stored": {"type": "photo", "storage_path": "a.jpg"},
        "film": {"type": "video", "storage_path": "v.mp4", "thumbnail_path": "v.jpg"},
        "dark": {"type": "video", "storage_path": "w.mp4"},
    }
    for number, (body, asset) in enumerate(assets.items()):
        world.schedule_draft(world.add_media_draft(larp, asset, body=body), due_in=3600 + number)
    mailroom.route(event="daily_digest")
    assert digest(mailroom, DigestOrder(is_forced=True, run_id="m")).messages == 1
    mailroom.run()
    items = mailroom.inbox.box.mails[0].part("text/html").split("Next 24 hours")[1].split('<div class="item">')[1:5]
    shown = dict(
        zip(assets, (re.findall(r'<img class="thumb" alt="" src="([^"]+)">', item) for item in items), strict=True)
    )
    assert (shown["public"], shown["dark"]) == (["https://cdn.test/a.jpg?x=1&amp;y=2"], [])
    for name, path in (("stored", "a.jpg"), ("film", "v.jpg")):
        target, asset_id = mailroom.writer.links.read(shown[name][0].rpartition("/")[2])
        [found] = world.one(
            "select coalesce(thumbnail_path, storage_path) from social_draft_assets where id = %s", asset_id
        )
        assert (target, found) == ("picture", path)


def test_a_failed_first_comment_needs_a_person_and_a_held_post_says_who_holds_it(mailroom):
    """What happens around a post is in its LARP's morning too."""
    larp = mailroom.world.add_page()
    post = mailroom.world.schedule(larp, title="Commented", body="c")
    mailroom.become(post, "published")
    mailroom.world.run(
        "insert into social_first_comments (scheduled_post_id, due_at, status, reason)"
        " values (%s, now(), 'failed', 'Facebook refused it. Next: reconnect the Page.')",
        post,
    )
    held = mailroom.world.schedule(larp, title="Held", due_in=3600)
    with mailroom.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update social_scheduled_posts set status = 'handed_over' where id = %s", (held,))
    [text] = digest(mailroom, DigestOrder(is_dry_run=True)).shown
    assert "The first comment of “Commented” failed at " in text
    assert "the post is live: Facebook refused it.\n" in text
    assert "  Next: reconnect the Page." in text
    assert "held by Facebook, approved by ola" in text


# VmHWM, not ru_maxrss: that one starts with what the process that started this one had, hundreds of MiB late in a run.
MEASURED = """
import re, sys, time
from pathlib import Path
from socialpub.db.engine import open_engine
from socialpub.services.digest.send_digests import DigestOrder, send_digests
from tests.notifications.conftest import make_writer

started = time.monotonic()
run = send_digests(open_engine(sys.argv[1], pool_size=1), make_writer(), DigestOrder(is_forced=True, run_id="m"))
assert run.made == 200, run
most_kib = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(time.monotonic() - started, most_kib / 1024)
"""


def test_200_larps_with_20000_upcoming_posts_take_at_most_a_minute_and_300_mib(mailroom, tmp_path):
    """In a process of its own, as a task is; the database writes the posts in three statements."""
    mailroom.route(event="daily_digest")
    mailroom.world.run(
        "insert into larps (title, time_zone) select 'LARP ' || n, 'Europe/Warsaw' from generate_series(1, 200) as n"
    )
    mailroom.world.run(
        "insert into facebook_page_connections (larp_id, page_id, page_name)"
        " select id, (300000000000000 + row_number() over ())::text, title from larps"
    )
    with mailroom.world.connect() as connection, connection.transaction():
        connection.execute(
            "insert into social_drafts (larp_id, title, body, status, created_by)"
            " select id, 'Post ' || n, 'Body ' || n, 'approved', 'anna' from larps, generate_series(1, 100) as n"
        )
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision)"
            " select id, 'ola', 'approved' from social_drafts"
        )
        connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at)"
            " select id, now() + interval '5 minutes' + random() * interval '6 days' from social_drafts"
        )
    mailroom.world.run("update social_outbox set routed_at = now()")
    script = tmp_path / "measured.py"
    script.write_text(MEASURED)
    done = subprocess.run(
        [sys.executable, str(script), mailroom.world.url("airflow_login")],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seconds, mebibytes = map(float, done.stdout.split())
    print(f"Made 200 digests of 20,000 posts: {seconds:.1f} s, {mebibytes:.0f} MiB")
    assert seconds <= 60
    assert mebibytes <= 300
