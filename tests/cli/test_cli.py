"""The operator's verbs from the command line: what they change, what they refuse, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tests.conftest import TOKEN_KEY, World
from tests.graph.publishing import publish_feed_post

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from local_inbox.server import InboxServer
from socialpub.cli import main
from socialpub.graph.client import GraphClient
from socialpub.graph.posts import FeedPost
from socialpub.graph.settings import GraphSettings
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.doctor import AirflowLimits, examine
from socialpub.settings import load_settings

PAGE = "200000000000001"
TABLES = ("social_scheduled_posts", "social_drafts", "facebook_page_connections", "social_audit_log")


class Terminal:
    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self._capsys = world, capsys

    def run(self, *arguments: object) -> tuple[int, str]:
        """The exit code and everything that was printed."""
        try:
            code = main(["--actor", "cli:ewa", *map(str, arguments)])
        except SystemExit as usage:
            code = int(usage.code or 0)
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def unconfirmed(self) -> UUID:
        """A post that was sent with an unknown outcome."""
        post = self.world.schedule(self.world.add_page())
        self.world.run(
            "with owned as (update social_scheduled_posts set status = 'queued', claimed_by = 'd/r',"
            " lease_expires_at = now() where id = %s returning id)"
            " insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, sent_at,"
            " finished_at, outcome) select id, 1, 'd', 'r', now(), now(), 'unconfirmed' from owned",
            post,
        )
        self.move(post, "publishing")
        self.move(post, "unconfirmed")
        return post

    def missed(self, larp: UUID, *, body: str = "Missed") -> UUID:
        post = self.world.schedule(larp, body=body)
        self.move(post, "missed")
        return post

    def move(self, post: UUID, status: str) -> None:
        change = "update social_scheduled_posts set status = %s, status_reason = 'x' where id = %s"
        self.world.run(change, status, post)

    def snapshot(self) -> list[tuple]:
        with self.world.connect() as connection:
            return [
                row
                for table in TABLES
                for row in connection.execute(f"select to_jsonb(t)::text from {table} t order by 1").fetchall()  # type: ignore[arg-type]
            ]


@pytest.fixture
def terminal(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", world.url("airflow_login"))
    return Terminal(world, capsys)


def test_pausing_and_resuming_one_page(terminal):
    """With who and why, in the row and in the audit log."""
    terminal.world.add_page()
    assert terminal.run("pause", "--page", PAGE, "--reason", "Crisis talk")[0] == 0
    row = "select paused_by, pause_reason from facebook_page_connections"
    assert terminal.world.one(row) == ("cli:ewa", "Crisis talk")
    assert terminal.world.one("select actor from social_audit_log order by id desc limit 1") == ("cli:ewa",)
    code, words = terminal.run("resume", "--page", PAGE)
    assert (code, "is open again" in words) == (0, True)
    assert terminal.world.one(row) == (None, None)
    assert "was not paused" in terminal.run("resume", "--page", PAGE)[1]


def test_pausing_everything_holds_the_scan(terminal):
    """The gate is one row, and its changes are audited."""
    terminal.world.schedule(terminal.world.add_page())
    terminal.run("pause", "--all", "--reason", "Hacked")
    code, words = terminal.run("doctor")
    assert code == 1
    assert "BAD  gate: All publishing is paused by cli:ewa: Hacked. Next: socialpub resume --all" in words
    terminal.run("resume", "--all")
    assert terminal.world.one("select paused_at from social_publishing_gate") == (None,)
    with terminal.world.connect() as connection:
        actions = connection.execute("select action, actor from social_audit_log where larp_id is null order by id")
        assert actions.fetchall() == [("gate.paused", "cli:ewa"), ("gate.opened", "cli:ewa")]


@pytest.fixture
def facebook(sandbox_server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The sandbox as the Facebook that the command line asks."""
    sandbox_server.control.reset()
    sandbox_server.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    load_settings.cache_clear()
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    app = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_FACEBOOK_APP", json.dumps({**app, "extra": {"graph_url": sandbox_server.url}}))
    return sandbox_server


@pytest.mark.parametrize(
    "live",
    [
        f"{PAGE}_NUMBER",
        f" {PAGE}_NUMBER ",
        f"https://www.facebook.com/{PAGE}/posts/NUMBER",
        f"https://www.facebook.com/{PAGE}/posts/zapisy-otwarte/NUMBER/?locale=pl_PL",
        f"https://www.facebook.com/permalink.php?story_fbid=NUMBER&id={PAGE}",
    ],
)
def test_an_unconfirmed_post_is_linked_to_the_live_one(terminal, facebook, live):
    """By its id or its address; Facebook is asked for it, and gives the permalink."""
    post = terminal.unconfirmed()
    live_id = publish_by_hand(facebook)
    code, words = terminal.run("resolve", post, "--published-as", live.replace("NUMBER", live_id.split("_")[1]))
    assert (code, words.splitlines()[0]) == (0, f"Scheduled post {post} is published as {live_id}.")
    assert terminal.world.one(
        "select p.status, p.facebook_post_id, p.permalink_url, d.status, a.outcome from social_scheduled_posts p"
        " join social_drafts d on d.id = draft_id join social_publish_attempts a on a.scheduled_post_id = p.id"
    ) == ("published", live_id, facebook.control.posts(PAGE)[0].permalink_url, "published", "published")


def publish_by_hand(facebook: SandboxServer) -> str:
    """A post on the Page that socialpub knows nothing of; its id."""
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=facebook.url))
    return publish_feed_post(client, PAGE, Secret(f"EAAGpage{PAGE}"), FeedPost("Gates at 20:00")).id


def test_an_id_that_facebook_does_not_know_is_refused(terminal, facebook):
    """A slip of the hand must not hide a post that never went out."""
    post = terminal.unconfirmed()
    before = terminal.snapshot()
    code, words = terminal.run("resolve", post, "--published-as", f"{PAGE}_77")
    assert code == 1
    assert f"Facebook shows no post {PAGE}_77" in words
    assert terminal.snapshot() == before


def test_a_person_is_believed_where_facebook_can_not_be_asked(terminal, facebook):
    """A lost token must not keep a person from settling a post; the answer says that nobody checked."""
    post = terminal.unconfirmed()
    facebook.control.revoke_token(f"EAAGpage{PAGE}")
    code, words = terminal.run("resolve", post, "--published-as", f"{PAGE}_77")
    assert (code, f"is published as {PAGE}_77. Your word was taken" in words) == (0, True)
    assert "code 190/460" in words


def test_a_post_declared_absent_is_due_at_once(terminal):
    """The next scan takes it."""
    post = terminal.unconfirmed()
    assert terminal.run("resolve", post, "--absent")[0] == 0
    assert terminal.world.one("select status, due_at <= now() from social_scheduled_posts where id = %s", post) == (
        "pending",
        True,
    )


def unconfirmed_hand_over(terminal: Terminal) -> UUID:
    """Facebook may hold the post; its time is an hour away."""
    post = terminal.unconfirmed()
    with terminal.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update social_publish_attempts set is_hand_over = true")
        connection.execute(
            "update social_scheduled_posts set delivery = 'native', publish_at = now() + interval '1 hour'"
        )
    return post


def test_a_hand_over_declared_absent_keeps_its_time(terminal):
    """It must not go out now because nothing happened then."""
    post = unconfirmed_hand_over(terminal)
    code, words = terminal.run("resolve", post, "--absent")
    assert (code, "pending until its time" in words) == (0, True)
    assert terminal.world.one("select status, due_at = publish_at from social_scheduled_posts") == ("pending", True)


def test_a_hand_over_is_resolved_with_the_scheduled_post(terminal, facebook):
    """And a post that was to be live is not: it would never be looked at again."""
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=facebook.url))
    plan = FeedPost("Gates at 20:00", scheduled_publish_time=datetime.now(UTC) + timedelta(hours=1))
    held = publish_feed_post(client, PAGE, Secret(f"EAAGpage{PAGE}"), plan).id
    post = unconfirmed_hand_over(terminal)
    code, words = terminal.run("resolve", post, "--published-as", held)
    assert (code, words.strip()) == (0, f"Scheduled post {post} is with Facebook as {held}.")
    assert terminal.world.one("select status, facebook_post_id from social_scheduled_posts") == ("handed_over", held)
    assert terminal.world.one("select outcome from social_publish_attempts") == ("handed_over",)


def test_a_direct_post_is_not_resolved_with_a_scheduled_one(terminal, facebook):
    """Nothing changes."""
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=facebook.url))
    plan = FeedPost("Gates at 20:00", scheduled_publish_time=datetime.now(UTC) + timedelta(hours=1))
    held = publish_feed_post(client, PAGE, Secret(f"EAAGpage{PAGE}"), plan).id
    post = terminal.unconfirmed()
    before = terminal.snapshot()
    code, words = terminal.run("resolve", post, "--published-as", held)
    assert (code, "is not live" in words) == (1, True)
    assert terminal.snapshot() == before


def test_a_post_that_facebook_is_about_to_publish_is_not_canceled(terminal):
    """Said in plain words, and only from three minutes before."""
    post = terminal.world.schedule(terminal.world.add_page(), due_in=150)
    for change in (
        "status = 'queued', claimed_by = 'r', lease_expires_at = now()",
        "status = 'publishing'",
        "status = 'handed_over', facebook_post_id = '1_2', handed_over_at = now(), handed_over_for = publish_at",
    ):
        terminal.world.run(f"update social_scheduled_posts set {change}")
    code, words = terminal.run("cancel", post, "--reason", "Rained off")
    assert (code, "too late to stop it" in words) == (1, True)
    assert terminal.world.status(post) == "handed_over"


def test_a_waiting_post_is_canceled_and_its_draft_can_be_scheduled_again(terminal):
    """With the reason on the row."""
    post = terminal.world.schedule(terminal.world.add_page(), due_in=3600)
    assert terminal.run("cancel", post, "--reason", "Rained off")[0] == 0
    assert terminal.world.one(
        "select p.status, status_reason, d.status from social_scheduled_posts p join social_drafts d on d.id = draft_id"
    ) == ("canceled", "Rained off (cli:ewa)", "approved")


def test_missed_posts_of_a_page_are_requeued_at_its_pace(terminal):
    """The old rows stay; the drafts are scheduled anew; asking again finds nothing."""
    larp, other = terminal.world.add_page(), terminal.world.add_page("200000000000002")
    for n in range(3):
        terminal.missed(larp, body=f"Missed {n}")
    terminal.missed(other)
    code, words = terminal.run("requeue", "--page", PAGE)
    assert (code, words.count("goes out at")) == (0, 3)
    with terminal.world.connect() as connection:
        gaps = connection.execute(
            "select extract(epoch from publish_at - min(publish_at) over ())::int from social_scheduled_posts"
            " where status = 'pending' order by publish_at"
        ).fetchall()
    assert gaps == [(0,), (20,), (40,)]
    assert "nothing has changed" in terminal.run("requeue", "--page", PAGE)[1]


def test_requeueing_by_error_takes_only_posts_that_met_it(terminal):
    """Bulk, after the cause was mended."""
    larp = terminal.world.add_page()
    failed, _ = terminal.missed(larp), terminal.missed(larp)
    terminal.world.run(
        "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, finished_at, outcome,"
        " error_class) values (%s, 1, 'd', 'r', now(), 'failed', 'PermissionRefusedError')",
        failed,
    )
    assert terminal.run("requeue", "--error", "PermissionRefusedError")[1].count("goes out at") == 1


def test_show_tells_the_whole_story(terminal):
    """Status, attempts and the audit log, with names."""
    post = terminal.unconfirmed()
    code, words = terminal.run("show", post)
    assert code == 0
    assert "“Zapisy” for Page Larpowe Kroniki" in words
    assert "status      unconfirmed: x" in words
    assert "attempt 1   unconfirmed in d/r" in words
    assert "scheduled_post.created by" in words


@pytest.mark.parametrize(
    "name",
    [
        "200000000000001_5",
        "https://www.facebook.com/200000000000001/posts/5",
        "https://fb.example/pfbid02abc",
        "https://m.fb.example/pfbid02abc/?mibextid=x#top",
        "https://www.facebook.com/larpowe.kroniki/posts/5/?comment_id=7",
        "https://www.facebook.com/permalink.php?story_fbid=pfbid02abc&id=200000000000001",
        "https://www.facebook.com/watch/?v=777&ref=sharing",
        "https://www.facebook.com/larpowe.kroniki/videos/777/",
        "Atrace",
    ],
)
def test_show_finds_a_post_by_what_people_and_metas_support_name(terminal, name):
    """The live post's id, any of its addresses, its video's, and the trace id of any of its attempts."""
    post = terminal.unconfirmed()
    with terminal.world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "insert into social_draft_assets (draft_id, type, storage_path, facebook_media_id, upload_state,"
            " uploaded_at) select draft_id, 'video', 'v.mp4', '777', 'uploaded', now() from social_scheduled_posts"
        )
    terminal.world.run("update social_publish_attempts set fbtrace_id = 'Atrace'")
    terminal.world.run(
        "update social_scheduled_posts set status = 'published', published_at = now(),"
        " facebook_post_id = '200000000000001_5', permalink_url = 'https://fb.example/pfbid02abc'",
        user="airflow_login",
    )
    code, words = terminal.run("show", name)
    assert code == 0
    assert f"id          {post}" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", uuid4()), "No scheduled post has the id"),
        (("show", "42"), "No scheduled post has the id, address or fbtrace_id 42"),
        (("show", "https://www.facebook.com/1/posts/2"), "No scheduled post has the id"),
        (("show", "http://[broken"), "No scheduled post has the id"),
        (("show", "https://www.facebook.com/larpowe/posts/"), "No scheduled post has the id"),
        (("show", "https://www.facebook.com/200000000000001"), "No scheduled post has the id"),
        (("show", "https://www.facebook.com/x/posts/pfbid0(.*)"), "No scheduled post has the id"),
        (("cancel", uuid4(), "--reason", "x"), "No scheduled post has the id"),
        (("cancel", "POST", "--reason", "x"), "is “unconfirmed” and can't be canceled"),
        (("cancel", "POST", "--reason", "  "), "must not be empty"),
        (("resolve", uuid4(), "--absent"), "No scheduled post has the id"),
        (("resolve", "POST"), "required"),
        (("resolve", "POST", "--published-as", "200000000000009_77"), "is a post of another Page"),
        (("resolve", "POST", "--published-as", "https://www.facebook.com/200000000000009/posts/77"), "another Page"),
        (
            ("resolve", "POST", "--published-as", "https://facebook.com/larpowe/posts/pfbid02abc"),
            "neither a post's id",
        ),
        (("resolve", "POST", "--published-as", "javascript:alert(1)"), "neither a post's id"),
        (("resolve", "POST", "--published-as", "http://[broken"), "neither a post's id"),
        (("resolve", "POST", "--published-as", ""), "neither a post's id"),
        (("requeue",), "name posts, --page or --error"),
        (("requeue", "POST"), "only failed and missed posts are requeued"),
        (("requeue", "--page", "1"), "nothing has changed"),
        (("pause", "--page", "1", "--reason", "x"), "No connected Page has the id “1”"),
        (("pause", "--all"), "--reason"),
        (("pause", "--reason", "x"), "required"),
        (("resume", "--page", "'; drop table larps --"), "No connected Page has the id"),
    ],
)
def test_wrong_input_gets_a_clear_error_and_changes_nothing(terminal, arguments, words):
    """Of every kind, to every verb."""
    post = terminal.unconfirmed()
    before = terminal.snapshot()
    code, printed = terminal.run(*(post if argument == "POST" else argument for argument in arguments))
    assert words in printed
    assert "Traceback" not in printed
    assert code != 0 or "nothing has changed" in printed
    assert terminal.snapshot() == before


def test_a_live_id_that_another_row_holds_is_refused(terminal):
    """Two rows never claim one post."""
    first = terminal.unconfirmed()
    terminal.run("resolve", first, "--published-as", f"{PAGE}_77")
    (larp,) = terminal.world.one("select larp_id from facebook_page_connections")
    second = terminal.world.schedule(larp, body="Second")
    terminal.world.run(
        "update social_scheduled_posts set status = 'queued', claimed_by = 'd', lease_expires_at = now() where id = %s",
        second,
    )
    terminal.move(second, "publishing")
    terminal.move(second, "unconfirmed")
    code, words = terminal.run("resolve", second, "--published-as", f"{PAGE}_77")
    assert code == 1
    assert f"already the live post of scheduled post {first}" in words


def test_the_doctor_finds_nothing_wrong_on_a_healthy_installation(terminal, facebook, monkeypatch: pytest.MonkeyPatch):
    """Keys, schema, connections, clock, Pages and posts; then one by one what is broken."""
    terminal.world.add_page()
    terminal.world.run("insert into social_notification_routes (channel, recipient) values ('email', 'a@larp.test')")
    with InboxServer() as inbox:
        extra = {"from_email": "social@larp.test", "disable_ssl": True, "disable_tls": True}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": inbox.smtp_port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mail))
        code, words = terminal.run("doctor")
    assert code == 0, words
    assert [line[:4] for line in words.splitlines() if line[:4] in ("ok  ", "BAD ")] == ["ok  "] * 9
    assert "email 127.0.0.1 takes mail from social@larp.test" in words
    load_settings.cache_clear()
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", "")
    terminal.world.run("update facebook_page_connections set token_status = 'lost', token_status_reason = 'revoked'")
    terminal.world.run("update social_schema_version set version_num = '0001'")
    code, words = terminal.run("doctor")
    assert code == 1
    assert {line.split(":")[0] for line in words.splitlines() if line.startswith("BAD")} == {
        "BAD  database",
        "BAD  token keys",
        "BAD  pages",
        "BAD  notifications",  # The inbox is gone.
    }
    assert "python -m socialpub.db migrate" in words


@pytest.mark.parametrize(
    ("routes", "connection", "own_template", "words"),
    [
        ("", None, None, "BAD  notifications: Nobody hears of anything: there is no route."),
        ("('email', 'a@b.test')", None, None, "There is no Airflow connection “smtp_default”. Next: add it"),
        ("('slack', '#x')", None, None, "There is no Airflow connection “slack_social”. Next: add it"),
        ("('email', 'a@b.test')", '{"conn_type": "smtp", "host": "127.0.0.1", "port": 1}', None, "can't be used"),
        ("('slack', '')", '{"conn_type": "slackwebhook", "password": "ftp://x"}', None, "is no web address"),
        ("('off', '')", None, "{{ notice.nothing }}", "Template notice.txt.j2: "),
    ],
)
def test_the_doctor_finds_bad_notifications_before_a_morning_does(
    terminal, monkeypatch: pytest.MonkeyPatch, tmp_path, routes, connection, own_template, words
):
    """No route, no connection, a dead server, a wrong address, a mistake in a template: each named, with what to do."""
    if routes:
        terminal.world.run(f"insert into social_notification_routes (channel, recipient) values {routes}")
    for name in ("SMTP_DEFAULT", "SLACK_SOCIAL"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", connection or "")
        if not connection:
            monkeypatch.delenv(f"AIRFLOW_CONN_{name}")
    if own_template:
        (tmp_path / "notice.txt.j2").write_text(own_template)
        monkeypatch.setenv("SOCIALPUB_TEMPLATES_FOLDER", str(tmp_path))
    load_settings.cache_clear()
    code, printed = terminal.run("doctor")
    load_settings.cache_clear()
    assert code == 1
    assert words in next(line for line in printed.splitlines() if "notifications" in line)


def test_given_up_messages_are_listed_and_sent_again_on_demand(terminal):
    """By id or all of them; an id that is none is refused."""
    assert "Nothing waits" in terminal.run("outbox", "list")[1]
    terminal.world.run(
        "insert into social_notifications (event, group_key, channel, recipient, dedupe_key, dead_at, last_error)"
        " values ('page_paused', 'g', 'email', 'a@b.test', 'k', now(), 'The mail server refuses it')"
    )
    assert "given up, 0 tries: The mail server refuses it" in terminal.run("outbox", "list", "--dead")[1]
    assert terminal.run("outbox", "requeue", uuid4())[0] == 1
    assert terminal.run("outbox", "requeue")[1] == "page_paused → email a@b.test goes out again.\n"
    assert "next try" in terminal.run("outbox", "list")[1]


def test_an_unreachable_database_is_one_line(terminal, monkeypatch: pytest.MonkeyPatch):
    """No driver's trace."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", "postgresql+psycopg://u:hush@127.0.0.1:1/x")
    code, words = terminal.run("pause", "--all", "--reason", "x")
    assert code == 1
    assert "can't be reached" in words
    assert "hush" not in words


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (AirflowLimits(20, 128, 60), "room for 16 lanes"),
        (AirflowLimits(-1, -1, -1), "room for 16 lanes"),
        (AirflowLimits(8, 128, 60), "[core] parallelism is 8, 18 are needed for 16 lanes. Next: raise it"),
        (AirflowLimits(20, 4, 15), "slots is 4, 18 are needed; [database] sql_alchemy_pool_size + max_overflow is 15"),
    ],
)
def test_the_doctor_says_when_airflow_is_too_narrow_for_the_lanes(world, limits, words):
    """Too few slots make a burst late; too few connections lose the reports of finished tasks."""
    checks = {
        check.name: check
        for check in examine(
            world.engine(),
            open_cipher=lambda: TokenCipher([TOKEN_KEY]),
            open_client=lambda: GraphClient(GraphSettings("1", Secret("s"), graph_url="http://127.0.0.1:1")),
            read_limits=lambda: limits,
            max_lanes=16,
            check_notifications=lambda _: "fine",
        )
    }
    assert words in checks["airflow pools"].words
    assert checks["airflow pools"].is_good == words.startswith("room")
