"""What the routes work with, opened when the first request needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from socialpub.hooks.connections import open_connection_service, read_public_url
from socialpub.hooks.database import open_database
from socialpub.settings import MetricsAccess, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from socialpub.models.seal import Sealer
    from socialpub.services.connections import FacebookConnectionService


@dataclass
class Resources:
    """One a process. The database's connections are kept; settings are read anew, so that a change needs no restart."""

    open_engine: Callable[[], Engine] = lambda: open_database(pool_size=4)
    open_service: Callable[[Engine], FacebookConnectionService] = open_connection_service
    public_url: Callable[[], str] = read_public_url
    metrics_access: Callable[[], MetricsAccess] = lambda: load_settings().metrics

    @cached_property
    def engine(self) -> Engine:
        return self.open_engine()

    def service(self) -> FacebookConnectionService:
        """Raises `ConfigurationError`."""
        return self.open_service(self.engine)

    def form_sealer(self) -> Sealer:
        """For tokens that prove that a form is ours."""
        return self.service().cipher.sealer("form")

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


def find_resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


TheResources = Annotated[Resources, Depends(find_resources)]
