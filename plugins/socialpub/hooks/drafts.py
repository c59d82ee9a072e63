"""The approval service with the installation's settings: where media lies, what is looked at, how near twins are."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import Engine

from socialpub.errors import ConfigurationError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.findings import Finding, Severity
from socialpub.media.link_preview import check_link
from socialpub.services.draft_approval import DraftApprovalService
from socialpub.services.look_at_files import look_at_files
from socialpub.settings import Settings, load_settings


def open_approval_service(engine: Engine) -> DraftApprovalService:
    """Looks at files and links, so that a submit may take some seconds."""
    settings = load_settings()
    return DraftApprovalService(
        engine,
        look_at_files=partial(_look, engine, settings),
        look_at_link=lambda link: check_link(link, settings.link_limits),
        twins_within=settings.twins_within,
    )


def _look(engine: Engine, settings: Settings, draft_id: UUID) -> list[Finding]:
    store = AirflowMediaStore(settings.media)
    try:
        return look_at_files(engine, store, draft_id, settings.media_limits, actor="submit")
    except ConfigurationError as error:
        return [Finding(Severity.WARNING, "files", f"Its files can't be looked at: {error.message}", error.next_step)]
