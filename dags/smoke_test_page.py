"""
### Try publishing on a sandbox Page

Every night: publishes a post that nobody sees on each Page that is marked to be tried on, reads it back, looks whether
its webhook came, deletes it, and makes sure that it is gone. The log and the task's XCom tell how long each step took.

It is paused until you have such a Page: connect one, run `socialpub sandbox --page PAGE_ID`, and unpause this DAG.

| what you see | what it means | what to do |
| --- | --- | --- |
| green | token, app, network and Facebook do what publishing needs | nothing |
| skipped | no connected Page is marked | `socialpub sandbox --page PAGE_ID` |
| red | a step failed; the log names it and the Page, with all times | what it says; real posts would meet the same |

A post that could not be deleted is named in the log; nobody but the Page's team can see it.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, CronTriggerTimetable

from socialpub.operators.smoke import SmokeTestOperator

with DAG(
    dag_id="smoke_test_page",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("13 3 * * *", timezone="UTC"),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    tags=["socialpub", "facebook"],
    default_args={"owner": "data-ops"},
):
    SmokeTestOperator(
        task_id="smoke_test",
        execution_timeout=datetime.timedelta(minutes=5),
        retries=1,
        retry_delay=datetime.timedelta(minutes=5),
    )
