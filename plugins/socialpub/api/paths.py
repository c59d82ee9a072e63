"""Where a LARP's Page and drafts are."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

SOCIAL = "/backoffice/larp/{larp_id}/social"
LARP = f"{SOCIAL}/facebook"


def larp_root(request: Request, larp_id: UUID | str) -> str:
    """The path of this LARP's pages, under whatever prefix the app is mounted."""
    return f"{request.scope.get('root_path', '')}{LARP.format(larp_id=larp_id)}"
