"""Files Facebook fetches by itself, from the `url` of a photo or the `file_url` of a video."""

from __future__ import annotations

import asyncio
import time

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from graph_sandbox.file_part import FilePart
from graph_sandbox.state import World

READ_TIMEOUT_SECONDS = 10.0
FETCH_SECONDS = 120.0
PIECE_BYTES = 65_536


async def fetch(world: World, url: str, *, keep_bytes: int, max_bytes: int | None = None) -> FilePart | None:
    """Return the file at an address, or None when it cannot be had within `FETCH_SECONDS`.

    Only hosts in the settings' `fetchable_hosts` are asked, and redirects are not followed: what clients send must not
    lead the sandbox anywhere else. It stops reading behind `max_bytes` (`keep_bytes` by default).
    """
    try:
        address = parse_url(url)  # The parser of requests itself: another might see another host.
    except LocationParseError:
        return None
    if address.scheme not in ("http", "https") or address.host not in world.settings.fetchable_hosts:
        return None
    return await asyncio.to_thread(_download, url, keep_bytes, keep_bytes if max_bytes is None else max_bytes)


def _download(url: str, keep_bytes: int, max_bytes: int) -> FilePart | None:
    part, deadline = FilePart("url", None, keep_bytes=keep_bytes), time.monotonic() + FETCH_SECONDS
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(url, stream=True, timeout=READ_TIMEOUT_SECONDS, allow_redirects=False) as response:
                if response.status_code != 200:
                    return None
                for piece in response.iter_content(PIECE_BYTES):
                    part.write(memoryview(piece))
                    if part.size > max_bytes:
                        break
                    if time.monotonic() > deadline:
                        return None
    except requests.RequestException:
        return None
    return part
