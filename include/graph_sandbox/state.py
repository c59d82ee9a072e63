"""The world of the sandbox: everything it remembers, and its clock.

One process, one thread, one event loop: handlers never wait while they change the world, so each of them is atomic.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from graph_sandbox.arrivals import ArrivalLog
from graph_sandbox.entities import PUBLISHING_SCOPES, App, Fate, Page, Post, Token, TokenKind, User
from graph_sandbox.fault_rules import FaultRules
from graph_sandbox.library import Library, new_number
from graph_sandbox.media import Photo, Video
from graph_sandbox.settings import Settings

DEFAULT_APP = "100000000000001"
DEFAULT_APP_SECRET = "sandbox-app-secret"
DEFAULT_PAGE = "200000000000001"
DEFAULT_PAGE_NAME = "Larpowe Kroniki"
DEFAULT_PAGE_TOKEN = f"EAAGsandboxpagetoken{DEFAULT_PAGE}"
DEFAULT_USER = "300000000000001"
DEFAULT_USER_TOKEN = f"EAAGsandboxusertoken{DEFAULT_USER}"


@dataclass(slots=True)
class AuthorizationCode:
    """A code of the login dialog: single-use, bound to the app and the exact redirect address."""

    app_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    is_used: bool = False


class World:
    """Apps, people, Pages, tokens and posts, with the faults and settings scripted for them."""

    def __init__(self) -> None:
        self.arrivals = ArrivalLog()
        self.faults = FaultRules()
        self.library = Library()
        self.reset()

    def reset(self) -> None:
        """Forget everything and build the default world."""
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.pages: dict[str, Page] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.settings = Settings()
        self.library.close()
        self.library = Library()
        self.clock_offset_seconds = 0.0
        self.arrivals.clear()
        self.faults.clear()
        self._add_default_world()

    def _add_default_world(self) -> None:
        self.apps[DEFAULT_APP] = App(id=DEFAULT_APP, secret=DEFAULT_APP_SECRET)
        page = Page(id=DEFAULT_PAGE, name=DEFAULT_PAGE_NAME, app_id=DEFAULT_APP)
        user = User(id=DEFAULT_USER, name="Anna Wiśniewska", accounts=[DEFAULT_PAGE])
        self.add_page(page, scopes=PUBLISHING_SCOPES, token=DEFAULT_PAGE_TOKEN)
        self.add_user(user, app_id=DEFAULT_APP, scopes=PUBLISHING_SCOPES, token=DEFAULT_USER_TOKEN)

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds: the real clock plus the scripted offset."""
        return time.time() + self.clock_offset_seconds

    def add_page(self, page: Page, *, scopes: tuple[str, ...], token: str | None = None) -> Token:
        """Add (or replace) a Page and return its Page access token, which has no expiry date."""
        self.pages[page.id] = page
        return self.add_token(
            Token(
                value=token or f"EAAGsandboxpagetoken{page.id}",
                kind=TokenKind.PAGE,
                app_id=page.app_id,
                user_id=DEFAULT_USER,
                page_id=page.id,
                scopes=scopes,
                tasks=page.tasks,
            )
        )

    def add_user(self, user: User, *, app_id: str, scopes: tuple[str, ...], token: str | None = None) -> Token:
        """Add (or replace) a person and return a long-lived user access token."""
        self.users[user.id] = user
        return self.add_token(
            Token(
                value=token or f"EAAGsandboxusertoken{user.id}",
                kind=TokenKind.USER,
                app_id=app_id,
                user_id=user.id,
                scopes=tuple(scope for scope in scopes if scope not in user.declined_scopes),
            )
        )

    def add_token(self, token: Token) -> Token:
        """Make an access token known, issued now."""
        token.issued_at = self.now()
        self.tokens[token.value] = token
        return token

    def add_post(
        self,
        page: Page,
        *,
        app_id: str,
        message: str | None,
        link: str | None,
        is_published: bool,
        publish_at: int | None,
        photos: tuple[Photo, ...] = (),
        video_id: str | None = None,
        created_at: float | None = None,
        fate: Fate = Fate.FIRES,
    ) -> Post:
        """Create a post on a Page, now unless `created_at` is given, and return it; its photos are used from now on."""
        now, number = self.now() if created_at is None else created_at, new_number()
        post = Post(
            id=f"{page.id}_{number}",
            page_id=page.id,
            app_id=app_id,
            message=message,
            link=link,
            is_published=is_published,
            scheduled_publish_time=publish_at,
            created_at=now,
            updated_at=now,
            first_created_at=now,
            listed_from=now,
            sequence=number,
            video_id=video_id,
            fate=fate,
        )
        page.posts[post.id] = post
        self.library.attach(post, photos)
        if is_published:
            page.last_published = post.content
        elif publish_at is not None:
            page.waiting.add(post.id)
        return post

    def find_post(self, post_id: str) -> Post | None:
        """Return the post with this full id as it stands now, or None."""
        page = self.pages.get(post_id.partition("_")[0])
        if page is None:
            return None
        self.fire_due_posts(page)
        return page.posts.get(post_id)

    def fire_due_posts(self, page: Page) -> None:
        """Publish the scheduled posts and the ready videos whose time has come, each at its own due time."""
        now = self.now()
        for post in [page.posts[post_id] for post_id in page.waiting]:
            due_at = post.scheduled_publish_time
            if due_at is not None and due_at <= now:
                page.waiting.discard(post.id)
                self._fire_post(page, post, float(due_at))
        for video in [self.library.videos[video_id] for video_id in page.waiting_videos]:
            public_from = video.public_from()
            if public_from is not None and public_from <= now:
                page.waiting_videos.discard(video.id)
                self._fire_video(page, video, public_from)

    def _fire_post(self, page: Page, post: Post, due_at: float) -> None:
        if post.fate is Fate.VANISHES:
            self.delete_post(post)
        elif post.fate is Fate.FIRES:
            post.publish(at=due_at)
            page.last_published = post.content

    def _fire_video(self, page: Page, video: Video, at: float) -> None:
        if video.fate is Fate.VANISHES:
            self.library.remove_video(video.id)
        elif video.fate is Fate.FIRES:
            post = self.add_post(
                page,
                app_id=video.app_id,
                message=video.description,
                link=None,
                is_published=True,
                publish_at=None,
                video_id=video.id,
                created_at=at,
            )
            video.post_id, video.scheduled_publish_time = post.id, None

    def delete_post(self, post: Post) -> None:
        """Remove a post; what was last published stays remembered, so the same text right after it is a duplicate."""
        page = self.pages[post.page_id]
        page.posts.pop(post.id, None)
        page.waiting.discard(post.id)
        self.library.let_go(post)
        if post.video_id is not None:
            self.library.remove_video(post.video_id)

    def find_photo(self, photo_id: str) -> Photo | None:
        """Return the photo with this id, or None when there is none (any more)."""
        self.collect_unused_photos()
        return self.library.photos.get(photo_id)

    def collect_unused_photos(self) -> None:
        """Delete the photos that no post has used in time (D-PHOTOS: about 24 hours)."""
        self.library.collect_unused(uploaded_until=self.now() - self.settings.unused_photo_seconds)

    def delete_photo(self, photo: Photo) -> None:
        """Remove a photo, and its post when it was the last one of it."""
        post = self.find_post(photo.post_id) if photo.post_id else None
        if post is not None:
            post.photo_ids = tuple(photo_id for photo_id in post.photo_ids if photo_id != photo.id)
        self.library.remove_photo(photo)
        if post is not None and not post.photo_ids:
            self.delete_post(post)

    def find_video(self, video_id: str) -> Video | None:
        """Return the video with this id as it stands now, or None."""
        if video := self.library.videos.get(video_id):
            self.fire_due_posts(self.pages[video.page_id])
        return self.library.videos.get(video_id)

    def plan_video(self, video: Video, *, at: float, is_scheduled: bool, fate: Fate = Fate.FIRES) -> None:
        """Let a video become a post at a time, or as soon after it as it is ready."""
        video.publish_at, video.scheduled_publish_time = at, int(at) if is_scheduled else None
        video.fate = fate
        self.pages[video.page_id].waiting_videos.add(video.id)
        self.fire_due_posts(self.pages[video.page_id])

    def delete_video(self, video: Video) -> None:
        """Remove a video, its upload and its post."""
        page = self.pages[video.page_id]
        page.waiting_videos.discard(video.id)
        if post := page.posts.get(video.post_id or ""):
            self.delete_post(post)
        self.library.remove_video(video.id)

    def has_expired(self, opened_at: float) -> bool:
        """Whether an upload begun then can no longer be gone on with."""
        return self.now() - opened_at >= self.settings.upload_session_seconds
