"""Where a LARP's Page is managed."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

LARP = "/backoffice/larp/{larp_id}/social/facebook"


def larp_root(request: Request, larp_id: UUID | str) -> str:
    """The path of this LARP's pages, under whatever prefix the app is mounted."""
    return f"{request.scope.get('root_path', '')}{LARP.format(larp_id=larp_id)}"
