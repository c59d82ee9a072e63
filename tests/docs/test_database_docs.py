"""Every statement of docs/database.md is run as the backoffice runs it."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "database.md").read_text()
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", TEXT, re.DOTALL))


def test_the_statements_work_in_the_order_in_which_they_are_shown(world):
    """Actor, approved draft, schedule, new time, cancel, outcome: each as written, as the backoffice's login."""
    larp_id, draft_id, post_id = world.add_page(), uuid4(), uuid4()
    (other_id,) = world.one(
        "insert into social_drafts (larp_id, title, body) values (%s, 'T', 'B') returning id", larp_id
    )
    values = {"draft_id": draft_id, "larp_id": larp_id, "post_id": post_id, "other_id": other_id}
    assert list(BLOCKS) == ["actor", "approved", "submit", "reschedule", "cancel", "outcome"]
    with world.connect("backoffice_login") as connection, connection.transaction():
        for name in ("actor", "approved"):
            _run(connection, BLOCKS[name], values)
    with world.connect("backoffice_login") as connection:
        for name in ("submit", "reschedule", "cancel"):
            _run(connection, BLOCKS[name], values)
        outcome = _run(connection, BLOCKS["outcome"], values).fetchall()
    assert [row[:2] for row in outcome] == [("canceled", "Event moved")]
    assert world.one(
        "select actor from social_audit_log where action = 'draft.created' and entity_id = %s", draft_id
    ) == ("anna@larp.example",)
    assert world.one("select status from social_drafts where id = %s", other_id) == ("draft",)


def _run(connection, block: str, values: dict):
    cursor = None
    for statement in filter(str.strip, block.split(";\n")):
        used = {name: values[name] for name in re.findall(r":(\w+_id)", statement)}
        cursor = connection.execute(re.sub(r":(\w+_id)", r"%(\1)s", statement.rstrip().rstrip(";")), used)
    return cursor


@pytest.mark.parametrize("message", re.findall(r"\| `(?:… )?([^`…]+)", TEXT.split("## What is refused")[1]))
def test_each_message_in_the_table_of_refusals_is_one_that_the_schema_gives(message):
    """The table quotes the schema, so that a search for the message finds it."""
    root = Path(__file__).resolve().parents[2] / "include" / "sql" / "migrations"
    schema = "".join(path.read_text() for path in sorted(root.glob("*.up.sql")))
    if message.startswith(("permission denied", "violates")):
        quoted = re.findall(r'"(\w+)"', message)
        assert all(name in schema for name in quoted)
    else:
        assert message.split(" … ")[0].split(' "')[0].split("%")[0].strip() in schema


def test_the_statements_of_the_approvals_page_work_as_shown(world):
    """A rule, and a schedule by wall time, by the backoffice's login."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "approvals.md").read_text()
    blocks = dict(re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", text, re.DOTALL))
    assert list(blocks) == ["rule", "wall"]
    larp_id = world.add_page()
    draft_id = world.add_draft(larp_id)
    with world.connect("backoffice_login") as connection:
        for block in blocks.values():
            _run(connection, block, {"larp_id": larp_id, "draft_id": draft_id})
    assert world.one("select required_approvals, cardinality(approvers) from social_approval_rules") == (2, 3)
    assert world.one("select publish_at at time zone 'UTC' from social_scheduled_posts")[0].hour == 12


def test_every_finding_is_in_the_table_of_the_approvals_page():
    """A new code is documented, and a documented one exists."""
    root = Path(__file__).resolve().parents[2]
    source = (root / "plugins" / "socialpub" / "services" / "drafts" / "findings.py").read_text()
    codes = set(re.findall(r'_(?:error|warning)\(\s*"(\w+)"', source))
    table = (root / "docs" / "approvals.md").read_text().split("## What a submit tells")[1].split("## Times")[0]
    documented = set(re.findall(r"`([a-z_]+)`", table))
    assert documented == codes | {f"{of}_{severity}" for of in ("media", "link") for severity in ("error", "warning")}


def test_the_routes_of_the_notifications_page_can_be_inserted_as_shown(world):
    """By the backoffice's login."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "notifications.md").read_text()
    [(name, block)] = re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", text, re.DOTALL)
    with world.connect("backoffice_login") as connection:
        _run(connection, block, {"larp_id": world.add_page()})
        assert connection.execute("select count(*) from social_notification_routes").fetchone() == (4,), name
