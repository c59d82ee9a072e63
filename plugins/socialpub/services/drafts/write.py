"""Creating, editing and canceling a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from socialpub.models import DraftAsset, DraftStatus, EventPostDraft
from socialpub.services.drafts.desk import Caller, open_desk, take_draft
from socialpub.services.drafts.read import DraftDetails, describe_new, read_details, read_rule


@dataclass(frozen=True, slots=True)
class AssetContent:
    """A photo or video as an editor gives it; see `DraftAsset`. Its place in the album is its place in the list."""

    type: str
    storage_path: str
    public_url: str | None = None
    alt_text: str | None = None
    title: str | None = None
    thumbnail_path: str | None = None
    may_reencode: bool = False
    size_bytes: int | None = None
    checksum_sha256: str | None = None
    mime_type: str | None = None


@dataclass(frozen=True, slots=True)
class DraftContent:
    """All that an editor writes and an approver sees."""

    title: str
    body: str = ""
    link: str | None = None
    first_comment: str | None = None
    first_comment_delay_minutes: int = 0
    assets: tuple[AssetContent, ...] = ()


def create_draft(engine: Engine, larp_id: UUID, content: DraftContent, caller: Caller) -> DraftDetails:
    """A new draft by the caller. Raises `UnknownLarpError` or `RuleRefusedError`."""
    with open_desk(engine, caller) as session:
        required, named = read_rule(session, larp_id)
        # Column by column: the role may write these and no others, not even to leave them empty.
        draft = session.scalars(
            insert(EventPostDraft)
            .values(larp_id=larp_id, created_by=caller.actor, updated_by=caller.actor, **_text_of(content))
            .returning(EventPostDraft)
        ).one()
        if not content.assets:
            return describe_new(draft, required, named)
        _add_assets(session, draft.id, content.assets)
        return read_details(session, larp_id, draft.id)


def update_draft(
    engine: Engine,
    larp_id: UUID,
    draft_id: UUID,
    content: DraftContent,
    caller: Caller,
    *,
    expected_version: int | None = None,
) -> DraftDetails:
    """Give the draft this content as a whole. What differs voids its approvals and cancels its schedule.

    Raises `UnknownDraftError`, `StaleDraftError`, `RuleRefusedError`.
    """
    with open_desk(engine, caller) as session:
        draft = take_draft(session, larp_id, draft_id, expected_version)
        changes = {name: value for name, value in _text_of(content).items() if getattr(draft, name) != value}
        if changes:
            for name, value in {**changes, "updated_by": caller.actor}.items():
                setattr(draft, name, value)
            session.flush()
        _replace_assets(session, draft_id, content.assets)
        return read_details(session, larp_id, draft_id)


def cancel_draft(
    engine: Engine, larp_id: UUID, draft_id: UUID, caller: Caller, *, expected_version: int | None = None
) -> DraftDetails:
    """Give a draft up for good, with its schedule. Raises `RuleRefusedError` for one that is out or on its way."""
    with open_desk(engine, caller) as session:
        draft = take_draft(session, larp_id, draft_id, expected_version)
        draft.status = DraftStatus.CANCELED
        session.flush()
        return read_details(session, larp_id, draft_id)


def _text_of(content: DraftContent) -> dict[str, str | int | None]:
    return {
        "title": content.title,
        "body": content.body,
        "link": content.link,
        "first_comment": content.first_comment,
        "first_comment_delay_minutes": content.first_comment_delay_minutes,
    }


def _replace_assets(session: Session, draft_id: UUID, wanted: Sequence[AssetContent]) -> None:
    """Nothing is touched where nothing differs: an asset that stays keeps its upload and its approval."""
    present = session.scalars(
        select(DraftAsset).where(DraftAsset.draft_id == draft_id).order_by(DraftAsset.position)
    ).all()
    if len(present) == len(wanted) and all(map(_is_same, present, wanted)):
        return
    session.execute(delete(DraftAsset).where(DraftAsset.draft_id == draft_id))
    if wanted:
        _add_assets(session, draft_id, wanted)


def _add_assets(session: Session, draft_id: UUID, assets: Sequence[AssetContent]) -> None:
    rows = [
        {"draft_id": draft_id, "position": position, **_fields(asset)} for position, asset in enumerate(assets, start=1)
    ]
    session.execute(insert(DraftAsset).values(rows))


def _fields(asset: AssetContent) -> dict[str, object]:
    return {name: getattr(asset, name) for name in AssetContent.__slots__}


def _is_same(present: DraftAsset, wanted: AssetContent) -> bool:
    """What nobody declares of a file, the publisher's first look may have filled in."""
    return all(
        getattr(present, name) == value or (value is None and name in ("size_bytes", "checksum_sha256", "mime_type"))
        for name, value in _fields(wanted).items()
    )
