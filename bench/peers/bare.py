"""The bare limit: HTTP clients that do nothing but send at the second. Nothing is written down."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.arrivals import read_arrivals
from bench.figure import Peer
from bench.peers.order import READY, Order, make_orders, write_orders
from bench.peers.quiet import next_quiet_second
from bench.posts import BenchPage
from bench.summary import summarise
from graph_sandbox.control import SandboxControl

CLIENTS = {"requests on threads": "bare_threads", "aiohttp": "bare_asyncio", "bare sockets": "bare_sockets"}
_LEAD_SECONDS = 2.0


class PeerError(Exception):
    """A peer did not do its work; the message holds what it said."""


def run_bare(name: str, sandbox: SandboxControl, pages: Sequence[BenchPage]) -> Peer:
    """One process a core, each with its share. Raises `PeerError`."""
    orders = make_orders(pages, label=name)
    processes = (os.cpu_count() or 1) if name == "requests on threads" else 1
    due_at = _fire(CLIENTS[name], sandbox.base_url, [orders[share::processes] for share in range(processes)])
    arrived = read_arrivals(sandbox, [order.message for order in orders], since=due_at - 1)
    if not arrived.is_exactly_once:
        raise PeerError(f"{name}: {arrived.missing} posts are missing, {arrived.repeated} came again")
    return Peer(name, summarise(arrived.lateness(due_at)))


def _fire(client: str, url: str, shares: Sequence[Sequence[Order]]) -> float:
    """One process a share; the second is chosen once all of them are ready. Returns it."""
    command = [sys.executable, "-m", f"bench.peers.{client}"]
    with ExitStack() as running:
        processes = [running.enter_context(_start(command)) for _ in shares]
        for process, share in zip(processes, shares, strict=True):
            _tell(process, write_orders(url, share))
        for process in processes:
            _require_ready(process, client)
        due_at = next_quiet_second(_LEAD_SECONDS + sum(map(len, shares)) / 500)
        for process in processes:
            _tell(process, f"{due_at}\n")
        for process in processes:
            _, said = process.communicate(timeout=due_at - time.time() + 120)
            if process.returncode:
                raise PeerError(f"{client} ended with {process.returncode}: {said[-2000:]}")
    return due_at


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _tell(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None, "a pipe was asked for"
    process.stdin.write(text)
    process.stdin.flush()


def _require_ready(process: subprocess.Popen[str], client: str) -> None:
    assert process.stdout is not None and process.stderr is not None, "pipes were asked for"
    if process.stdout.readline().strip() != READY:
        raise PeerError(f"{client} did not start: {process.stderr.read()[-2000:]}")
