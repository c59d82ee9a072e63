"""
### Publish due posts

Every minute, at its half: claims the approved posts that are due within the next 75 seconds and publishes each on its
Facebook Page at its second. A post that is scheduled for so soon wakes it at once (asset *social_due*, kept by the
triggerer); without the triggerer such a post waits for the next scan.

* **claim_due_posts** also rescues what a vanished worker left behind, marks posts that came too late as missed, and
  logs what it leaves alone and why (Page paused, token lost, rate limited).
* **publish** is mapped: one task is one post (in a burst: one lane of several Pages), labelled *Page · title · time*.

| what you see | what it means | what to do |
| --- | --- | --- |
| publish skipped | nothing was due, or the post was canceled meanwhile | nothing |
| up for retry | refused for now, or its outcome is unknown and will be looked up | nothing, unless it ends red |
| up for reschedule | Facebook asked for a pause; no try is used up | nothing |
| publish red | a post failed, or is held until somebody mends something | read the last line of the log: it says what |
| claim red | the database can't be reached, or is not migrated | read the last line of the log: it says what |

Each post that became live is an event of the asset *facebook_page_post* within a minute (*announce_published_posts*):
schedule another DAG on it to follow publication.

Runs overlap on purpose: one that waits 45 minutes for a retry holds nobody back. Clearing a task is safe: a post that
is published, failed, canceled or in somebody else's hands is left alone.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from socialpub.operators.claim import ClaimDuePostsOperator
from socialpub.operators.publish import PUBLISH_RETRIES, PublishPostsOperator
from socialpub.triggers.social_due import SocialDueTrigger

with DAG(
    dag_id="publish_due_posts",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        # At second 30: people plan full minutes, and the second in which posts leave is no time to start a task.
        timetable=CronTriggerTimetable("* * * * * 30", timezone="UTC"),
        assets=[Asset("social_due", watchers=[AssetWatcher(name="social_due", trigger=SocialDueTrigger())])],
    ),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=100,
    max_active_tasks=64,
    tags=["socialpub", "facebook"],
    default_args={"owner": "data-ops"},
):
    claim_due_posts = ClaimDuePostsOperator(
        task_id="claim_due_posts", execution_timeout=datetime.timedelta(seconds=50), retries=0
    )
    publish = PublishPostsOperator.partial(
        task_id="publish",
        map_index_template="{{ task.label }}",
        do_xcom_push=False,
        **PUBLISH_RETRIES,
    ).expand(post_ids=claim_due_posts.output)
