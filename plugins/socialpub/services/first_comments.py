"""The first comment under a published post: posted once, looked up before it is ever sent again.

Whatever becomes of it is in `social_first_comments`; the post itself is never touched.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from socialpub.db.chores import claim_first_comment
from socialpub.db.engine import transaction
from socialpub.db.patience import wait_for_database
from socialpub.db.restore import read_last_restore
from socialpub.errors import (
    DuplicatePostError,
    GraphError,
    OutcomeUnknownError,
    PermissionRefusedError,
    PolicyBlockedError,
    RateLimitedError,
    SocialpubError,
)
from socialpub.graph.comments import add_comment, find_comment, list_comments
from socialpub.graph.read_back import CLOCK_TOLERANCE
from socialpub.models import FacebookPageConnection, FirstComment, FirstCommentStatus, ScheduledPublish, TokenStatus
from socialpub.models.secret import Secret
from socialpub.services.holds import heed_loss
from socialpub.services.outcomes import Failed, Held, RateLimited, Retry, decide_outcome
from socialpub.services.publish import Publisher
from socialpub.services.rate_limits import heed_limit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comment:
    """What is to stand under which post."""

    scheduled_post_id: UUID
    facebook_post_id: str
    looked_for_since: datetime
    """Older comments under the post can't be it."""
    may_be_there: bool
    """The database was restored since the post was scheduled: whatever the row says, it may have been posted."""
    message: str
    page: FacebookPageConnection
    attempts: int

    @property
    def name(self) -> str:
        return f"The first comment of scheduled post {self.scheduled_post_id} on {self.page}"


def post_first_comments(publisher: Publisher, *, max_comments: int = 200) -> Counter[str]:
    """Look up what is unclear, then post what is due; returns how many are in which status afterwards.

    Raises what `transaction` raises, and defects of ours.
    """
    ended = Counter[str]()
    for post_id in _list_unclear(publisher, max_comments):
        ended[_look_up(publisher, _load(publisher, post_id))] += 1
    while ended.total() < max_comments and (claimed := _claim(publisher)):
        ended[_post(publisher, _load(publisher, claimed))] += 1
    return ended


def _list_unclear(publisher: Publisher, max_comments: int) -> list[UUID]:
    """Comments that were sent, or were about to be, so long ago that a list shows them if they are there."""
    settled = publisher.clock.now() - publisher.confirmer.settle_time
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        unclear = (
            select(FirstComment.scheduled_post_id)
            .join(ScheduledPublish, ScheduledPublish.id == FirstComment.scheduled_post_id)
            .join(FacebookPageConnection, FacebookPageConnection.id == ScheduledPublish.connection_id)
            .where(
                FirstComment.status == FirstCommentStatus.POSTING,
                FirstComment.updated_at <= settled,
                FacebookPageConnection.token_status != TokenStatus.LOST,
            )
        )
        return list(session.scalars(unclear.order_by(FirstComment.due_at).limit(max_comments)))


@wait_for_database
def _claim(publisher: Publisher) -> UUID | None:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        return claim_first_comment(session)


def _load(publisher: Publisher, post_id: UUID) -> Comment:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        row, post = session.get_one(FirstComment, post_id), session.get_one(ScheduledPublish, post_id)
        text = post.draft.first_comment
        assert post.facebook_post_id and post.published_at and text, "written when its post was published"
        restored_at = read_last_restore(session)
        is_older = restored_at is not None and post.created_at <= restored_at
        since = post.created_at if is_older else post.published_at
        return Comment(post_id, post.facebook_post_id, since, is_older, text, post.connection, row.attempts)


def _post(publisher: Publisher, comment: Comment) -> FirstCommentStatus:
    """It is marked as being posted already, so whatever dies here, it is looked up first next time."""
    try:
        token = publisher.open_token(comment.page)
        if comment.may_be_there and (found := _find(publisher, comment, token)):
            return _save(publisher, comment, FirstCommentStatus.POSTED, comment_id=found)
        comment_id = add_comment(publisher.client, comment.facebook_post_id, token, comment.message)
    except (OutcomeUnknownError, DuplicatePostError) as error:
        log.warning("%s may be there; it is looked up before anything else: %s", comment.name, error)
        return _save(publisher, comment, FirstCommentStatus.POSTING, reason=str(error))
    except SocialpubError as error:
        return _record_error(publisher, comment, error)
    return _save(publisher, comment, FirstCommentStatus.POSTED, comment_id=comment_id)


def _look_up(publisher: Publisher, comment: Comment) -> FirstCommentStatus:
    try:
        found = _find(publisher, comment, publisher.open_token(comment.page))
    except SocialpubError as error:
        log.warning("%s is not known to be there, its post can't be read: %s", comment.name, error)
        if isinstance(error, RateLimitedError):
            heed_limit(publisher, comment.page, error)
        _heed_loss(publisher, comment, error)
        return FirstCommentStatus.POSTING
    if found:
        return _save(publisher, comment, FirstCommentStatus.POSTED, comment_id=found)
    if comment.attempts >= publisher.rules.max_tries:
        return _save(publisher, comment, FirstCommentStatus.FAILED, reason="Not there after its last try.")
    log.info("%s is not there; it is posted again", comment.name)
    return _save(publisher, comment, FirstCommentStatus.PENDING, reason="Looked up and not there.")


def _find(publisher: Publisher, comment: Comment, token: Secret) -> str | None:
    """Any comment of the Page with this text counts, whoever wrote it: there shall be one, not two."""
    since = comment.looked_for_since - CLOCK_TOLERANCE
    comments = list_comments(publisher.client, comment.facebook_post_id, token, since=since)
    found = find_comment(
        comments, message=comment.message, page_id=comment.page.page_id, not_before=comment.looked_for_since
    )
    return found.id if found else None


def _record_error(publisher: Publisher, comment: Comment, error: SocialpubError) -> FirstCommentStatus:
    """Nothing was posted. What may pass is tried again as posts are; what lies outside it waits without a try."""
    now, rules = publisher.clock.now(), publisher.rules
    if isinstance(error, PolicyBlockedError):  # Asking again makes it worse.
        return _save(publisher, comment, FirstCommentStatus.FAILED, reason=str(error))
    if isinstance(error, PermissionRefusedError):
        return _save(publisher, comment, FirstCommentStatus.FAILED, reason=_explain_permission(error))
    match decide_outcome(error, tries_used=comment.attempts - 1, now=now, rules=rules):
        case Retry(_, again_at):
            return _save(publisher, comment, FirstCommentStatus.PENDING, reason=str(error), due_at=again_at)
        case RateLimited(_, again_at):
            assert isinstance(error, RateLimitedError), "decide_outcome says so of these only"
            heed_limit(publisher, comment.page, error)
            return _wait(publisher, comment, error, again_at)
        case Held(_, again_at):
            _heed_loss(publisher, comment, error)
            return _wait(publisher, comment, error, again_at)
        case Failed():
            return _save(publisher, comment, FirstCommentStatus.FAILED, reason=str(error))
        case outcome:
            raise AssertionError(f"{outcome} is no refusal") from error


def _explain_permission(error: GraphError) -> str:
    return (
        f"Facebook refused the comment; the post itself is live. {error.failure} Next: reconnect the Page with the"
        " permission pages_manage_engagement and the task MODERATE, then set this row's status to pending."
    )


def _heed_loss(publisher: Publisher, comment: Comment, error: SocialpubError) -> None:
    """A refused permission says nothing here: comments need one of their own, which publishing goes on without."""
    if not isinstance(error, PermissionRefusedError):
        heed_loss(publisher.engine, comment.page, error, actor=str(publisher.run))


def _wait(publisher: Publisher, comment: Comment, error: SocialpubError, until: datetime) -> FirstCommentStatus:
    """No try is used up."""
    return _save(
        publisher, comment, FirstCommentStatus.PENDING, reason=str(error), due_at=until, attempts=comment.attempts - 1
    )


@wait_for_database
def _save(
    publisher: Publisher,
    comment: Comment,
    status: FirstCommentStatus,
    *,
    reason: str | None = None,
    comment_id: str | None = None,
    due_at: datetime | None = None,
    attempts: int | None = None,
) -> FirstCommentStatus:
    """Unless somebody else has settled it meanwhile."""
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        row = session.get_one(FirstComment, comment.scheduled_post_id, with_for_update=True)
        if row.status == FirstCommentStatus.POSTING:
            row.status, row.reason, row.comment_id = status, reason, comment_id
            row.due_at, row.attempts = due_at or row.due_at, comment.attempts if attempts is None else attempts
        saved = FirstCommentStatus(row.status)
    log.log(logging.ERROR if saved == FirstCommentStatus.FAILED else logging.INFO, "%s is %s", comment.name, saved)
    return saved
