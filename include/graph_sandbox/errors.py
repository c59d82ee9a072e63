"""Refusals: the exception every handler raises, and the error envelope of the Graph API reference, Errors."""

from __future__ import annotations

import secrets
from typing import Any, NoReturn

OAUTH = "OAuthException"
GRAPH_METHOD = "GraphMethodException"
DOCS = "https://developers.facebook.com/docs/graph-api"


def new_trace_id() -> str:
    """Return a fresh `fbtrace_id`, eleven characters or so like Facebook's."""
    return "A" + secrets.token_urlsafe(16)


class GraphFault(Exception):
    """A request Facebook refuses: HTTP status, code, subcode and the words it says."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        error_type: str = OAUTH,
        status: int = 400,
        is_transient: bool | None = None,
        user_title: str | None = None,
        user_message: str | None = None,
        error_data: dict[str, Any] | str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode
        self.error_type = error_type
        self.status = status
        self.is_transient = is_transient
        self.user_title = user_title
        self.user_message = user_message
        self.error_data = error_data

    def envelope(self, trace_id: str) -> dict[str, Any]:
        """Return the JSON body. Optional keys are left out, as Facebook leaves them out."""
        optional = {
            "error_subcode": self.subcode,
            "is_transient": self.is_transient,
            "error_user_title": self.user_title,
            "error_user_msg": self.user_message,
            "error_data": self.error_data,
        }
        error: dict[str, Any] = {"message": self.message, "type": self.error_type, "code": self.code}
        error.update({name: value for name, value in optional.items() if value is not None})
        return {"error": {**error, "fbtrace_id": trace_id}}

    def challenge(self) -> str | None:
        """Return the WWW-Authenticate header of a refused OAuth request, or None when there is none."""
        if self.error_type != OAUTH or not 400 <= self.status < 500:
            return None
        reason = {190: "invalid_token", 102: "invalid_token"}.get(self.code, "invalid_request")
        if self.subcode in (36007, 36008, 36009):
            reason = "invalid_code"
        words = self.message.replace('"', "'").replace("\n", " ")
        return f'OAuth "Facebook Platform" "{reason}" "{words}"'


def invalid_parameter(words: str, *, subcode: int | None = None) -> GraphFault:
    """Return code 100 in Facebook's wording, "(#100) …"."""
    return GraphFault(100, f"(#100) {words}", subcode=subcode)


def missing_object(method: str, object_id: str) -> GraphFault:
    """Return code 100 subcode 33: the object is gone, hidden from this token, or cannot do this."""
    return GraphFault(
        100,
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded due to "
        f"missing permissions, or does not support this operation. Please read the Graph API documentation at {DOCS}",
        subcode=33,
        error_type=GRAPH_METHOD,
    )


def unknown_path(path: str) -> GraphFault:
    """Return code 2500, what Facebook says of a path it does not know."""
    return GraphFault(2500, f"Unknown path components: {path}")


def refuse_publishing() -> NoReturn:
    """Raise code 200, what a token gets that may not publish on this Page."""
    raise GraphFault(
        200,
        "(#200) If posting to a group, requires app being installed in the group, and either publish_to_groups "
        "permission with user token, or both pages_read_engagement and pages_manage_posts permission with page token; "
        "If posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin with sufficient "
        "administrative permission",
        status=403,
    )


def refuse_reading(permission: str) -> NoReturn:
    """Raise code 10, what a token gets that may not read this Page's posts."""
    raise GraphFault(
        10,
        f"(#10) This endpoint requires the '{permission}' permission or the 'Page Public Content Access' feature. "
        "Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages for details.",
        status=403,
    )


REFUSED_TOKEN = {
    None: "The access token could not be decrypted",
    458: "Error validating access token: The user has not authorized application.",
    459: "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the "
    "instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed their password or "
    "Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired.",
    464: "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed "
    "user.",
    467: "Error validating access token: The session is invalid because the user logged out.",
    492: "Error validating access token: The user must be an administrator, editor, or moderator of the page in order "
    "to impersonate it.",
    493: "Error validating access token: The user hasn't engaged the app in longer than 90 days.",
}
"""Words of code 190 by subcode (Graph API reference, Errors)."""


def refused_token(subcode: int | None, *, message: str | None = None) -> GraphFault:
    """Return code 190 with this subcode; HTTP 400, which third parties observe more often than 401."""
    words = message or REFUSED_TOKEN.get(subcode, "Error validating access token: The session is invalid.")
    return GraphFault(190, words, subcode=subcode)
