"""A folder of media, read as in production: through Airflow's ObjectStoragePath."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.places import MediaPlaces
from socialpub.media.source import StoredFile


@dataclass(frozen=True)
class Folder:
    root: Path

    @property
    def store(self) -> AirflowMediaStore:
        return AirflowMediaStore(MediaPlaces(str(self.root)))

    def put(self, name: str, content: bytes) -> StoredFile:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return self.store.open(name)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "media").mkdir()
    return Folder(tmp_path / "media")
