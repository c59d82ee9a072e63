"""The entities, their statuses and the moves between them."""

from socialpub.models.api import ApiAnswer, RevokedToken, Upload
from socialpub.models.asset import DraftAsset
from socialpub.models.base import Base
from socialpub.models.chores import FirstComment, MediaCleanup
from socialpub.models.connection import FacebookPageConnection
from socialpub.models.draft import ApprovalRule, DraftApproval, EventPostDraft, person_of
from socialpub.models.gate import PublishingGate
from socialpub.models.larp import Larp
from socialpub.models.login_request import LoginRequest
from socialpub.models.metrics import METRIC_CHANGES, LastScan, MetricTotal
from socialpub.models.notification import Channel, Notification, NotificationEvent, NotificationRoute, SentDigest
from socialpub.models.records import AuditLogEntry, AuditSeal, OutboxEvent, WebhookEvent
from socialpub.models.scheduled import AFTER_RESTORE, PublishAttempt, ScheduledPublish
from socialpub.models.statuses import (
    AssetType,
    AttemptOutcome,
    CleanupKind,
    Delivery,
    DraftStatus,
    FirstCommentStatus,
    LatenessRule,
    PostStatus,
    TokenProblem,
    TokenStatus,
    UploadState,
    WebhookOutcome,
)

__all__ = [
    "AFTER_RESTORE",
    "METRIC_CHANGES",
    "ApiAnswer",
    "ApprovalRule",
    "AssetType",
    "AttemptOutcome",
    "AuditLogEntry",
    "AuditSeal",
    "Base",
    "Channel",
    "CleanupKind",
    "Delivery",
    "DraftApproval",
    "DraftAsset",
    "DraftStatus",
    "EventPostDraft",
    "FacebookPageConnection",
    "FirstComment",
    "FirstCommentStatus",
    "Larp",
    "LastScan",
    "LatenessRule",
    "LoginRequest",
    "MediaCleanup",
    "MetricTotal",
    "Notification",
    "NotificationEvent",
    "NotificationRoute",
    "OutboxEvent",
    "PostStatus",
    "PublishAttempt",
    "PublishingGate",
    "RevokedToken",
    "ScheduledPublish",
    "SentDigest",
    "TokenProblem",
    "TokenStatus",
    "Upload",
    "UploadState",
    "WebhookEvent",
    "WebhookOutcome",
    "person_of",
]
