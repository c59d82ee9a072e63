"""What routes for drafts share: the request as the services take it, the answer as clients do."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import uuid4

from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from socialpub.api.draft_answers import DraftAnswer
from socialpub.api.paths import SOCIAL
from socialpub.api.problem import Problem
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.read import DraftDetails

DRAFTS = f"{SOCIAL}/drafts"
DRAFT = f"{DRAFTS}/{{draft_id}}"
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[
    str | None, Header(max_length=100, description="The ETag of what you saw: refused if it changed.", examples=['"3"'])
]


def name_request(request: Request) -> str:
    """X-Request-Id, or one of ours; in the answer and in the audit log."""
    given = request.headers.get("x-request-id", "")
    if not hasattr(request.state, "request_id"):
        request.state.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid4())
    return str(request.state.request_id)


def make_caller(request: Request, name: str) -> Caller:
    return Caller(name, name_request(request))


def read_version(if_match: str | None, *, is_required: bool = False) -> int | None:
    """Raises 428 without one where it is required, and 412 for one that no draft of ours has."""
    if if_match is None:
        if is_required:
            raise Problem(
                428, "if_match_missing", "An update has to say which version it changes.",
                next_step="send the ETag of the draft as you read it in If-Match.",
            )  # fmt: skip
        return None
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise Problem(412, "stale_draft", "If-Match is no ETag of a draft.", next_step="read the draft, use its ETag.")
    return int(found[1])


def answer_draft(details: DraftDetails, status: int = 200, *, location: str = "") -> Response:
    headers = {"etag": f'"{details.version}"'} | ({"location": location} if location else {})
    return answer(DraftAnswer.of(details), status, headers)


def answer(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(model.model_dump_json(), status, headers, media_type="application/json")
