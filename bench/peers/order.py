"""One post as every peer sends it: the same request as ours, made once for all of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.posts import BenchPage
from local_stack.environment import SANDBOX_APP_SECRET

READY = "ready"


@dataclass(frozen=True, slots=True)
class Order:
    path: str
    token: str
    form: dict[str, str]

    @property
    def message(self) -> str:
        return self.form["message"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True)
class Salvo:
    """All orders, to be sent at one instant (Unix seconds)."""

    url: str
    due_at: float
    orders: list[Order]


def make_orders(pages: Sequence[BenchPage], *, label: str) -> list[Order]:
    """One post a Page, with a text of its own."""
    stamp = time.time_ns()
    return [_order(page, f"{label} {stamp} {number}") for number, page in enumerate(pages)]


def _order(page: BenchPage, message: str) -> Order:
    proof = hmac.new(SANDBOX_APP_SECRET.encode(), page.token.encode(), hashlib.sha256).hexdigest()
    path = f"/v26.0/{page.page_id}/feed?fields=id,permalink_url,created_time"
    return Order(path, page.token, {"message": message, "appsecret_proof": proof})


def write_orders(url: str, orders: Sequence[Order]) -> str:
    """What a bare client gets first on its standard input; the instant follows once it has said that it is ready."""
    return json.dumps({"url": url, "orders": [asdict(order) for order in orders]}) + "\n"


def read_salvo() -> Salvo:
    """From standard input, in a bare client's process."""
    raw = json.loads(sys.stdin.readline())
    orders = [Order(**order) for order in raw["orders"]]
    print(READY, flush=True)
    return Salvo(raw["url"], float(sys.stdin.readline()), orders)
