"""The assets of a draft are looked at in storage: there, whole, and the ones that were approved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from tests.conftest import World
from tests.media.samples import photo, video

from socialpub.db.assets import Upload, add_cleanup, record_figures, save_upload
from socialpub.db.engine import transaction
from socialpub.errors import ConfigurationError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.findings import Finding
from socialpub.media.limits import MediaLimits, PhotoLimits
from socialpub.media.places import MediaPlaces
from socialpub.media.source import StoredFile
from socialpub.models import CleanupKind, DraftAsset, UploadState
from socialpub.services.check_assets import check_assets

JPEG = photo()


@dataclass
class Darkroom:
    """A folder of media, and drafts whose assets are in it; all checks run as the publisher's login."""

    world: World
    larp: UUID
    root: Path
    limits: MediaLimits = field(default_factory=MediaLimits)

    @property
    def store(self) -> AirflowMediaStore:
        return AirflowMediaStore(MediaPlaces(str(self.root)))

    def put(self, **files: bytes) -> None:
        for name, content in files.items():
            (self.root / name).write_bytes(content)

    def draft(self, *names: str, kind: str = "photo", **columns: object) -> UUID:
        """An approved draft with these files, by the statement that docs/media.md shows."""
        with self.world.connect("backoffice_login") as connection, connection.transaction():
            row = connection.execute(
                "insert into social_drafts (larp_id, title, body, status)"
                " values (%s, 'T', 'B', 'approved') returning id",
                (self.larp,),
            ).fetchone()
            assert row is not None
            for number, name in enumerate(names, 1):
                every = {"draft_id": row[0], "position": number, "type": kind, "storage_path": name, **columns}
                connection.execute(
                    f"insert into social_draft_assets ({', '.join(every)}) values ({', '.join(['%s'] * len(every))})",
                    list(every.values()),
                )
            connection.execute(
                "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", row
            )
        return row[0]

    def check(self, draft_id: UUID, store: object = None) -> list[Finding]:
        return check_assets(self.world.engine(), store or self.store, draft_id, self.limits, actor="test")  # type: ignore[arg-type]

    def status(self, draft_id: UUID) -> str:
        return self.world.one("select status from social_drafts where id = %s", draft_id)[0]

    def asset(self, draft_id: UUID) -> DraftAsset:
        with transaction(self.world.engine(), actor="test") as session:
            return session.query(DraftAsset).filter_by(draft_id=draft_id).one()


@pytest.fixture
def darkroom(world: World, tmp_path: Path) -> Darkroom:
    return Darkroom(world, world.add_page(), tmp_path)


def test_what_nobody_declared_is_filled_in_and_the_approval_stays(darkroom):
    """Size, checksum and MIME type by content; a second look finds nothing to say."""
    darkroom.put(a=JPEG)
    draft_id = darkroom.draft("a")
    assert darkroom.check(draft_id) == darkroom.check(draft_id) == []
    asset = darkroom.asset(draft_id)
    assert (asset.size_bytes, asset.mime_type) == (len(JPEG), "image/jpeg")
    assert asset.checksum_sha256 == hashlib.sha256(JPEG).hexdigest()
    assert darkroom.status(draft_id) == "approved"


def test_a_file_that_changed_after_it_was_looked_at_is_an_error(darkroom):
    """It names the file and both ways out; both work."""
    darkroom.put(a=JPEG)
    draft_id = darkroom.draft("a")
    darkroom.check(draft_id)
    darkroom.put(a=photo(size=(65, 48)))
    [finding] = darkroom.check(draft_id)
    assert finding.is_error
    assert "“a” is not the file that was approved" in finding.words
    assert "SHA-256" in finding.words
    darkroom.put(a=JPEG)
    assert darkroom.check(draft_id) == []
    darkroom.put(a=photo(size=(65, 48)))
    darkroom.world.run(
        "update social_draft_assets set checksum_sha256 = null, size_bytes = null, mime_type = null",
        user="backoffice_login",
    )
    assert darkroom.check(draft_id) == []
    assert darkroom.status(draft_id) == "draft"


@pytest.mark.parametrize(
    ("column", "value"), [("checksum_sha256", "a" * 64), ("size_bytes", 7), ("mime_type", "image/png")]
)
def test_a_file_that_is_not_what_its_editor_declared_is_an_error(darkroom, column, value):
    """And nothing is filled in beside what is wrong."""
    darkroom.put(a=JPEG)
    draft_id = darkroom.draft("a", **{column: value})
    [finding] = darkroom.check(draft_id)
    assert finding.is_error
    assert f"not {value}" in finding.words
    asset = darkroom.asset(draft_id)
    assert [asset.checksum_sha256, asset.size_bytes, asset.mime_type].count(None) == 2


def test_every_asset_is_looked_at_and_every_trouble_named(darkroom):
    """Missing, empty, unreadable, in a forbidden place: all in one list, in the order of the album."""
    darkroom.put(good=JPEG, empty=b"", text=b"no picture")
    (darkroom.root / "link").symlink_to("good")
    draft_id = darkroom.draft("gone", "empty", "good", "text", "link", "s3://else@where/a.jpg")
    findings = darkroom.check(draft_id)
    assert [finding.name for finding in findings] == ["gone", "empty", "text", "link", "s3://else@where/a.jpg"]
    assert all(finding.is_error and finding.next_step for finding in findings)
    assert darkroom.world.one("select count(*) from social_draft_assets where checksum_sha256 is not null") == (1,)


def test_a_shared_file_is_good_for_two_drafts_and_its_loss_is_named_for_each(darkroom):
    """Each has its own row, with its own figures."""
    darkroom.put(a=JPEG)
    drafts = [darkroom.draft("a"), darkroom.draft("a")]
    assert [darkroom.check(draft) for draft in drafts] == [[], []]
    (darkroom.root / "a").unlink()
    assert ["is not there" in darkroom.check(draft)[0].words for draft in drafts] == [True, True]


def test_a_video_and_its_thumbnail_are_looked_at(darkroom):
    """The thumbnail as a photo."""
    darkroom.put(film=video(), bad=b"no picture", poster=JPEG)
    draft_id = darkroom.draft("film", kind="video", thumbnail_path="bad", title="Trailer")
    assert ["“bad”" in finding.words for finding in darkroom.check(draft_id)] == [True]
    assert darkroom.asset(draft_id).mime_type == "video/mp4"
    assert darkroom.check(darkroom.draft("film", kind="video", thumbnail_path="poster")) == []


def test_what_may_be_reencoded_is_no_trouble_and_what_is_only_doubtful_is_recorded(darkroom):
    """The checksum is of the file that was approved, not of what is made of it."""
    darkroom.put(a=photo("WEBP"), b=photo("BMP"))
    darkroom.limits = MediaLimits(PhotoLimits(safe_bytes=1000))
    assert darkroom.check(darkroom.draft("a", may_reencode=True)) == []
    assert [finding.is_error for finding in darkroom.check(darkroom.draft("a"))] == [True]
    doubtful = darkroom.draft("b")
    assert [finding.is_error for finding in darkroom.check(doubtful)] == [False]
    assert darkroom.asset(doubtful).checksum_sha256


def test_a_storage_that_is_not_set_up_is_nobodys_finding(darkroom):
    """It is the operator's trouble, and told as such."""
    draft_id = darkroom.draft("a")
    with pytest.raises(ConfigurationError, match="SOCIALPUB_MEDIA_ROOT"):
        darkroom.check(draft_id, AirflowMediaStore(MediaPlaces()))


def test_an_edit_that_comes_while_a_file_is_read_is_not_overwritten(darkroom):
    """Figures of the old file are not written for the new one."""
    darkroom.put(a=JPEG, b=photo(size=(65, 48)))
    draft_id = darkroom.draft("a")

    class SlowStore:
        def open(self, storage_path: str) -> StoredFile:
            file = darkroom.store.open(storage_path)
            darkroom.world.run("update social_draft_assets set storage_path = 'b'", user="backoffice_login")
            return file

    [finding] = darkroom.check(draft_id, SlowStore())
    assert "was edited in its draft while it was looked at" in finding.words
    assert darkroom.asset(draft_id).checksum_sha256 is None
    assert darkroom.check(draft_id) == []


def test_no_connection_is_held_while_a_file_is_read(darkroom):
    """A long video must not keep a transaction open: the server ends idle ones."""
    darkroom.put(a=JPEG)
    draft_id = darkroom.draft("a")
    seen = []

    class LookingStore:
        def open(self, storage_path: str) -> StoredFile:
            seen.append(
                darkroom.world.one(
                    "select count(*) from pg_stat_activity where usename = 'airflow_login' and state != 'idle'"
                    " and datname = current_database()"
                )[0]
            )
            return darkroom.store.open(storage_path)

    assert darkroom.check(draft_id, LookingStore()) == []
    assert seen == [0]


# What the publisher writes --------------------------------------------------------------------------------------------


def test_an_upload_is_saved_whole_and_only_under_its_ticket(darkroom):
    """What an earlier upload left behind is gone; after an edit nothing is written, and the caller knows it."""
    draft_id = darkroom.draft("a")
    asset = darkroom.asset(draft_id)
    first = Upload(UploadState.UPLOADING, media_id="8", session_id="7", start_offset=0, end_offset=9)
    with transaction(darkroom.world.engine(), actor="test") as session:
        assert save_upload(session, asset.id, asset.upload_ticket, first)
        assert save_upload(session, asset.id, asset.upload_ticket, Upload(UploadState.UPLOADED, media_id="8"))
    saved = darkroom.asset(draft_id)
    assert (saved.upload_state, saved.facebook_media_id, saved.upload_session_id) == ("uploaded", "8", None)
    assert saved.uploaded_at is not None
    darkroom.world.run("update social_drafts set body = 'Inne'", user="backoffice_login")
    with transaction(darkroom.world.engine(), actor="test") as session:
        assert not save_upload(session, asset.id, asset.upload_ticket, first)
    assert darkroom.asset(draft_id).upload_state == "not_uploaded"


def test_figures_are_filled_in_beside_what_was_declared(darkroom):
    """And only for the version of the file that was looked at."""
    draft_id = darkroom.draft("a", mime_type="image/png")
    asset = darkroom.asset(draft_id)
    figures = {"size_bytes": 5, "checksum_sha256": "a" * 64, "mime_type": "image/jpeg"}
    with transaction(darkroom.world.engine(), actor="test") as session:
        assert record_figures(session, asset.id, asset.file_version, **figures)
    assert (darkroom.asset(draft_id).size_bytes, darkroom.asset(draft_id).mime_type) == (5, "image/png")
    darkroom.world.run("update social_draft_assets set size_bytes = null", user="backoffice_login")
    with transaction(darkroom.world.engine(), actor="test") as session:
        assert not record_figures(session, asset.id, asset.file_version, **figures)


def test_a_cleanup_is_noted_once_while_it_waits(darkroom):
    """However often it is asked for; after it is done it may be asked for again."""
    (connection_id,) = darkroom.world.one("select id from facebook_page_connections")
    for _ in range(2):
        with transaction(darkroom.world.engine(), actor="test") as session:
            for _ in range(2):
                add_cleanup(
                    session, connection_id=connection_id, media_id="8", kind=CleanupKind.PHOTO, reason="album failed"
                )
        darkroom.world.run("update social_media_cleanups set done_at = now()", user="airflow_login")
    assert darkroom.world.one("select count(*) from social_media_cleanups") == (2,)
