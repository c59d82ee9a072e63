"""`python -m bench.peers.bare_threads`: one thread a post, `requests`, nothing else."""

from __future__ import annotations

import threading
import time

import requests

from bench.peers.order import Order, read_salvo


def main() -> None:
    salvo = read_salvo()
    threads = [threading.Thread(target=_send, args=(salvo.url, salvo.due_at, order)) for order in salvo.orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(url: str, due_at: float, order: Order) -> None:
    session = requests.Session()
    session.trust_env = False
    time.sleep(max(0.0, due_at - time.time()))
    session.post(url + order.path, data=order.form, headers=order.headers, timeout=60).raise_for_status()


if __name__ == "__main__":
    main()
