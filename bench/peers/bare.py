"""The bare limit: HTTP clients that do nothing but send at the second. Nothing is written down."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.arrivals import read_arrivals
from bench.figure import Peer
from bench.peers.order import Order, Salvo, make_orders
from bench.peers.quiet import next_quiet_second
from bench.posts import BenchPage
from bench.summary import summarise
from graph_sandbox.control import SandboxControl

CLIENTS = {"requests on threads": "bare_threads", "aiohttp": "bare_asyncio", "bare sockets": "bare_sockets"}
_LEAD_SECONDS = 5.0


class PeerError(Exception):
    """A peer did not do its work; the message holds what it said."""


def run_bare(name: str, sandbox: SandboxControl, pages: Sequence[BenchPage]) -> Peer:
    """One process a core, each with its share. Raises `PeerError`."""
    orders = make_orders(pages, label=name)
    processes = (os.cpu_count() or 1) if name == "requests on threads" else 1
    due_at = next_quiet_second(_LEAD_SECONDS + len(orders) / 500)
    _fire(CLIENTS[name], sandbox.base_url, due_at, [orders[share::processes] for share in range(processes)])
    arrived = read_arrivals(sandbox, [order.message for order in orders], since=due_at - 1)
    if not arrived.is_exactly_once:
        raise PeerError(f"{name}: {arrived.missing} posts are missing, {arrived.repeated} came again")
    return Peer(name, summarise(arrived.lateness(due_at)))


def _fire(client: str, url: str, due_at: float, shares: Sequence[Sequence[Order]]) -> None:
    command = [sys.executable, "-m", f"bench.peers.{client}"]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in shares]
    for process, share in zip(running, shares, strict=True):
        assert process.stdin is not None, "a pipe was asked for"
        process.stdin.write(Salvo(url, due_at, list(share)).to_json())
        process.stdin.close()
    for process in running:
        process.wait(timeout=due_at - time.time() + 120)
        assert process.stderr is not None, "a pipe was asked for"
        said = process.stderr.read()
        process.stderr.close()
        if process.returncode:
            raise PeerError(f"{client} ended with {process.returncode}: {said[-2000:]}")
