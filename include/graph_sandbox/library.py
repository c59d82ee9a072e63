"""What was uploaded: photos and their files, and the ids Graph gave them."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from graph_sandbox.entities import Post
from graph_sandbox.media import Photo, ResumableUpload, StoredFile, UploadSession, Video

# Graph ids never come back, not even after a restart: a database that remembers them would take a new post for an old.
_NUMBERS = itertools.count(int(time.time() * 1_000_000))


def new_number() -> int:
    """Return a number no object has had."""
    return next(_NUMBERS)


@dataclass(frozen=True, slots=True)
class Owner:
    """What an id names (the edge that answers for it) and the Page it belongs to."""

    edge: str
    page_id: str


class Library:
    """All media of all Pages, and which post a comment's id belongs to.

    `owners` remembers ids of things that are gone, which Graph calls missing objects.
    """

    def __init__(self) -> None:
        self.photos: dict[str, Photo] = {}
        self.videos: dict[str, Video] = {}
        self.sessions: dict[str, UploadSession] = {}
        self.uploads: dict[str, ResumableUpload] = {}
        self.handles: dict[str, ResumableUpload] = {}
        self._unused: dict[str, Photo] = {}
        self.commented_posts: dict[str, str] = {}
        self.owners: dict[str, Owner] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Forget the files."""
        if self._folder is not None:
            self._folder.cleanup()

    def new_id(self, edge: str, page_id: str) -> str:
        """Return a fresh id for something of a Page that `edge` answers for."""
        object_id = str(new_number())
        self.owners[object_id] = Owner(edge, page_id)
        return object_id

    def store(self, content: bytes) -> Path:
        """Write a file and return where it lies."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="graph-sandbox-")
        path = Path(self._folder.name) / str(new_number())
        path.write_bytes(content)
        return path

    def keep(self, content: bytes | None) -> Path | None:
        """Write a file whose content was kept; None for one that was too big."""
        return None if content is None else self.store(content)

    def add_photo(self, photo: Photo) -> None:
        """Make an uploaded photo known; nothing uses it yet."""
        self.photos[photo.id] = photo
        self._unused[photo.id] = photo

    def photos_of(self, post: Post) -> list[Photo]:
        """Return the photos of a post in their order."""
        return [self.photos[photo_id] for photo_id in post.photo_ids]

    def attach(self, post: Post, photos: tuple[Photo, ...]) -> None:
        """Let a post show these photos instead of those it showed, which nothing uses any more."""
        self._release(post)
        post.photo_ids = tuple(photo.id for photo in photos)
        for photo in photos:
            photo.post_id = post.id
            del self._unused[photo.id]

    def let_go(self, post: Post) -> None:
        """Take the photos off a post that is going: a public post takes them along, others leave them unused."""
        if not post.is_published:
            self._release(post)
            return
        for photo in self.photos_of(post):
            self.remove_photo(photo)

    def remove_photo(self, photo: Photo) -> None:
        """Forget a photo and its file."""
        self.photos.pop(photo.id, None)
        self._unused.pop(photo.id, None)
        remove_file(photo.file)

    def collect_unused(self, *, uploaded_until: float) -> None:
        """Delete the photos that no post uses and that were uploaded by then."""
        for photo in list(self._unused.values()):
            if photo.uploaded_at <= uploaded_until:
                self.remove_photo(photo)

    def session_of(self, video: Video) -> UploadSession | None:
        """Return the chunked upload of a video, or None when it came otherwise."""
        return self.sessions.get(video.session_id or "")

    def remove_video(self, video_id: str) -> None:
        """Forget a video, its upload and its files."""
        video = self.videos.pop(video_id, None)
        if video is None:
            return
        self.sessions.pop(video.session_id or "", None)
        for file in (video.file, video.thumb):
            if file is not None:
                remove_file(file)

    def _release(self, post: Post) -> None:
        for photo in self.photos_of(post):
            photo.post_id = None
            self._unused[photo.id] = photo


def remove_file(file: StoredFile) -> None:
    """Delete what was stored of a file, if anything."""
    if file.path is not None:
        file.path.unlink(missing_ok=True)
