"""From Facebook's numbers to why a token can't be used any more."""

from __future__ import annotations

from socialpub.models import TokenProblem

# Code 190 by subcode (Graph API, Error handling; 493 is reported by other clients).
_BY_SUBCODE = {
    458: TokenProblem.REVOKED,
    459: TokenProblem.LOGIN_REQUIRED,
    460: TokenProblem.REVOKED,
    463: TokenProblem.EXPIRED,
    464: TokenProblem.LOGIN_REQUIRED,
    467: TokenProblem.REVOKED,
    492: TokenProblem.ROLE_LOST,
    493: TokenProblem.REVOKED,
}
_PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})

WAY_OUT: dict[TokenProblem, str] = {
    TokenProblem.EXPIRED: "reconnect the Page.",
    TokenProblem.REVOKED: "reconnect the Page, logged in as a person who may post to it.",
    TokenProblem.LOGIN_REQUIRED: "the person who connected the Page logs in on facebook.com and clears what it asks "
    "for; then check the Page again, or reconnect it.",
    TokenProblem.ROLE_LOST: "give that person a role on the Page again, or reconnect it as somebody who has one.",
    TokenProblem.PERMISSION_MISSING: "reconnect the Page and leave all permissions switched on.",
    TokenProblem.NOT_PERMITTED: "give the person who connected the Page the task to create content on it, then "
    "reconnect the Page with all permissions switched on.",
    TokenProblem.WRONG_TOKEN: "reconnect the Page.",
    TokenProblem.KEY_LOST: "put the key back into SOCIALPUB_TOKEN_KEYS and check the Page again, or reconnect it.",
}
"""What a person does about each."""


def name_token_problem(code: int | None, subcode: int | None) -> TokenProblem:
    """The problem behind a refused token or a refused permission; numbers nobody knows count as revoked."""
    if code in _PERMISSION_CODES:
        return TokenProblem.NOT_PERMITTED
    return _BY_SUBCODE.get(subcode or 0, TokenProblem.REVOKED)
