"""`python -m bench.peers.bare_threads`: `requests` on a pool of threads, nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.peers.order import Order, Salvo, read_salvo

# One trial each of 32, 128 and 500 threads a process on two busy cores: this many were quickest, 500 slowest by far.
THREADS = 128


def main() -> None:
    salvo = read_salvo()
    with requests.Session() as session, ThreadPoolExecutor(THREADS) as pool:
        session.trust_env = False
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
        shares = [salvo.orders[number::THREADS] for number in range(THREADS)]
        for done in [pool.submit(_send_share, session, salvo, share) for share in shares]:
            done.result()


def _send_share(session: requests.Session, salvo: Salvo, orders: Sequence[Order]) -> None:
    time.sleep(max(0.0, salvo.due_at - time.time()))
    for order in orders:
        session.post(salvo.url + order.path, data=order.form, headers=order.headers, timeout=60).raise_for_status()


if __name__ == "__main__":
    main()
