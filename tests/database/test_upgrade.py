"""docs/upgrade.md on an older schema with posts and drafts in every state: up, down, up again, and nothing is lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from tests.services.conftest import desk  # noqa: F401 - a fixture

from socialpub.db.schema import downgrade
from socialpub.models import DraftStatus, PostStatus
from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.audit.verify import verify_audit_log

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "upgrade.md").read_text()
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n *```sh\n(.*?)```", TEXT, re.DOTALL))
OLD = "0010"
# On the way to each status, with the columns that it needs.
WAYS: dict[PostStatus, tuple[str, ...]] = {
    PostStatus.PENDING: (),
    PostStatus.QUEUED: ("queued",),
    PostStatus.PUBLISHING: ("queued", "publishing"),
    PostStatus.UNCONFIRMED: ("queued", "publishing", "unconfirmed"),
    PostStatus.HANDED_OVER: ("handed_over",),
    PostStatus.PUBLISHED: ("queued", "publishing", "published"),
    PostStatus.FAILED: ("queued", "publishing", "failed"),
    PostStatus.CANCELED: ("canceled",),
    PostStatus.MISSED: ("missed",),
}
MOVES = {
    "queued": "claimed_by = 'd/r', lease_expires_at = now() + interval '1 hour', queued_at = now()",
    "publishing": "status_reason = null",
    "unconfirmed": "status_reason = 'No answer', next_attempt_at = now() + interval '1 hour'",
    "handed_over": "facebook_post_id = '1_' || left(id::text, 8), handed_over_at = now(), handed_over_for = publish_at",
    "published": "facebook_post_id = '2_' || left(id::text, 8), published_at = now()",
    "failed": "status_reason = 'Refused'",
    "canceled": "status_reason = 'Moved'",
    "missed": "status_reason = 'Too late'",
}
KEPT_WHOLE = {
    *("larps", "facebook_page_connections", "social_drafts", "social_draft_approvals", "social_scheduled_posts"),
    *("social_publish_attempts", "social_audit_log"),
}
# What a migration writes anew, because the rule behind it has changed.
REWRITTEN = {"content_hash", "updated_at", "version"}


def follow(world, block: str) -> subprocess.CompletedProcess[str]:
    """A block of the page, as the owner types it."""
    folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "SOCIALPUB_OWNER_URL": world.url("postgres")}
    environment["PATH"] = os.pathsep.join([folder, os.environ["PATH"]])
    command = ["bash", "-euo", "pipefail", "-c", BLOCKS[block]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def old(world):
    """The older schema, with a post in each status and a draft in each that has no post."""
    downgrade(world.url("postgres"), OLD)
    larp = world.add_page()
    for status, way in WAYS.items():
        due_in = 3600 if status in (PostStatus.PENDING, PostStatus.HANDED_OVER) else -60
        move(world, world.schedule(larp, body=f"Post {status}", due_in=due_in), way)
    for status in (DraftStatus.DRAFT, DraftStatus.PENDING_APPROVAL, DraftStatus.APPROVED, DraftStatus.CANCELED):
        draft = world.add_draft(larp, body=f"Draft {status}")
        if status != DraftStatus.APPROVED:
            world.run("update social_drafts set status = 'draft' where id = %s", draft)
            world.run("update social_drafts set status = %s where id = %s and status != %s", status, draft, status)
    return world


def move(world, post: UUID, way: tuple[str, ...]) -> None:
    for status in way:
        world.run(f"update social_scheduled_posts set status = '{status}', {MOVES[status]} where id = %s", post)  # type: ignore[arg-type]
        if status == "queued":
            world.run(
                "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, sent_at)"
                " values (%s, 1, 'd', 'r', now())", post,
            )  # fmt: skip
        elif way[0] == "queued" and status != "publishing":
            outcome = (
                "update social_publish_attempts set outcome = %s, finished_at = now() where scheduled_post_id = %s"
            )
            world.run(outcome, status, post)


def read_rows(world, columns: dict[str, list[str]] | None = None) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """All rows of all tables of ours, in those columns that the tables had at first and still have."""
    with world.connect() as connection:
        found: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public'"
            " and table_name ~ '^(social_|larps|facebook_)' and table_name != 'social_schema_version' order by 1, 2"
        ).fetchall():
            if column not in REWRITTEN and (columns is None or column in columns.get(table, [])):
                found.setdefault(table, []).append(column)
        rows = {}
        for table, names in found.items():
            query = f"select {', '.join(names)} from {table} as t order by t::text"
            rows[table] = sorted(map(str, connection.execute(query).fetchall()))  # type: ignore[arg-type]
    return found, rows


def test_each_command_of_the_page_is_run():
    assert list(BLOCKS) == ["migrate", "down"]
    assert f'"{OLD}"' in BLOCKS["down"]


def test_every_row_comes_up_goes_down_and_comes_up_again(old):
    """In all columns that both schemas have; none is empty that was not."""
    before_columns, before = read_rows(old)
    assert {status for (status,) in statuses(old)} == set(map(str, PostStatus))
    for block in ("migrate", "down", "migrate"):
        done = follow(old, block)
        assert done.returncode == 0, done.stderr
        columns, now = read_rows(old, before_columns)
        same = {table for table, names in before_columns.items() if columns.get(table) == names}
        assert same >= KEPT_WHOLE
        assert {table: now[table] for table in same} == {table: before[table] for table in same}
        assert {table: len(now[table]) for table in columns} == {table: len(before[table]) for table in columns}


def statuses(world) -> list[tuple]:
    with world.connect() as connection:
        return connection.execute("select status from social_scheduled_posts").fetchall()


def test_what_was_approved_before_goes_out_afterwards_and_the_log_is_whole(old, desk):  # noqa: F811 - the fixture
    """The new version works on with the old rows: the fence knows their content, the audit log can be sealed."""
    assert follow(old, "migrate").returncode == 0
    old.run("update social_scheduled_posts set publish_at = now() where status = 'pending'")
    desk.scan_and_work()
    assert desk.live() == ["Post pending"]
    seal_audit_log(old.engine())
    assert verify_audit_log(old.engine(), report=lambda done, total: None).troubles == ()


def test_the_code_refuses_an_older_schema_and_says_what_to_do(old, monkeypatch, capsys):
    """A forgotten migration stops, it does not guess."""
    from socialpub.cli import main

    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", old.url("airflow_login"))
    assert main(["doctor"]) == 1
    assert "python -m socialpub.db migrate" in capsys.readouterr().out
