"""Files Facebook fetches by itself, from the `url` of a photo or the `file_url` of a video."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import requests

from graph_sandbox.file_part import FilePart
from graph_sandbox.state import World

FETCH_TIMEOUT_SECONDS = 10.0
PIECE_BYTES = 65_536


async def fetch(world: World, url: str, *, keep_bytes: int, max_bytes: int | None = None) -> FilePart | None:
    """Return the file at an address, or None when it cannot be had.

    Only hosts in the settings' `fetchable_hosts` are asked, and redirects are not followed: what clients send must not
    lead the sandbox anywhere else. It stops reading behind `max_bytes` (`keep_bytes` by default).
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in world.settings.fetchable_hosts:
        return None
    return await asyncio.to_thread(_download, url, keep_bytes, keep_bytes if max_bytes is None else max_bytes)


def _download(url: str, keep_bytes: int, max_bytes: int) -> FilePart | None:
    part = FilePart("url", None, keep_bytes=keep_bytes)
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.get(url, stream=True, timeout=FETCH_TIMEOUT_SECONDS, allow_redirects=False) as response:
                if response.status_code != 200:
                    return None
                for piece in response.iter_content(PIECE_BYTES):
                    part.write(memoryview(piece))
                    if part.size > max_bytes:
                        break
        except requests.RequestException:
            return None
    return part
