"""Media in a folder, in S3, GCS or Azure: read through Airflow's ObjectStoragePath, with its connections."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk.exceptions import AirflowNotFoundException

from socialpub.errors import ConfigurationError, MediaError, MediaMissingError, MediaRefusedError
from socialpub.media.places import MediaPlaces, Place, check_local
from socialpub.media.source import MediaStream, changed, unavailable

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

# One block is given away while the next is read ahead. fsspec's own blocks of 50 MiB would take a worker's memory, and
# its default cache would read nothing ahead; smaller ones than these cost a third of the speed.
_READING = {"block_size": 12 << 20, "cache_type": "background", "cache_options": {"maxblocks": 2}}
# It logs every block: two hundred lines for a large video, in the log of a task where people look for what matters.
logging.getLogger("fsspec.caching").setLevel(logging.WARNING)
# What tells one version of a file from another, in the words of the local, S3, GCS and Azure file systems.
_VERSION_KEYS = ("size", "mtime", "ino", "ETag", "etag", "generation", "VersionId", "LastModified", "last_modified")
_PROVIDERS = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
}


@dataclass(frozen=True, slots=True)
class AirflowMediaStore:
    """A `MediaStore` over the places that settings allow. Safe to use from several threads."""

    places: MediaPlaces
    _known_connections: set[str] = field(default_factory=set, init=False)

    def open(self, storage_path: str) -> AirflowFile:
        """As `MediaStore.open` says. In object storage a look costs one request, and reading one a block of 12 MiB."""
        place = self.places.find(storage_path)
        file = AirflowFile(storage_path, place, self._resolve(place))
        file.look()
        return file

    def put(self, local: Path, storage_path: str) -> None:
        """Move a file of this machine there, whole or not at all. Raises a `MediaError` or `ConfigurationError`."""
        place = self.places.find(storage_path)
        try:
            if base := place.local_base:
                target = base / place.key
                target.parent.mkdir(parents=True, exist_ok=True)
                check_local(place, base)
                local.replace(target)
                return
            path = self._resolve(place)
            path.fs.put_file(str(local), path.path)
            local.unlink()
        except (MediaError, ConfigurationError):
            raise
        except Exception as error:  # each storage fails in its own way
            raise unavailable(storage_path, type(error).__name__) from error

    def remove(self, storage_path: str) -> None:
        """Delete the file; one that is gone already is as good. Raises a `MediaError` or `ConfigurationError`."""
        place = self.places.find(storage_path)
        path = self._resolve(place)
        if base := place.local_base:
            check_local(place, base)
        try:
            path.fs.rm_file(path.path)
        except FileNotFoundError:
            return
        except Exception as error:  # each storage fails in its own way
            raise unavailable(storage_path, type(error).__name__) from error

    def _resolve(self, place: Place) -> ObjectStoragePath:
        from airflow.sdk import ObjectStoragePath
        from airflow.sdk.io import has_fs

        scheme, connection_id = place.base.partition("://")[0], urlsplit(place.base).username
        if not has_fs(scheme):
            raise ConfigurationError(
                f"Nothing here can read {scheme}:// URLs.", next_step=f"install {_PROVIDERS[scheme]}."
            )
        if connection_id:
            self._require_connection(connection_id)
        return ObjectStoragePath(place.base) / place.key

    def _require_connection(self, connection_id: str) -> None:
        """Amazon's provider would go on without the connection, as nobody or as whoever the machine is."""
        from airflow.sdk import BaseHook

        if connection_id in self._known_connections:
            return
        try:
            BaseHook.get_connection(connection_id)
        except AirflowNotFoundException as error:
            raise ConfigurationError(
                f"There is no Airflow connection “{connection_id}” for media.",
                next_step=f"add it under Admin → Connections, or set AIRFLOW_CONN_{connection_id.upper()}.",
            ) from error
        self._known_connections.add(connection_id)


@dataclass(slots=True)
class AirflowFile:
    """A `StoredFile`: the path, and what told this version from others when it was opened."""

    name: str
    place: Place
    path: ObjectStoragePath
    size: int = 0
    _version: dict[str, Any] = field(default_factory=dict)

    def look(self) -> None:
        """Find the file and remember its version. Raises a `MediaError`."""
        info = self._read_info()
        if info["type"] != "file":
            raise MediaRefusedError(f"“{self.name}” is no file.", next_step="give the path of a photo or video.")
        self.size, self._version = int(info["size"]), _version_of(info)

    def open_stream(self, offset: int = 0) -> MediaStream:
        if trouble := self._find_trouble():
            raise trouble
        try:
            raw: Any = self.path.open("rb", **_READING)  # type: ignore[no-untyped-call]
            raw.seek(offset)
        except Exception as error:  # noqa: BLE001 - each storage fails in its own way
            kind = type(error).__name__
        else:
            self._require_same(raw)
            return MediaStream(raw, self.name, self.size, offset, self._find_trouble)
        raise self._find_trouble() or unavailable(self.name, kind)

    def _require_same(self, raw: Any) -> None:  # noqa: ANN401 - a file of fsspec
        """A local path may have become a link to somewhere else since it was looked at."""
        if self.place.local_base and os.fstat(raw.fileno()).st_ino != self._version["ino"]:
            raw.close()
            raise changed(self.name, "another file is in its place")

    def _find_trouble(self) -> MediaError | None:
        try:
            found = _version_of(self._read_info())
        except MediaError as error:
            return error
        return None if found == self._version else changed(self.name, "another file is in its place")

    def _read_info(self) -> dict[str, Any]:
        if base := self.place.local_base:
            check_local(self.place, base)
        try:
            # What was listed or seen before may be remembered; a change must show.
            self.path.fs.invalidate_cache(self.path.path)
            return dict(self.path.fs.info(self.path.path))
        except FileNotFoundError:
            kind = None
        except Exception as error:  # noqa: BLE001 - each storage fails in its own way
            kind = type(error).__name__
        raise unavailable(self.name, kind) if kind else _missing(self.name)


def _version_of(info: dict[str, Any]) -> dict[str, Any]:
    return {key: info[key] for key in _VERSION_KEYS if key in info}


def _missing(name: str) -> MediaMissingError:
    return MediaMissingError(f"“{name}” is not there.", next_step="store the file there, or change the asset.")
