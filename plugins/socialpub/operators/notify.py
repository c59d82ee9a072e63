"""Delivering messages and making digests, as tasks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from socialpub.errors import ConfigurationError, SocialpubError

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine

    from socialpub.services.digest.look_ahead import LookAhead
    from socialpub.services.digest.send_digests import DigestOrder
    from socialpub.services.notices.deliver import Delivery


_NICENESS = 19


def let_publishing_go_first() -> None:
    """Where processors are short, lanes get them before messages do. The process is the task's own and ends with it."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


class DeliverNotificationsOperator(BaseOperator):
    """Makes messages of the events that wait, and sends what is due. Red while a channel does not work."""

    ui_color = "#fdebd0"

    def execute(self, context: Context) -> None:
        from socialpub.hooks.database import open_database

        let_publishing_go_first()
        engine = open_database(pool_size=1)
        try:
            self._work(engine, is_scheduled=str(context["dag_run"].run_id).startswith("scheduled"))
        finally:
            engine.dispose()

    def _work(self, engine: Engine, *, is_scheduled: bool) -> None:
        from socialpub.hooks.notices import open_writer
        from socialpub.notifications import open_couriers
        from socialpub.services.notices.deliver import deliver
        from socialpub.services.notices.route_events import route_events
        from socialpub.settings import load_settings

        settings, actor = load_settings(), "deliver_notifications"
        if is_scheduled:
            self._tell_unhealthy(engine)
        routed = route_events(engine, settings.grouping, actor=actor)
        delivery = deliver(engine, open_couriers(), open_writer(), settings.delivery, actor=actor)
        self.log.info(
            "Events: %d. Messages: %d sent, %d wait for another try, %d given up.",
            routed, delivery.sent, delivery.waiting, delivery.dead,
        )  # fmt: skip
        self._end(delivery)
        if is_scheduled:
            check_setup(engine)

    def _tell_unhealthy(self, engine: Engine) -> None:
        from socialpub.db.engine import transaction
        from socialpub.db.notifications import tell_unhealthy

        with transaction(engine, actor="deliver_notifications") as session:
            if forgotten := tell_unhealthy(session):
                self.log.warning("%d posts are overdue and nobody has claimed them.", forgotten)

    def _end(self, delivery: Delivery) -> None:
        if delivery.problems:
            raise SocialpubError("\n".join(delivery.problems))


class SendDailyDigestOperator(BaseOperator):
    """Makes the digest of each LARP whose morning it is. With `dry_run` it is only shown, in the task's log."""

    ui_color = "#fdebd0"

    def execute(self, context: Context) -> None:
        from socialpub.hooks.database import open_database
        from socialpub.hooks.notices import open_writer
        from socialpub.services.digest.send_digests import send_digests

        let_publishing_go_first()
        engine, order = open_database(), read_order(context)
        try:
            run = send_digests(engine, open_writer(), order, checks=[open_look_ahead(engine)])
        finally:
            engine.dispose()
        for text in run.shown:
            self.log.info("Dry run, nothing is sent:\n%s", text)
        self.log.info("Digests made: %d; messages: %d.", run.made, run.messages)
        if run.problems:
            raise ConfigurationError("\n".join(run.problems))
        if not run.made:
            raise AirflowSkipException("Dry run." if order.is_dry_run else "No digest is due.")


def open_look_ahead(engine: Engine) -> LookAhead:
    """At media where the settings say they are, and at links."""
    from socialpub.hooks.storage import AirflowMediaStore
    from socialpub.services.digest.look_ahead import LookAhead
    from socialpub.settings import load_settings

    settings = load_settings()
    return LookAhead(engine, AirflowMediaStore(settings.media), settings.media_limits, settings.link_limits)


def read_order(context: Context) -> DigestOrder:
    """The run's form. Raises `UnknownPostError` for a LARP that is no id."""
    from socialpub.operators.publish_now import read_id
    from socialpub.services.digest.send_digests import DigestOrder

    params = context["params"]
    larp = str(params["larp"] or "").strip()
    return DigestOrder(
        larp_id=read_id(larp) if larp else None,
        is_forced=bool(params["force"]),
        is_dry_run=bool(params["dry_run"]),
        run_id=str(context["dag_run"].run_id),
    )


def check_setup(engine: Engine) -> None:
    """Whether what comes next would go out: routes, connections, servers, channels, templates. `ConfigurationError`."""
    from socialpub.hooks.notices import open_writer
    from socialpub.notifications import open_couriers
    from socialpub.services.notices.check_setup import ask_channels, check_templates

    ask_channels(engine, open_couriers())
    check_templates(open_writer().templates)
