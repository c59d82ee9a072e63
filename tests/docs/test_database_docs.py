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
    values = {"draft_id": draft_id, "larp_id": larp_id, "post_id": post_id}
    assert list(BLOCKS) == ["actor", "approved", "reschedule", "cancel", "outcome"]
    with world.connect("backoffice_login") as connection, connection.transaction():
        for name in ("actor", "approved"):
            _run(connection, BLOCKS[name], values)
    with world.connect("backoffice_login") as connection:
        for name in ("reschedule", "cancel"):
            _run(connection, BLOCKS[name], values)
        outcome = _run(connection, BLOCKS["outcome"], values).fetchall()
    assert [row[:2] for row in outcome] == [("canceled", "Event moved")]
    assert world.one("select actor from social_audit_log where action = 'draft.created'") == ("anna@larp.example",)


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


def test_the_routes_of_the_notifications_page_can_be_inserted_as_shown(world):
    """By the backoffice's login."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "notifications.md").read_text()
    [(name, block)] = re.findall(r"<!-- test: (\w+) -->\n```sql\n(.*?)```", text, re.DOTALL)
    with world.connect("backoffice_login") as connection:
        _run(connection, block, {"larp_id": world.add_page()})
        assert connection.execute("select count(*) from social_notification_routes").fetchone() == (4,), name
