"""From a failed post to the inbox through a real Airflow, and the digest by hand."""

from __future__ import annotations

import json

import pytest
import requests

from tests.airflow_runs.conftest import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(500)]


def inbox(office) -> str:
    return requests.get(office.stack.inbox_url, timeout=10).text


def test_a_failed_post_is_in_the_inbox_within_a_minute_and_a_dry_digest_only_in_the_log(office):
    """Mail and Slack, by the triggerer's look every 20 seconds; links are opened by Airflow's API server."""
    larp = office.add_page("230000000000007", "Told")
    for channel, recipient in (("email", "team@larp.test"), ("slack", "")):
        office.run(
            "insert into social_notification_routes (larp_id, channel, recipient) values (%s, %s, %s)",
            *(larp, channel, recipient),
        )
    office.stack.sandbox.add_fault("invalid_100", page_id="230000000000007", times=0)
    posts = office.schedule([larp], ["Tell me about it"], due_in=0)
    eventually(lambda: office.statuses(posts) == {"failed": 1}, seconds=100, what=lambda: office.statuses(posts))
    eventually(lambda: inbox(office).count("was not published") >= 2, seconds=60, what=lambda: inbox(office))
    runs = office.stack.airflow.runs("deliver_notifications")
    assert any(run["run_type"] == "asset_triggered" for run in runs)
    page = inbox(office)
    link = page.split('href="http://127.0.0.1:')[1].split('"')[0]
    opened = requests.get(f"http://127.0.0.1:{link}", timeout=10, allow_redirects=False)
    assert "/socialpub/links/" in link
    assert opened.status_code in (200, 307), opened.text
    run_id = office.stack.airflow.trigger("send_daily_digest", {"larp": str(larp), "dry_run": True, "force": False})
    path = f"dags/send_daily_digest/dagRuns/{run_id}/taskInstances"
    eventually(
        lambda: office.stack.airflow.task_instances("send_daily_digest", run_id)[0]["state"] == "skipped",
        seconds=60,
        what=lambda: office.stack.airflow.task_instances("send_daily_digest", run_id),
    )
    assert "WHAT NEEDS A PERSON" in json.dumps(office.stack.airflow.get(f"{path}/send/logs/1"))
    assert "What needs a person" not in inbox(office)
