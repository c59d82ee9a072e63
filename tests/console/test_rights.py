"""Who may what on the screens: the same as by the API, asked by every route itself."""

from __future__ import annotations

from uuid import uuid4

import pytest
import requests

from socialpub.console.app import create_console

# Screen → whom it lets in, of zosia (event editor), anna (coordinator), ola (approver), ewa (admin).
_GETS = {
    "now": {"zosia", "anna", "ola", "ewa"},
    "queue": {"zosia", "anna", "ola", "ewa"},
    "calendar": {"zosia", "anna", "ola", "ewa"},
    "audit": {"zosia", "anna", "ola", "ewa"},
    "drafts": {"zosia", "anna", "ola", "ewa"},
    "drafts/{draft}": {"zosia", "anna", "ola", "ewa"},
    "drafts/{draft}/findings": {"zosia", "anna", "ola", "ewa"},
    "drafts/new": {"anna", "ewa"},
    "drafts/{draft}/edit": {"anna", "ewa"},
    "drafts/{draft}/decide": {"ola", "ewa"},
    "drafts/{draft}/schedule": {"anna", "ewa"},
    "drafts/{draft}/unschedule": {"anna", "ewa"},
    "drafts/{draft}/publish": {"ola", "ewa"},
    "drafts/{draft}/cancel": {"ewa"},
    "pages": {"zosia", "anna", "ola", "ewa"},
    "pages/pause": {"ewa"},
    "pages/resume": {"ewa"},
    "pages/disconnect": {"ewa"},
}


@pytest.mark.parametrize("path", _GETS)
def test_each_screen_lets_in_whom_it_should(site, path):
    """401 becomes the login, 403 a page, 404 for whoever has no role in the LARP."""
    address = site.at(path.format(draft=site.add_draft()))
    allowed = {
        name for name in ("zosia", "anna", "ola", "ewa")
        if requests.get(address, cookies={"test_user": name}, timeout=10).status_code == 200
    }  # fmt: skip
    assert allowed == _GETS[path]
    assert requests.get(address, cookies={"test_user": "nobody"}, timeout=10).status_code == 404
    assert requests.get(address, timeout=10).status_code == 401


def test_every_route_asks_for_a_permission():
    """But for the style sheet, the script and the icon."""
    routes = [route for route in create_console().routes if route.path != "/static"]
    assert all(route.permission for route in routes) and len(routes) > 15


def test_another_larps_draft_is_not_there(site):
    """For somebody who has the role in both."""
    other = site.world.one("insert into larps (title) values ('Inny') returning id")[0]
    address = f"{site.url}/larp/{other}/drafts/{site.add_draft()}"
    assert requests.get(address, cookies={"test_user": "ewa"}, timeout=10).status_code == 404


def test_a_larp_that_is_not_there_is_like_one_that_is_not_yours(site):
    """The same words for both."""
    address = f"{site.url}/larp/{uuid4()}/drafts"
    answers = [requests.get(address, cookies={"test_user": name}, timeout=10) for name in ("ewa", "nobody")]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == answers[1].json()


def test_a_picture_is_its_larps(site):
    """And nobody learns whether there is one."""
    other = site.world.add_page("200000000000009", name="Inny")
    draft = site.world.add_media_draft(other, {"type": "photo", "storage_path": "x.png"})
    (asset,) = site.world.one("select id from social_draft_assets where draft_id = %s", draft)
    answer = requests.get(site.at("drafts", "pictures", asset), cookies={"test_user": "ewa"}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_picture")


def test_a_form_that_says_nonsense_is_no_defect(site):
    """It is told as the API tells it."""
    draft = site.add_draft()
    with requests.Session() as browser:
        browser.cookies.set("test_user", "ewa")
        page = browser.get(site.at("drafts", draft, "cancel"), timeout=10).text
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": token, "decision": "maybe", "content_hash": "x", "comment": ""}
        answer = browser.post(site.at("drafts", draft, "decide"), data=form, headers={"origin": site.host}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
