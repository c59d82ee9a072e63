"""The real stack, once for all tests here: all of Airflow with its LocalExecutor, PostgreSQL and the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import connect
from sqlalchemy import make_url

from local_stack.stack import Stack
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        running.wait_until_ready()
        yield running


class Office:
    """The backoffice of the real stack: writes posts and looks at what became of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        url = make_url(stack.database_url()).set(drivername="postgresql")
        self._connection = connect(url.render_as_string(hide_password=False), autocommit=True)

    def rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, params).fetchall()  # type: ignore[arg-type]

    def run(self, statement: str, *params: object) -> None:
        self._connection.execute(statement, params)  # type: ignore[arg-type]

    def add_page(self, page_id: str, name: str) -> Any:
        token = self.stack.sandbox.add_page(page_id, name)
        [(larp_id,)] = self.rows("insert into larps (title, time_zone) values (%s, 'Europe/Warsaw') returning id", name)
        self.run(
            "insert into facebook_page_connections (larp_id, page_id, page_name, access_token) values (%s, %s, %s, %s)",
            larp_id, page_id, name, TokenCipher.from_keys(self.stack.token_keys).encrypt(Secret(token)),
        )  # fmt: skip
        return larp_id

    def schedule(self, larp_ids: list[Any], bodies: list[str], *, due_in: float) -> list[Any]:
        """One approved, scheduled post a body, dealt over the LARPs; all for the same instant."""
        with self._connection.transaction():
            drafts = [
                self.rows(
                    "insert into social_drafts (larp_id, title, body, status)"
                    " values (%s, %s, %s, 'approved') returning id",
                    larp_ids[number % len(larp_ids)], body[:40], body,
                )[0][0]
                for number, body in enumerate(bodies)
            ]  # fmt: skip
            self.run(
                "insert into social_draft_approvals (draft_id, approver, decision)"
                " select unnest(%s::uuid[]), 'ola', 'approved'",
                drafts,
            )
            return [
                row[0]
                for row in self.rows(
                    "insert into social_scheduled_posts (draft_id, publish_at)"
                    " select unnest(%s::uuid[]), now() + make_interval(secs => %s) returning id",
                    drafts, due_in,
                )
            ]  # fmt: skip

    def statuses(self, posts: list[Any]) -> dict[str, int]:
        return dict(
            self.rows("select status, count(*) from social_scheduled_posts where id = any(%s) group by 1", posts)
        )

    def tasks_of(self, post: Any) -> list[dict[str, Any]]:
        """The task instances of the run that has the post, as Airflow's API tells them."""
        runs = self.rows(
            "select dag_id, run_id from social_publish_attempts where scheduled_post_id = %s order by 2 desc limit 1",
            post,
        )
        return [task for dag_id, run_id in runs for task in self.stack.airflow.task_instances(dag_id, run_id)]

    def task_of(self, post: Any) -> dict[str, Any]:
        """The task instance that worked the post."""
        [(title,)] = self.rows(
            "select title from social_drafts d join social_scheduled_posts p on p.draft_id = d.id where p.id = %s", post
        )
        tasks = [task for task in self.tasks_of(post) if task["task_id"] != "claim_due_posts"]
        found = [task for task in tasks if title in str(task["rendered_map_index"])]
        # Airflow 3.3.2 drops a mapped task's label while it waits for its retry; its number stands there then.
        found = found or [t for t in tasks if t["state"] == "up_for_retry" or t["task_id"] == "publish_now"]
        assert len(found) == 1, [(t["task_id"], t["state"], t["rendered_map_index"]) for t in tasks]
        return found[0]


@pytest.fixture
def office(stack: Stack) -> Office:
    stack.sandbox.clear_faults()
    return Office(stack)


def eventually(check: Callable[[], bool], *, seconds: float, what: Callable[[], object]) -> None:
    """Wait until `check` holds; fail with what is there instead."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, what()
        time.sleep(0.3)
