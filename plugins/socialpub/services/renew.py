"""Renewing a Page access token that expires, without anybody logging in."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from socialpub.errors import GraphError, RateLimitedError, TokenKeyError
from socialpub.graph.client import GraphClient
from socialpub.graph.login import prolong_user_token
from socialpub.graph.page_access import read_page_token
from socialpub.graph.tokens import inspect_token
from socialpub.models import FacebookPageConnection, TokenStatus
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.grants import Mask
from socialpub.services.token_verdict import Verdict, judge_token

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Renewed:
    token: Secret
    user_token: Secret
    verdict: Verdict


def renew_token(
    client: GraphClient, cipher: TokenCipher, page: FacebookPageConnection, *, now: datetime, mask: Mask
) -> Renewed | None:
    """A better token from the stored token of the person; None where that is impossible, with the reason in the log.

    Raises `RateLimitedError`.
    """
    if page.user_access_token is None:
        return None
    try:
        user_token = prolong_user_token(client, _opened(cipher.decrypt(page.user_access_token), mask))
        token = read_page_token(client, page.page_id, _opened(user_token, mask))
        if token is None:
            log.info("%s can't be renewed: the person has no right to its token any more", page)
            return None
        verdict = judge_token(inspect_token(client, _opened(token, mask)), page_id=page.page_id, now=now)
    except RateLimitedError:
        raise
    except (GraphError, TokenKeyError) as error:
        log.info("%s can't be renewed: %s", page, error)
        return None
    return Renewed(token, user_token, verdict) if verdict.status == TokenStatus.VALID else None


def _opened(token: Secret, mask: Mask) -> Secret:
    mask([token.reveal()])
    return token
