"""Native posts through a real Airflow: only the tasks that have work get a process."""

from __future__ import annotations

import pytest

from tests.airflow_runs.conftest import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]


def test_a_native_post_is_handed_over_and_what_has_no_work_is_skipped(office):
    """By the run that the attempt names; one without work skips everything behind its one query."""
    larp = office.add_page("210000000000031", "Native")
    office.run("update facebook_page_connections set delivery = 'native' where larp_id = %s", larp)
    posts = office.schedule([larp], ["Za godzinę u Facebooka"], due_in=3600)
    office.stack.airflow.trigger("verify_handed_over_posts", {})
    eventually(
        lambda: office.statuses(posts) == {"handed_over": 1}, seconds=120, what=lambda: office.tasks_of(posts[0])
    )
    wanted = {
        "find_chores": "success",
        "hand_over_posts": "success",
        "verify_posts": "skipped",
        "clean_up": "skipped",
        "post_first_comments": "skipped",
        "process_webhook_events": "skipped",
        "tidy_up": "skipped",
    }
    states = lambda: {task["task_id"]: task["state"] for task in office.tasks_of(posts[0])}  # noqa: E731 - read twice
    eventually(lambda: states() == wanted, seconds=60, what=states)
    [held] = office.stack.sandbox.posts("210000000000031")
    assert (held.message, held.is_published) == ("Za godzinę u Facebooka", False)
    idle = office.stack.airflow.trigger("verify_handed_over_posts", {})

    def idle_states() -> set[str]:
        tasks = office.stack.airflow.task_instances("verify_handed_over_posts", idle)
        return {str(task["state"]) for task in tasks if task["task_id"] != "find_chores"}

    eventually(lambda: idle_states() == {"skipped"}, seconds=120, what=idle_states)
