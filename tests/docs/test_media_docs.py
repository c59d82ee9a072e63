"""Every statement of docs/media.md is run as the backoffice runs it."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "media.md").read_text()
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", TEXT, re.DOTALL))
SCHEMA = "".join(path.read_text() for path in sorted((ROOT / "include" / "sql" / "migrations").glob("*.up.sql")))


def run(world, block: str, **values: object) -> None:
    """In one transaction, by the login of the backoffice."""
    with world.connect("backoffice_login") as connection, connection.transaction():
        for statement in filter(str.strip, block.split(";\n")):
            connection.execute(re.sub(r":([a-z_]+)\b", r"%(\1)s", statement.rstrip().rstrip(";")), values)


def test_each_statement_is_tested():
    """A new one needs its test here."""
    assert list(BLOCKS) == ["photo", "video", "url", "approved", "delivery"]


@pytest.mark.parametrize(("name", "kind"), [("photo", "photo"), ("video", "video"), ("url", "video")])
def test_an_asset_is_attached_by_one_insert(world, name, kind):
    """To a draft that is there; its fingerprint changes with it."""
    draft_id = world.add_draft(world.add_page())
    before = world.one("select content_hash from social_drafts")
    run(world, BLOCKS[name], draft_id=draft_id)
    assert world.one("select type, position, upload_state from social_draft_assets") == (kind, 1, "not_uploaded")
    assert world.one("select content_hash from social_drafts") != before


def test_a_draft_its_photo_its_approval_and_its_schedule_fit_into_one_transaction(world):
    """As it is written there; the Page's way of delivery is the post's."""
    larp_id, draft_id = world.add_page(), uuid4()
    run(world, BLOCKS["delivery"], larp_id=larp_id)
    run(world, BLOCKS["approved"], larp_id=larp_id, draft_id=draft_id, checksum="a" * 64)
    assert world.one("select status, first_comment_delay_minutes from social_drafts") == ("scheduled", 5)
    assert world.one("select status, delivery from social_scheduled_posts") == ("pending", "native")
    assert world.one("select count(*) from social_draft_assets where draft_id = %s", draft_id) == (1,)


@pytest.mark.parametrize("line", re.findall(r"\| (`[^|]+) \|", TEXT.split("## What is refused")[1].split("##")[0]))
def test_each_message_in_the_table_of_refusals_is_one_that_the_schema_gives(line):
    """The table quotes the schema, so that a search for the message finds it."""
    names = re.findall(r'"(\w+)"', line)
    if "permission denied" in line:
        names = ["social_draft_assets"]
    elif not names:
        parts = re.split(r" … | …|\d+|\.?`", line.strip("`"))
        names = [part.strip() for part in parts if part.strip()]
    assert names
    assert all(name in SCHEMA for name in names)


def test_each_setting_in_the_table_is_one_that_is_read():
    """And each place where media can be is named."""
    settings = "".join(path.read_text() for path in (ROOT / "plugins" / "socialpub").glob("*settings.py"))
    named = re.findall(r"`SOCIALPUB_([A-Z_]+)`", TEXT)
    assert named
    assert all(f'"{name}"' in settings or f"}}{name}" in settings for name in named)
