"""The things the sandbox knows: apps, users, Pages, access tokens and posts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

PUBLISHING_SCOPES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement")
"""What publishing needs (D-FEED); the default scopes of a Page access token here."""

Content = tuple[str | None, str | None, tuple[str, ...]]
"""A post's text, link and media."""

PAGE_TASKS = ("ANALYZE", "ADVERTISE", "MODERATE", "CREATE_CONTENT", "MANAGE")


class TokenKind(StrEnum):
    """Whom an access token speaks for."""

    APP = "APP"
    USER = "USER"
    PAGE = "PAGE"


class Fate(StrEnum):
    """What becomes of a native schedule when its time comes; all but the first are reported by users of Facebook."""

    FIRES = "fires"
    VANISHES = "vanishes"
    STAYS = "stays"


@dataclass(slots=True)
class App:
    """An app as registered with Facebook; `require_proof` is its "Require App Secret" switch (D-SEC).

    `webhook_url` is where it wants to hear of the Pages that it is subscribed to.
    """

    id: str
    secret: str = field(repr=False)
    name: str = "Larpowe Wpisy"
    require_proof: bool = True
    redirect_uris: tuple[str, ...] = ()
    webhook_url: str | None = None


@dataclass(slots=True)
class User:
    """A person; `accounts` are the Pages this person may hand over to an app."""

    id: str
    name: str
    accounts: list[str] = field(default_factory=list)
    declined_scopes: set[str] = field(default_factory=set)
    is_developer: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of the Page under one of its posts; its id begins with the post's own number, not the Page's."""

    id: str
    post_id: str
    page_id: str
    message: str
    created_at: float
    sequence: int


@dataclass(slots=True)
class Post:
    """A post of a Page. `listed_from` is when it joined the list it is in now; a lagging list shows it later."""

    id: str
    page_id: str
    app_id: str
    message: str | None
    link: str | None
    is_published: bool
    scheduled_publish_time: int | None
    created_at: float
    updated_at: float
    first_created_at: float
    listed_from: float
    sequence: int
    photo_ids: tuple[str, ...] = ()
    video_id: str | None = None
    fate: Fate = Fate.FIRES
    comments: dict[str, Comment] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The part of the id after the Page's own."""
        return self.id.partition("_")[2]

    @property
    def content(self) -> Content:
        """What makes a post the same as another in Facebook's eyes."""
        return self.message, self.link, (self.video_id,) if self.video_id else self.photo_ids

    @property
    def is_scheduled(self) -> bool:
        """Whether the post waits for its native schedule."""
        return not self.is_published and self.scheduled_publish_time is not None

    def publish(self, at: float) -> None:
        """Make the post public: it moves to the published list and counts as created at that moment."""
        self.is_published = True
        self.scheduled_publish_time = None
        self.created_at = self.updated_at = self.listed_from = at


@dataclass(slots=True)
class Page:
    """A Facebook Page, with its posts.

    `list_lag_seconds` is how late its lists show what was written (single reads never lag); `waiting` holds the ids of
    the posts that wait for a native schedule, `waiting_videos` those of the videos that shall become posts, so that
    looking for due ones does not walk through everything; `subscribed_apps` are the apps whose webhook hears of the
    Page, each with its fields.
    """

    id: str
    name: str
    app_id: str
    category: str = "Community"
    tasks: tuple[str, ...] = PAGE_TASKS
    list_lag_seconds: float = 0.0
    posts: dict[str, Post] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    waiting_videos: set[str] = field(default_factory=set)
    last_published: Content | None = None
    usage: dict[str, int] | None = None
    subscribed_apps: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Token:
    """An access token. A refused one answers code 190 with `refusal_subcode` (None: without a subcode)."""

    value: str = field(repr=False)
    kind: TokenKind
    app_id: str
    user_id: str | None = None
    page_id: str | None = None
    scopes: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    issued_at: float = 0.0
    expires_at: float | None = None
    is_refused: bool = False
    refusal_subcode: int | None = None
    parent: Token | None = field(default=None, repr=False)

    def refusal(self) -> Token | None:
        """Return the refused token that makes this one unusable: itself, or the user token it was derived from."""
        if self.is_refused:
            return self
        return self.parent.refusal() if self.parent else None
