"""The connection to the control API."""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT_SECONDS = 10.0


class ControlClient:
    """Calls `/_control/…` of a running sandbox."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call(
        self,
        method: str,
        path: str,
        order: dict[str, Any] | list[dict[str, Any]] | None = None,
        *,
        query: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON, whose shape each caller knows
        address = f"{self.base_url}/_control/{path}"
        response = self._session.request(method, address, json=order, params=query, timeout=TIMEOUT_SECONDS)
        if response.status_code >= 400:
            raise requests.HTTPError(f"{method} {path}: {response.status_code} {response.text}", response=response)
        return response.json()
