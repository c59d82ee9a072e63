"""The look for published posts that Airflow was not told of."""

from __future__ import annotations

import time
from typing import Any

from socialpub.triggers.looking import LookingTrigger


class PostsPublishedTrigger(LookingTrigger):
    """Looks once every `seconds`, in second `at` of them: a full minute's burst is over then, the next scan to come."""

    question = "select exists (select from social_unannounced_posts)"
    subject = "Announcements"

    def __init__(self, connection_id: str = "socialpub_db", seconds: float = 60, at: float = 15) -> None:
        super().__init__(connection_id)
        self.seconds = seconds
        self.at = at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"connection_id": self.connection_id, "seconds": self.seconds, "at": self.at}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    def seconds_to_next_look(self) -> float:
        return self.seconds - (time.time() - self.at) % self.seconds
