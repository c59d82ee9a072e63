"""The smoke test as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from socialpub.errors import SocialpubError

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from socialpub.hooks.facebook import FacebookHook
    from socialpub.models import FacebookPageConnection
    from socialpub.services.smoke import SmokeTest


class SmokeTestOperator(BaseOperator):
    """Tries publishing on each sandbox Page; returns how many seconds each step took, by Page.

    A Page that fails is tried to its end, and the others are tried too; then the task is red.
    """

    ui_color = "#d8f3dc"

    def execute(self, context: Context) -> dict[str, dict[str, float]]:
        from socialpub.db.clock import read_clock
        from socialpub.graph.request_log import about
        from socialpub.hooks.database import open_database
        from socialpub.hooks.facebook import FacebookHook
        from socialpub.services.latencies import write_latencies
        from socialpub.services.smoke import SmokeTestError, find_sandbox_pages

        engine, run = open_database(pool_size=1), context["dag_run"]
        try:
            pages = find_sandbox_pages(engine)
            if not pages:
                raise AirflowSkipException(
                    "No connected Page is marked to be tried on. Next: socialpub sandbox --page PAGE_ID"
                )
            hook, clock = FacebookHook(), read_clock(engine)
            report, problems = dict[str, dict[str, float]](), list[str]()
            with about(run=f"{run.dag_id}/{run.run_id}"):
                for page in pages:
                    try:
                        report[page.page_id] = self._try(engine, hook, page, clock.now())
                    except SocialpubError as error:
                        problems.append(f"{page}: {error}")
        finally:
            write_latencies(engine)
            engine.dispose()
        if problems:
            raise SmokeTestError("\n".join(problems))
        return report

    def _try(self, engine: Engine, hook: FacebookHook, page: FacebookPageConnection, now: datetime) -> dict[str, float]:
        from socialpub.services.smoke import SmokeTest

        trial = SmokeTest(engine, hook.get_conn(), page, hook.open_token(page, now))
        try:
            return trial.run(now)
        finally:
            self.log.info("%s: %s", page, _describe(trial))


def _describe(trial: SmokeTest) -> str:
    """Each step with its seconds, also of a trial that failed."""
    steps = ", ".join(f"{step} {taken:.2f} s" for step, taken in trial.seconds.items())
    words = steps if "webhook" in trial.seconds else f"{steps}; no webhook came"
    return f"{words}; it failed at {trial.failed_step}" if trial.failed_step else words
