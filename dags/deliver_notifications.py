"""
### Deliver notifications

Sends what people want to hear of: mail through the Airflow connection *smtp_default*, Slack through *slack_social*. Who
hears of what stands in the table `social_notification_routes` (docs/notifications.md).

Starts within 50 seconds of an event: the triggerer looks, with one query, and starts nothing while there is nothing to
send. Every half hour it also runs by itself, if the triggerer is down, and checks routes, connections and templates.

| what you see | what it means | what to do |
| --- | --- | --- |
| green | everything due was sent | nothing |
| red | the mail server or Slack does not work, or a message was refused | read the last lines of the log |

Nothing is lost while it is red: messages wait, are tried for three days, and are listed by `socialpub outbox list`.
Publishing never waits for any of this. Clearing a task is safe: what was sent is not sent again.
"""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from socialpub.operators.notify import DeliverNotificationsOperator
from socialpub.triggers.notifications_due import NotificationsDueTrigger

with DAG(
    dag_id="deliver_notifications",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        # Not in the minutes of other DAGs, nor in the second in which posts leave.
        timetable=CronTriggerTimetable("4,34 * * * * 45", timezone="UTC"),
        assets=[
            Asset(
                "social_notifications",
                watchers=[AssetWatcher(name="social_notifications", trigger=NotificationsDueTrigger())],
            )
        ],
    ),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["socialpub", "notifications"],
    default_args={"owner": "data-ops"},
):
    DeliverNotificationsOperator(
        task_id="deliver", execution_timeout=datetime.timedelta(minutes=3), retries=0, do_xcom_push=False
    )
