"""
### Check the Pages' tokens

Asks Facebook about the access token of every connected Page once a week (Mondays, 05:00 UTC), and each day about those
that end within eight days. Trigger it by hand with a Page's id to check that Page now.

* **choose_connections** deals the Pages whose turn it is into groups.
* **check** is mapped: one task is one group. Its log ends in a table of every Page that there is something to say about.

| what Facebook says | what is done |
| --- | --- |
| valid, never expires | the Page is valid; posts held for its token go out again |
| less than seven days left | the token is renewed from the stored login, where there is one; else somebody is asked to reconnect the Page, at 7, 3 and 1 days |
| not valid, another Page's, a permission is missing | the Page is lost: its posts are held, and somebody is told once |
| nothing, or nothing usable | no verdict: all stays as it is, and the Page comes again with the next run |

| what you see | what it means | what to do |
| --- | --- | --- |
| check red | at least one Page needs a person | the table in its log says which, why and what to do |
| check up for reschedule | Facebook asked the app for a pause | nothing |
| check skipped | it was no Page's turn | nothing |
| choose_connections red | the database can't be reached, or no such Page is connected | read the last line of the log |
"""  # noqa: E501 - a row of a table is one line

from __future__ import annotations

import datetime

from airflow.sdk import DAG, MultipleCronTriggerTimetable, Param

from socialpub.operators.check_tokens import CheckTokensOperator, ChooseConnectionsOperator

with DAG(
    dag_id="check_page_tokens",
    doc_md=__doc__,
    schedule=MultipleCronTriggerTimetable("0 5 * * 1", "0 6 * * *", timezone="UTC"),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=4,
    tags=["socialpub", "facebook", "tokens"],
    default_args={"owner": "data-ops"},
    params={
        "page_id": Param(
            None,
            type=["null", "string"],
            title="Page",
            description="The id of one Page to check now; empty for all whose turn it is.",
            pattern=r"^\s*[0-9]{1,40}\s*$",
        ),
    },
):
    choose_connections = ChooseConnectionsOperator(
        task_id="choose_connections", execution_timeout=datetime.timedelta(minutes=1), retries=2
    )
    CheckTokensOperator.partial(
        task_id="check",
        map_index_template="{{ task.label }}",
        do_xcom_push=False,
        retries=2,
        retry_delay=datetime.timedelta(minutes=5),
        # Facebook sees at most so many groups at once, each with its threads.
        max_active_tis_per_dagrun=4,
        execution_timeout=datetime.timedelta(minutes=30),
    ).expand(connection_ids=choose_connections.output)
