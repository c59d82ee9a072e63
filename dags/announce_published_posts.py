"""
### Announce published posts

Each post that became live is one event of the Airflow asset *facebook_page_post*: schedule another DAG on the asset to
follow publication. It does not matter how the post became live: sent by a task, held by Facebook until its time, a
video that took a while, settled by the webhook or by a person.

An event's extra names the post: `scheduled_post_id`, `larp_id`, `page_id`, `facebook_post_id`, `permalink_url` (null
where Facebook did not tell it) and `published_at`. None is lost; after trouble a post may be told twice, so go by its
`scheduled_post_id` (docs/monitoring.md).

Starts within a minute of a publication: the triggerer looks, with one query, and starts nothing while nothing is new.
Once an hour it also runs by itself, if the triggerer is down. A run announces 200 posts at most, the next one goes on.

| what you see | what it means | what to do |
| --- | --- | --- |
| green | what was new is announced; its log says how many posts | nothing |
| red | a database can't be reached, ours or Airflow's | read the last line of the log; the next run repeats it |

Nobody follows? Pause it: publishing does not need it, and nothing is started for it any more. Unpaused, it begins with
the posts of the last seven days. Clearing a task is safe: what was announced is not announced again.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Asset, AssetAlias, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from socialpub.operators.announce import AnnouncePostsOperator
from socialpub.triggers.posts_published import PostsPublishedTrigger

with DAG(
    dag_id="announce_published_posts",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        # At second 15, as the trigger looks: posts leave at full minutes, the scan is at 30, deliveries at 45.
        timetable=CronTriggerTimetable("41 * * * * 15", timezone="UTC"),
        assets=[
            Asset(
                "social_announcements",
                watchers=[AssetWatcher(name="social_announcements", trigger=PostsPublishedTrigger())],
            )
        ],
    ),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["socialpub", "facebook"],
    default_args={"owner": "data-ops"},
):
    AnnouncePostsOperator(
        task_id="announce",
        asset=Asset("facebook_page_post"),
        alias=AssetAlias("facebook_page_posts"),
        execution_timeout=datetime.timedelta(minutes=1),
        retries=0,
        do_xcom_push=False,
    )
