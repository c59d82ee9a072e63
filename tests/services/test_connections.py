"""Connecting, reconnecting and disconnecting a Page: what is stored, what is refused and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
import requests
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_USER, DEFAULT_USER_TOKEN
from socialpub.errors import PageRefusedError, UnknownLarpError
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.models.encrypted import EncryptedToken, TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.connections import FacebookConnectionService, Offer

PAGE, OTHER = "200000000000001", "200000000000002"
REDIRECT = "http://127.0.0.1:1/socialpub/callback"
ROW = (
    "select page_id, page_name, token_status, token_problem, token_expires_at, scopes, granted_by, granted_by_id,"
    " disconnected_at, access_token, user_access_token from facebook_page_connections"
)


@dataclass
class Office:
    """A service over a real database and the sandbox, and the browser of the person in front of it."""

    world: World
    sandbox: SandboxServer
    service: FacebookConnectionService
    masked: list[str]
    larp: UUID

    def visit_facebook(self, *, user: str = "ewa", **start: bool) -> dict[str, str]:
        """Through the dialog; returns what Facebook's redirect carries."""
        address = self.service.start(self.larp, user=user, redirect_uri=REDIRECT, **start)
        answer = requests.get(address, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        query = urlsplit(answer.headers["location"]).query
        return {name: values[0] for name, values in parse_qs(query).items()}

    def offer(self, *, user: str = "ewa") -> Offer:
        return self.service.take_answer(self.visit_facebook(user=user), user=user)

    def connect(self, page_id: str = PAGE) -> None:
        self.service.choose(self.offer().request_id, page_id, user="ewa")

    def add_larp(self) -> UUID:
        return self.world.one("insert into larps (title) values ('Inny') returning id")[0]

    def token(self) -> str:
        """The stored Page token, opened."""
        (stored,) = self.world.one("select access_token from facebook_page_connections where disconnected_at is null")
        return self.service.cipher.decrypt(EncryptedToken(stored)).reveal()


@pytest.fixture
def office(world: World, sandbox_server: SandboxServer) -> Office:
    sandbox_server.control.reset()
    masked: list[str] = []
    app = GraphSettings(
        DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox_server.url, dialog_url=sandbox_server.url
    )
    service = FacebookConnectionService(world.engine(), GraphClient(app), TokenCipher([TOKEN_KEY]), mask=masked.extend)
    larp = world.one("insert into larps (title) values ('Larpowe Kroniki') returning id")[0]
    return Office(world, sandbox_server, service, masked, larp)


def test_the_whole_way_ends_in_a_stored_connection_that_never_expires(office):
    """Name, encrypted tokens, scopes and the person; the long-lived way, so without an expiry."""
    offer = office.offer()
    assert (offer.larp_title, offer.granted_by) == ("Larpowe Kroniki", "Anna Wiśniewska")
    assert [(page.page_id, page.obstacle) for page in offer.choices] == [(PAGE, None)]
    office.service.choose(offer.request_id, PAGE, user="ewa")
    row = office.world.one(ROW)
    assert row[:5] == (PAGE, "Larpowe Kroniki", "valid", None, None)
    assert row[5] == ["pages_manage_posts", "pages_read_engagement", "pages_show_list"]
    assert row[6:9] == ("Anna Wiśniewska", DEFAULT_USER, None)
    assert row[9].startswith("fernet:") and row[10].startswith("fernet:")
    office.sandbox.control.advance_clock(90 * 86_400)
    assert office.service.client.get("me", token=Secret(office.token())).body["id"] == PAGE
    assert office.token() in office.masked


def test_the_audit_log_says_who_and_not_what(office):
    """The actor, and that there is a token; nothing of it."""
    office.connect()
    actor, payload = office.world.one("select actor, payload from social_audit_log where action = 'connection.created'")
    assert (actor, payload["token_changed"]) == ("ewa", True)
    assert "access_token" not in payload


def test_a_state_works_once(office):
    """The second answer with it is refused, and the first offer is not disturbed."""
    answer = office.visit_facebook()
    offer = office.service.take_answer(answer, user="ewa")
    with pytest.raises(PageRefusedError, match="used already"):
        office.service.take_answer(answer, user="ewa")
    office.service.choose(offer.request_id, PAGE, user="ewa")


def test_two_answers_with_one_state_at_the_same_moment_give_one_offer(office):
    """Two browsers race; the database lets one through."""
    from concurrent.futures import ThreadPoolExecutor

    answer = office.visit_facebook()

    def take(_: int) -> bool:
        try:
            office.service.take_answer(answer, user="ewa")
        except PageRefusedError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda answer: answer | {"state": "made-up"}, "did not start here"),
        (lambda answer: answer | {"state": ""}, "did not start here"),
        (lambda answer: {"code": answer["code"]}, "did not start here"),
        (lambda answer: answer | {"state": answer["state"][:-4] + "AAA="}, "did not start here"),
        (lambda answer: {"state": answer["state"]}, "was canceled"),
        (lambda answer: {"state": answer["state"], "error": "access_denied"}, "was canceled"),
        (lambda answer: answer | {"code": "AQ-made-up"}, "Invalid verification code"),
    ],
)
def test_an_answer_that_is_not_facebooks_is_refused_and_nothing_is_stored(office, change, words):
    """Forged, empty, altered, without code, canceled."""
    with pytest.raises(PageRefusedError, match=words) as refusal:
        office.service.take_answer(change(office.visit_facebook()), user="ewa")
    assert "AQ-made-up" not in str(refusal.value)
    assert office.world.one("select count(*) from facebook_page_connections") == (0,)
    assert office.world.one("select count(user_access_token) from social_login_requests") == (0,)


def test_somebody_elses_state_is_refused(office):
    """The person who comes back must be the one who left."""
    answer = office.visit_facebook(user="ewa")
    with pytest.raises(PageRefusedError, match="Somebody else"):
        office.service.take_answer(answer, user="mallory")
    offer = office.service.take_answer(answer, user="ewa")
    with pytest.raises(PageRefusedError, match="is over"):
        office.service.choose(offer.request_id, PAGE, user="mallory")


def test_a_state_runs_out(office):
    """After a quarter of an hour it is worth nothing, and what waited with it is forgotten."""
    answer, offer = office.visit_facebook(), office.offer()
    office.world.run("update social_login_requests set expires_at = now() - interval '1 second'")
    with pytest.raises(PageRefusedError, match="used already"):
        office.service.take_answer(answer, user="ewa")
    with pytest.raises(PageRefusedError, match="is over"):
        office.service.choose(offer.request_id, PAGE, user="ewa")
    office.visit_facebook()
    assert office.world.one("select count(user_access_token) from social_login_requests") == (0,)


def test_only_a_fingerprint_of_the_state_is_kept(office):
    """Who reads the database can't take part in a login."""
    state = office.visit_facebook()["state"]
    (row,) = office.world.one("select to_jsonb(r)::text from social_login_requests r")
    assert state not in row


def test_a_declined_permission_is_named_and_asked_for_again(office):
    """`auth_type=rerequest` makes Facebook show what was declined."""
    office.sandbox.control.add_user(
        DEFAULT_USER, "Anna Wiśniewska", accounts=[PAGE], declined_scopes=["pages_manage_posts"]
    )
    with pytest.raises(PageRefusedError, match="pages_manage_posts") as refusal:
        office.offer()
    assert refusal.value.is_rerequest
    address = office.service.start(office.larp, user="ewa", redirect_uri=REDIRECT, is_rerequest=True)
    assert parse_qs(urlsplit(address).query)["auth_type"] == ["rerequest"]


def test_no_page_at_all_is_explained(office):
    """With the way out for Pages of a business portfolio."""
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=[])
    with pytest.raises(PageRefusedError, match="lists no Page for Anna Wiśniewska.*business_management"):
        office.offer()


def test_pages_are_read_to_the_last_result_page_and_each_says_why_it_can_not_be_chosen(office):
    """230 Pages on three result pages: most free, one without the task, one connected elsewhere."""
    ids = [str(210000000000000 + n) for n in range(230)]
    for page_id in ids[:5]:
        office.sandbox.control.add_page(
            page_id, f"Page {page_id}", tasks=["ANALYZE"] if page_id == ids[3] else ["CREATE_CONTENT"]
        )
    for page_id in ids[5:]:
        office.sandbox.control.add_page(page_id, f"Page {page_id}")
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=ids)
    office.world.add_page(ids[4])
    offer = office.offer()
    assert [page.page_id for page in offer.choices] == ids
    obstacles = {page.page_id: page.obstacle for page in offer.choices if page.obstacle}
    assert set(obstacles) == {ids[3], ids[4]}
    assert "does not let you create content" in obstacles[ids[3]]
    assert "connected to another LARP" in obstacles[ids[4]]
    for page_id, words in ((ids[3], "create content"), (ids[4], "another LARP"), ("299999999999999", "does not list")):
        with pytest.raises(PageRefusedError, match=words):
            office.service.choose(offer.request_id, page_id, user="ewa")
    office.service.choose(offer.request_id, ids[229], user="ewa")
    assert office.world.one(ROW + " where larp_id = %s", office.larp)[0] == ids[229]


def test_a_larp_has_one_page_at_a_time_and_may_have_another_after_it(office):
    """The old Page's row stays with its posts; the new one is a row of its own."""
    office.connect()
    office.sandbox.control.add_page(OTHER, "Inna strona")
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=[PAGE, OTHER])
    offer = office.offer()
    with pytest.raises(PageRefusedError, match="This LARP is connected to Page Larpowe Kroniki"):
        office.service.choose(offer.request_id, OTHER, user="ewa")
    office.service.disconnect(office.larp, actor="ewa")
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=[PAGE, OTHER])
    office.connect(OTHER)
    assert office.world.one("select count(*), count(disconnected_at) from facebook_page_connections") == (2, 1)
    post = office.world.schedule(office.larp, due_in=3600)
    assert office.world.one(
        "select page_id from facebook_page_connections c join social_scheduled_posts p on p.connection_id = c.id"
        " where p.id = %s", post
    ) == (OTHER,)  # fmt: skip


def test_the_same_page_may_serve_another_larp_later(office):
    """Next year's event takes over the Page; last year's history stays where it was."""
    office.connect()
    office.service.disconnect(office.larp, actor="ewa")
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=[PAGE])
    office.larp = office.add_larp()
    office.connect()
    assert office.world.one("select count(*) from facebook_page_connections where page_id = %s", PAGE) == (2,)


def test_disconnecting_revokes_and_wipes_and_reconnecting_keeps_the_history(office):
    """Afterwards no token is anywhere; the same row comes back."""
    office.connect()
    token = office.token()
    (before,) = office.world.one("select id from facebook_page_connections")
    post = office.world.schedule(office.larp, due_in=3600)
    farewell = office.service.disconnect(office.larp, actor="ewa")
    assert (farewell.page, farewell.waiting_posts, farewell.notes) == (f"Page Larpowe Kroniki ({PAGE})", 1, ())
    assert office.world.one(ROW)[9:] == (None, None)
    with pytest.raises(PageRefusedError, match="has not authorized application"):
        office.service.connect_with_token(office.larp, PAGE, Secret(token), actor="ewa")
    office.connect()
    assert office.world.one("select id, disconnected_at from facebook_page_connections") == (before, None)
    assert office.world.status(post) == "pending"
    with pytest.raises(UnknownLarpError):
        office.service.disconnect(office.add_larp(), actor="ewa")


def test_disconnecting_one_of_a_persons_pages_leaves_the_others_working(office):
    """Revoking would end all tokens of the person, so it waits for the last Page."""
    office.connect()
    office.sandbox.control.add_page(OTHER, "Inna strona")
    office.sandbox.control.add_user(DEFAULT_USER, "Anna Wiśniewska", accounts=[PAGE, OTHER])
    first, office.larp = office.larp, office.add_larp()
    office.connect(OTHER)
    farewell = office.service.disconnect(first, actor="ewa")
    assert "not revoked" in farewell.notes[0]
    assert office.service.client.get("me", token=Secret(office.token())).body["id"] == OTHER


@pytest.mark.parametrize("mode", ["html_502", "throttle_4"])
def test_the_token_is_wiped_even_where_facebook_does_not_take_the_revocation(office, mode):
    """And the person is told what is left for them to do."""
    office.connect()
    office.sandbox.control.add_fault(mode, edge="permissions", method="DELETE")
    farewell = office.service.disconnect(office.larp, actor="ewa")
    assert "by hand on facebook.com" in farewell.notes[0]
    assert office.world.one(ROW)[9:] == (None, None)


def test_the_feed_webhook_is_subscribed_when_that_was_granted(office):
    """It needs a permission of its own; without it nothing is asked."""
    office.connect()
    assert office.sandbox.control.subscribed_apps(PAGE) == {}
    allowed = ["pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_manage_metadata"]
    token = office.sandbox.control.add_page(PAGE, "Larpowe Kroniki", scopes=allowed)
    office.service.connect_with_token(office.larp, PAGE, Secret(token), actor="ewa")
    assert office.sandbox.control.subscribed_apps(PAGE) == {DEFAULT_APP: ["feed"]}
    office.service.disconnect(office.larp, actor="ewa")
    assert office.sandbox.control.subscribed_apps(PAGE) == {}


def test_a_webhook_that_facebook_refuses_does_not_stop_the_connection(office):
    """Publishing does not need it."""
    allowed = ["pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_manage_metadata"]
    token = office.sandbox.control.add_page(PAGE, "Larpowe Kroniki", scopes=allowed)
    office.sandbox.control.add_fault("html_502", edge="subscribed_apps")
    office.service.connect_with_token(office.larp, PAGE, Secret(token), actor="ewa")
    assert office.world.one("select token_status, feed_subscribed_at from facebook_page_connections") == ("valid", None)


def test_a_pasted_token_of_a_person_becomes_the_pages_own(office):
    """What was pasted is not what is stored: a user token can't publish."""
    office.service.connect_with_token(office.larp, PAGE, Secret(DEFAULT_USER_TOKEN), actor="cli:ewa")
    assert office.token() != DEFAULT_USER_TOKEN
    assert office.service.client.get("me", token=Secret(office.token())).body["id"] == PAGE


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda control, token: control.revoke_token(token, subcode=460), "changed their password"),
        (lambda control, token: control.expire_token(token), "Session has expired"),
        (lambda control, token: control.narrow_token(token, scopes=["pages_show_list"]), "lacks pages_manage_posts"),
        (lambda control, token: control.take_role(DEFAULT_USER, PAGE), "must be an administrator"),
    ],
)
def test_a_pasted_token_that_can_not_publish_is_refused(office, spoil, words):
    """With Facebook's reason and the way out; nothing is stored."""
    token = office.sandbox.control.add_page(PAGE, "Larpowe Kroniki")
    spoil(office.sandbox.control, token)
    with pytest.raises(PageRefusedError, match=words) as refusal:
        office.service.connect_with_token(office.larp, PAGE, Secret(token), actor="ewa")
    assert refusal.value.next_step
    assert office.world.one("select count(*) from facebook_page_connections") == (0,)


def test_another_pages_token_is_refused(office):
    """Posts would go to the wrong Page."""
    token = office.sandbox.control.add_page(OTHER, "Inna strona")
    with pytest.raises(PageRefusedError, match=f"another Page \\({OTHER}\\)"):
        office.service.connect_with_token(office.larp, PAGE, Secret(token), actor="ewa")


def test_an_unknown_larp_is_refused(office):
    """Before Facebook is bothered, and in the words of the command line."""
    with pytest.raises(UnknownLarpError):
        office.service.start(uuid4(), user="ewa", redirect_uri=REDIRECT)
    with pytest.raises(UnknownLarpError):
        office.service.connect_with_token(uuid4(), PAGE, Secret(DEFAULT_USER_TOKEN), actor="ewa")


def test_no_secret_travels_in_a_url(office):
    """Codes, app secrets and user tokens go in forms and headers; only debug_token takes its token in the query."""
    office.connect()
    for arrival in office.sandbox.control.arrivals():
        assert arrival.token_transport in ("header", None), arrival.path
        assert (arrival.token_transport is None) == (arrival.edge == "oauth/access_token")
    assert {a.method for a in office.sandbox.control.arrivals(edge="oauth/access_token")} == {"POST"}
