"""A stored file in the part that a player asks for: it reads the end of a video before its middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from socialpub.api.threads import in_thread
from socialpub.media.source import PIECE, MediaStream, StoredFile

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class BeyondTheEndError(ValueError):
    """A range of which the file has no byte; RFC 9110, 15.5.17."""


def find_range(asked: str, size: int) -> tuple[int, int] | None:
    """The first byte of the `Range` header and the one behind the last; None: the whole file is meant.

    Several ranges, and what is none, mean the whole file as well (RFC 9110, 14.2). Raises `BeyondTheEndError`.
    """
    found = _ONE_RANGE.fullmatch(asked.strip())
    if found is None or found.group() == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        begin, end = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return None
    else:
        begin, end = int(first), min(size, int(last) + 1 if last else size)
    if begin >= end:
        raise BeyondTheEndError
    return begin, end


async def send_file(request: Request, file: StoredFile, headers: Mapping[str, str], *, media_type: str) -> Response:
    """The whole file or the range that was asked for, read piece by piece. Raises a `MediaError`."""
    headers = {**headers, "accept-ranges": "bytes"}
    try:
        span = find_range(request.headers.get("range", ""), file.size)
    except BeyondTheEndError:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{file.size}"})
    begin, end = span or (0, file.size)
    if span:
        headers["content-range"] = f"bytes {begin}-{end - 1}/{file.size}"
    headers["content-length"] = str(end - begin)
    stream = await in_thread(request, file.open_stream, begin)
    pieces = _read(request, stream, end - begin)
    return StreamingResponse(pieces, 206 if span else 200, headers=headers, media_type=media_type)


async def _read(request: Request, stream: MediaStream, left: int) -> AsyncIterator[bytes]:
    """On a thread of the console's own for each piece, and on none while a player that has enough lets us wait."""
    try:
        while left > 0:
            piece = await in_thread(request, stream.read, min(PIECE, left))
            left -= len(piece)
            yield piece
    finally:
        stream.close()
