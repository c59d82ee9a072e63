"""Facebook's error codes as data: what each means for the request, and what a person does about it.

Every row answers two questions: may the same request be sent again (`is_retryable`), and may it have been carried out
although it was answered with an error (`may_be_committed`). Sources name the page of the Graph API reference a row
stands in, or say that only other clients have reported it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Literal

Scope = Literal["page", "app"]


class ErrorClass(StrEnum):
    """What the caller has to do next; one for each leaf of the exception tree that an answer can lead to."""

    UNKNOWN = "unknown"
    TRY_AGAIN = "try_again"
    RATE_LIMITED = "rate_limited"
    TOKEN = "token"  # noqa: S105 - the name of a class of errors
    PERMISSION = "permission"
    POLICY = "policy"
    INVALID_POST = "invalid_post"
    APP = "app"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row. A row without a subcode holds for every subcode that has no row; one without a code, for most codes.

    `default_wait` is how long a limit lasts when no header tells; `scope` is whose limit it is.
    """

    code: int | None
    subcode: int | None
    error_class: ErrorClass
    is_retryable: bool
    may_be_committed: bool
    meaning: str
    next_step: str
    source: str
    default_wait: timedelta | None = None
    scope: Scope = "page"


# Subcodes that an upload answers to, not only a person.
WRONG_OFFSET = 1363037
SESSION_OVER = 1363041

_HANDLING = "Graph API, Error handling"
_LIMITS = "Graph API, Rate limiting"
_FEED = "Graph API reference, Page feed"
_PHOTOS = "Graph API reference, Page photos"
_VIDEOS = "Graph API reference, Page videos"
_SDK = "Meta's SDKs for Python and PHP, their uploaders"
_FIELD = "reported by other clients"

_LOOK = "look at the Page before sending anything again; socialpub does so by itself."
_WAIT = "nothing; the post goes out when Facebook lets calls through again."
_CONNECT = "connect the Page again, logged in as a person who may post to it."
_GRANT = "grant the permission or Page role that the message names, then connect the Page again; its posts wait for it."
_PAGE_QUALITY = "open the Page on facebook.com (Page quality, Support inbox), settle the matter, then resume the Page."
_EDIT = "correct the post and schedule it again."
_APP = "correct the Facebook app's settings or the Airflow connection of the app; every Page waits for it."


def _unknown(code: int | None, meaning: str, source: str, *, subcode: int | None = None) -> ErrorCode:
    return ErrorCode(code, subcode, ErrorClass.UNKNOWN, False, True, meaning, _LOOK, source)


def _limit(
    code: int | None, meaning: str, source: str, *, subcode: int | None = None, scope: Scope = "page"
) -> ErrorCode:
    wait = timedelta(hours=1)  # The shortest window a quota is counted over; asking sooner only lengthens the block.
    return ErrorCode(code, subcode, ErrorClass.RATE_LIMITED, True, False, meaning, _WAIT, source, wait, scope)


def _refusal(
    error_class: ErrorClass, code: int | None, meaning: str, next_step: str, source: str, *, subcode: int | None = None
) -> ErrorCode:
    return ErrorCode(code, subcode, error_class, False, False, meaning, next_step, source)


def _token(code: int, meaning: str, source: str, *, subcode: int | None = None, next_step: str = _CONNECT) -> ErrorCode:
    return _refusal(ErrorClass.TOKEN, code, meaning, next_step, source, subcode=subcode)


def _permission(code: int | None, meaning: str, source: str, *, subcode: int | None = None) -> ErrorCode:
    return _refusal(ErrorClass.PERMISSION, code, meaning, _GRANT, source, subcode=subcode)


def _policy(code: int | None, meaning: str, source: str, *, subcode: int | None = None) -> ErrorCode:
    return _refusal(ErrorClass.POLICY, code, meaning, _PAGE_QUALITY, source, subcode=subcode)


def _invalid(
    code: int | None, meaning: str, source: str, *, subcode: int | None = None, next_step: str = _EDIT
) -> ErrorCode:
    return _refusal(ErrorClass.INVALID_POST, code, meaning, next_step, source, subcode=subcode)


def _app(code: int, meaning: str, source: str, *, next_step: str = _APP) -> ErrorCode:
    return _refusal(ErrorClass.APP, code, meaning, next_step, source)


def _duplicate(code: int | None, meaning: str, source: str, *, subcode: int | None = None) -> ErrorCode:
    return ErrorCode(code, subcode, ErrorClass.DUPLICATE, False, True, meaning, _LOOK, source)


def _try_again(code: int | None, meaning: str, next_step: str, source: str, *, subcode: int | None = None) -> ErrorCode:
    return ErrorCode(code, subcode, ErrorClass.TRY_AGAIN, True, False, meaning, next_step, source)


def _unscrapable_link(code: int | None, subcode: int | None) -> ErrorCode:
    meaning = "Facebook could not read the page the link leads to"
    next_step = "check that the link opens without a login; socialpub tries again by itself."
    return _try_again(code, meaning, next_step, _HANDLING, subcode=subcode)


def _bad_video(subcode: int, meaning: str) -> ErrorCode:
    next_step = "convert the video or choose another file, and schedule the post again."
    return _invalid(None, meaning, _FIELD, subcode=subcode, next_step=next_step)


_LOG_IN_FIRST = "log in on facebook.com and clear what it asks for, then connect the Page again."

ROWS: tuple[ErrorCode, ...] = (
    _unknown(1, "unknown error or downtime at Facebook", _HANDLING),
    _unknown(2, "a Facebook service is down; field reports show posts that were published all the same", _HANDLING),
    _permission(3, "the app lacks a capability", _HANDLING),
    _limit(4, "the app has used up its calls", _HANDLING, scope="app"),
    _permission(10, "the permission was never granted, or was removed", _HANDLING),
    _app(12, "the call is no longer part of the API", _FIELD, next_step="upgrade socialpub, or set a newer version."),
    _limit(17, "the person behind the token has used up their calls", _HANDLING),
    _token(21, "the Page has moved to a new id", _FIELD),
    _token(100, "the Page has moved to a new id", _FIELD, subcode=21),
    _limit(32, "the Page has used up its calls", _LIMITS),
    _invalid(100, "a parameter is not accepted", _HANDLING),
    _invalid(
        100,
        "the object does not exist or the token may not see it",
        _HANDLING,
        subcode=33,
        next_step="check that the Page or post still exists and that the token is that Page's, then schedule it again.",
    ),
    _token(100, "the login code was used before", _FIELD, subcode=36009, next_step="start connecting the Page afresh."),
    _app(101, "Facebook does not know the app", _FIELD),
    _token(102, "the session has ended", _HANDLING),
    _app(104, "the signature of the call is wrong", _PHOTOS),
    _token(190, "the token is expired or invalid", _HANDLING),
    _token(190, "the app is not installed for this person any more", _HANDLING, subcode=458),
    _token(190, "the person has to log in at Facebook first", _HANDLING, subcode=459, next_step=_LOG_IN_FIRST),
    _token(190, "the person changed their password, or Facebook ended the session", _HANDLING, subcode=460),
    _token(190, "the token has expired", _HANDLING, subcode=463),
    _token(190, "the person's account is not confirmed", _HANDLING, subcode=464, next_step=_LOG_IN_FIRST),
    _token(190, "the token was revoked", _HANDLING, subcode=467),
    _token(190, "the person behind the token has no role on the Page any more", _HANDLING, subcode=492),
    _token(190, "the person has not used the app for over 90 days", _FIELD, subcode=493),
    _permission(200, "a permission is missing", _HANDLING),
    _invalid(324, "the image file is missing or invalid", _PHOTOS),
    _limit(341, "the app has reached a limit", _HANDLING, scope="app"),
    _policy(368, "Facebook blocks the action for policy reasons", _HANDLING),
    _limit(368, "posting too fast", _FIELD, subcode=1390008),
    _invalid(382, "the video file is too small", _VIDEOS),
    _try_again(
        389,
        "Facebook could not fetch the video from its URL",
        "check that the URL opens without a login; socialpub tries again by itself.",
        _VIDEOS,
    ),
    _duplicate(506, "the Page's newest post has the same content", _HANDLING),
    _limit(613, "a limit of this kind of call is reached", _LIMITS),
    _limit(613, "the volume of calls is uneven", _LIMITS, subcode=1996),
    _invalid(803, "the id or alias does not exist", _FIELD),
    _token(2500, "the call carried no usable token", _FIELD),
    _app(2635, "the API version is not served any more", _FIELD, next_step="set a newer version."),
    _invalid(6000, "the upload can't be used; try another file", _VIDEOS),
    _unknown(6001, "the upload broke off", _VIDEOS),
    _unscrapable_link(1609005, None),
)

# Numbers seen in `error_subcode`, mostly below code 100 or 368. They refine a definite refusal, never an unclear one.
SUBCODE_ROWS: tuple[ErrorCode, ...] = (
    _invalid(None, "the photo is too big or of a wrong format", _FIELD, subcode=1366046),
    _duplicate(None, "the photos were posted before", _FIELD, subcode=1366051),
    _limit(None, "posting too fast", _FIELD, subcode=1390008),
    _policy(None, "the content was flagged as abusive", _FIELD, subcode=1346003),
    _policy(None, "Facebook demands a security check", _FIELD, subcode=1404006),
    _policy(None, "the Page needs Facebook's Page publishing authorization", _FIELD, subcode=1404078),
    _policy(None, "the content goes against the community standards", _FIELD, subcode=1404102),
    _policy(None, "the account is limited", _FIELD, subcode=1404112),
    _invalid(None, "a link to facebook.com is not accepted here", _FIELD, subcode=1609008),
    _invalid(None, "the URL is not valid", _FIELD, subcode=2061006),
    _invalid(None, "the file is not valid", _FIELD, subcode=2069019),
    _invalid(None, "the content is not valid", _FIELD, subcode=1349125),
    _permission(None, "the token may not change this video", _FIELD, subcode=1363005),
    _permission(None, "the token may not upload videos here", _FIELD, subcode=1363042),
    # Meta's SDKs send the same chunk again for these four. On a request that publishes they prove nothing.
    _unknown(None, "the upload of the video failed", _SDK, subcode=1363019),
    _unknown(None, "the upload of the video failed", _SDK, subcode=1363021),
    _unknown(None, "the upload of the video took too long", _SDK, subcode=1363030),
    _unknown(None, "the upload of the video was interrupted", _SDK, subcode=1363033),
    _try_again(
        None,
        "the chunk does not begin where Facebook stands",
        "nothing; the upload goes on.",
        _SDK,
        subcode=WRONG_OFFSET,
    ),
    # Meta's SDK for PHP sends the chunk again here as well, but in an ended session that only fails again. The end of
    # an upload may be answered so because it has ended it already: unclear on a request that publishes.
    _unknown(None, "the upload session has ended", _FIELD, subcode=SESSION_OVER),
    _bad_video(1363020, "the request carried no video file"),
    _bad_video(1363022, "the video is smaller than 1 KB"),
    _bad_video(1363023, "the video is larger than 2 GB"),
    _bad_video(1363024, "the format of the video is not supported"),
    _bad_video(1363025, "the video is shorter than a second"),
    _bad_video(1363026, "the video is longer than 40 minutes"),
    _bad_video(1363031, "the file is not a valid video"),
    _bad_video(1363032, "the file is not a valid video"),
    _bad_video(1363040, "the aspect ratio of the reel is not accepted"),
    _bad_video(1363045, "the bytes that arrived are not as many as were announced"),
    _bad_video(1363127, "the resolution of the reel is not accepted"),
    _bad_video(1363128, "the length of the reel is not accepted"),
    _bad_video(1363129, "the frame rate of the reel is not accepted"),
    _unknown(None, "a passing fault at Facebook", _FIELD, subcode=1363047),
    _unknown(None, "a passing fault at Facebook", _FIELD, subcode=1609010),
    _unscrapable_link(None, 1609005),
    _policy(None, "Facebook wants the identity of a Page admin confirmed", _FIELD, subcode=4854002),
)

RANGES: tuple[tuple[range, ErrorCode], ...] = (
    (range(200, 300), _permission(200, "a permission is missing", _HANDLING)),
    (range(80000, 80015), _limit(80001, "too many calls for this Page", _LIMITS)),
)

_BY_NUMBERS = {(row.code, row.subcode): row for row in (*ROWS, *SUBCODE_ROWS)}
_REFINABLE = frozenset(
    {ErrorClass.PERMISSION, ErrorClass.POLICY, ErrorClass.INVALID_POST, ErrorClass.TRY_AGAIN, ErrorClass.DUPLICATE}
)


def look_up(code: int | None, subcode: int | None = None) -> ErrorCode:
    """The row for the numbers of an error; numbers nobody knows count as "maybe carried out"."""
    row = _BY_NUMBERS.get((code, subcode)) if code is not None and subcode else None
    row = row or _look_up_code(code)
    if row.subcode is None and subcode and row.error_class in _REFINABLE:
        row = _BY_NUMBERS.get((None, subcode), row)
    return replace(row, code=code, subcode=subcode or None)


def find_subcode(subcode: int) -> ErrorCode | None:
    """The row of a number that stands alone, as in the errors of a video's processing; None when nobody knows it."""
    return _BY_NUMBERS.get((None, subcode))


def _look_up_code(code: int | None) -> ErrorCode:
    if code is not None:
        if row := _BY_NUMBERS.get((code, None)):
            return row
        for numbers, row in RANGES:
            if code in numbers:
                return row
    return _unknown(code, "an error this version does not know", "none")


def refine_by_message(row: ErrorCode, message: str) -> ErrorCode:
    """The few errors whose numbers say too little; the only place that reads Facebook's words.

    Some codes carry two meanings each: 368 a policy block or "You've already posted this", 100 a bad parameter or a
    missing or wrong `appsecret_proof`, 2500 a missing token or an unknown path, 1 an unknown fault or a wrong app
    secret in an exchange (all reported by other clients).
    """
    words = message.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    better = None
    if row.code == 368 and ("already posted" in words or "duplicate status" in words):
        better = _duplicate(368, "Facebook says this was posted already", _FIELD)
    elif row.code == 100 and "appsecret_proof" in words:
        better = _app(100, "the app secret does not belong to the token's app, or the proof is missing", _HANDLING)
    elif row.code == 2500 and "unknown path" in words:
        better = _app(2500, "Facebook does not know the path of the call", _FIELD)
    elif row.code == 1 and "client secret" in words:
        better = _app(1, "the app secret is wrong", _FIELD)
    return replace(better, subcode=row.subcode) if better else row
