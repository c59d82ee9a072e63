"""Airflow connection `facebook_app` → Graph client, and Page tokens opened and masked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, Variable
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from airflow.sdk.log import mask_secret

from socialpub.errors import ConfigurationError, SocialpubError
from socialpub.masking import ADAPTER, join_secrets

if TYPE_CHECKING:
    from datetime import datetime

    from socialpub.graph.client import GraphClient
    from socialpub.models import FacebookPageConnection
    from socialpub.models.encrypted import TokenCipher
    from socialpub.models.secret import Secret

TOKEN_KEYS_VARIABLE = "socialpub_token_keys"  # noqa: S105 - the name of a variable, not a secret
_HOSTS = ("graph_url", "graph_video_url", "rupload_url", "dialog_url")


class FacebookHook(BaseHook):
    """Talks to the Graph API as one Facebook app.

    The Airflow connection holds the app id as login, the app secret as password, and in its extra the Graph version and
    any host that is not Facebook's own (the Graph sandbox, a proxy).
    """

    conn_name_attr = "facebook_conn_id"
    default_conn_name = "facebook_app"
    conn_type = "facebook_graph"
    hook_name = "Facebook Graph"

    def __init__(self, facebook_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.facebook_conn_id = facebook_conn_id
        self._cipher: TokenCipher | None = None
        self._masked: set[str] = set()
        self._masking = threading.Lock()

    def get_conn(self) -> GraphClient:
        """The client. Raises `ConfigurationError` when the Airflow connection is missing or incomplete."""
        from socialpub.graph.client import GraphClient
        from socialpub.graph.settings import GraphSettings
        from socialpub.models.secret import Secret
        from socialpub.settings import load_settings

        connection = self._airflow_connection()
        if not connection.login or not connection.password:
            raise ConfigurationError(
                f"Airflow connection “{self.facebook_conn_id}” lacks the app id or the app secret.",
                next_step="fill in App id and App secret under Admin → Connections.",
            )
        extra = connection.extra_dejson
        chosen = {key: extra[key] for key in ("version", *_HOSTS) if extra.get(key)}
        is_json = load_settings().is_graph_log_json
        return GraphClient(GraphSettings(connection.login, Secret(connection.password), is_log_json=is_json, **chosen))

    def open_token(self, page: FacebookPageConnection, now: datetime) -> Secret:
        """The Page's token, from now on masked in this task's log. Raises what the entity and the cipher raise."""
        token = self._decrypt(page, now)
        self._mask({token.reveal()})
        return token

    def open_user_token(self, page: FacebookPageConnection) -> Secret | None:
        """The token of the person who connected the Page, from now on masked; None where there is none."""
        if page.user_access_token is None:
            return None
        if self._cipher is None:
            self._cipher = load_cipher()
        token = self._cipher.decrypt(page.user_access_token)
        self._mask({token.reveal()})
        return token

    def mask_ahead(self, pages: Collection[FacebookPageConnection], now: datetime) -> None:
        """Mask the tokens of a whole lane together, so that `open_token` finds them masked.

        Each masking builds Airflow's pattern of all secrets anew, which for a thousand takes a quarter of a second.
        """
        tokens = set()
        for page in pages:
            with contextlib.suppress(SocialpubError):  # `open_token` raises it again, where it concerns a post.
                tokens.add(self._decrypt(page, now).reveal())
        self._mask(tokens)

    def _decrypt(self, page: FacebookPageConnection, now: datetime) -> Secret:
        if self._cipher is None:
            self._cipher = load_cipher()
        return page.get_page_access_token(self._cipher, now)

    def _mask(self, tokens: set[str]) -> None:
        with self._masking:
            mask_tokens(tokens - self._masked)
            self._masked |= tokens

    def test_connection(self) -> tuple[bool, str]:
        """For the Test button: does Facebook take the app id and secret?"""
        from socialpub.graph.settings import app_token
        from socialpub.graph.tokens import inspect_token

        try:
            client = self.get_conn()
            inspect_token(client, app_token(client.settings))
        except SocialpubError as error:
            return False, str(error)
        return True, "Facebook knows the app."

    def _airflow_connection(self) -> Any:  # noqa: ANN401 - Airflow's Connection differs between its processes
        try:
            return self.get_connection(self.facebook_conn_id)
        except AirflowNotFoundException as error:
            raise ConfigurationError(
                f"There is no Airflow connection “{self.facebook_conn_id}”.",
                next_step="add it (type Facebook Graph) under Admin → Connections, "
                f"or set AIRFLOW_CONN_{self.facebook_conn_id.upper()}.",
            ) from error


def read_app_secret() -> Secret:
    """Of the app whose webhook is ours. Raises `ConfigurationError`."""
    return FacebookHook().get_conn().settings.app_secret


def mask_tokens(tokens: Collection[str]) -> None:
    """Keep them out of this process's log, from now on; all at once, where Airflow is set up for it."""
    if not tokens:
        return
    is_set_up = conf.get("logging", "secret_mask_adapter", fallback="") == ADAPTER
    for secret in [join_secrets(tokens)] if is_set_up else tokens:
        mask_secret(secret)


def load_cipher() -> TokenCipher:
    """Keys from SOCIALPUB_TOKEN_KEYS, else from Airflow's secrets backend. Raises `TokenKeyError` without any."""
    from socialpub.models.encrypted import TokenCipher
    from socialpub.settings import load_settings

    keys = load_settings().token_keys or _keys_from_airflow()
    for key in keys.split(","):
        if key.strip():
            mask_secret(key.strip())
    return TokenCipher.from_keys(keys)


def _keys_from_airflow() -> str:
    try:
        return str(Variable.get(TOKEN_KEYS_VARIABLE))
    except (AirflowRuntimeError, AirflowNotFoundException, KeyError):
        return ""  # TokenCipher says what is missing, and where it may be set.
