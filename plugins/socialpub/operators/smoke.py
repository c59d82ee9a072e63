"""The smoke test as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context


class SmokeTestOperator(BaseOperator):
    """Tries publishing on each sandbox Page; returns how many seconds each step took, by Page."""

    ui_color = "#d8f3dc"

    def execute(self, context: Context) -> dict[str, dict[str, float]]:
        from socialpub.db.clock import read_clock
        from socialpub.graph.request_log import about
        from socialpub.hooks.database import open_database
        from socialpub.hooks.facebook import FacebookHook
        from socialpub.services.latencies import write_latencies
        from socialpub.services.smoke import SmokeTest, find_sandbox_pages

        engine, run = open_database(pool_size=1), context["dag_run"]
        try:
            pages = find_sandbox_pages(engine)
            if not pages:
                raise AirflowSkipException(
                    "No connected Page is marked to be tried on. Next: socialpub sandbox --page PAGE_ID"
                )
            hook, clock = FacebookHook(), read_clock(engine)
            client, report = hook.get_conn(), {}
            with about(run=f"{run.dag_id}/{run.run_id}"):
                for page in pages:
                    now = clock.now()
                    report[page.page_id] = SmokeTest(engine, client, page, hook.open_token(page, now)).run(now)
                    self.log.info("%s: %s", page, _describe(report[page.page_id]))
        finally:
            write_latencies(engine)
            engine.dispose()
        return report


def _describe(seconds: dict[str, float]) -> str:
    steps = ", ".join(f"{step} {taken:.2f} s" for step, taken in seconds.items())
    return steps if "webhook" in seconds else f"{steps}; no webhook came"
