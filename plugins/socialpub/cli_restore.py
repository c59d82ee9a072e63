"""`socialpub after-restore`: what has to be done before anything is published from a restored database."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from socialpub.cli_terminal import Verbs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from socialpub.services.compare_pages import Comparison, StrayPost


def add_restore_verb(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Add this verb to the program's."""
    after = verbs.add_parser("after-restore", help="hold and look up what may have been published since the dump")
    after.add_argument(
        "--dumped-at", required=True, type=_instant, metavar="INSTANT", help="when the dump began: 2027-03-01T02:00Z"
    )
    after.set_defaults(run=_after_restore)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” is no instant such as 2027-03-01T02:00Z") from error
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"“{text}” has no zone: write Z or an offset behind it")
    return instant.astimezone(UTC)


def _after_restore(engine: Engine, options: argparse.Namespace) -> int:
    """0 when nothing is left to look at, else 1."""
    from socialpub.hooks.facebook import FacebookHook
    from socialpub.services.compare_pages import compare_pages
    from socialpub.services.restore import Restore, RestoreLimits
    from socialpub.settings import load_settings

    settings = load_settings()
    limits = RestoreLimits(
        settings.scan.claim_ahead, settings.hand_over.max_ahead, look_again_after=settings.scan.look_again_after
    )
    restore = Restore(engine, options.dumped_at, limits, options.actor)
    held = restore.hold_posts()
    if held is not None:
        print(f"All publishing is paused. {held} posts may have been published since the dump; they are looked up.")
    hook = FacebookHook()
    found = compare_pages(restore, hook.get_conn(), lambda page: hook.open_token(page, datetime.now(UTC)))
    print("\n".join(_describe(found)))
    return 0 if found.is_clear else 1


def _describe(found: Comparison) -> list[str]:
    lines = [_describe_stray(stray) for stray in found.strays]
    lines += [f"Not read: {page}" for page in found.unread]
    if found.doubted:
        lines.append(f"{found.doubted} posts planned for later are on their Pages already; they are looked up, too.")
    if found.is_clear:
        return [*lines, "Every post on the Pages is known here. Next: socialpub resume --all"]
    if found.unconfirmed:
        lines.append(f"{found.unconfirmed} posts are unconfirmed. Next: let the scans run, then ask again.")
    if found.strays or found.unread:
        lines.append("Next: look at each line above; cancel what is live already; then socialpub resume --all")
    return lines


def _describe_stray(stray: StrayPost) -> str:
    post = stray.post
    when = f"{post.created_time:%Y-%m-%d %H:%M} UTC" if post.created_time else "an unknown time"
    words = " ".join((post.message or "no words").split())[:60]
    where = post.permalink_url or post.id
    held = f", held for {post.scheduled_publish_time:%Y-%m-%d %H:%M} UTC" if post.scheduled_publish_time else ""
    return f"{stray.page}: {where} of {when}{held} belongs to no post here: “{words}”"
