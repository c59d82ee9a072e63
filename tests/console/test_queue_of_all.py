"""The Queue of all LARPs: one list for those who look after several, and no post of a LARP that is not theirs."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.sync_api import expect
from tests.conftest import TOKEN_KEY
from tests.console.conftest import look
from tests.needs import needs_chromium
from tests.queue.conftest import force

from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret

pytestmark = needs_chromium
# In the first Leon plans, in the second he reads, and the site's own he knows nothing of.
PLANS, READS = UUID(int=1), UUID(int=2)


@pytest.fixture
def posts(site):
    """A failed one in each of the three LARPs."""
    site.world.run(
        "insert into larps (id, title, time_zone) values (%s, 'Zima', 'Europe/Warsaw'),"
        " (%s, 'Bleeding Kansas', 'America/Chicago')", PLANS, READS,
    )  # fmt: skip
    token = TokenCipher([TOKEN_KEY]).encrypt(Secret("EAAGpage"))
    for number, larp in enumerate((PLANS, READS), start=2):
        site.world.run(
            "insert into facebook_page_connections (larp_id, page_id, page_name, access_token)"
            " values (%s, %s, %s, %s)", larp, f"20000000000000{number}", f"Page {number}", token,
        )  # fmt: skip
    found = {}
    for number, (name, larp) in enumerate((("plans", PLANS), ("reads", READS), ("foreign", site.larp))):
        found[name] = site.world.schedule(larp, due_in=-600 - number, title=f"Post he {name}")
        force(site.world, found[name], "failed")
    return found


def test_all_posts_that_may_be_seen_stand_in_one_list(site, log_in, posts):
    """Each with its LARP, and leading there."""
    tab = log_in("leon")
    tab.goto(f"{site.url}/larp/{PLANS}/queue?state=failed")
    expect(tab.get_by_role("row").filter(has_text="Post he")).to_have_count(1)
    tab.get_by_label("Posts of").select_option(label="All LARPs")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Queue of all LARPs")
    expect(tab.get_by_role("row").filter(has_text="Post he plans")).to_contain_text("Zima · Page 2")
    expect(tab.get_by_role("row").filter(has_text="Post he reads")).to_contain_text("Bleeding Kansas · Page 3")
    assert "Post he foreign" not in tab.content() and "Kroniki" not in tab.content()
    look(tab)
    tab.get_by_role("link", name="Post he reads").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Post he reads")
    assert str(READS) in tab.url


def test_a_foreign_post_is_not_found_by_its_id(site, log_in, posts):
    tab = log_in("leon")
    tab.goto(f"{site.url}/larp/{PLANS}/queue?larps=all&q={posts['foreign']}")
    expect(tab.get_by_text("No post is like this.")).to_be_visible()
    tab.goto(f"{site.url}/larp/{PLANS}/queue?larps=all&q={posts['reads']}")
    expect(tab.get_by_role("link", name="Post he reads")).to_be_visible()


def test_what_is_done_to_several_leaves_alone_what_the_role_does_not_allow(site, log_in, posts):
    """The question says so, the deed does so, and the way back leads to the same list."""
    tab = log_in("leon")
    tab.goto(f"{site.url}/larp/{PLANS}/queue?larps=all&state=needs_a_person")
    for box in tab.get_by_role("checkbox").all():
        box.check()
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_text("1 of the chosen posts is left alone")).to_be_visible()
    expect(tab.locator(".steps .good")).to_have_count(1)
    look(tab)
    tab.get_by_role("button", name="Requeue").click()
    expect(tab.get_by_role("main").get_by_text("Done for 1 of 1 posts.")).to_be_visible()
    assert {name for name, post in posts.items() if is_requeued(site, post)} == {"plans"}
    tab.get_by_role("link", name="Back to the Queue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Queue of all LARPs")
    expect(tab.get_by_role("row").filter(has_text="Post he")).to_have_count(2)


def is_requeued(site, post) -> bool:
    [count] = site.world.one(
        "select count(*) from social_scheduled_posts where draft_id ="
        " (select draft_id from social_scheduled_posts where id = %s)", post,
    )  # fmt: skip
    return count == 2


@pytest.mark.parametrize("larps", ["", "all"])
def test_a_form_by_hand_reaches_no_further(site, log_in, posts, larps):
    """Whatever it names."""
    tab = log_in("leon")
    tab.goto(f"{site.url}/larp/{PLANS}/queue?state=failed")
    csrf = tab.locator("input[name=csrf]").first.get_attribute("value") or ""
    for name in ("reads", "foreign"):
        form = {"csrf": csrf, "action": "requeue", "larps": larps, "post": str(posts[name])}
        answer = tab.request.post(
            f"{site.url}/larp/{PLANS}/queue/do", form=form, headers={"origin": site.host, "accept": "text/html"}
        )
        assert answer.status == 200
        assert "Done for 0 of 0 posts." in answer.text()
        assert not is_requeued(site, posts[name])


def test_an_operator_pauses_the_pages_of_several_larps_at_once(site, log_in, posts):
    tab = log_in("ewa")
    tab.goto(site.at("queue?larps=all&state=failed"))
    expect(tab.get_by_role("row").filter(has_text="Post he")).to_have_count(3)
    for box in tab.get_by_role("checkbox").all():
        box.check()
    tab.get_by_role("button", name="Pause their Page").click()
    look(tab)
    tab.get_by_label("Why?").fill("An outage of Facebook's")
    tab.get_by_role("button", name="Pause").click()
    expect(tab.get_by_role("main").get_by_text("Done for 3 of 3 posts.")).to_be_visible()
    assert site.world.one("select count(*) from facebook_page_connections where paused_at is not null") == (3,)


def test_whoever_has_one_larp_has_nothing_to_choose(site, log_in):
    tab = log_in("zosia")
    tab.goto(site.at("queue"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Queue")
    assert tab.get_by_label("Posts of").count() == 0
