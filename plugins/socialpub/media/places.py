"""Where media may come from: one root, and what else an operator has named. Storage paths are written by users."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from socialpub.errors import ConfigurationError, MediaRefusedError

SCHEMES = ("file", "s3", "gs", "abfs")
# Control characters, and those that turn the direction of a text: behind them a name shows as another one.
_DISGUISES = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Place:
    """A file below a folder or bucket that an operator allowed. Only `base` was ever read as a URL."""

    base: str
    """Such as `file:///srv/media/` or `s3://connection@bucket/folder/`."""
    key: str
    """Relative to `base`; never climbs out of it."""

    @property
    def local_base(self) -> Path | None:
        return Path(self.base.removeprefix("file://")) if self.base.startswith("file://") else None


@dataclass(frozen=True, slots=True)
class MediaPlaces:
    """The root that relative storage paths start from, and the URL prefixes that a storage path may begin with."""

    root: str = ""
    """A folder (an absolute path) or a URL; "" means that there is none."""
    prefixes: tuple[str, ...] = ()

    def find(self, storage_path: str) -> Place:
        """Raises `MediaRefusedError` for a path that leads elsewhere, `ConfigurationError` for a wrong setting."""
        if _DISGUISES.search(storage_path) or not storage_path.strip() or ".." in storage_path.split("/"):
            raise _refused(storage_path, "is no plain path: control characters or “..” are in it")
        if "://" not in storage_path:
            return self._find_below_root(storage_path)
        for prefix in filter(None, (self.root, *self.prefixes)):
            base = _as_base(prefix)
            if storage_path.startswith(base) and len(storage_path) > len(base):
                return Place(base, storage_path.removeprefix(base))
        raise _refused(storage_path, "lies outside the places that media may come from")

    def _find_below_root(self, path: str) -> Place:
        if path.startswith("/"):
            raise _refused(path, "is an absolute path")
        if not self.root:
            raise ConfigurationError(
                f"“{path}” is relative, but there is no root for media.",
                next_step="set SOCIALPUB_MEDIA_ROOT to a folder or to a URL such as s3://connection@bucket/folder/.",
            )
        return Place(_as_base(self.root), path)


def check_local(place: Place, base: Path) -> None:
    """Refuse what a link below the root leads to, inside or outside. Raises `MediaRefusedError`.

    Links on the way to the root are the operator's and may be there.
    """
    expected = base.resolve() / place.key
    if expected.resolve() != Path(re.sub("/+", "/", str(expected))):
        raise _refused(place.key, "is or passes through a symbolic link")


def _as_base(prefix: str) -> str:
    url = f"file://{prefix}" if prefix.startswith("/") else prefix
    if not url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES)) or url in {f"{s}://" for s in SCHEMES}:
        raise ConfigurationError(
            f"“{prefix}” is no place for media.",
            next_step="name an absolute folder, or a URL of file, s3, gs or abfs, in SOCIALPUB_MEDIA_ROOT"
            " and SOCIALPUB_MEDIA_URLS.",
        )
    return url if url.endswith("/") else f"{url}/"


def _refused(path: str, why: str) -> MediaRefusedError:
    return MediaRefusedError(
        f"“{_DISGUISES.sub('�', path)[:200]}” {why}.",
        next_step="store the file below SOCIALPUB_MEDIA_ROOT and give its path from there,"
        " or let an operator add its place to SOCIALPUB_MEDIA_URLS.",
    )
