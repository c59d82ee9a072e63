"""The videos of a Page, to look for one whose id was lost with the answer of its request."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from socialpub.graph.answers import parse_id
from socialpub.graph.client import GraphClient
from socialpub.graph.page_post import parse_instant, parse_text
from socialpub.graph.paging import MAX_PAGES, are_all_older, list_nodes
from socialpub.graph.read_back import CLOCK_TOLERANCE, normalise_text
from socialpub.graph.videos import VideoDetails
from socialpub.models.secret import Secret

_FIELDS = "id,title,description,created_time,published"


@dataclass(frozen=True, slots=True)
class PageVideo:
    """A video on a Page. What Facebook did not give is None."""

    id: str
    title: str | None = field(repr=False)
    description: str | None = field(repr=False)
    created_time: datetime | None
    is_published: bool | None = None


def list_videos(
    client: GraphClient, page_id: str, token: Secret, *, since: datetime, max_pages: int = MAX_PAGES
) -> list[PageVideo]:
    """The videos created at or after `since`, in Facebook's order, all of them or a `GraphError`.

    Whether one that is still being processed is among them is not documented, so a video may be missing for longer than
    lists lag elsewhere. Source: Graph API reference, Page videos, Reading.
    """
    videos = list_nodes(
        client,
        f"{page_id}/videos",
        token,
        fields=_FIELDS,
        parse=_parse_video,
        is_enough=lambda page: are_all_older(page, since),
        max_pages=max_pages,
    )
    return [video for video in videos if video.created_time is None or video.created_time >= since]


def find_videos(
    videos: Iterable[PageVideo], *, details: VideoDetails, not_before: datetime, known_ids: Collection[str]
) -> list[PageVideo]:
    """Those that may be the one sent at `not_before`: none is absence, one is it, several are for a person to decide.

    Compared by text, and by title when both have one. `known_ids` are videos of other rows of ours.
    """
    earliest = not_before - CLOCK_TOLERANCE
    return [
        video
        for video in videos
        if video.id not in known_ids
        and (video.created_time is None or video.created_time >= earliest)
        and normalise_text(video.description) == normalise_text(details.description)
        and (not (video.title and details.title) or normalise_text(video.title) == normalise_text(details.title))
    ]


def _parse_video(node: Any) -> PageVideo | None:  # noqa: ANN401 - JSON of a shape we do not trust
    video_id = parse_id(node.get("id")) if isinstance(node, dict) else None
    if video_id is None:
        return None
    published = node.get("published")
    return PageVideo(
        video_id,
        parse_text(node.get("title")),
        parse_text(node.get("description")),
        parse_instant(node.get("created_time")),
        published if isinstance(published, bool) else None,
    )
