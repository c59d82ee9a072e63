"""Uploading media ahead, as tasks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from socialpub.errors import InvalidPostError, MediaError, MediaUnavailableError, TokenLostError
from socialpub.operators.retry_policy import PostsFailedError

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine


class FindUploadsOperator(BaseOperator):
    """Returns the ids of the scheduled posts whose media want to be at Facebook by now."""

    ui_color = "#dbe9ff"

    def execute(self, context: Context) -> list[str]:
        from socialpub.db.posts import Run
        from socialpub.hooks.database import open_database
        from socialpub.services.preupload import find_uploads
        from socialpub.settings import load_settings

        dag_run, settings = context["dag_run"], load_settings()
        engine = open_database(pool_size=1)
        try:
            run = Run(dag_run.dag_id, dag_run.run_id)
            posts = find_uploads(engine, run, settings.uploads, claim_ahead=settings.scan.claim_ahead)
        finally:
            engine.dispose()
        self.log.info("The media of %d posts are to be uploaded.", len(posts))
        return [str(post_id) for post_id in posts]


class UploadMediaOperator(BaseOperator):
    """Uploads the photos or the video of one scheduled post; a killed one goes on where its last chunk arrived.

    :param post_id: id of the scheduled post.
    """

    ui_color = "#d8f3dc"

    def __init__(self, *, post_id: str, **kwargs: Any) -> None:  # noqa: ANN401 - BaseOperator's own
        super().__init__(**kwargs)
        self.post_id = post_id

    @cached_property
    def engine(self) -> Engine:
        from socialpub.hooks.database import open_database

        return open_database(pool_size=2)

    @cached_property
    def label(self) -> str:
        """What Airflow's grid calls this mapped task."""
        from uuid import UUID

        from socialpub.db.engine import transaction
        from socialpub.db.posts import describe_lane
        from socialpub.operators.publish import label_lane

        with transaction(self.engine, actor="airflow") as session:
            return label_lane(describe_lane(session, [UUID(self.post_id)]))

    def execute(self, context: Context) -> None:
        from uuid import UUID

        from socialpub.db.posts import Run
        from socialpub.graph.request_log import about
        from socialpub.operators.publish import open_publisher
        from socialpub.services.latencies import write_latencies
        from socialpub.services.preupload import preupload_post

        dag_run = context["dag_run"]
        run = Run(dag_run.dag_id, dag_run.run_id)
        try:
            publisher = open_publisher(self.engine, run)
            with about(post=self.post_id, run=str(run)):
                name = preupload_post(publisher.open_uploader(), publisher.open_token, UUID(self.post_id))
        except MediaUnavailableError:
            raise
        except TokenLostError as loss:
            raise AirflowSkipException(str(loss)) from loss
        except (MediaError, InvalidPostError) as refusal:
            raise PostsFailedError(str(refusal)) from refusal
        finally:
            write_latencies(self.engine)
            self.engine.dispose()
        self.log.info("%s: its media are at Facebook.", name)
