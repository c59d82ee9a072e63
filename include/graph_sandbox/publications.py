"""What Pages show (posts, photos, videos, comments), and what becomes of it as time passes."""

from __future__ import annotations

import time

from graph_sandbox.entities import Comment, Fate, Page, Post
from graph_sandbox.library import Library, Owner, new_number
from graph_sandbox.media import Photo, Video
from graph_sandbox.settings import Settings


class Publications:
    """The part of the world that is about Pages' content; the rest is `graph_sandbox.state.World`."""

    pages: dict[str, Page]
    library: Library
    settings: Settings
    clock_offset_seconds: float

    def tell_webhooks(self, post: Post, verb: str, *, at: float) -> None:
        """As `World` does it."""
        raise NotImplementedError

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds: the real clock plus the scripted offset."""
        return time.time() + self.clock_offset_seconds

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
            self.tell_webhooks(post, "add", at=now)
            return post
        if self.settings.tells_of_unseen_posts:
            self.tell_webhooks(post, "add", at=now)
        if publish_at is not None:
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
            self.tell_webhooks(post, "add", at=due_at)

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
        if page.posts.pop(post.id, None) and post.is_published:
            self.tell_webhooks(post, "remove", at=self.now())
        page.waiting.discard(post.id)
        self.library.let_go(post)
        if post.video_id is not None:
            self.library.remove_video(post.video_id)

    def add_comment(self, post: Post, message: str) -> Comment:
        """Put a comment of the Page under a post and return it."""
        number = new_number()
        comment = Comment(f"{post.suffix}_{number}", post.id, post.page_id, message, self.now(), number)
        post.comments[comment.id] = comment
        self.library.commented_posts[comment.id] = post.id
        self.library.owners[comment.id] = Owner("comment", post.page_id)
        return comment

    def find_comment(self, comment_id: str) -> Comment | None:
        """Return the comment with this id, or None when there is none (any more)."""
        post = self.find_post(self.library.commented_posts.get(comment_id, ""))
        return post.comments.get(comment_id) if post else None

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
