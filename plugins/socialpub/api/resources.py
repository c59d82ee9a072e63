"""What the routes work with, opened when the first request needs it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from socialpub.hooks.airflow_runs import StartedRun, start_publish_now
from socialpub.hooks.connections import open_connection_service, read_public_url
from socialpub.hooks.database import open_database
from socialpub.hooks.drafts import open_approval_service
from socialpub.hooks.facebook import read_app_secret
from socialpub.settings import Settings, load_settings

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine

    from socialpub.api.keys import KeyRing
    from socialpub.models.seal import Sealer
    from socialpub.models.secret import Secret
    from socialpub.services.connections import FacebookConnectionService
    from socialpub.services.draft_approval import DraftApprovalService
    from socialpub.services.uploads import UploadDesk

_SECRET_KEPT_SECONDS = 60.0


@dataclass
class Resources:
    """One a process. The database's connections are kept; settings are read anew, so that a change needs no restart."""

    open_engine: Callable[[], Engine] = lambda: open_database(pool_size=4)
    open_service: Callable[[Engine], FacebookConnectionService] = open_connection_service
    public_url: Callable[[], str] = read_public_url
    settings: Callable[[], Settings] = load_settings
    read_app_secret: Callable[[], Secret] = read_app_secret
    open_approvals: Callable[[Engine], DraftApprovalService] = open_approval_service
    start_publish: Callable[[UUID, str, str], StartedRun] = start_publish_now
    _secret: tuple[float, Secret] | None = field(default=None, init=False, repr=False)

    @cached_property
    def engine(self) -> Engine:
        return self.open_engine()

    @cached_property
    def keys(self) -> KeyRing:
        """The backoffice's public keys."""
        from socialpub.api.keys import KeyRing

        return KeyRing(self.settings().tokens.keys)

    def service(self) -> FacebookConnectionService:
        """Raises `ConfigurationError`."""
        return self.open_service(self.engine)

    def sealer(self, purpose: str) -> Sealer:
        return self.service().cipher.sealer(purpose)

    def form_sealer(self) -> Sealer:
        """For tokens that prove that a form is ours."""
        return self.sealer("form")

    def app_secret(self) -> Secret:
        """Read once a minute: each delivery of the webhook needs it. Raises `ConfigurationError`."""
        now = time.monotonic()
        if self._secret is None or now - self._secret[0] > _SECRET_KEPT_SECONDS:
            self._secret = now, self.read_app_secret()
        return self._secret[1]

    def approvals(self) -> DraftApprovalService:
        return self.open_approvals(self.engine)

    def upload_desk(self) -> UploadDesk:
        """Files wait beside the media they will be; for object storage, in the system's folder for temporary files."""
        from socialpub.hooks.storage import AirflowMediaStore
        from socialpub.services.uploads import UploadDesk

        settings = self.settings()
        store, limits = AirflowMediaStore(settings.media), settings.media_limits
        base = settings.media.find("uploads/x").local_base
        folder = base / ".incoming" if base else Path(tempfile.gettempdir()) / "socialpub-incoming"
        return UploadDesk(self.engine, folder, store.put, limits.photo.source_bytes, limits.video.max_bytes)

    def is_revoked(self, token_id: str) -> bool:
        from socialpub.services.revoked import is_revoked

        return is_revoked(self.engine, token_id)

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


async def find_resources(request: Request) -> Resources:
    """In the loop: a plain function would wait for one of the threads that serve Airflow's tasks."""
    resources: Resources = request.app.state.resources
    return resources


TheResources = Annotated[Resources, Depends(find_resources)]
