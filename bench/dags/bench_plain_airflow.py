"""
### Plain Airflow, a peer of the benchmark

What one would write first: one mapped task a post, each publishes and saves the id. Nothing guards against a second
sending here.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, get_current_context, task


def read_conf() -> dict[str, Any]:
    """What the benchmark triggered this run with."""
    return get_current_context()["dag_run"].conf or {}


with DAG(
    dag_id="bench_plain_airflow", doc_md=__doc__, schedule=None, catchup=False, max_active_tasks=64, tags=["benchmark"]
):

    @task
    def list_posts() -> list[dict[str, Any]]:
        return list(read_conf()["posts"])

    @task
    def publish(post: dict[str, Any]) -> None:
        import psycopg
        import requests

        answer = requests.post(post["url"], data=post["form"], headers=post["headers"], timeout=60)
        answer.raise_for_status()
        with psycopg.connect(read_conf()["database"]) as connection:
            connection.execute(
                "insert into peer_posts (message, facebook_post_id) values (%s, %s)",
                (post["form"]["message"], answer.json()["id"]),
            )

    publish.expand(post=list_posts())
