"""
### Send the daily digest

`0 7 * * *` in each LARP's own time zone: what needs a person, the next 24 hours and the week of each Page with what
would go wrong, and what became of yesterday's posts. A run every quarter of an hour (zones differ by quarters) makes
the digests whose morning it is; *deliver_notifications* sends them, to the routes of the event `daily_digest`.

Each LARP gets one digest a local day, whatever its clock does and however often this runs. After downtime it still
comes, until seven in the evening.

With **dry_run** the digests of now are shown in the task's log and nothing is sent. With **force** they are made and
sent now, also when the day's went out already.

| what you see | what it means | what to do |
| --- | --- | --- |
| skipped | it is nobody's morning, or all have theirs | nothing |
| red | a LARP's digest can't be made; all others were | read the last lines of the log: they say which and why |
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, CronTriggerTimetable, Param

from socialpub.operators.notify import SendDailyDigestOperator

with DAG(
    dag_id="send_daily_digest",
    doc_md=__doc__,
    # At second 45: posts leave at full minutes, and the scan for the next ones is at 30.
    schedule=CronTriggerTimetable("*/15 * * * * 45", timezone="UTC"),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["socialpub", "notifications"],
    default_args={"owner": "data-ops"},
    params={
        "larp": Param(None, type=["null", "string"], title="LARP", description="The id of one LARP; empty for all."),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Show the digests, send nothing."),
        "force": Param(False, type="boolean", title="Force", description="Whatever the hour, and again if need be."),
    },
):
    SendDailyDigestOperator(
        task_id="send", execution_timeout=datetime.timedelta(minutes=10), retries=0, do_xcom_push=False
    )
