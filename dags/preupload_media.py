"""
### Upload media ahead

Every ten minutes: brings the photos and videos of approved posts of the next 20 hours to Facebook, where nobody sees
them yet. At a post's second one small request remains, and a bad file is known hours before.

* **find_uploads** takes 50 posts a run, the earliest first. Paused Pages and rate limits are respected.
* **upload** is mapped: one task is one post. Two work at a time, so that posts that are due have the bandwidth.

| what you see | what it means | what to do |
| --- | --- | --- |
| upload skipped | nothing is to be uploaded | nothing |
| upload up for retry | Facebook or the storage did not answer | nothing; it goes on where it stopped |
| upload red | a file is missing, not what was approved, or nothing for Facebook | the log's last line says what to do |

A red upload has not failed its post yet: what is put right before its second still goes out.

What was uploaded for a post that is edited or canceled afterwards is deleted at Facebook.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, CronTriggerTimetable

from socialpub.operators.preupload import FindUploadsOperator, UploadMediaOperator
from socialpub.operators.retry_policy import PublishRetryPolicy

with DAG(
    dag_id="preupload_media",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("8-59/10 * * * *", timezone="UTC"),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["socialpub", "facebook"],
    default_args={"owner": "data-ops"},
):
    find_uploads = FindUploadsOperator(
        task_id="find_uploads", execution_timeout=datetime.timedelta(seconds=50), retries=0
    )
    upload = UploadMediaOperator.partial(
        task_id="upload",
        map_index_template="{{ task.label }}",
        do_xcom_push=False,
        max_active_tis_per_dag=2,
        execution_timeout=datetime.timedelta(hours=6),
        retries=3,
        retry_delay=datetime.timedelta(minutes=5),
        retry_policy=PublishRetryPolicy(),
    ).expand(post_id=find_uploads.output)
