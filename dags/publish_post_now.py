"""
### Publish a post now

Publishes one approved post at once, whatever its time. Trigger it with the id of a draft or of a scheduled post and a
reason; both, and your name, are kept in the audit log.

With **dry_run** the exact request is shown in the task's log and nothing is sent; the task ends as skipped.

The post takes the same way as every other: one claim, the fence, one request, the same retries. So it can't be sent
twice, even if its own time comes at the same moment.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from socialpub.operators.publish import PUBLISH_RETRIES
from socialpub.operators.publish_now import PublishPostNowOperator

with DAG(
    dag_id="publish_post_now",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=100,
    tags=["socialpub", "facebook", "by hand"],
    default_args={"owner": "data-ops"},
    params={
        "post": Param(
            type="string",
            title="Post",
            description="The id of a draft or of a scheduled post.",
            pattern=r"^\s*[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\s*$",
        ),
        "reason": Param(
            type="string",
            title="Reason",
            description="Why it can't wait; kept in the audit log.",
            minLength=3,
            maxLength=500,
            pattern=r"\S",
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Show the request, send nothing."),
    },
):
    publish_now = PublishPostNowOperator(task_id="publish_now", do_xcom_push=False, **PUBLISH_RETRIES)
