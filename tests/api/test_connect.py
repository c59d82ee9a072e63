"""The connect flow over HTTP: who may, what is refused, and what no log sees."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from cryptography.fernet import Fernet
from fastapi import APIRouter, FastAPI

from socialpub.api.app import create_app
from socialpub.api.auth import GuardedRoute
from socialpub.api.resources import Resources
from socialpub.models.encrypted import EncryptedToken, TokenCipher

PAGE, OTHER = "200000000000001", "200000000000002"
HTML = {"accept": "text/html"}


def browser(site, user: str = "ewa:ADMIN") -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.update(HTML)
    session.cookies.set("test_user", user)
    return session


def visit_facebook(site, session: requests.Session, **query: str) -> str:
    """From the connect link through the dialog; returns the address that Facebook sends the browser to."""
    dialog = session.get(f"{site.larp_url}/connect", params=query, allow_redirects=False)
    assert dialog.status_code == 303, dialog.text
    return requests.get(dialog.headers["location"], allow_redirects=False).headers["location"]


def read_form(page: str) -> dict[str, str]:
    """The first form of a page: its action and its hidden fields."""
    form = page.split("<form")[1]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return {"action": re.search(r'action="([^"]+)"', form)[1], **fields}


def submit(site, session: requests.Session, page: str, **change: str) -> requests.Response:
    fields = read_form(page) | change
    return session.post(site.url + fields.pop("action"), data=fields, allow_redirects=False)


def test_from_the_link_to_the_stored_connection(site):
    """Link, dialog, choice, connected; the page afterwards says so."""
    session = browser(site)
    choice = session.get(visit_facebook(site, session))
    assert "Choose the Page of Larpowe Kroniki" in choice.text
    assert site.connected() == []
    done = submit(site, session, choice.text)
    assert (done.status_code, done.headers["location"]) == (303, urlsplit(site.larp_url).path)
    assert site.connected() == [PAGE]
    shown = session.get(site.larp_url).text
    assert "Larpowe Kroniki" in shown and "never" in shown
    answer = session.get(f"{site.larp_url}/status", headers={"accept": "application/json"}).json()
    assert (answer["is_connected"], answer["page"]["page_id"]) == (True, PAGE)
    assert "EAAG" not in str(answer)
    assert site.world.one("select actor from social_audit_log order by id limit 1") == ("airflow:ewa",)


def test_the_dialog_is_asked_for_exactly_what_publishing_needs(site):
    """One redirect address for all LARPs, because each must be registered with Facebook."""
    dialog = browser(site).get(f"{site.larp_url}/connect", allow_redirects=False).headers["location"]
    asked = parse_qs(urlsplit(dialog).query)
    assert asked["scope"] == ["pages_show_list,pages_manage_posts,pages_read_engagement"]
    assert asked["redirect_uri"] == [f"{site.url}/socialpub/backoffice/social/facebook/callback"]
    assert len(asked["state"][0]) > 100


def test_the_way_back_works_under_the_larps_own_path_too_and_only_for_that_larp(site):
    """The state decides; a path that says otherwise is refused."""
    session = browser(site)
    query = urlsplit(visit_facebook(site, session)).query
    other = session.get(f"{site.larp_root(site.add_larp())}/callback?{query}")
    assert (other.status_code, "another LARP" in other.text) == (409, True)
    assert session.get(f"{site.larp_url}/callback?{query}").status_code == 200


def test_nobody_gets_in_without_a_login(site):
    """People are sent to Airflow's login, programs get 401; Facebook's answer is not carried through the login."""
    for method, path in (
        ("GET", "/connect"),
        ("GET", ""),
        ("GET", "/status"),
        ("POST", "/choose"),
        ("POST", "/disconnect"),
    ):
        bare = requests.request(method, site.larp_url + path, allow_redirects=False)
        assert bare.status_code == 401, path
        assert bare.headers["content-type"] == "application/problem+json"
    sent = requests.get(f"{site.larp_url}/connect", headers=HTML, allow_redirects=False)
    assert sent.status_code == 303
    assert "/auth/login?next=" in sent.headers["location"]
    back = requests.get(f"{site.larp_url}/callback?code=AQsecret&state=x", headers=HTML, allow_redirects=False)
    assert back.status_code == 401
    assert "AQsecret" not in back.text + str(back.headers)


@pytest.mark.parametrize(
    ("role", "may_see", "may_manage"), [("VIEWER", 403, 403), ("USER", 403, 403), ("OP", 200, 303), ("ADMIN", 200, 303)]
)
def test_who_looks_after_airflows_connections_looks_after_pages(site, role, may_see, may_manage):
    """The roles of Airflow's simple auth manager; everybody else is refused."""
    session = browser(site, f"jan:{role}")
    assert session.get(f"{site.larp_url}/status").status_code == may_see
    assert session.get(f"{site.larp_url}/connect", allow_redirects=False).status_code == may_manage
    assert session.post(f"{site.larp_url}/disconnect").status_code == 403


def test_a_route_without_a_rule_can_not_exist():
    """Deny by default: the mistake is found when the app is made."""
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="/open asks for no permission"):
        router.get("/open")(lambda: None)


def test_every_route_of_the_app_is_guarded(site):
    """Whatever is mounted, now and later."""
    app: FastAPI = create_app(Resources(site.world.engine, lambda engine: None, str))
    routes = [route for route in app.routes if not getattr(route, "routes", None)]
    assert routes
    assert [route.path for route in routes if not isinstance(route, GuardedRoute)] == []


def test_a_replayed_answer_is_refused(site):
    """Also after the Page is connected."""
    session = browser(site)
    address = visit_facebook(site, session)
    submit(site, session, session.get(address).text)
    again = session.get(address)
    assert (again.status_code, "was used already" in again.text) == (409, True)


def test_another_persons_answer_is_refused(site):
    """A link with somebody else's code connects nothing."""
    address = visit_facebook(site, browser(site, "mallory:ADMIN"))
    answer = browser(site).get(address)
    assert (answer.status_code, "Somebody else started" in answer.text) == (409, True)


def test_canceling_and_declining_lead_back_with_a_way_on(site):
    """Canceled: start again. Declined: Facebook is asked again for what is missing."""
    session = browser(site)
    site.sandbox.control.set_dialog_decision("deny")
    canceled = session.get(visit_facebook(site, session))
    assert "was canceled" in canceled.text and f'href="{urlsplit(site.larp_url).path}/connect"' in canceled.text
    site.sandbox.control.set_dialog_decision("approve")
    site.sandbox.control.add_user("300000000000001", "Anna", accounts=[PAGE], declined_scopes=["pages_manage_posts"])
    declined = session.get(visit_facebook(site, session))
    assert "pages_manage_posts" in declined.text
    assert f'href="{urlsplit(site.larp_url).path}/connect?rerequest=true"' in declined.text
    again = session.get(f"{site.larp_url}/connect?rerequest=true", allow_redirects=False).headers["location"]
    assert "auth_type=rerequest" in again
    assert site.connected() == []


@pytest.mark.parametrize("change", [{"seal": ""}, {"seal": "made-up"}, {"page_id": OTHER}, {"page_id": ""}])
def test_a_form_that_is_not_ours_connects_nothing(site, change):
    """Another site can send a form, but can't make its seal; a Page that was not offered is refused."""
    session = browser(site)
    page = session.get(visit_facebook(site, session)).text
    assert submit(site, session, page, **change).status_code in (403, 409)
    assert site.connected() == []


def test_a_seal_is_good_for_one_person_one_larp_and_one_purpose(site):
    """A state is no seal, and a seal of another form or person is none either."""
    session, other = browser(site), browser(site, "jan:ADMIN")
    offer = session.get(visit_facebook(site, session)).text
    assert submit(site, other, offer).status_code == 403
    elsewhere = f"/socialpub/backoffice/larp/{site.add_larp()}/social/facebook/choose"
    assert submit(site, session, offer, action=elsewhere).status_code == 403
    state = parse_qs(urlsplit(visit_facebook(site, session)).query)["state"][0]
    assert submit(site, session, offer, seal=state).status_code == 403
    assert site.connected() == []
    assert submit(site, session, offer).status_code == 303
    seal_of_disconnect = read_form(session.get(site.larp_url).text)["seal"]
    again = session.get(visit_facebook(site, session)).text
    assert submit(site, session, again, seal=seal_of_disconnect).status_code == 403


def test_disconnecting_wipes_the_token_and_says_what_waits(site):
    """By the form of our own page only."""
    session = browser(site)
    submit(site, session, session.get(visit_facebook(site, session)).text)
    site.world.schedule(site.larp, due_in=3600)
    assert session.post(f"{site.larp_url}/disconnect").status_code == 403
    farewell = submit(site, session, session.get(site.larp_url).text)
    assert farewell.status_code == 200
    assert "1 posts wait" in farewell.text
    assert site.connected() == []
    assert site.world.one("select access_token from facebook_page_connections") == (None,)
    assert "No Page is connected" in session.get(site.larp_url).text


def test_unknown_and_malformed_larps_are_not_found(site):
    """Without an echo of what was sent."""
    session = browser(site)
    assert session.get(f"{site.larp_root(uuid4())}/connect").status_code == 404
    hostile = session.get(f"{site.url}/socialpub/backoffice/larp/%3Cscript%3E/social/facebook/connect")
    assert (hostile.status_code, "<script>" in hostile.text) == (422, False)
    assert session.get(f"{site.url}/socialpub/nonsense").status_code == 404


def test_names_from_facebook_are_shown_harmlessly(site):
    """A Page may be called anything."""
    site.sandbox.control.add_page(PAGE, "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}")
    session = browser(site)
    page = session.get(visit_facebook(site, session)).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_every_answer_carries_a_strict_policy(site):
    """No script, no frame, no referrer, no cache; also when something is refused."""
    session = browser(site)
    for path in ("/connect", "", "/status", "/nonsense"):
        headers = session.get(site.larp_url + path, allow_redirects=False).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_no_log_line_holds_code_or_state(site):
    """Airflow's access log sees the callback without its query."""
    session = browser(site)
    address = visit_facebook(site, session)
    session.get(address)
    query = parse_qs(urlsplit(address).query)
    text = "\n".join(site.log)
    assert "/social/facebook/callback" in text
    assert query["code"][0] not in text and query["state"][0] not in text


def test_trouble_with_the_database_is_said_in_words(site, postgres):
    """503 and what to do, no trace."""
    session = browser(site)
    site.world.run("alter table social_login_requests rename to gone")
    answer = session.get(f"{site.larp_url}/connect")
    assert (answer.status_code, "python -m socialpub.db migrate" in answer.text) == (503, True)
    assert "Traceback" not in answer.text


def test_losing_all_keys_is_said_in_words_and_a_reconnect_mends_it(site):
    """Without any key nothing can be sealed: 503 and what to set. With another key the Page is connected anew."""
    session = browser(site)
    submit(site, session, session.get(visit_facebook(site, session)).text)
    site.keys.clear()
    for path in ("/connect", ""):
        answer = session.get(site.larp_url + path, headers={"accept": "application/json"}, allow_redirects=False)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        detail = answer.json()["detail"] + answer.json()["next_step"]
        assert "There is no key for the Page access tokens" in detail and "socialpub keys generate" in detail
    assert session.get(f"{site.larp_url}/status").status_code == 200
    site.keys.append(Fernet.generate_key().decode())
    submit(site, session, session.get(visit_facebook(site, session)).text)
    (stored,) = site.world.one("select access_token from facebook_page_connections")
    TokenCipher(site.keys).decrypt(EncryptedToken(stored))
