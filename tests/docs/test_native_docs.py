"""Every statement of docs/native-scheduling.md is run by the login that it is for, and its settings exist."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

from socialpub.settings import Settings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "native-scheduling.md").read_text()
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", TEXT, re.DOTALL))


def run(world, name: str, user: str = "backoffice_login", **values: object):
    with world.connect(user) as connection:
        found = connection.execute(re.sub(r":(\w+_id)", r"%(\1)s", BLOCKS[name].rstrip().rstrip(";")), values)
        return found.fetchall() if found.description else found.rowcount


def test_a_native_post_is_chosen_seen_moved_and_canceled_as_shown(world):
    """By the backoffice; the Page's way is the default of its new posts."""
    larp_id, post_id = world.add_page(), uuid4()
    draft_id = world.add_draft(larp_id)
    assert run(world, "page", larp_id=larp_id) == 1
    assert run(world, "post", draft_id=draft_id, post_id=post_id) == 1
    assert [row[:2] for row in run(world, "look")] == [(post_id, "pending")]
    assert run(world, "move", post_id=post_id) == 1
    assert run(world, "cancel", post_id=post_id) == 1
    assert world.status(post_id) == "canceled"


def test_what_was_given_up_is_seen_and_a_comment_tried_again_as_shown(world):
    """By those who may: reports see clean-ups, the publisher's login moves comments."""
    assert run(world, "cleanups", user="report_login") == []
    post_id = world.schedule(world.add_page())
    world.run(
        "insert into social_first_comments (scheduled_post_id, due_at, status, reason)"
        " values (%s, now(), 'failed', 'No permission')", post_id,
    )  # fmt: skip
    assert run(world, "comment", user="airflow_login", post_id=post_id) == 1
    assert world.one("select status from social_first_comments") == ("pending",)


def test_each_statement_is_tested():
    assert list(BLOCKS) == ["page", "post", "move", "cancel", "look", "cleanups", "comment"]


def test_each_setting_is_read_and_has_the_default_that_is_named():
    """Setting one to what the table says changes nothing; setting it to something else does."""
    settings = dict(re.findall(r"\| `(SOCIALPUB_\w+)` \| (\d+) \|", TEXT))
    assert len(settings) == 5
    assert Settings.from_environment(settings) == Settings.from_environment({})
    for name, value in settings.items():
        assert Settings.from_environment({name: str(int(value) + 1)}) != Settings.from_environment({}), name
