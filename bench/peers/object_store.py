"""`python -m bench.peers.object_store FOLDER`: its files as the objects of an S3 bucket, until stdin closes.

Only what reading an object takes: HEAD, and GET with a range. It gives the bytes as fast as the disk does. moto's
server, with which the tests run, reads the whole object for each range, so that it would measure itself.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BUCKET = "media"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, *args: Any) -> None:  # noqa: ANN401 - its base's own
        self._folder = folder
        super().__init__(*args)

    def do_HEAD(self) -> None:
        if file := self._find():
            self._answer(file.stat().st_size)

    def do_GET(self) -> None:
        if not (path := self._find()):
            return
        start, length = self._answer(path.stat().st_size)
        with path.open("rb") as file:
            while length and (sent := os.sendfile(self.connection.fileno(), file.fileno(), start, length)):
                start, length = start + sent, length - sent

    def _find(self) -> Path | None:
        path = self._folder / self.path.partition("?")[0].removeprefix(f"/{BUCKET}/")
        if path.parent == self._folder and path.is_file():
            return path
        self.send_error(404)
        return None

    def _answer(self, size: int) -> tuple[int, int]:
        """Send the head; returns where the wanted bytes begin and how many they are."""
        wanted = self.headers.get("Range")
        first, _, last = (wanted or f"bytes=0-{size - 1}").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or size - 1), size - 1)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("ETag", '"the-only-version"')
        self.send_header("Last-Modified", "Mon, 02 Nov 2026 08:00:00 GMT")
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.end_headers()
        return start, end - start + 1

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, Path(sys.argv[1]))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
