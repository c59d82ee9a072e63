"""The closed sets of values that posts move through, and which move may follow which."""

from __future__ import annotations

from enum import StrEnum


class DraftStatus(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELED = "canceled"


class PostStatus(StrEnum):
    """What a scheduled post is doing. Moves between them are `POST_MOVES`; the database refuses all others."""

    PENDING = "pending"
    """Waits for its time, or is held (Page paused, token lost); `status_reason` says why."""
    QUEUED = "queued"
    """Owned by one DAG run until `lease_expires_at`; nothing is under way. May wait for its retry."""
    PUBLISHING = "publishing"
    """The fence: committed before the request leaves."""
    UNCONFIRMED = "unconfirmed"
    """Sent, outcome unknown. It may be live, so it is never sent again before it was proved absent."""
    HANDED_OVER = "handed_over"
    """Facebook holds it as a native scheduled post."""
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELED = "canceled"
    MISSED = "missed"
    """Came too late by its lateness rule, so it was not sent."""


FINAL = frozenset({PostStatus.PUBLISHED, PostStatus.FAILED, PostStatus.CANCELED, PostStatus.MISSED})

DRAFT_MOVES: dict[DraftStatus, frozenset[DraftStatus]] = {
    DraftStatus.DRAFT: frozenset({DraftStatus.PENDING_APPROVAL, DraftStatus.CANCELED}),
    DraftStatus.PENDING_APPROVAL: frozenset({DraftStatus.APPROVED, DraftStatus.DRAFT, DraftStatus.CANCELED}),
    DraftStatus.APPROVED: frozenset({DraftStatus.SCHEDULED, DraftStatus.DRAFT, DraftStatus.CANCELED}),
    DraftStatus.SCHEDULED: frozenset(
        {DraftStatus.PUBLISHED, DraftStatus.FAILED, DraftStatus.APPROVED, DraftStatus.DRAFT, DraftStatus.CANCELED}
    ),
    DraftStatus.FAILED: frozenset({DraftStatus.SCHEDULED, DraftStatus.DRAFT, DraftStatus.CANCELED}),
    DraftStatus.PUBLISHED: frozenset(),
    DraftStatus.CANCELED: frozenset(),
}

POST_MOVES: dict[PostStatus, frozenset[PostStatus]] = {
    PostStatus.PENDING: frozenset({PostStatus.QUEUED, PostStatus.HANDED_OVER, PostStatus.CANCELED, PostStatus.MISSED}),
    PostStatus.QUEUED: frozenset({PostStatus.PUBLISHING, PostStatus.PENDING, PostStatus.CANCELED}),
    PostStatus.PUBLISHING: frozenset(
        {
            PostStatus.PUBLISHED,
            PostStatus.QUEUED,
            PostStatus.PENDING,
            PostStatus.FAILED,
            PostStatus.UNCONFIRMED,
            PostStatus.HANDED_OVER,
        }
    ),
    PostStatus.UNCONFIRMED: frozenset(
        {PostStatus.PUBLISHED, PostStatus.PENDING, PostStatus.FAILED, PostStatus.HANDED_OVER}
    ),
    PostStatus.HANDED_OVER: frozenset(
        {PostStatus.PUBLISHED, PostStatus.PENDING, PostStatus.FAILED, PostStatus.CANCELED}
    ),
    **{status: frozenset() for status in FINAL},
}


class AttemptOutcome(StrEnum):
    PUBLISHED = "published"
    RETRY = "retry"
    """Refused for now, or never sent; it will be tried again. Uses up one try."""
    RATE_LIMITED = "rate_limited"
    """Facebook asked for a pause. Uses up no try."""
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    ABSENT = "absent"
    """Was unconfirmed, and a read-back proved that nothing was published. Uses up one try."""
    RELEASED = "released"
    """Given back before anything was sent. Uses up no try."""
    CANCELED = "canceled"
    HANDED_OVER = "handed_over"
    """Facebook holds the post until its time."""


USES_A_TRY = frozenset({AttemptOutcome.RETRY, AttemptOutcome.FAILED, AttemptOutcome.UNCONFIRMED, AttemptOutcome.ABSENT})


class TokenStatus(StrEnum):
    UNCHECKED = "unchecked"
    VALID = "valid"
    EXPIRING = "expiring"
    LOST = "lost"
    """The Page can't be posted to with this token; its posts are held until a person has mended it (`TokenProblem`)."""


class TokenProblem(StrEnum):
    """Why a token is lost. Each has its own way out; the reason beside it names it."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    """Password changed, logged out, app removed, or not used for 90 days."""
    LOGIN_REQUIRED = "login_required"
    """The person behind it has to clear something on facebook.com first."""
    ROLE_LOST = "role_lost"
    """The person behind it has no role on the Page any more."""
    PERMISSION_MISSING = "permission_missing"
    """A check found that the token lacks a permission, or has it for other Pages only."""
    NOT_PERMITTED = "not_permitted"
    """Facebook refused to publish although the token works; no check can see whether that has passed."""
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - the name of a problem
    """No Page access token, or another Page's."""
    KEY_LOST = "key_lost"
    """None of our keys opens it."""


class AssetType(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"


class UploadState(StrEnum):
    """How far an asset has come to Facebook. An edit or a cancel of its draft takes it back to the beginning."""

    NOT_UPLOADED = "not_uploaded"
    UPLOADING = "uploading"
    """Begun; session and offsets say how far."""
    UPLOADED = "uploaded"
    """Facebook has every byte; nobody sees it yet."""
    FAILED = "failed"
    """Facebook can't use it; `upload_error` says why."""


class Delivery(StrEnum):
    """Who publishes a post at its time."""

    DIRECT = "direct"
    NATIVE = "native"
    """Facebook, which holds it as a scheduled post until then."""


class FirstCommentStatus(StrEnum):
    PENDING = "pending"
    POSTING = "posting"
    """Sent, or about to be; looked up before it is ever sent again."""
    POSTED = "posted"
    FAILED = "failed"
    SKIPPED = "skipped"


class CleanupKind(StrEnum):
    """What is to be deleted at Facebook."""

    PHOTO = "photo"
    VIDEO = "video"
    POST = "post"
    """A native scheduled post that was canceled here."""


class LatenessRule(StrEnum):
    """What happens to a post that could not go out at its time."""

    WITHIN = "within"
    """Publish up to `late_by_minutes` late, else `missed`."""
    ALWAYS = "always"
    NEVER = "never"


class WebhookOutcome(StrEnum):
    """What an event of Facebook's webhook came to."""

    PUBLISHED = "published"
    """It told that a post of ours is live, which was not known yet."""
    REMOVAL_NOTED = "removal_noted"
    """Somebody deleted a post of ours on Facebook; the audit log says so."""
    KNOWN = "known"
    """It told nothing new."""
    NOT_OURS = "not_ours"
    IGNORED = "ignored"
    """Of a kind that says nothing about whether a post is live: comments, likes, edits."""
