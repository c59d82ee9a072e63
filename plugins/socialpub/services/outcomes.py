"""What a try to publish can come to, and how an error decides it. Pure: no clock, no database, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from socialpub.errors import (
    DuplicatePostError,
    GraphError,
    GraphFailure,
    InvalidPostError,
    MediaError,
    MediaUnavailableError,
    NotSentError,
    OutcomeUnknownError,
    PermissionRefusedError,
    PolicyBlockedError,
    RateLimitedError,
    SocialpubError,
    TokenRefusedError,
    TokenUnusableError,
    TryAgainError,
)
from socialpub.graph.token_problems import name_token_problem
from socialpub.graph.usage import Usage
from socialpub.models import TokenProblem


@dataclass(frozen=True, slots=True)
class RetryRules:
    delays: Sequence[timedelta] = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=45))
    hold_for: timedelta = timedelta(minutes=5)
    """How long a post rests when something of ours (a key, a setting) has to be mended before it can go out."""

    @property
    def max_tries(self) -> int:
        return len(self.delays) + 1

    def delay_after(self, tries_used: int) -> timedelta:
        """The wait after the try with this number (from 1); the last delay stands for any further one."""
        return self.delays[min(tries_used, len(self.delays)) - 1]


@dataclass(frozen=True, slots=True)
class Published:
    facebook_post_id: str
    permalink_url: str | None
    usage: Usage = field(default_factory=Usage)
    fbtrace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try did not end in a post: the sentence for the row and, if Facebook said something, its codes."""

    reason: str
    error_class: str
    failure: GraphFailure | None


@dataclass(frozen=True, slots=True)
class Retry:
    trouble: Trouble
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class RateLimited:
    trouble: Trouble
    regain_at: datetime
    is_of_app: bool = False
    """Whether the limit is the whole Facebook app's and not just the Page's."""


@dataclass(frozen=True, slots=True)
class Failed:
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    trouble: Trouble
    check_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """Not sent, or refused for a reason that lies outside the post; it waits in `pending` until that is mended."""

    trouble: Trouble
    until: datetime
    token_problem: TokenProblem | None = None
    """Why the Page's token can't be used, so that all its posts are held with this one."""
    token_stored_at: datetime | None = None
    """Which token that is said of."""
    is_page_blocked: bool = False


Outcome = Published | Retry | RateLimited | Failed | Unconfirmed | Held


def decide_outcome(
    error: SocialpubError,
    *,
    tries_used: int,
    now: datetime,
    rules: RetryRules,
    token_stored_at: datetime | None = None,
) -> Outcome:
    """What an error means for the post. `tries_used` counts the tries before this one.

    `token_stored_at` is when the token that was used had been stored.
    """
    trouble = Trouble(str(error), type(error).__name__, error.failure if isinstance(error, GraphError) else None)
    match error:
        case RateLimitedError():
            return RateLimited(trouble, max(error.regain_at, now), is_of_app=error.scope == "app")
        case OutcomeUnknownError() | DuplicatePostError():
            return Unconfirmed(trouble, now + rules.delay_after(tries_used + 1))
        case NotSentError() | TryAgainError() | MediaUnavailableError() if tries_used + 1 < rules.max_tries:
            return Retry(trouble, now + rules.delay_after(tries_used + 1))
        case InvalidPostError() | MediaError() | NotSentError() | TryAgainError():
            return Failed(trouble)
        case _:
            return Held(
                trouble,
                now + rules.hold_for,
                token_problem=find_token_problem(error),
                token_stored_at=token_stored_at,
                is_page_blocked=isinstance(error, PolicyBlockedError),
            )


def find_token_problem(error: SocialpubError) -> TokenProblem | None:
    """What the error says about the Page's token; None when it says nothing."""
    match error:
        case TokenRefusedError() | PermissionRefusedError():
            return name_token_problem(error.failure.code, error.failure.subcode)
        case TokenUnusableError():
            return TokenProblem.EXPIRED
    return None
