"""A refusal with a stable code and the next step, as routes and rules raise it. Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field


class Problem(HTTPException):
    """Answered as problem+json, or as a page where a browser asks for one."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        next_step: str = "",
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code, self.next_step, self.more = code, next_step, more or {}


class FieldError(BaseModel):
    """What is wrong with one part of the request."""

    place: str = Field(examples=["body.title"])
    message: str = Field(examples=["String should have at least 1 character"])


class FindingAnswer(BaseModel):
    """Something to know of a draft. An error keeps it from being submitted."""

    severity: str = Field(examples=["warning"])
    code: str = Field(examples=["duplicate_content"])
    words: str
    next_step: str
    model_config = ConfigDict(from_attributes=True)


class ProblemAnswer(BaseModel):
    """What went wrong, in words for people (`title`, `detail`, `next_step`) and for programs (`status`, `code`)."""

    title: str = Field(examples=[HTTPStatus.NOT_FOUND.phrase])
    status: int = Field(examples=[404])
    code: str = Field(examples=["unknown_draft"], description="Stable: programs may rely on it.")
    detail: str = Field(examples=["There is no such draft."])
    next_step: str = Field(examples=["check the id."])
    errors: list[FieldError] = Field(default=[], description="By the part of the request; of code invalid_request.")
    choices: list[str] = Field(default=[], description="Times or offsets to choose from; of code local_time.")
    findings: list[FindingAnswer] = Field(default=[], description="All that was found; of code not_ready.")


_WORDS = {
    400: "The request can't be read.",
    401: "Nobody is logged in, or the token is not taken.",
    403: "Known, but not allowed to.",
    404: "Not there, or not for you.",
    408: "The rest of the request did not come.",
    409: "The draft is in another state, or was changed meanwhile.",
    412: "The draft was changed since you read it (If-Match).",
    413: "Too large.",
    415: "Not a content type that is taken here.",
    422: "Read, but not understood; `errors` names the parts.",
    428: "If-Match is missing.",
    503: "The database, the media storage or a setting is not usable now; nothing was changed.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """For a route's `responses`: problems that it answers with, beside those that every route has.

    What can be of a wrong content type (415) has a body, and that can be unreadable or too large.
    """
    of_body = {400, 413} if 415 in statuses else set()
    return {
        status: {"model": ProblemAnswer, "description": _WORDS[status]}
        for status in sorted({401, 403, 404, 422, 503, *statuses, *of_body})
    }
