"""The check of the tokens: each verdict and what follows from it, against the sandbox."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_USER, DEFAULT_USER_TOKEN
from socialpub.db.clock import read_clock
from socialpub.errors import GraphError, UnknownPageError
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.models.encrypted import EncryptedToken, TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.check_report import render_table
from socialpub.services.check_tokens import CheckResult, TokenChecker, group_connections
from socialpub.services.lane import work_lane

PAGE = "200000000000001"
DAY = 86_400
STANDING = "select token_status, token_problem, token_status_reason from facebook_page_connections where page_id = %s"


@dataclass
class Inspection:
    """One Page with its token, the sandbox, and a check of it."""

    world: World
    sandbox: SandboxServer
    cipher: TokenCipher

    def checker(self) -> TokenChecker:
        engine = self.world.engine(pool_size=8)
        client = GraphClient(
            GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=self.sandbox.url, read_timeout=2.0)
        )
        return TokenChecker(
            engine, client, self.cipher, read_clock(engine), "check_page_tokens/r1", "http://air/socialpub",
            mask=lambda tokens: None,
        )  # fmt: skip

    def check(self, *, page_id: str | None = None, since: datetime | None = None) -> CheckResult:
        groups = group_connections(self.world.engine(), page_id=page_id, size=100)
        ids = [connection_id for group in groups for connection_id in group]
        return self.checker().check(ids, since=since or datetime.now(UTC), threads=4)

    def standing(self, page_id: str = PAGE) -> tuple:
        return self.world.one(STANDING, page_id)

    def forget_check(self) -> None:
        """As if a week had passed."""
        self.world.run("update facebook_page_connections set checked_at = checked_at - interval '7 days'")

    def events(self, event: str) -> list[dict]:
        with self.world.connect() as connection:
            rows = connection.execute("select payload from social_outbox where event = %s order by id", (event,))
            return [payload for (payload,) in rows.fetchall()]

    def expire_in(self, days: float) -> None:
        self.sandbox.control.expire_token(f"EAAGpage{PAGE}", at=self.sandbox.control.now() + days * DAY)


@pytest.fixture
def inspection(world: World, sandbox_server: SandboxServer) -> Inspection:
    sandbox_server.control.reset()
    sandbox_server.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    world.add_page(PAGE)
    return Inspection(world, sandbox_server, TokenCipher([TOKEN_KEY]))


def test_a_good_token_is_valid_and_never_expires(inspection):
    """Status, time of the verdict and scopes are stored; nothing needs a person."""
    result = inspection.check()
    assert [(page.status, page.needs_person) for page in result.pages] == [("valid", False)]
    assert inspection.standing() == ("valid", None, None)
    assert inspection.world.one(
        "select token_expires_at, scopes, checked_at > now() - interval '1 minute',"
        " round(extract(epoch from data_access_expires_at - now()) / 86400) from facebook_page_connections"
    ) == (None, ["pages_manage_posts", "pages_read_engagement", "pages_show_list"], True, 90)


@pytest.mark.parametrize(
    ("spoil", "problem", "words"),
    [
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=None), "revoked", "could not be decrypted"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=458), "revoked", "not authorized application"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=459), "login_required", "log in to www.facebook.com"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=460), "revoked", "changed their password"),
        (lambda c: c.expire_token(f"EAAGpage{PAGE}"), "expired", "Session has expired"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=464), "login_required", "not a confirmed user"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=467), "revoked", "logged out"),
        (lambda c: c.take_role(DEFAULT_USER, PAGE), "role_lost", "must be an administrator"),
        (lambda c: c.revoke_token(f"EAAGpage{PAGE}", subcode=493), "revoked", "longer than 90 days"),
        (lambda c: c.narrow_token(f"EAAGpage{PAGE}", scopes=["pages_show_list", "pages_read_engagement"]),
         "permission_missing", "lacks pages_manage_posts"),
        (lambda c: c.add_page_token("200000000000009", f"EAAGpage{PAGE}"), "wrong_token", "another Page"),
        (lambda c: c.add_user("300000000000009", "Jan", token=f"EAAGpage{PAGE}"), "wrong_token", "type USER"),
    ],
)  # fmt: skip
def test_each_state_of_a_lost_token_has_its_name_its_words_and_a_way_out(inspection, spoil, problem, words):
    """The Page is lost, the table says so first, and somebody is told once however often it is checked."""
    inspection.sandbox.control.add_page("200000000000009", "Obca")
    spoil(inspection.sandbox.control)
    [page] = inspection.check().pages
    assert page.needs_person
    assert words in page.words and "Next: " in page.words
    assert inspection.standing()[:2] == ("lost", problem)
    assert render_table([page]).splitlines()[1].startswith("! lost")
    inspection.forget_check()
    assert inspection.check().pages[0].needs_person
    [event] = inspection.events("page_token_lost")
    assert (event["page_id"], event["problem"]) == (PAGE, problem)
    assert event["reconnect_path"].endswith("/social/facebook/connect")


def test_a_token_that_no_key_opens_is_a_clear_state_and_comes_back_with_its_key(inspection):
    """Lost keys are no stack trace; the way out is the key, or a reconnect."""
    other = replace(inspection, cipher=TokenCipher(["A" * 43 + "="]))
    [page] = other.check().pages
    assert "None of our keys opens the token" in page.words and "reconnect" in page.words
    assert inspection.standing()[:2] == ("lost", "key_lost")
    inspection.forget_check()
    assert [page.status for page in inspection.check().pages] == ["valid"]


@pytest.mark.parametrize("mode", ["html_502", "reset", "hang", "error_500_code2", "garbage_200", "empty_200"])
def test_a_missing_answer_is_no_verdict(inspection, mode):
    """Nothing is written, nobody is called, and the Page comes again with the next run."""
    inspection.check()
    inspection.forget_check()
    before = inspection.world.one("select to_jsonb(c)::text from facebook_page_connections c")
    inspection.sandbox.control.add_fault(mode, edge="debug_token", times=0)
    [page] = inspection.check().pages
    assert (page.status, page.needs_person) == (None, False)
    assert "No verdict" in page.words
    assert inspection.world.one("select to_jsonb(c)::text from facebook_page_connections c") == before
    inspection.sandbox.control.clear_faults()
    assert [page.status for page in inspection.check().pages] == ["valid"]


@pytest.mark.parametrize("mode", ["token_460", "proof_100", "application_101", "permission_10"])
def test_a_refusal_of_the_app_is_no_verdict_on_any_page(inspection, mode):
    """The one who asks is refused, not the token asked about: a person is needed, no post is held."""
    inspection.sandbox.control.add_fault(mode, edge="debug_token", times=0)
    with pytest.raises(GraphError):
        inspection.check()
    assert inspection.standing() == ("unchecked", None, None)


def test_an_unusable_answer_about_one_token_needs_a_person_but_holds_nothing(inspection):
    """A parameter error could be ours; it must not hold all Pages."""
    inspection.sandbox.control.add_fault("invalid_100", edge="debug_token")
    [page] = inspection.check().pages
    assert (page.status, page.needs_person) == (None, True)
    assert inspection.standing()[0] == "unchecked"


@pytest.mark.parametrize(
    ("days", "status", "prompts"),
    [(8, "valid", []), (7.01, "valid", []), (6.9, "expiring", [7]), (2.9, "expiring", [3]), (0.5, "expiring", [1])],
)
def test_a_token_that_ends_within_seven_days_is_prompted_for_once(inspection, days, status, prompts):
    """Without a stored login it can't be renewed; checking again prompts nobody again."""
    inspection.expire_in(days)
    for _ in range(3):
        [page] = inspection.check().pages
        inspection.forget_check()
    assert (page.status, page.needs_person) == (status, status == "expiring")
    events = inspection.events("page_token_expiring")
    assert [event["days_left"] for event in events] == prompts
    for event in events:
        (larp,) = inspection.world.one("select larp_id::text from facebook_page_connections")
        assert event["reconnect_url"] == f"http://air/socialpub/backoffice/larp/{larp}/social/facebook/connect"


def test_the_prompts_come_at_seven_three_and_one_days_once_each(inspection):
    """As the days go by; a new token starts anew."""
    for days in (6.5, 5, 3.5, 2.5, 2, 0.9, 0.2):
        inspection.expire_in(days)
        inspection.check()
        inspection.forget_check()
    assert [event["days_left"] for event in inspection.events("page_token_expiring")] == [7, 3, 1]
    inspection.world.run(
        "update facebook_page_connections set access_token = %s", inspection.cipher.encrypt(Secret(f"EAAGpage{PAGE}"))
    )
    inspection.check()
    assert [event["days_left"] for event in inspection.events("page_token_expiring")] == [7, 3, 1, 1]


def test_two_checks_at_once_prompt_once(inspection):
    """Two runs meet at the row."""
    from concurrent.futures import ThreadPoolExecutor

    inspection.expire_in(2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: inspection.check(), range(4)))
    assert [event["days_left"] for event in inspection.events("page_token_expiring")] == [3]


@pytest.mark.parametrize("days", [5, -1])
def test_a_token_that_ends_is_renewed_from_the_stored_login(inspection, days):
    """The new one never expires; nobody is asked, held posts go on."""
    inspection.sandbox.control.add_user(DEFAULT_USER, "Anna", accounts=[PAGE], token=DEFAULT_USER_TOKEN)
    inspection.world.run(
        "update facebook_page_connections set user_access_token = %s",
        inspection.cipher.encrypt(Secret(DEFAULT_USER_TOKEN)),
    )
    inspection.expire_in(days)
    [page] = inspection.check().pages
    assert (page.status, page.words) == ("valid", "The token was renewed.")
    assert inspection.world.one("select token_status, token_expires_at from facebook_page_connections") == (
        "valid",
        None,
    )
    (stored,) = inspection.world.one("select access_token from facebook_page_connections")
    assert inspection.cipher.decrypt(EncryptedToken(stored)).reveal() != f"EAAGpage{PAGE}"
    assert inspection.events("page_token_expiring") == inspection.events("page_token_lost") == []


def test_a_login_that_has_ended_too_can_not_renew(inspection):
    """Then somebody is asked."""
    inspection.world.run(
        "update facebook_page_connections set user_access_token = %s",
        inspection.cipher.encrypt(Secret(DEFAULT_USER_TOKEN)),
    )
    inspection.sandbox.control.revoke_token(DEFAULT_USER_TOKEN, subcode=460)
    inspection.expire_in(5)
    [page] = inspection.check().pages
    assert (page.status, page.needs_person) == ("expiring", True)


def test_data_access_that_ends_is_said_and_no_more(inspection):
    """Publishing outlives it."""
    inspection.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    checker = inspection.checker()
    late = replace(checker, clock=replace(checker.clock, read_at=checker.clock.read_at + timedelta(days=88)))
    [[connection_id]] = group_connections(inspection.world.engine(), page_id=None, size=10)
    [page] = late.check([connection_id], since=datetime.now(UTC), threads=1).pages
    assert (page.status, page.needs_person) == ("valid", False)
    assert "Access to personal data ends at" in page.words


def test_a_reconnect_during_the_check_wins(inspection):
    """What Facebook said of the old token is not written on the new one."""
    checker = inspection.checker()
    [page] = checker._read(group_connections(inspection.world.engine(), page_id=None, size=10)[0])
    inspection.sandbox.control.revoke_token(f"EAAGpage{PAGE}")
    inspection.world.run(
        "update facebook_page_connections set access_token = %s", inspection.cipher.encrypt(Secret("EAAGnew"))
    )
    verdict = checker._judge(page, Secret(f"EAAGpage{PAGE}"), brake=None)
    assert checker._settle(page, verdict).status is None
    assert inspection.standing()[0] == "unchecked"


def test_a_page_that_facebook_would_not_let_us_post_to_is_not_freed_by_a_check(inspection):
    """debug_token can't see a missing task: only a reconnect looks at it."""
    inspection.world.run(
        "update facebook_page_connections set token_status = 'lost', token_problem = 'not_permitted',"
        " token_status_reason = 'No task'"
    )
    [page] = inspection.check().pages
    assert (page.status, page.words, page.needs_person) == ("lost", "No task", True)


def test_each_page_comes_weekly_those_that_end_soon_daily_and_a_named_one_at_once(inspection):
    """Whose turn it is; a disconnected Page never."""

    def chosen(**how: str | None) -> int:
        return sum(map(len, group_connections(inspection.world.engine(), page_id=how.get("page_id"), size=10)))

    def set_row(change: str) -> None:
        inspection.world.run(f"update facebook_page_connections set {change}")

    assert chosen() == 1
    inspection.check()
    assert chosen() == 0
    assert chosen(page_id=PAGE) == 1
    set_row("checked_at = now() - interval '5 days'")
    assert chosen() == 0
    set_row("token_expires_at = now() + interval '7 days'")
    assert chosen() == 1
    set_row("token_expires_at = null, checked_at = now() - interval '7 days'")
    assert chosen() == 1
    set_row("disconnected_at = now()")
    assert chosen() == 0
    with pytest.raises(UnknownPageError):
        chosen(page_id=PAGE)


def test_groups_have_their_size(inspection):
    """Five Pages in groups of two."""
    for n in range(4):
        inspection.world.add_page(f"2100000000000{n:02}")
    assert [len(group) for group in group_connections(inspection.world.engine(), page_id=None, size=2)] == [2, 2, 1]


@pytest.mark.parametrize("reason", ["refusal", "usage"])
def test_throttling_of_the_app_stops_the_group_and_the_rest_is_checked_afterwards(inspection, reason):
    """No verdict is lost or given twice; a refusal also closes the gate, a high usage does not."""
    for n in range(30):
        page_id = f"2100000000000{n:02}"
        inspection.world.add_page(page_id)
        inspection.sandbox.control.add_page(page_id, page_id, token=f"EAAGpage{page_id}")
    since = datetime.now(UTC)
    if reason == "refusal":
        inspection.sandbox.control.add_fault("throttle_4", edge="debug_token", skip=10)
    else:
        inspection.sandbox.control.set_app_usage(percent=80)
    first = inspection.check(since=since)
    assert first.resume_at is not None and first.resume_at > since
    assert 0 < len(first.pages) < 31
    asked = len(inspection.sandbox.control.arrivals(edge="debug_token"))
    assert asked <= 31
    closed = inspection.world.one("select rate_limited_until is not null from social_publishing_gate")
    assert closed == (reason == "refusal",)
    if reason == "refusal":
        assert inspection.check(since=since).pages == ()
        assert len(inspection.sandbox.control.arrivals(edge="debug_token")) == asked
    inspection.sandbox.control.set_app_usage(percent=None)
    inspection.world.run("update social_publishing_gate set rate_limited_until = null")
    again = inspection.check(since=since)
    assert again.resume_at is None
    assert inspection.world.one("select count(*) from facebook_page_connections where token_status = 'valid'") == (31,)


def test_what_was_found_before_a_pause_is_still_told_after_it(inspection):
    """The task that comes back after the pause knows of the Pages that it checked before."""
    since = datetime.now(UTC)
    inspection.sandbox.control.revoke_token(f"EAAGpage{PAGE}")
    [[connection_id]] = group_connections(inspection.world.engine(), page_id=None, size=10)
    for _ in range(2):
        [page] = inspection.checker().check([connection_id], since=since, threads=1).pages
        assert (page.status, page.needs_person) == ("lost", True)


@pytest.mark.timeout(900)
def test_ten_thousand_connections_are_checked_within_ten_minutes(inspection):
    """At the speed of this machine, with the threads of one task; the DAG runs four of them side by side."""
    with inspection.world.connect() as connection, connection.cursor() as cursor:
        cursor.execute("insert into larps (title) select 'Larp ' || n from generate_series(2, 10000) n")
        larps = cursor.execute("select id from larps where title like 'Larp %'").fetchall()
        with cursor.copy(
            "copy facebook_page_connections (larp_id, page_id, page_name, access_token) from stdin"
        ) as copy:
            for n, (larp_id,) in enumerate(larps):
                token = inspection.cipher.encrypt(Secret(f"EAAGpage{210000000000000 + n}"))
                copy.write_row((larp_id, str(210000000000000 + n), f"Page {n}", token))
    started = time.monotonic()
    checker, since = inspection.checker(), datetime.now(UTC)
    groups = group_connections(inspection.world.engine(), page_id=None, size=250)
    assert len(groups) == 40
    for group in groups:
        assert len(checker.check(group, since=since, threads=8).pages) == 250
    assert time.monotonic() - started < 600
    counts = "select count(*) filter (where token_status = 'valid'), count(*) filter (where token_status = 'lost')"
    # The sandbox knows one of the tokens; the others are refused, which is the more expensive verdict.
    assert inspection.world.one(f"{counts} from facebook_page_connections") == (1, 9_999)


def test_held_posts_resume_when_a_check_finds_the_token_good_again(inspection, desk):
    """A person cleared the checkpoint at Facebook: no reconnect is needed, the posts go out."""
    inspection.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    (larp,) = inspection.world.one("select larp_id from facebook_page_connections")
    post = inspection.world.schedule(larp, body="Wraca")
    inspection.sandbox.control.revoke_token(f"EAAGpage{PAGE}", subcode=459)
    desk.scan_and_work()
    assert inspection.standing()[:2] == ("lost", "login_required")
    assert "log in to www.facebook.com" in desk.row(post)[1]
    inspection.sandbox.control.restore_token(f"EAAGpage{PAGE}")
    inspection.check(page_id=PAGE)
    assert desk.row(post)[:2] == ("pending", None)
    for lane in desk.as_run("2").scan():
        work_lane(desk.as_run("2").publisher(), lane, threads=2)
    assert desk.live() == ["Wraca"]
