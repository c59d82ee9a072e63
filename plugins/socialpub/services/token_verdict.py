"""What Facebook's description of a token means for its Page. Pure: no clock, no database, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from socialpub.graph.login import PUBLISHING_SCOPES
from socialpub.graph.token_problems import WAY_OUT, name_token_problem
from socialpub.graph.tokens import TokenInfo
from socialpub.models import TokenProblem, TokenStatus
from socialpub.models.instants import say_instant, time_left

EXPIRING_WITHIN = timedelta(days=7)
PROMPT_AT_DAYS = (1, 3, 7)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a token stands. `expires_at` None means never; `warning` needs nobody today."""

    status: TokenStatus
    problem: TokenProblem | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: list[str] = field(default_factory=list)
    warning: str | None = None

    @property
    def needs_person(self) -> bool:
        return self.status != TokenStatus.VALID


def judge_token(info: TokenInfo, *, page_id: str, now: datetime) -> Verdict:
    """Valid, expiring within seven days, or lost with its problem and the way out.

    Data access has an expiry of its own, which the permissions that publishing needs outlive (Graph API, Authorization
    expiry): it is a warning, never a verdict.
    """
    if found := _find_problem(info, page_id, now):
        return lost(*found)
    known = {
        "expires_at": info.expires_at,
        "data_access_expires_at": info.data_access_expires_at,
        "scopes": sorted(info.scopes),
        "warning": _warn_of_data_access(info.data_access_expires_at, now),
    }
    if info.expires_at is not None and time_left(info.expires_at, now) < EXPIRING_WITHIN:
        reason = f"The token expires at {say_instant(info.expires_at)}. Next: reconnect the Page."
        return Verdict(TokenStatus.EXPIRING, reason=reason, **known)  # type: ignore[arg-type]
    return Verdict(TokenStatus.VALID, **known)  # type: ignore[arg-type]


def lost(problem: TokenProblem, words: str) -> Verdict:
    return Verdict(TokenStatus.LOST, problem, f"{words} Next: {WAY_OUT[problem]}")


def days_to_prompt(expires_at: datetime | None, now: datetime) -> int | None:
    """Which prompt is due (7, 3 or 1 days before the end); None for a token that lives longer, or for ever."""
    if expires_at is None:
        return None
    return next((days for days in PROMPT_AT_DAYS if time_left(expires_at, now) <= timedelta(days=days)), None)


def _find_problem(info: TokenInfo, page_id: str, now: datetime) -> tuple[TokenProblem, str] | None:
    if not info.is_valid:
        problem = name_token_problem(info.error_code, info.error_subcode)
        return problem, info.error_message or "Facebook says that the token is not valid."
    if info.expires_at is not None and time_left(info.expires_at, now) <= timedelta(0):
        return TokenProblem.EXPIRED, f"The token expired at {say_instant(info.expires_at)}."
    if info.type != "PAGE":
        return TokenProblem.WRONG_TOKEN, f"It is a token of type {info.type or 'unknown'}, not a Page access token."
    if info.profile_id != page_id:
        return TokenProblem.WRONG_TOKEN, f"It is the token of another Page ({info.profile_id or 'unknown'})."
    missing = [scope for scope in PUBLISHING_SCOPES if not info.has_scope(scope, page_id)]
    if missing:
        return TokenProblem.PERMISSION_MISSING, f"The token lacks {', '.join(missing)} for this Page."
    return None


def _warn_of_data_access(expires_at: datetime | None, now: datetime) -> str | None:
    if expires_at is None or (left := time_left(expires_at, now)) >= EXPIRING_WITHIN:
        return None
    verb = "ended" if left <= timedelta(0) else "ends"
    return f"Access to personal data {verb} at {say_instant(expires_at)}; publishing is not affected."
