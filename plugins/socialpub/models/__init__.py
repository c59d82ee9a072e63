"""The entities, their statuses and the moves between them."""

from socialpub.models.base import Base
from socialpub.models.connection import FacebookPageConnection
from socialpub.models.draft import DraftApproval, DraftAsset, EventPostDraft
from socialpub.models.gate import PublishingGate
from socialpub.models.larp import Larp
from socialpub.models.notification import Channel, Notification, NotificationEvent, NotificationRoute, SentDigest
from socialpub.models.records import AuditLogEntry, OutboxEvent, WebhookEvent
from socialpub.models.scheduled import PublishAttempt, ScheduledPublish
from socialpub.models.statuses import AttemptOutcome, DraftStatus, LatenessRule, PostStatus, TokenStatus

__all__ = [
    "AttemptOutcome",
    "AuditLogEntry",
    "Base",
    "Channel",
    "DraftApproval",
    "DraftAsset",
    "DraftStatus",
    "EventPostDraft",
    "FacebookPageConnection",
    "Larp",
    "LatenessRule",
    "Notification",
    "NotificationEvent",
    "NotificationRoute",
    "OutboxEvent",
    "PostStatus",
    "PublishAttempt",
    "PublishingGate",
    "ScheduledPublish",
    "SentDigest",
    "TokenStatus",
    "WebhookEvent",
]
