"""The check of the tokens as tasks: whose turn it is, and one group after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from socialpub.services.check_tokens import CheckResult, TokenChecker


class ChooseConnectionsOperator(BaseOperator):
    """Returns the ids of the connections to check, in groups: one list a mapped task."""

    def execute(self, context: Context) -> list[list[str]]:
        from socialpub.hooks.database import open_database
        from socialpub.services.check_tokens import group_connections
        from socialpub.settings import load_settings

        page_id = (context["params"].get("page_id") or "").strip() or None
        engine = open_database(pool_size=1)
        try:
            groups = group_connections(engine, page_id=page_id, size=load_settings().check.group_size)
        finally:
            engine.dispose()
        self.log.info("%d connections to check in %d groups.", sum(map(len, groups)), len(groups))
        return [[str(connection_id) for connection_id in group] for group in groups]


class CheckTokensOperator(BaseOperator):
    """Checks the tokens of one group, and fails only when a person has to act.

    :param connection_ids: ids of connected Pages.
    """

    def __init__(self, *, connection_ids: Sequence[str], **kwargs: Any) -> None:  # noqa: ANN401 - BaseOperator's own
        super().__init__(**kwargs)
        self.connection_ids = connection_ids
        self.summary = ""

    @property
    def label(self) -> str:
        """What Airflow's grid calls this mapped task: first how many Pages, afterwards how they stand."""
        return self.summary or f"{len(self.connection_ids)} Pages"

    def execute(self, context: Context) -> None:
        from socialpub.hooks.database import open_database
        from socialpub.services.latencies import write_latencies
        from socialpub.settings import load_settings

        limits = load_settings().check
        engine = open_database(pool_size=limits.threads)
        try:
            dag_run = context["dag_run"]
            checker = self._open_checker(engine, actor=f"{dag_run.dag_id}/{dag_run.run_id}")
            since = dag_run.start_date or dag_run.run_after  # A cleared run starts anew, and so checks anew.
            self._end(self._check(checker, since=since, threads=limits.threads))
        finally:
            write_latencies(engine)
            engine.dispose()

    def _open_checker(self, engine: Engine, *, actor: str) -> TokenChecker:
        """Raises `AirflowFailException` when a key or an Airflow connection is missing: trying again can't help."""
        from socialpub.errors import ConfigurationError

        try:
            return open_checker(engine, actor=actor)
        except ConfigurationError as error:
            raise AirflowFailException(f"No token was checked: {error}") from error

    def _check(self, checker: TokenChecker, *, since: datetime, threads: int) -> CheckResult:
        """Raises `AirflowFailException` when the app itself is refused: trying again can't help."""
        from uuid import UUID

        from socialpub.errors import GraphError

        try:
            return checker.check([UUID(text) for text in self.connection_ids], since=since, threads=threads)
        except GraphError as error:
            raise AirflowFailException(f"Facebook refuses the app, so no token was judged: {error}") from error

    def _end(self, result: CheckResult) -> None:
        from socialpub.services.check_report import render_table, summarise

        self.summary = summarise(result.pages)
        self.log.info("%s", render_table(result.pages))
        if result.resume_at:
            self.log.warning("Facebook asked the app for a pause until %s; the rest is checked then.", result.resume_at)
            raise AirflowRescheduleException(result.resume_at)  # type: ignore[no-untyped-call]
        waiting = [f"{page.page}: {page.words}" for page in result.pages if page.needs_person]
        if waiting:
            raise AirflowFailException(f"{len(waiting)} Pages need a person. " + "; ".join(waiting)[:2000])


def open_checker(engine: Engine, *, actor: str) -> TokenChecker:
    """Everything a check needs, from the Airflow connections and the settings."""
    from socialpub.db.clock import read_clock
    from socialpub.hooks.connections import read_public_url
    from socialpub.hooks.facebook import FacebookHook, load_cipher, mask_tokens
    from socialpub.services.check_tokens import TokenChecker

    return TokenChecker(
        engine=engine,
        client=FacebookHook().get_conn(),
        cipher=load_cipher(),
        clock=read_clock(engine),
        actor=actor,
        public_url=read_public_url(),
        mask=mask_tokens,
    )
