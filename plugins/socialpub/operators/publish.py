"""One lane as a mapped task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowRescheduleException, AirflowSkipException

from socialpub.errors import ConfigurationError
from socialpub.operators.links import LivePostLink
from socialpub.operators.retry_policy import RETRY_DELAYS, PostsFailedError, PostsWaitError, PublishRetryPolicy

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from socialpub.db.posts import LaneDescription, Run
    from socialpub.services.lane import LaneResult
    from socialpub.services.publish import Publisher
    from socialpub.services.upload import MediaUploader

PUBLISH_RETRIES: dict[str, Any] = {
    "retries": len(RETRY_DELAYS),
    "retry_policy": PublishRetryPolicy(),
    # A killed worker never reaches the policy; these stand in for it then.
    "retry_delay": RETRY_DELAYS[0],
    "retry_exponential_backoff": 3.0,
    "max_retry_delay": RETRY_DELAYS[-1],
}


LOOK_AT_VIDEO_AFTER = timedelta(seconds=15)


class PublishPostsOperator(BaseOperator):
    """Publishes the scheduled posts of one lane, each at its second, and fails only when a person is needed.

    :param post_ids: ids of scheduled posts that this DAG run has claimed.
    """

    # No template_fields: rendering them would cost each task a round trip.
    operator_extra_links = (LivePostLink(),)
    ui_color = "#d8f3dc"

    def __init__(self, *, post_ids: Sequence[str], **kwargs: Any) -> None:  # noqa: ANN401 - BaseOperator's own
        super().__init__(**kwargs)
        self.post_ids = post_ids
        self.live_post_url: str | None = None

    @cached_property
    def engine(self) -> Engine:
        """One for the label and the work: connecting costs as much as either."""
        from socialpub.hooks.database import open_database

        return open_database(pool_size=8)

    @cached_property
    def label(self) -> str:
        """What Airflow's grid calls this mapped task, from before it starts (`map_index_template`)."""
        from uuid import UUID

        from socialpub.db.engine import transaction
        from socialpub.db.posts import describe_lane

        with transaction(self.engine, actor="airflow") as session:
            return label_lane(describe_lane(session, [UUID(post_id) for post_id in self.post_ids]))

    def execute(self, context: Context) -> None:
        """Work the posts as one lane and end the task the way they ended."""
        from socialpub.services.latencies import write_latencies

        try:
            self._work(context, self.take_posts(context))
        finally:
            write_latencies(self.engine)
            self.engine.dispose()

    def take_posts(self, context: Context) -> Sequence[str]:
        """The ids of the posts to publish, claimed for this run."""
        return self.post_ids

    def _work(self, context: Context, post_ids: Sequence[str]) -> None:
        from uuid import UUID

        from socialpub.db.posts import Run
        from socialpub.services.lane import work_lane
        from socialpub.settings import load_settings

        dag_run = context["dag_run"]
        run, ids = Run(dag_run.dag_id, dag_run.run_id), [UUID(post_id) for post_id in post_ids]
        publisher = self._open_publisher(self.engine, run, ids)
        self._warn_of_skew(publisher)
        result = work_lane(publisher, ids, threads=load_settings().lane_threads)
        self._end(result, publisher.clock.now())

    def _open_publisher(self, engine: Engine, run: Run, post_ids: Sequence[UUID]) -> Publisher:
        """A lane that can't work gives its posts back, with the reason on each row."""
        from socialpub.db.engine import transaction
        from socialpub.db.posts import release_posts
        from socialpub.settings import load_settings

        try:
            return open_publisher(engine, run)
        except ConfigurationError as error:
            with transaction(engine, actor=str(run)) as session:
                release_posts(
                    session,
                    run,
                    post_ids,
                    reason=str(error),
                    error_class=type(error).__name__,
                    hold_for=load_settings().retries.hold_for,
                )
            raise

    def _warn_of_skew(self, publisher: Publisher) -> None:
        skew = publisher.clock.skew.total_seconds()
        if abs(skew) > 2:
            self.log.warning(
                "This machine's clock is %.1f s off the database's, which posts follow. Next: set up NTP here.",
                skew,
            )

    def _end(self, result: LaneResult, now: datetime) -> None:
        # What was published is in the log already, post by post; a line more each would cost a burst its time.
        self.log.info("Published in this lane: %d", len(result.published))
        for line in result.elsewhere:
            self.log.info("%s", line)
        self.live_post_url = result.permalink_url
        if result.retry_at:
            raise PostsWaitError("; ".join(result.waiting), delay=max(result.retry_at - now, timedelta(0)))
        if result.resume_at:
            self.log.warning("Rate limited, no try used: %s", "; ".join(result.waiting))
        if result.processed:
            self.log.info("Facebook processes the video; no worker waits for it: %s", "; ".join(result.processed))
        looks = [now + LOOK_AT_VIDEO_AFTER] if result.processed else []
        if resume_at := min([*looks, *([result.resume_at] if result.resume_at else [])], default=None):
            raise AirflowRescheduleException(resume_at)  # type: ignore[no-untyped-call]
        if result.failed:
            raise PostsFailedError("; ".join(result.failed))
        if not result.published:
            raise AirflowSkipException("; ".join(result.elsewhere) or "No post of this lane exists any more.")


def label_lane(lane: LaneDescription) -> str:
    """`Page · title · 14:05` in the LARP's time zone; for several posts, how many and from when."""
    import pendulum

    if lane.publish_at is None or lane.time_zone is None:
        return "no posts"
    at = pendulum.instance(lane.publish_at).in_timezone(lane.time_zone).format("HH:mm")
    if lane.posts == 1:
        return f"{lane.page_name} · {lane.title} · {at}"[:250]
    return f"{lane.pages} Pages · {lane.posts} posts · {at}"


def open_publisher(engine: Engine, run: Run) -> Publisher:
    """Everything a lane needs, from the Airflow connections and the settings."""
    from socialpub.db.clock import read_clock
    from socialpub.hooks.facebook import FacebookHook
    from socialpub.services.confirm import Confirmer
    from socialpub.services.publish import Publisher
    from socialpub.services.record import Recorder
    from socialpub.settings import load_settings

    settings, hook, clock = load_settings(), FacebookHook(), read_clock(engine)
    client = hook.get_conn()

    def open_uploader() -> MediaUploader:
        from socialpub.hooks.storage import AirflowMediaStore
        from socialpub.services.upload import MediaUploader

        open_user_token = hook.open_user_token if settings.upload_handles else None
        store = AirflowMediaStore(settings.media)
        return MediaUploader(engine, client, store, settings.media_limits, str(run), open_user_token)

    return Publisher(
        engine=engine,
        client=client,
        open_token=lambda page: hook.open_token(page, clock.now()),
        mask_ahead=lambda pages: hook.mask_ahead(pages, clock.now()),
        run=run,
        clock=clock,
        rules=settings.retries,
        timing=settings.timing,
        recorder=Recorder(engine, str(run)),
        confirmer=Confirmer(engine, client, run, settings.retries, settings.scan.lease, settings.settle_time),
        open_uploader=open_uploader,
    )
