"""Which parameters Facebook documents for each edge that socialpub writes to or reads from.

Written down from the Graph API reference (Page feed, Page photos, Page videos, Page post, Photo, Video, Comment,
Resumable Upload API) and Meta's machine-readable specification of it; only what a publisher could have a use for.
`access_token` is left out on purpose: here it belongs in the header.
"""

from __future__ import annotations

import re

# Any call may be signed, and any may say which fields it wants back.
COMMON = frozenset({"appsecret_proof", "fields"})
PAGING = frozenset({"limit", "after", "before"})

_SCHEDULING = {"published", "scheduled_publish_time", "unpublished_content_type"}
_TARGETING = {"targeting", "feed_targeting"}
_BACKDATING = {"backdated_time", "backdated_time_granularity"}

# A file counts like a field, under the name of its part.
DOCUMENTED: dict[tuple[str, str], frozenset[str]] = {
    ("POST", "feed"): frozenset(
        {"message", "link", "attached_media", "child_attachments", "call_to_action", "place", "tags"}
        | _SCHEDULING | _TARGETING | _BACKDATING
    ),
    ("POST", "photos"): frozenset(
        {"url", "source", "caption", "alt_text_custom", "temporary", "no_story", "place", "tags", "vault_image_id"}
        | _SCHEDULING | _TARGETING | _BACKDATING
    ),
    ("POST", "videos"): frozenset(
        {"upload_phase", "upload_session_id", "file_size", "start_offset", "end_offset", "video_file_chunk", "source",
         "file_url", "fbuploader_video_file_chunk", "title", "description", "thumb", "content_category", "content_tags",
         "custom_labels", "embeddable", "no_story", "secret", "social_actions", "expiration", "backdated_post"}
        | _SCHEDULING | _TARGETING
    ),
    ("POST", "post"): frozenset(
        {"message", "is_published", "is_hidden", "is_pinned", "scheduled_publish_time", "attached_media"} | _BACKDATING
    ),
    ("POST", "node"): frozenset(  # a video
        {"name", "description", "published", "scheduled_publish_time", "content_tags", "embeddable", "expiration"}
    ),
    ("POST", "comments"): frozenset({"message", "attachment_id", "attachment_url", "attachment_share_url"}),
    ("POST", "uploads"): frozenset({"file_name", "file_length", "file_type"}),
    ("POST", "upload"): frozenset({"sig"}),  # part of the session's id
    ("GET", "upload"): frozenset({"sig"}),
    ("GET", "published_posts"): PAGING | {"include_hidden", "show_expired", "with"},
    ("GET", "scheduled_posts"): PAGING,
    ("GET", "videos"): PAGING | {"type"},
    ("GET", "comments"): PAGING | {"filter", "live_filter", "order", "since"},
    ("GET", "post"): frozenset(),
    ("GET", "node"): frozenset(),
    ("DELETE", "post"): frozenset(),
    ("DELETE", "node"): frozenset(),
}  # fmt: skip

DOCUMENTED_HEADERS = frozenset({"authorization", "file_offset"})


def edge_of(path: str) -> str:
    """The edge of a path, or what kind of node it names."""
    version, _, rest = path.strip("/").partition("/")
    assert re.fullmatch(r"v\d+\.\d", version), path
    if rest.startswith("upload:"):
        return "upload"
    node, _, edge = rest.partition("/")
    return edge or ("post" if "_" in node else "node")
