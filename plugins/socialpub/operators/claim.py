"""The scan as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from socialpub.services.claim import Scan


class ClaimDuePostsOperator(BaseOperator):
    """Claims what is due for this run and returns its lanes: lists of scheduled-post ids, one list a mapped task."""

    ui_color = "#dbe9ff"

    def execute(self, context: Context) -> list[list[str]]:
        from socialpub.db.posts import Run
        from socialpub.hooks.database import open_database
        from socialpub.services.claim import scan_due_posts
        from socialpub.settings import load_settings

        dag_run = context["dag_run"]
        run = Run(dag_run.dag_id, dag_run.run_id)
        engine = open_database(pool_size=1)
        try:
            scan = scan_due_posts(engine, run, load_settings().scan)
        finally:
            engine.dispose()
        self._report(scan)
        return [[str(post_id) for post_id in lane] for lane in scan.lanes]

    def _report(self, scan: Scan) -> None:
        self.log.info(
            "Claimed %d posts into %d lanes; %d to look up; rescued %d unsent and %d unconfirmed; %d came too late.",
            scan.claimed, len(scan.lanes), scan.to_confirm, scan.released, scan.suspected, scan.missed,
        )  # fmt: skip
        for held in scan.held:
            self.log.warning(
                "%d due posts of Page %s (%s) wait: %s", held.posts, held.page_name, held.page_id, held.why
            )
