"""Style, script and htmx, with a version in their address: a browser asks for each of them once."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"


@cache
def version() -> str:
    """Another one when any file is another."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class KeptFiles(StaticFiles):
    """Files that stay what they are under one address. They hold nothing of anybody, so no login is asked for."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        is_versioned = scope["query_string"] == f"v={version()}".encode()
        answer.headers["cache-control"] = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        return answer
