"""The entities, their statuses and the moves between them."""

from socialpub.models.base import Base
from socialpub.models.connection import FacebookPageConnection
from socialpub.models.draft import DraftApproval, DraftAsset, EventPostDraft
from socialpub.models.gate import PublishingGate
from socialpub.models.larp import Larp
from socialpub.models.login_request import LoginRequest
from socialpub.models.records import AuditLogEntry, OutboxEvent, WebhookEvent
from socialpub.models.scheduled import PublishAttempt, ScheduledPublish
from socialpub.models.statuses import AttemptOutcome, DraftStatus, LatenessRule, PostStatus, TokenProblem, TokenStatus

__all__ = [
    "AttemptOutcome",
    "AuditLogEntry",
    "Base",
    "DraftApproval",
    "DraftAsset",
    "DraftStatus",
    "EventPostDraft",
    "FacebookPageConnection",
    "Larp",
    "LatenessRule",
    "LoginRequest",
    "OutboxEvent",
    "PostStatus",
    "PublishAttempt",
    "PublishingGate",
    "ScheduledPublish",
    "TokenProblem",
    "TokenStatus",
    "WebhookEvent",
]
