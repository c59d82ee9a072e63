"""A look at the files and the links of the next day's posts, while there is time to put something right.

A morning may have thousands of posts. So all looks together have their time; what was not looked at by then says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine

from socialpub.errors import ConfigurationError
from socialpub.media.limits import LinkLimits, MediaLimits
from socialpub.media.link_preview import check_link
from socialpub.media.source import MediaStore
from socialpub.services.digest.digest import ComingPost
from socialpub.services.look_at_files import look_at_files

_ACTOR = "digest"


@dataclass
class LookAhead:
    """A `PostCheck`, for several threads at once. Its time runs from when it is made."""

    engine: Engine
    store: MediaStore
    media_limits: MediaLimits
    link_limits: LinkLimits
    patience: timedelta = timedelta(minutes=4)
    """For all posts together; less than the digest's task has."""
    _ends_at: float = field(init=False)
    _known_links: dict[str, list[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._ends_at = time.monotonic() + self.patience.total_seconds()

    def __call__(self, post: ComingPost) -> list[str]:
        """Raises what `transaction` raises."""
        if not (post.link or post.has_files_to_check):
            return []
        if time.monotonic() >= self._ends_at:
            return ["Nobody has looked at its files and link: there were too many for one morning."]
        found = self._look_at_files(post.draft_id) if post.has_files_to_check else []
        return [*found, *(self._look_at_link(post.link) if post.link else ())]

    def _look_at_link(self, link: str) -> list[str]:
        if link not in self._known_links:
            self._known_links[link] = [str(finding) for finding in check_link(link, self.link_limits)]
        return self._known_links[link]

    def _look_at_files(self, draft_id: UUID) -> list[str]:
        try:
            findings = look_at_files(self.engine, self.store, draft_id, self.media_limits, actor=_ACTOR)
            return [str(finding) for finding in findings]
        except ConfigurationError as error:
            return [f"Its files can't be looked at: {error}"]
