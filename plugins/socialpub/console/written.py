"""What an editor has written so far, saved or not: out of a form, and back into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from socialpub.api.draft_orders import AssetOrder, DraftOrder
from socialpub.console.visit import Visit
from socialpub.models import DraftAsset, EventPostDraft, Upload
from socialpub.services.uploads import asset_type_of


@dataclass(frozen=True, slots=True)
class ShownAsset:
    """A photo or video by the id of its asset or, before it is saved, of its upload."""

    id: str
    type: str
    alt_text: str = ""
    title: str = ""
    may_reencode: bool = False
    has_thumbnail: bool = False
    """Whether a picture stands for the video."""

    @classmethod
    def of(cls, asset: DraftAsset) -> ShownAsset:
        return cls(
            str(asset.id), asset.type, asset.alt_text or "", asset.title or "", asset.may_reencode,
            bool(asset.thumbnail_path),
        )  # fmt: skip

    @classmethod
    def of_upload(cls, upload: Upload) -> ShownAsset:
        return cls(str(upload.id), asset_type_of(upload))


@dataclass(frozen=True, slots=True)
class Written:
    """The fields as they stand in the form, so that nothing is lost when something is wrong with one of them."""

    title: str = ""
    body: str = ""
    link: str = ""
    first_comment: str = ""
    delay: str = "0"
    assets: tuple[ShownAsset, ...] = ()
    version: int = 0
    """Of the draft that is edited, as the editor saw it."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong, by the name of the field; "" is all of it."""

    @classmethod
    def of(cls, draft: EventPostDraft, assets: Sequence[DraftAsset]) -> Written:
        return cls(
            draft.title, draft.body, draft.link or "", draft.first_comment or "",
            str(draft.first_comment_delay_minutes), tuple(map(ShownAsset.of, assets)), draft.version,
        )  # fmt: skip


def read_written(visit: Visit, uploads: Iterable[Upload] = ()) -> Written:
    """The form, its assets in the order of their numbers, with what was uploaded with it at the end."""
    version = visit.text("version")
    return Written(
        visit.text("title").strip(), visit.text("body"), visit.text("link").strip(), visit.text("first_comment"),
        visit.text("delay") or "0", (*_read_assets(visit), *map(ShownAsset.of_upload, uploads)),
        int(version) if version.isdecimal() and len(version) < 10 else 0,
    )  # fmt: skip


def _read_assets(visit: Visit) -> list[ShownAsset]:
    removed = set(visit.form.getlist("remove"))
    wanted = [str(asset_id) for asset_id in visit.form.getlist("asset") if asset_id not in removed]
    places = {asset_id: _read_place(visit.text(f"place-{asset_id}")) for asset_id in wanted}
    return [
        ShownAsset(
            asset_id, "video" if visit.text(f"type-{asset_id}") == "video" else "photo",
            visit.text(f"alt-{asset_id}").strip(), visit.text(f"title-{asset_id}").strip(),
            bool(visit.text(f"reencode-{asset_id}")),
        )
        for asset_id in sorted(wanted, key=places.__getitem__)
    ]  # fmt: skip


def _read_place(text: str) -> float:
    """Without a number it stays behind the others."""
    return int(text) if text.isdecimal() and len(text) < 5 else float("inf")


def to_order(written: Written) -> DraftOrder:
    """As the API takes it. Raises `ValidationError`; `explain` says it by field."""
    return DraftOrder.model_validate(
        {
            "title": written.title,
            "body": written.body,
            "link": written.link or None,
            "first_comment": written.first_comment if written.first_comment.strip() else None,
            "first_comment_delay_minutes": written.delay,
            "assets": [_to_asset(asset) for asset in written.assets],
        }
    )


def _to_asset(asset: ShownAsset) -> AssetOrder:
    is_video = asset.type == "video"
    return AssetOrder.model_validate(
        {
            "upload_id": asset.id,
            "alt_text": None if is_video else asset.alt_text or None,
            "title": asset.title or None if is_video else None,
            "may_reencode": asset.may_reencode,
        }
    )


_FIELDS = {"first_comment_delay_minutes": "delay", "upload_id": "assets", "alt_text": "assets"}
_WORDS = {
    ("title", "string_too_short"): "Give the draft a title. It is for you and your colleagues; nobody else sees it.",
    ("title", "string_pattern_mismatch"): "Give the draft a title.",
    ("title", "string_too_long"): "The title has more than 255 characters.",
    ("body", "string_too_long"): "The text has more than the 63,000 characters that Facebook takes.",
    ("link", "string_pattern_mismatch"): "Write the address as a whole, beginning with https:// or http://.",
    ("first_comment", "string_too_long"): "The first comment has more than the 8,000 characters that Facebook takes.",
    ("assets", "too_long"): "A post takes 10 photos at most.",
}


def explain(error: ValidationError) -> dict[str, str]:
    """For each field what to do about it."""
    found = {}
    for one in error.errors():
        name = str(one["loc"][0])
        name = _FIELDS.get(name, name)
        found[name] = _WORDS.get((name, one["type"]), one["msg"].removeprefix("Value error, ") + ".")
    return found
