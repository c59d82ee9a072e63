"""The real stack, once for all tests here: all of Airflow with its LocalExecutor, PostgreSQL and the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_stack.backoffice import Backoffice
from local_stack.stack import Stack
from tests.api.conftest import ISSUER, SIGNER


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    keys = tmp_path_factory.mktemp("keys") / "backoffice.pem"
    keys.write_bytes(SIGNER.public_pem)
    environment = {"SOCIALPUB_JWT_ISSUER": ISSUER, "SOCIALPUB_JWT_KEYS": str(keys)}
    with Stack(tmp_path_factory.mktemp("stack"), environment=environment) as running:
        running.wait_until_ready()
        yield running


class Office(Backoffice):
    """The backoffice of the real stack, with a look at Airflow's tasks."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.database_url(), token_keys=stack.token_keys, sandbox=stack.sandbox)
        self.stack = stack

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
