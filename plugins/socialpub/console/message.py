"""What a person is told on the page after the one on which they did something: once, in a sealed cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast

from fastapi.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from fastapi import Request

    from socialpub.api.resources import Resources
    from socialpub.console.visit import Visit

Tone = Literal["good", "warn", "bad"]
COOKIE = "socialpub_message"
_LIFETIME = timedelta(minutes=2)
_LONGEST = 600  # Characters; a cookie holds 4 KiB.


@dataclass(frozen=True, slots=True)
class Message:
    words: str
    tone: Tone


def leave(visit: Visit, url: str, words: str = "", *, tone: Tone = "good") -> Response:
    """Go on to another page; it shows the words, and a screen reader says them."""
    answer = RedirectResponse(url, 303)
    if words:
        sealed = visit.resources.sealer("message").seal({"words": words[:_LONGEST], "tone": tone}).reveal()
        lifetime = int(_LIFETIME.total_seconds())
        answer.set_cookie(COOKIE, sealed, max_age=lifetime, path=visit.root or "/", httponly=True, samesite="lax")
    return answer


def read_message(request: Request, resources: Resources) -> Message | None:
    sealed = request.cookies.get(COOKIE)
    note = resources.sealer("message").open(sealed, within=_LIFETIME) if sealed else None
    return Message(note["words"], cast("Tone", note["tone"])) if note else None
