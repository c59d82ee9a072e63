"""`python -m bench.peers.upload_worker ours|form|raw PLACE URL`: a small upload, then a large one that is measured.

PLACE holds `small.mp4` and `large.mp4`; they go to the sandbox at URL. Prints the large one's seconds, and how far the
resident memory of this process rose above what it was after the small one. `ours` is the worker's own code, reading as
Airflow's connections say; the others are `requests`, streaming a file, or an object from its HTTP address.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN, DEFAULT_USER_TOKEN
from socialpub.graph.client import GraphClient
from socialpub.graph.proof import sign_token
from socialpub.graph.settings import GraphSettings
from socialpub.media.places import MediaPlaces
from socialpub.models.secret import Secret
from socialpub.services.video_bytes import send_video_bytes

SMALL, LARGE = "small.mp4", "large.mp4"


def main() -> None:
    kind, place, url = sys.argv[1:]
    send = {"ours": _send_ours, "form": _send_form, "raw": _send_raw}[kind](place, url)
    send(SMALL)
    before = psutil.Process().memory_info().rss
    Path("/proc/self/clear_refs").write_text("5")  # From here on, VmHWM is the peak of what follows.
    started = time.monotonic()
    send(LARGE)
    print(json.dumps({"seconds": time.monotonic() - started, "extra_bytes": _read_peak() - before}))


def _send_ours(place: str, url: str) -> Callable[[str], object]:
    from socialpub.hooks.storage import AirflowMediaStore

    settings = GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=url, graph_video_url=url)
    client, store = GraphClient(settings), AirflowMediaStore(MediaPlaces(place))
    token = Secret(DEFAULT_PAGE_TOKEN)
    return lambda name: send_video_bytes(client, DEFAULT_PAGE, token, store.open(name), None, lambda _: None)


def _send_form(place: str, url: str) -> Callable[[str], object]:
    """One form with the file in it, as Facebook documents it for a Page's videos."""
    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}", "Content-Type": "multipart/form-data; boundary=film"}
    proof = {"appsecret_proof": _prove(DEFAULT_PAGE_TOKEN)}

    def send(name: str) -> None:
        with requests.Session() as session, _open(session, f"{place}/{name}") as (body, size):
            form, address = _Form(body, size, name), f"{url}/v26.0/{DEFAULT_PAGE}/videos"
            session.post(address, params=proof, headers=headers, data=form, timeout=600).raise_for_status()

    return send


class _Form:
    """A file-like body with the file in its middle; `requests` reads it piece by piece."""

    def __init__(self, body: Any, size: int, name: str) -> None:  # noqa: ANN401 - whatever can be read
        head = f'--film\r\nContent-Disposition: form-data; name="source"; filename="{name}"\r\n\r\n'.encode()
        tail = b"\r\n--film--\r\n"
        self._parts, self._length = [io.BytesIO(head), body, io.BytesIO(tail)], len(head) + size + len(tail)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(16_384):
            yield piece

    def read(self, size: int) -> bytes:
        while self._parts:
            if piece := self._parts[0].read(size):
                return bytes(piece)
            self._parts.pop(0)
        return b""


def _send_raw(place: str, url: str) -> Callable[[str], object]:
    """The file as the body itself, as the Resumable Upload API takes it: nothing has to be parsed at the other end."""
    headers, proof = {"Authorization": f"OAuth {DEFAULT_USER_TOKEN}", "file_offset": "0"}, _prove(DEFAULT_USER_TOKEN)

    def send(name: str) -> None:
        with requests.Session() as session, _open(session, f"{place}/{name}") as (body, size):
            form = {"file_name": name, "file_length": str(size), "file_type": "video/mp4", "appsecret_proof": proof}
            opened = session.post(f"{url}/v26.0/{DEFAULT_APP}/uploads", data=form, headers=headers, timeout=60)
            address, query = f"{url}/v26.0/{opened.json()['id']}", {"appsecret_proof": proof}
            session.post(address, params=query, headers=headers, data=body, timeout=600).raise_for_status()

    return send


def _prove(token: str) -> str:
    return sign_token(Secret(token), Secret(DEFAULT_APP_SECRET)).reveal()


@contextmanager
def _open(session: requests.Session, address: str) -> Iterator[tuple[Any, int]]:
    """What `requests` streams, and its size in bytes."""
    if not address.startswith("http"):
        with Path(address).open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
        return
    with session.get(address, stream=True, timeout=60) as response:
        size = int(response.headers["Content-Length"])
        body: Any = response.raw
        body.len = size  # How `requests` learns the length of what it streams.
        yield body, size


def _read_peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) * 1024


if __name__ == "__main__":
    main()
