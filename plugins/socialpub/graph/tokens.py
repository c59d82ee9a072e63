"""What Facebook says about an access token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from socialpub.errors import GraphFailure
from socialpub.graph.client import GraphClient
from socialpub.graph.interpret import Call, unclear_outcome
from socialpub.graph.page_post import parse_instant, parse_text
from socialpub.graph.redaction import clean_text
from socialpub.graph.settings import app_token
from socialpub.graph.usage import Usage
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """The state of a token. `expires_at` None means never; `profile_id` is the Page of a Page access token.

    An invalid token is an answer, not an error: `error_*` then say why (Graph API reference, Debug token).
    """

    is_valid: bool
    app_id: str | None
    type: str | None
    profile_id: str | None
    user_id: str | None
    scopes: frozenset[str]
    expires_at: datetime | None
    data_access_expires_at: datetime | None
    error_code: int | None = None
    error_subcode: int | None = None
    error_message: str | None = None
    granular_scopes: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """For each permission the Pages it was granted for; None, or no entry, means all."""
    usage: Usage = field(default_factory=Usage, compare=False)
    """What of the app's quota was used when this was asked."""

    def has_scope(self, scope: str, page_id: str) -> bool:
        """Whether the permission was granted for this Page."""
        targets = self.granular_scopes.get(scope)
        return scope in self.scopes and (targets is None or page_id in targets)


def inspect_token(client: GraphClient, input_token: Secret) -> TokenInfo:
    """Ask about a token, as the app. Facebook takes the inspected token in the query only; it is never logged.

    Raises a `GraphError` when the app is refused or the answer can't be used.
    """
    params = {"input_token": input_token}
    response = client.get("debug_token", token=app_token(client.settings), params=params)
    data = response.body.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("is_valid"), bool):
        failure = GraphFailure(
            "debug_token", "The answer does not say whether the token is valid.", response.http_status
        )
        raise unclear_outcome(Call("GET", "debug_token"), failure)
    return replace(_parse_token_info(data, input_token), usage=response.usage)


def _parse_token_info(data: dict[str, Any], input_token: Secret) -> TokenInfo:
    scopes = data.get("scopes")
    error = data.get("error")
    error = error if isinstance(error, dict) else {}
    message = parse_text(error.get("message"))
    return TokenInfo(
        is_valid=data["is_valid"],
        app_id=parse_text(data.get("app_id")),
        type=parse_text(data.get("type")),
        profile_id=parse_text(data.get("profile_id")),
        user_id=parse_text(data.get("user_id")),
        scopes=frozenset(scope for scope in scopes if isinstance(scope, str))
        if isinstance(scopes, list)
        else frozenset(),
        expires_at=parse_instant(data.get("expires_at") or None),  # 0 stands for "never"
        data_access_expires_at=parse_instant(data.get("data_access_expires_at") or None),
        error_code=_number(error.get("code")),
        error_subcode=_number(error.get("subcode", error.get("error_subcode"))),
        error_message=clean_text(message, secrets=[input_token.reveal()]) if message else None,
        granular_scopes=dict(_granular(data.get("granular_scopes"))),
    )


def _granular(entries: Any) -> Iterator[tuple[str, frozenset[str] | None]]:  # noqa: ANN401 - JSON we do not trust
    """An entry without `target_ids` means "all of them" (Graph API reference, Debug token)."""
    for entry in entries if isinstance(entries, list) else ():
        scope = parse_text(entry.get("scope")) if isinstance(entry, dict) else None
        if scope:
            targets = entry.get("target_ids")
            ids = (parse_text(target) for target in targets) if isinstance(targets, list) else None
            yield scope, None if ids is None else frozenset(target for target in ids if target)


def _number(value: Any) -> int | None:  # noqa: ANN401 - JSON of a shape we do not trust
    return value if isinstance(value, int) and not isinstance(value, bool) else None
