"""A lane with real parts: PostgreSQL, the Graph sandbox over HTTP, and the services between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from socialpub.db.clock import read_clock
from socialpub.db.posts import Run
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.limits import MediaLimits, VideoLimits
from socialpub.media.places import MediaPlaces
from socialpub.models import FacebookPageConnection
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.confirm import Confirmer
from socialpub.services.lane import LaneResult, work_lane
from socialpub.services.outcomes import RetryRules
from socialpub.services.publish import Publisher, PublishTiming
from socialpub.services.record import Recorder
from socialpub.services.upload import MediaUploader

PAGE = "200000000000001"


@dataclass
class Desk:
    """One database, one sandbox, one folder of media, and the verbs of a run."""

    world: World
    sandbox: SandboxServer
    media: Path
    run: Run = Run("publish_due_posts", "scheduled__1")
    timing: PublishTiming = PublishTiming(look_ups=(timedelta(0),), order_wait=timedelta(seconds=1))
    settle_time: timedelta = timedelta(seconds=120)
    limits: MediaLimits = MediaLimits()
    open_user_token: Callable[[FacebookPageConnection], Secret | None] | None = None

    def client(self) -> GraphClient:
        hosts = {"graph_url": self.sandbox.url, "graph_video_url": self.sandbox.url, "rupload_url": self.sandbox.url}
        return GraphClient(GraphSettings("100000000000001", Secret("sandbox-app-secret"), **hosts, read_timeout=2.0))

    def uploader(self) -> MediaUploader:
        store = AirflowMediaStore(MediaPlaces(str(self.media)))
        return MediaUploader(
            self.world.engine(), self.client(), store, self.limits, str(self.run), self.open_user_token
        )

    def put(self, name: str, content: bytes) -> str:
        """Store a file; returns its storage path."""
        (self.media / name).write_bytes(content)
        return name

    def publisher(self) -> Publisher:
        engine, rules = self.world.engine(pool_size=8), RetryRules()
        client = self.client()
        clock, cipher = read_clock(engine), TokenCipher([TOKEN_KEY])
        return Publisher(
            engine=engine,
            client=client,
            open_token=lambda page: page.get_page_access_token(cipher, clock.now()),
            mask_ahead=lambda pages: None,
            run=self.run,
            clock=clock,
            rules=rules,
            timing=self.timing,
            recorder=Recorder(engine, str(self.run)),
            confirmer=Confirmer(engine, client, self.run, rules, timedelta(minutes=3), self.settle_time),
            open_uploader=self.uploader,
        )

    def scan(self) -> list[list[UUID]]:
        return scan_due_posts(self.world.engine(), self.run, ScanLimits(catch_up_pace=timedelta(0))).lanes

    def work(self, *posts: UUID, threads: int = 8) -> LaneResult:
        return work_lane(self.publisher(), posts, threads=threads)

    def scan_and_work(self) -> list[LaneResult]:
        return [self.work(*lane) for lane in self.scan()]

    def later(self, minutes: float, *, keeps_plans: bool = False) -> None:
        """As if so much time had passed: everything the database remembers moves into the past.

        With `keeps_plans` the posts' own times stay, as Facebook knows them.
        """
        plans = () if keeps_plans else ("publish_at", "handed_over_for")
        ago = f"interval '{minutes} minutes'"
        with self.world.connect() as connection:
            connection.execute("set session_replication_role = replica")  # No trigger may object to time travel.
            for table, columns in (
                ("social_publish_attempts", ("started_at", "sent_at", "finished_at")),
                (
                    "social_scheduled_posts",
                    ("next_attempt_at", "lease_expires_at", "published_at", "handed_over_at", *plans),
                ),
                ("social_first_comments", ("due_at", "updated_at")),
                ("social_media_cleanups", ("not_before",)),
                ("facebook_page_connections", ("rate_limited_until",)),
                ("social_draft_assets", ("uploaded_at",)),
            ):
                moves = ", ".join(f"{column} = {column} - {ago}" for column in columns)
                connection.execute(f"update {table} set {moves}")

    def live(self, page_id: str = PAGE) -> list[str | None]:
        """What people see on the Page."""
        return [post.message for post in self.sandbox.control.posts(page_id)]

    def sent(self, message: str) -> int:
        return sum(a.message == message for a in self.sandbox.control.arrivals(edge="feed", method="POST"))

    def row(self, post: UUID) -> tuple:
        return self.world.one(
            "select status, status_reason, facebook_post_id, permalink_url from social_scheduled_posts where id = %s",
            post,
        )

    def attempts(self, post: UUID) -> list[tuple]:
        with self.world.connect() as connection:
            return connection.execute(
                "select attempt_number, outcome, error_class, error_code from social_publish_attempts"
                " where scheduled_post_id = %s order by 1",
                (post,),
            ).fetchall()

    def as_run(self, run_id: str) -> Desk:
        return replace(self, run=Run("publish_due_posts", run_id))


CHUNKED = MediaLimits(video=VideoLimits(single_request_bytes=1))
"""Every video goes up in chunks, however small."""


@pytest.fixture
def desk(world: World, sandbox_server: SandboxServer, tmp_path: Path) -> Desk:
    sandbox_server.control.reset()
    sandbox_server.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    return Desk(world, sandbox_server, tmp_path)
