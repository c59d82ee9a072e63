"""Deliveries to the webhooks of apps: signed over the raw bytes, tried again when they are not taken.

Source: Webhooks, Getting started; Webhooks for Pages (field `feed`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
from dataclasses import dataclass

import requests

from graph_sandbox.entities import App, Page, Post

TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes to a webhook, exactly as it goes."""

    url: str
    body: bytes
    signature: str


class WebhookSender:
    """Sends in the order of events, from a thread of its own: the sandbox never waits for a receiver."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def tell(self, app: App, page: Page, post: Post, verb: str, *, at: float) -> None:
        """Report that a post appeared ("add") or went ("remove")."""
        if app.webhook_url is None:
            return
        body = _render(page, post, verb, at)
        signature = "sha256=" + hmac.new(app.secret.encode(), body, hashlib.sha256).hexdigest()
        self._waiting.put(Delivery(app.webhook_url, body, signature))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while True:
                _send(session, self._waiting.get())


def _send(session: requests.Session, delivery: Delivery) -> None:
    headers = {"content-type": "application/json", "x-hub-signature-256": delivery.signature}
    for attempt in range(TRIES):
        try:
            answer = session.post(delivery.url, data=delivery.body, headers=headers, timeout=TIMEOUT_SECONDS)
            if answer.status_code == 200:
                return
        except requests.RequestException:
            pass  # Like any other answer: it was not taken.
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)


def _render(page: Page, post: Post, verb: str, at: float) -> bytes:
    """ASCII with escapes in lower case and escaped slashes, as Facebook writes it."""
    item = "video" if post.video_id else "photo" if len(post.photo_ids) == 1 else "status"
    value: dict[str, object] = {
        "item": item, "verb": verb, "from": {"id": page.id, "name": page.name}, "post_id": post.id,
        "created_time": int(at),
    }  # fmt: skip
    if verb == "add":
        value |= {"published": int(post.is_published)} | ({"message": post.message} if post.message else {})
        value |= {"video_id": post.video_id} if post.video_id else {}
        value |= {"photo_id": post.photo_ids[0]} if item == "photo" else {}
    else:
        value["recipient_id"] = page.id
    entry = {"id": page.id, "time": int(time.time()), "changes": [{"field": "feed", "value": value}]}
    return json.dumps({"object": "page", "entry": [entry]}).replace("/", "\\/").encode()
