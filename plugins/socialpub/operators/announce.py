"""Telling Airflow of published posts, so that other teams' DAGs can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Asset, AssetAlias, BaseOperator, TaskInstanceState

from socialpub.operators.notify import let_publishing_go_first

if TYPE_CHECKING:
    from airflow.sdk import Context


class AnnouncePostsOperator(BaseOperator):
    """Emits one event of an asset per published post, each with its own extra.

    Airflow keeps an extra per event only for what comes through an alias; of the asset itself a task has one.

    :param asset: what the events are events of.
    :param alias: the task's only outlet: a run that announces nothing is no event.
    """

    ui_color = "#dbe9ff"

    def __init__(self, *, asset: Asset, alias: AssetAlias, **kwargs: Any) -> None:  # noqa: ANN401 - BaseOperator's own
        super().__init__(outlets=[alias], on_success_callback=mark_announced, **kwargs)
        self.asset = asset
        self.alias = alias
        self.event_ids: list[int] = []

    def execute(self, context: Context) -> None:
        from socialpub.hooks.database import open_database
        from socialpub.services.announce import MOST_AT_ONCE, find_unannounced_posts

        let_publishing_go_first()
        engine = open_database(pool_size=1)
        try:
            posts = find_unannounced_posts(engine, actor=context["dag_run"].dag_id)
        finally:
            engine.dispose()
        for post in posts:
            context["outlet_events"][self.alias].add(self.asset, extra=post.describe())
        self.event_ids = [post.event_id for post in posts]
        rest = " The next run tells of those that still wait." if len(posts) == MOST_AT_ONCE else ""
        self.log.info("Posts announced: %d.%s", len(posts), rest)


def mark_announced(context: Context) -> None:
    """Writes down what Airflow has taken. What is not written down, for whatever reason, is announced again.

    Airflow calls this after the task has reported its end, also when the report did not get through, and answers a
    report whose events it could not store as if all were well. Only the state it has kept tells the difference: it
    stands in the same transaction as the events.
    """
    from socialpub.hooks.database import open_database
    from socialpub.services import announce

    operator, ti = cast("AnnouncePostsOperator", context["task"]), context["ti"]
    if not operator.event_ids:
        return
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id])
    if states.get(ti.run_id, {}).get(ti.task_id) != TaskInstanceState.SUCCESS:
        operator.log.warning("Airflow did not take the events of this task; the next run repeats them.")
        return
    engine = open_database(pool_size=1)
    try:
        announce.mark_announced(engine, operator.event_ids, actor=ti.dag_id)
    finally:
        engine.dispose()
