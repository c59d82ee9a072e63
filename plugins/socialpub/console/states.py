"""How a state is shown: by a word, a shape and a tone, so that nobody needs to tell colours apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """`shape` is one of `macros.html`; `tone` one of the style sheet: quiet, info, good, warn, bad."""

    word: str
    shape: str
    tone: str


_STATES = {
    # Drafts.
    "draft": Shown("Draft", "pencil", "quiet"),
    "pending_approval": Shown("Waits for approval", "hourglass", "warn"),
    "rejected": Shown("Rejected", "cross", "warn"),
    "approved": Shown("Approved", "thumb", "info"),
    "scheduled": Shown("Scheduled", "clock", "info"),
    # Scheduled posts.
    "pending": Shown("Pending", "clock", "info"),
    "queued": Shown("Queued", "dots", "info"),
    "publishing": Shown("Publishing", "arrow", "info"),
    "unconfirmed": Shown("Unconfirmed", "question", "warn"),
    "handed_over": Shown("Held by Facebook", "tray", "info"),
    "published": Shown("Published", "check", "good"),
    "failed": Shown("Failed", "cross", "bad"),
    "canceled": Shown("Canceled", "minus", "quiet"),
    "missed": Shown("Missed", "late", "bad"),
    # Pages and their tokens.
    "unchecked": Shown("Not checked yet", "question", "quiet"),
    "valid": Shown("Valid", "check", "good"),
    "expiring": Shown("Expires soon", "hourglass", "warn"),
    "lost": Shown("Lost", "cross", "bad"),
    "paused": Shown("Paused", "pause", "warn"),
    "open": Shown("Open", "check", "good"),
    "rate_limited": Shown("Rate limited", "hourglass", "warn"),
    # Health.
    "ok": Shown("OK", "check", "good"),
    "warning": Shown("Warning", "exclamation", "warn"),
    "error": Shown("Error", "cross", "bad"),
    "problem": Shown("Problem", "cross", "bad"),
}


def describe_state(state: str) -> Shown:
    """Raises `KeyError` for a state that has no picture yet; add it here."""
    return _STATES[str(state)]
