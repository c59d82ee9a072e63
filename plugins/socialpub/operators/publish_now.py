"""Publish one post at once, because a person asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from airflow.sdk.exceptions import AirflowSkipException

from socialpub.errors import UnknownPostError
from socialpub.operators.publish import PublishPostsOperator

if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk import Context


class PublishPostNowOperator(PublishPostsOperator):
    """Claims the post that the run's form names, and publishes it like any other; with `dry_run`, only shows it."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - BaseOperator's own arguments
        super().__init__(post_ids=(), **kwargs)

    def take_posts(self, context: Context) -> Sequence[str]:
        from socialpub.db.posts import Run
        from socialpub.hooks.airflow_runs import read_person
        from socialpub.services.publish_now import claim_post_by_hand
        from socialpub.settings import load_settings

        params, dag_run = context["params"], context["dag_run"]
        wanted = read_id(str(params["post"]))
        if params["dry_run"]:
            self._show(wanted)
        post_id = claim_post_by_hand(
            self.engine,
            Run(dag_run.dag_id, dag_run.run_id),
            wanted,
            actor=read_person(dag_run.triggering_user_name),
            reason=str(params["reason"]).strip(),
            lease=load_settings().scan.lease,
        )
        return [str(post_id)]

    def _show(self, wanted: UUID) -> NoReturn:
        """Log the exact request without sending it, and skip the task: nothing was published."""
        from socialpub.services.publish_now import show_request

        post, request = show_request(self.engine, wanted)
        self.log.info("Dry run, nothing is sent. %s would be:\nPOST /%s\n%s", post.name, request.edge, request.data)
        raise AirflowSkipException("Dry run: nothing was sent.")


def read_id(text: str) -> UUID:
    """Raises `UnknownPostError` for anything that is no UUID."""
    try:
        return UUID(text.strip())
    except ValueError as error:
        raise UnknownPostError(
            f"“{text[:80]}” is not the id of a draft or scheduled post.",
            next_step="copy the id (a UUID) from the backoffice, or from social_scheduled_posts.id.",
        ) from error
