"""
### Verify handed-over posts

Every five minutes: looks after the posts that Facebook itself publishes (delivery *native*), and does what is left to
do around posts. One query decides which of the tasks have work; the others are skipped. The same task seals the new
rows of the audit log (`socialpub audit verify`).

* **hand_over_posts** gives native posts to Facebook as scheduled posts, 28 days to 15 minutes before their time. What
  Facebook will not hold is published by *publish_due_posts* at its time, like any other post.
* **verify_posts** checks two minutes after its time that each is live, and tells Facebook a changed time before. One
  that Facebook still has unpublished ten minutes after its time is published through Facebook; one that is provably
  gone goes out by *publish_due_posts*, if its lateness rule still allows it.
* **clean_up** deletes at Facebook what an edit or a cancel left there: scheduled posts, unused photos and videos. What
  a live post shows stays.
* **post_first_comments** posts the first comment of posts that have one.
* **process_webhook_events** compares what Facebook's webhook sent with the posts, where the API server has not.
* **tidy_up** deletes events of the webhook after a week, stored answers of the API after a day, and files that
  were uploaded for a draft and not taken up by one after a week.

| what you see | what it means | what to do |
| --- | --- | --- |
| everything skipped | nothing was to be done | nothing |
| verify_posts red | Facebook could not process a video | read the last lines of the log, export the video again |
| clean_up red | something could not be deleted after ten tries | delete it on Facebook by hand |
| post_first_comments red | a comment failed; its post is live | read the log; it may lack a permission |
| process_webhook_events red | an event can't be processed | read the log: it names the event |
| any task red at once | the database or the Facebook app can't be used | read the last line of the log: it says what |

A warning that a post *stays with Facebook, nothing is proved* means that Facebook could not be read: the next run looks
again. Clearing a task is safe.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, CronTriggerTimetable

from socialpub.operators.chores import (
    CleanUpOperator,
    FindChoresOperator,
    HandOverPostsOperator,
    PostFirstCommentsOperator,
    ProcessWebhookEventsOperator,
    TidyUpOperator,
    VerifyPostsOperator,
)

with DAG(
    dag_id="verify_handed_over_posts",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("2-59/5 * * * *", timezone="UTC"),  # Not at :00, :15, :30, when people post.
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["socialpub", "facebook"],
    default_args={
        "owner": "data-ops",
        "retries": 0,  # The next run is five minutes away.
        "do_xcom_push": False,
        "execution_timeout": datetime.timedelta(minutes=30),
    },
):
    find_chores = FindChoresOperator(task_id="find_chores", execution_timeout=datetime.timedelta(seconds=50))
    find_chores >> [
        HandOverPostsOperator(task_id="hand_over_posts"),
        VerifyPostsOperator(task_id="verify_posts"),
        CleanUpOperator(task_id="clean_up"),
        PostFirstCommentsOperator(task_id="post_first_comments"),
        ProcessWebhookEventsOperator(task_id="process_webhook_events"),
        TidyUpOperator(task_id="tidy_up"),
    ]
