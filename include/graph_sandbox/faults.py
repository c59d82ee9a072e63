"""Every fault mode the sandbox can be told to show: a table, one line each.

`commits` says whether the request was carried out although its answer hides it. That is the difference a client cannot
see, and the one that decides between a post published once, twice or never (Graph API reference, Ten things).
"""

from __future__ import annotations

from dataclasses import dataclass

from graph_sandbox.errors import GRAPH_METHOD, REFUSED_TOKEN
from graph_sandbox.fault_replies import (
    HTML_TYPE,
    CloseReply,
    CutReply,
    EmptyPageReply,
    ErrorReply,
    HangReply,
    RawReply,
    Reply,
    ResetReply,
    SlowReply,
    TruncatedReply,
)


@dataclass(frozen=True, slots=True)
class FaultMode:
    """A named fault: whether the request is carried out, and what the client gets."""

    name: str
    commits: bool
    reply: Reply


SERVICE_ERROR = ErrorReply(2, "An unexpected error has occurred. Please retry your request later.", status=500)
UNKNOWN_ERROR = ErrorReply(1, "An unknown error has occurred.", status=500)
ERROR_IN_200 = ErrorReply(2, SERVICE_ERROR.message, status=200)
BAD_GATEWAY = RawReply(502, HTML_TYPE, b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>")
UNAVAILABLE = RawReply(503, HTML_TYPE, b"<html><title>Sorry, something went wrong.</title><body>Error</body></html>")
GARBAGE = RawReply(200, "text/plain; charset=utf-8", b"Service Unavailable")
EMPTY = RawReply(200, "application/json; charset=UTF-8", b"")

TOO_MANY_CALLS = (
    "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, please "
    "refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
)
BLOCKED = "(#368) The action attempted has been deemed abusive or is otherwise disallowed"
MISSING = (
    "Unsupported post request. Object with ID '0' does not exist, cannot be loaded due to missing permissions, or "
    "does not support this operation. Please read the Graph API documentation at "
    "https://developers.facebook.com/docs/graph-api"
)

_BREAKDOWNS: dict[str, Reply] = {
    "500": SERVICE_ERROR,
    "500_code1": UNKNOWN_ERROR,
    "reset": ResetReply(),
    "close": CloseReply(),
    "hang": HangReply(),
    "html_502": BAD_GATEWAY,
    "html_503": UNAVAILABLE,
    "200_garbage": GARBAGE,
    "empty_200": EMPTY,
    "truncated_json": TruncatedReply(),
    "cut_body": CutReply(),
    "200_error_body": ERROR_IN_200,
    "transient": ErrorReply(99999, "Please retry your request later.", status=500, is_transient=True),
}
_UNCOMMITTED: dict[str, Reply] = {
    "error_500_code2": SERVICE_ERROR,
    "error_500_code1": UNKNOWN_ERROR,
    "error_400_code1": ErrorReply(1, "An unknown error has occurred."),
    "reset": ResetReply(),
    "close": CloseReply(),
    "hang": HangReply(),
    "html_502": BAD_GATEWAY,
    "html_503": UNAVAILABLE,
    "garbage_200": GARBAGE,
    "empty_200": EMPTY,
    "error_200_body": ERROR_IN_200,
    "transient_unknown": ErrorReply(99999, "Please retry your request later.", status=500, is_transient=True),
    # Limits (D-RATE): certainly not executed.
    "throttle_4": ErrorReply(4, "(#4) Application request limit reached", usage="app"),
    "throttle_17": ErrorReply(17, "(#17) User request limit reached", usage="app"),
    "throttle_32": ErrorReply(32, "(#32) Page request limit reached", usage="page"),
    "throttle_341": ErrorReply(341, "(#341) Feed action request limit reached", usage="app"),
    "throttle_613": ErrorReply(613, "(#613) Calls to this api have exceeded the rate limit.", usage="app"),
    "throttle_80001": ErrorReply(80001, TOO_MANY_CALLS, usage="page"),
    # Tokens.
    **{
        f"token_{subcode or 'invalid'}": ErrorReply(190, words, subcode=subcode)
        for subcode, words in REFUSED_TOKEN.items()
    },
    "session_102": ErrorReply(102, "Session key invalid or no longer valid", status=401),
    # Permissions and policy.
    "capability_3": ErrorReply(3, "(#3) Application does not have the capability to make this API call."),
    "permission_10": ErrorReply(10, "(#10) Application does not have permission for this action", status=403),
    "permission_200": ErrorReply(200, "(#200) Permissions error", status=403),
    "blocked_368": ErrorReply(368, BLOCKED),
    "blocked_368_1390008": ErrorReply(368, BLOCKED, subcode=1390008),
    "duplicate_368": ErrorReply(368, "(#368) You've already posted this content recently."),
    "duplicate_506": ErrorReply(506, "(#506) Duplicate status message"),
    # Input and configuration.
    "invalid_100": ErrorReply(100, "(#100) Invalid parameter"),
    "missing_object_100_33": ErrorReply(100, MISSING, subcode=33, error_type=GRAPH_METHOD),
    "proof_100": ErrorReply(100, "Invalid appsecret_proof provided in the API argument", error_type=GRAPH_METHOD),
    "application_101": ErrorReply(101, "Error validating application. Cannot get application info."),
    "signature_104": ErrorReply(104, "(#104) Incorrect signature"),
    "post_empty_197": ErrorReply(197, "(#197) The post is empty. Please enter a message to share."),
    "alias_803": ErrorReply(803, "(#803) Some of the aliases you requested do not exist", status=404),
    "version_2635": ErrorReply(2635, "(#2635) You are calling a deprecated version of the API."),
    "link_1609005": ErrorReply(1609005, "(#1609005) Error posting link: scraping the URL failed"),
    "unknown_99999": ErrorReply(99999, "(#99999) An error nobody has described"),
    # Reading.
    "cursor_100": ErrorReply(100, "(#100) Invalid cursors values. The cursor may have expired."),
    "reduce_data_1": ErrorReply(1, "Please reduce the amount of data you're asking for, then retry", status=500),
    "empty_page_with_next": EmptyPageReply(has_next=True),
    "empty_list": EmptyPageReply(has_next=False),
}

FAULTS: dict[str, FaultMode] = {
    **{
        name: FaultMode(name, commits=True, reply=reply)
        for name, reply in ((f"committed_then_{end}", reply) for end, reply in _BREAKDOWNS.items())
    },
    **{name: FaultMode(name, commits=False, reply=reply) for name, reply in _UNCOMMITTED.items()},
    "slow": FaultMode("slow", commits=True, reply=SlowReply()),
}
"""All modes by name."""
