"""Light or dark: as the system has it, or as the person chose here."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

THEMES = ("auto", "light", "dark")
_COOKIE = "socialpub_theme"
_YEAR = 365 * 86_400


def read_theme(request: Request) -> str:
    chosen = request.cookies.get(_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def remember_theme(answer: Response, theme: str, *, path: str) -> None:
    answer.set_cookie(_COOKIE, theme, max_age=_YEAR, path=path, httponly=True, samesite="lax")
