"""The signature that ties a call to the app's secret."""

from __future__ import annotations

import hashlib
import hmac

from socialpub.models.secret import Secret


def sign_token(token: Secret, app_secret: Secret) -> Secret:
    """`appsecret_proof` of a call: HMAC-SHA-256 of the token actually sent, keyed with the secret of the app.

    Source: Graph API, Securing requests.
    """
    digest = hmac.new(app_secret.reveal().encode(), token.reveal().encode(), hashlib.sha256)
    return Secret(digest.hexdigest())
