"""`socialpub`: the operator's verbs. Each says what it did, or what is wrong and what to do."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from socialpub.cli_audit import add_audit_verbs
from socialpub.cli_connections import add_verbs
from socialpub.cli_restore import add_restore_verb
from socialpub.cli_terminal import Verbs
from socialpub.errors import SocialpubError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from socialpub.graph.page_post import PagePost
    from socialpub.models import FacebookPageConnection


_DATABASE_URL = "SOCIALPUB_DATABASE_URL"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the verb was carried out, 1 when it was refused or the doctor found something, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if not getattr(options, "needs_database", True):
            return int(options.run(None, options))
        engine = _open_engine()
        try:
            return int(options.run(engine, options))
        finally:
            engine.dispose()
    except SocialpubError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="socialpub", description=__doc__)
    parser.add_argument("--actor", default=f"cli:{getpass.getuser()}", help="who the audit log names")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    _add_gate_verbs(verbs)
    _add_post_verbs(verbs)
    _add_outbox_verbs(verbs)
    verbs.add_parser("doctor", help="check what publishing needs").set_defaults(run=_doctor)
    add_verbs(verbs)
    add_audit_verbs(verbs)
    add_restore_verb(verbs)
    return parser


def _add_gate_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    pause = verbs.add_parser("pause", help="hold all posts, or those of one Page")
    _add_target(pause)
    pause.add_argument("--reason", required=True, type=_text)
    pause.set_defaults(run=_pause)
    resume = verbs.add_parser("resume", help="let posts go out again")
    _add_target(resume)
    resume.set_defaults(run=_resume)


def _add_post_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    requeue = verbs.add_parser("requeue", help="schedule failed and missed posts anew")
    requeue.add_argument("posts", nargs="*", type=UUID, metavar="POST")
    requeue.add_argument("--page", metavar="PAGE_ID", help="all of this Page")
    requeue.add_argument("--error", metavar="CLASS", help="all that met this error, such as InvalidPostError")
    requeue.set_defaults(run=_requeue, parser=requeue)

    resolve = verbs.add_parser("resolve", help="settle an unconfirmed post")
    resolve.add_argument("post", type=UUID, metavar="POST")
    outcome = resolve.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--published-as", metavar="ID|URL", help="it is live as this post")
    outcome.add_argument("--absent", action="store_true", help="it is not on the Page; send it again")
    resolve.set_defaults(run=_resolve)

    cancel = verbs.add_parser("cancel", help="take a post back before it is sent")
    cancel.add_argument("post", type=UUID, metavar="POST")
    cancel.add_argument("--reason", required=True, type=_text)
    cancel.set_defaults(run=_cancel)

    show = verbs.add_parser("show", help="everything that happened to a post")
    show.add_argument("post", metavar="POST", help="its id, the live post's id or address, or an fbtrace_id")
    show.set_defaults(run=_show)


def _add_outbox_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    outbox = verbs.add_parser("outbox", help="messages that wait or were given up")
    actions = outbox.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what is not sent, and why")
    listing.add_argument("--dead", action="store_true", help="only what was given up")
    listing.set_defaults(run=_list_outbox)
    again = actions.add_parser("requeue", help="send what was given up")
    again.add_argument("messages", nargs="*", type=UUID, metavar="MESSAGE", help="by default all")
    again.set_defaults(run=_requeue_outbox)


def _add_target(verb: argparse.ArgumentParser) -> None:
    target = verb.add_mutually_exclusive_group(required=True)
    target.add_argument("--page", metavar="PAGE_ID")
    target.add_argument("--all", action="store_true")


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()


def _open_engine() -> Engine:
    from socialpub.db.engine import open_engine

    if url := os.environ.get(_DATABASE_URL):
        return open_engine(url, pool_size=1)
    from socialpub.hooks.database import open_database

    return open_database(pool_size=1)


def _pause(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.pause import pause

    print(pause(engine, page_id=options.page, reason=options.reason, actor=options.actor))
    return 0


def _resume(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.pause import resume

    print(resume(engine, page_id=options.page, actor=options.actor))
    return 0


def _requeue(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.requeue import requeue
    from socialpub.settings import load_settings

    if not (options.posts or options.page or options.error):
        options.parser.error("name posts, --page or --error")
    lines = requeue(
        engine,
        post_ids=options.posts,
        page_id=options.page,
        error_class=options.error,
        pace=load_settings().scan.catch_up_pace,
        actor=options.actor,
    )
    print("\n".join(lines) or "No failed or missed post matches; nothing has changed.")
    return 0


def _resolve(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.resolve import resolve_as_absent, resolve_as_published

    if options.absent:
        print(resolve_as_absent(engine, options.post, actor=options.actor))
    else:
        print(
            resolve_as_published(
                engine, options.post, options.published_as, read_live_post=_read_live_post, actor=options.actor
            )
        )
    return 0


def _read_live_post(page: FacebookPageConnection, facebook_post_id: str) -> PagePost:
    from socialpub.graph.posts import read_post
    from socialpub.hooks.facebook import FacebookHook

    hook = FacebookHook()
    return read_post(hook.get_conn(), facebook_post_id, hook.open_token(page, datetime.now(UTC)))


def _cancel(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.resolve import cancel

    print(cancel(engine, options.post, reason=options.reason, actor=options.actor))
    return 0


def _show(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.show import show

    print("\n".join(show(engine, options.post)))
    return 0


def _list_outbox(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.outbox import list_messages

    print("\n".join(list_messages(engine, is_dead_only=options.dead)) or "Nothing waits, nothing was given up.")
    return 0


def _requeue_outbox(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.outbox import requeue_messages

    lines = requeue_messages(engine, options.messages, actor=options.actor)
    print("\n".join(lines) or "No message was given up; nothing has changed.")
    return 0


def _doctor(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.airflow_limits import read_airflow_limits
    from socialpub.hooks.facebook import FacebookHook, load_cipher
    from socialpub.services.doctor import examine
    from socialpub.settings import load_settings

    is_good = True
    checks = examine(
        engine,
        open_cipher=load_cipher,
        open_client=lambda: FacebookHook().get_conn(),
        read_limits=None if os.environ.get(_DATABASE_URL) else read_airflow_limits,
        max_lanes=load_settings().scan.max_lanes,
        check_notifications=_check_notifications,
    )
    for check in checks:
        print(f"{'ok  ' if check.is_good else 'BAD '} {check.name}: {check.words}", flush=True)
        is_good = is_good and check.is_good
    return 0 if is_good else 1


def _check_notifications(engine: Engine) -> str:
    from socialpub.notifications import open_couriers
    from socialpub.services.notices.check_setup import ask_channels, check_templates, require_no_dead_messages
    from socialpub.services.notices.templates import Templates
    from socialpub.settings import load_settings

    words = ask_channels(engine, open_couriers())
    check_templates(Templates(load_settings().templates_folder))
    require_no_dead_messages(engine)
    return words


if __name__ == "__main__":
    sys.exit(main())
