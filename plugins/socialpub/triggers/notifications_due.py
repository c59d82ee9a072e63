"""The look for events and messages that wait."""

from __future__ import annotations

from typing import Any

from socialpub.triggers.looking import LookingTrigger


class NotificationsDueTrigger(LookingTrigger):
    """Looks every `seconds`: a minute at most may pass before a message leaves, the start of its task included."""

    question = "select social_has_news()"
    subject = "Notifications"

    def __init__(self, connection_id: str = "socialpub_db", seconds: float = 50) -> None:
        super().__init__(connection_id)
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"connection_id": self.connection_id, "seconds": self.seconds}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    def seconds_to_next_look(self) -> float:
        return self.seconds
