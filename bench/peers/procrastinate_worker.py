"""`python -m bench.peers.procrastinate_worker DATABASE CONCURRENCY`: publishes what is due until it is terminated.

Set in its favour: an asynchronous task with one pooled HTTP client, and a look for due jobs every tenth of a second
instead of every five, for jobs that wait for their time send no notification.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
from procrastinate import App, PsycopgConnector

POLLING_SECONDS = 0.1
_CONNECTIONS = 10
_SAVE = "insert into peer_posts (message, facebook_post_id) values (%(message)s, %(facebook_post_id)s)"


class Publisher:
    """The task's HTTP client lives as long as the worker."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.http: aiohttp.ClientSession | None = None

    async def publish(self, url: str, token: str, form: dict[str, str]) -> None:
        assert self.http is not None, "set before the worker starts"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.post(url, data=form, headers=headers) as answer:
            answer.raise_for_status()
            post = await answer.json()
        await self._app.connector.execute_query_async(_SAVE, message=form["message"], facebook_post_id=post["id"])


def build_app(database: str) -> tuple[App, Publisher]:
    connector = PsycopgConnector(conninfo=database, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
    app = App(connector=connector)
    publisher = Publisher(app)
    app.task(name="publish")(publisher.publish)
    return app, publisher


async def _work(database: str, concurrency: int) -> None:
    app, publisher = build_app(database)
    async with app.open_async(), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        publisher.http = http
        await app.run_worker_async(concurrency=concurrency, fetch_job_polling_interval=POLLING_SECONDS)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2])))
