"""`python -m bench.delivery_worker DATABASE_URL`: delivers in a child of its own, which dies by SIGKILL on demand.

Reads `start` and `kill` from stdin and answers each with a line. What it does is what *deliver_notifications* does, but
five times a second, with a lease that ends within seconds when it is killed, and with a message for each event.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta

from sqlalchemy import Engine

from socialpub.db.engine import open_engine
from socialpub.hooks.notices import open_writer
from socialpub.notifications import open_couriers
from socialpub.operators.notify import let_publishing_go_first
from socialpub.services.notices.deliver import DeliveryRules, deliver
from socialpub.services.notices.route_events import Grouping, route_events

_NOW = timedelta(0)
_BETWEEN_SECONDS = 0.2
_GROUPING = Grouping(pace=_NOW, max_items=1, max_events=100)
_RULES = DeliveryRules(lease=timedelta(seconds=3), delays=(_NOW,), budget=timedelta(seconds=1.5))


def work(engine: Engine) -> None:
    route_events(engine, _GROUPING, actor="bench")
    deliver(engine, open_couriers(), open_writer(), _RULES, actor="bench")


def work_forever(url: str) -> None:
    let_publishing_go_first()
    engine = open_engine(url, pool_size=1)
    while True:
        work(engine)
        time.sleep(_BETWEEN_SECONDS)


def main() -> None:
    url = sys.argv[1]
    first = open_engine(url, pool_size=1)
    work(first)  # Everything is loaded before the first fork, as in Airflow's scheduler.
    first.dispose()
    print("ready", flush=True)
    worker = 0
    for line in sys.stdin:
        if line == "start\n" and not (worker := os.fork()):
            work_forever(url)
        if line == "kill\n" and worker:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
        print("done", flush=True)


if __name__ == "__main__":
    main()
