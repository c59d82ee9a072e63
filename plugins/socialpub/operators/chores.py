"""What is done beside publishing at the second, as tasks: look whether there is any, then each kind for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.sdk import BaseOperator

from socialpub.errors import SocialpubError
from socialpub.operators.publish import open_publisher

if TYPE_CHECKING:
    from airflow.sdk import Context

    from socialpub.services.publish import Publisher


_SEALS_A_RUN = 8
"""Some seconds' work, which the task has time for; what a million rows in one statement leave takes a few runs."""


class ChoresFailedError(SocialpubError):
    """Something was given up: a person is needed."""


class FindChoresOperator(BaseBranchOperator):
    """Chooses the tasks that have something to do, with one query; the others are skipped without a process of theirs.

    Tasks are found by their ids: `hand_over_posts`, `verify_posts`, `clean_up`, `post_first_comments`,
    `process_webhook_events`, `tidy_up`. What the audit log has new is sealed on the way, which takes less than a task
    of its own would.
    """

    ui_color = "#dbe9ff"

    def choose_branch(self, context: Context) -> list[str]:
        from socialpub.db.chores import find_chores
        from socialpub.db.engine import transaction
        from socialpub.hooks.database import open_database
        from socialpub.services.audit.seal import seal_audit_log
        from socialpub.services.audit.verify import read_head
        from socialpub.settings import load_settings

        settings, engine = load_settings(), open_database(pool_size=1)
        try:
            sealed = seal_audit_log(engine, max_seals=_SEALS_A_RUN)
            head = read_head(engine)
            with transaction(engine, actor=context["dag_run"].dag_id) as session:
                chores = find_chores(
                    session,
                    min_ahead=settings.hand_over.min_ahead,
                    max_ahead=settings.hand_over.max_ahead,
                    look_after=settings.verify.look_after,
                    max_cleanups=settings.clean_up.max_tries,
                    events_kept=settings.tidy.events_kept,
                    answers_kept=settings.tidy.answers_kept,
                    uploads_kept=settings.tidy.uploads_kept,
                    finished_kept=settings.tidy.finished_kept,
                )
        finally:
            engine.dispose()
        # A copy of the head outside of the database: the tail of the log can't be cut off unseen behind it.
        self.log.info("%s rows of the audit log are sealed; the head is %s.", sealed, head)
        wanted = {
            "hand_over_posts": chores.has_posts_to_hand_over,
            "verify_posts": chores.has_posts_to_verify,
            "clean_up": chores.has_cleanups,
            "post_first_comments": chores.has_first_comments,
            "process_webhook_events": chores.has_webhook_events,
            "tidy_up": chores.has_old_rows,
        }
        return [task_id for task_id, has_work in wanted.items() if has_work]


class ChoreOperator(BaseOperator):
    """Does one kind of work for this run and logs what came of it."""

    ui_color = "#d8f3dc"

    def execute(self, context: Context) -> None:
        """Fails when something was given up in this run; the log names it."""
        from socialpub.db.posts import Run
        from socialpub.graph.request_log import about
        from socialpub.hooks.database import open_database
        from socialpub.services.latencies import write_latencies

        dag_run, engine = context["dag_run"], open_database()
        run = Run(dag_run.dag_id, dag_run.run_id)
        try:
            with about(run=str(run)):
                ended = self.work(open_publisher(engine, run))
        finally:
            write_latencies(engine)
            engine.dispose()
        self.log.info("%s", describe(ended))
        if trouble := self.find_trouble(ended):
            raise ChoresFailedError(trouble, next_step="the lines above name each and say what to do.")

    def work(self, publisher: Publisher) -> Counter[str]:
        """How many ended in which way."""
        raise NotImplementedError

    def find_trouble(self, ended: Mapping[str, int]) -> str | None:
        """Why a person is needed, if one is."""
        return None


class HandOverPostsOperator(ChoreOperator):
    """Hands native posts over to Facebook."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.services.hand_over import hand_over_posts
        from socialpub.settings import load_settings

        return hand_over_posts(publisher, load_settings().hand_over)


class VerifyPostsOperator(ChoreOperator):
    """Looks after posts that Facebook holds."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.services.verify_handed_over import verify_handed_over_posts
        from socialpub.settings import load_settings

        settings = load_settings()
        return verify_handed_over_posts(publisher, settings.verify, settings.hand_over)

    def find_trouble(self, ended: Mapping[str, int]) -> str | None:
        return f"{ended['failed']} posts failed with Facebook." if ended["failed"] else None


class CleanUpOperator(ChoreOperator):
    """Deletes at Facebook what nobody needs any more."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.services.clean_up import clean_up
        from socialpub.settings import load_settings

        return clean_up(publisher, load_settings().clean_up)

    def find_trouble(self, ended: Mapping[str, int]) -> str | None:
        return f"{ended['given_up']} clean-ups are given up." if ended["given_up"] else None


class PostFirstCommentsOperator(ChoreOperator):
    """Posts first comments under published posts."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.services.first_comments import post_first_comments

        return post_first_comments(publisher)

    def find_trouble(self, ended: Mapping[str, int]) -> str | None:
        return f"{ended['failed']} first comments failed; their posts are live." if ended["failed"] else None


class ProcessWebhookEventsOperator(ChoreOperator):
    """Compares what Facebook's webhook sent with our posts; usually the API server has done it already."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.services.webhook import process_events
        from socialpub.settings import load_settings

        return process_events(publisher.engine, load_settings().webhook)

    def find_trouble(self, ended: Mapping[str, int]) -> str | None:
        return f"{ended['failed']} events can't be processed." if ended["failed"] else None


class TidyUpOperator(ChoreOperator):
    """Deletes old events, answers and revocations, and files that were uploaded for nothing."""

    def work(self, publisher: Publisher) -> Counter[str]:
        from socialpub.hooks.storage import AirflowMediaStore
        from socialpub.services.tidy_up import forget_uploads, tidy_up
        from socialpub.settings import load_settings

        settings, actor = load_settings(), str(publisher.run)
        store = AirflowMediaStore(settings.media)
        ended = tidy_up(publisher.engine, settings.tidy, actor=actor)
        return ended + forget_uploads(publisher.engine, settings.tidy, store.remove, actor=actor)


def describe(ended: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(ended.items())) or "Nothing was left to do."
