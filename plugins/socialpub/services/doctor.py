"""Is everything there that publishing needs? One line a check, with what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, func, select

from socialpub.db.clock import read_clock
from socialpub.db.engine import transaction
from socialpub.db.schema import require_current_schema
from socialpub.errors import SocialpubError
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import app_token
from socialpub.graph.tokens import inspect_token
from socialpub.models import FacebookPageConnection, PostStatus, PublishingGate, ScheduledPublish, TokenStatus
from socialpub.models.encrypted import TokenCipher

_MAX_SKEW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    is_good: bool
    words: str


@dataclass(frozen=True, slots=True)
class AirflowLimits:
    """What Airflow lets run at once; -1 is no limit."""

    parallelism: int
    default_pool_slots: int
    metadata_connections: int
    """How many connections the API server may open to its metadata, through which every task reports."""


def examine(
    engine: Engine,
    *,
    open_cipher: Callable[[], TokenCipher],
    open_client: Callable[[], GraphClient],
    read_limits: Callable[[], AirflowLimits] | None,
    max_lanes: int,
    check_notifications: Callable[[Engine], str],
) -> Iterator[Check]:
    """Run every check; one that can't be made at all is a bad one with its reason.

    Without `read_limits` Airflow itself is not looked at.
    """
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("database", lambda: _check_schema(engine)),
        ("clock", lambda: _check_clock(engine)),
        ("airflow pools", lambda: _check_limits(read_limits, max_lanes)),
        ("token keys", lambda: _check_keys(engine, open_cipher())),
        ("facebook app", lambda: _check_app(open_client())),
        ("pages", lambda: _check_pages(engine)),
        ("gate", lambda: _check_gate(engine)),
        ("posts", lambda: _check_posts(engine)),
        ("notifications", lambda: check_notifications(engine)),
    )
    for name, check in checks:
        try:
            yield Check(name, True, check())
        except SocialpubError as error:
            yield Check(name, False, str(error))


def _check_schema(engine: Engine) -> str:
    with transaction(engine, actor="doctor") as session:
        require_current_schema(session.connection())
    return "reachable, schema up to date"


def _check_clock(engine: Engine) -> str:
    skew = read_clock(engine).skew
    if abs(skew) > _MAX_SKEW:
        raise SocialpubError(
            f"This machine's clock is {skew.total_seconds():.1f} s off the database's.", next_step="set up NTP here."
        )
    return f"{skew.total_seconds():+.3f} s off the database's"


def _check_limits(read_limits: Callable[[], AirflowLimits] | None, max_lanes: int) -> str:
    if read_limits is None:
        return "not looked at: the database was named directly, so this need not be where Airflow runs"
    limits = read_limits()
    needed = max_lanes + 2  # The lanes, the next scan, and a post by hand.
    too_few = [
        f"{name} is {value}, {least} are needed"
        for name, value, least in (
            ("[core] parallelism", limits.parallelism, needed),
            ("the default pool's slots", limits.default_pool_slots, needed),
            ("[database] sql_alchemy_pool_size + max_overflow", limits.metadata_connections, 2 * needed),
        )
        if 0 <= value < least
    ]
    if too_few:
        raise SocialpubError(
            f"{'; '.join(too_few)} for {max_lanes} lanes.",
            next_step="raise it as config/airflow.env does, or lower SOCIALPUB_MAX_LANES.",
        )
    return f"room for {max_lanes} lanes"


def _check_keys(engine: Engine, cipher: TokenCipher) -> str:
    with transaction(engine, actor="doctor") as session:
        pages = session.scalars(
            select(FacebookPageConnection).where(FacebookPageConnection.access_token.is_not(None))
        ).all()
        for page in pages:
            if page.access_token is not None:
                cipher.decrypt(page.access_token)
    return f"open the tokens of {len(pages)} Pages"


def _check_app(client: GraphClient) -> str:
    inspect_token(client, app_token(client.settings))
    return f"Facebook knows app {client.settings.app_id}"


def _check_pages(engine: Engine) -> str:
    with transaction(engine, actor="doctor") as session:
        pages = session.scalars(select(FacebookPageConnection).where(FacebookPageConnection.disconnected_at.is_(None)))
        held = [f"{page}: {why}" for page in pages if (why := _why_held(page))]
    if held:
        raise SocialpubError("; ".join(held) + ".", next_step="reconnect the Page, or resume it.")
    return "none is paused or without its token"


def _why_held(page: FacebookPageConnection) -> str | None:
    if page.token_status == TokenStatus.LOST or page.access_token is None:
        return f"no token ({page.token_status_reason or 'never connected'})"
    return f"paused by {page.paused_by} ({page.pause_reason})" if page.paused_at else None


def _check_gate(engine: Engine) -> str:
    with transaction(engine, actor="doctor") as session:
        gate = session.get_one(PublishingGate, 1)
    if gate.paused_at:
        raise SocialpubError(
            f"All publishing is paused by {gate.paused_by}: {gate.pause_reason}.", next_step="socialpub resume --all"
        )
    return "open"


def _check_posts(engine: Engine) -> str:
    with transaction(engine, actor="doctor") as session:
        unconfirmed = session.scalar(select(func.count()).where(ScheduledPublish.stage == PostStatus.UNCONFIRMED))
        forgotten = session.scalar(
            select(func.count()).where(
                ScheduledPublish.stage == "open",
                ScheduledPublish.status == PostStatus.PENDING,
                ScheduledPublish.due_at < func.now() - timedelta(minutes=5),
                ScheduledPublish.status_reason.is_(None),
            )
        )
    if unconfirmed or forgotten:
        raise SocialpubError(
            f"{unconfirmed} unconfirmed, {forgotten} overdue without a reason.",
            next_step="`socialpub show` the unconfirmed ones; check that the DAG publish_due_posts runs.",
        )
    return "none is unconfirmed or overdue without a reason"
