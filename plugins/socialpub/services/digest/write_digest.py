"""A digest becomes what is stored and sent: subject, plain text, HTML and Slack's blocks."""

from __future__ import annotations

from typing import Any

from socialpub.services.digest.digest import Digest, DigestPost
from socialpub.services.notices.slack import MAX_BLOCKS, Block, actions, context, escape, header, section
from socialpub.services.notices.write_message import Writer, make_subject

_MAX_NEEDS = 8
_MAX_POSTS = 15


def write_digest(writer: Writer, digest: Digest) -> dict[str, Any]:
    """The `content` of a notification. Raises `TemplateError` when not even our own template can be filled in."""
    return {
        "subject": make_subject(digest.headline, digest.larp),
        "text": writer.render("digest.txt.j2", digest=digest),
        "html": writer.render("digest.html.j2", digest=digest),
        "blocks": digest_blocks(digest),
    }


def digest_blocks(digest: Digest) -> list[Block]:
    """The short form: what needs a person, with buttons, then a line a post."""
    blocks = [header(digest.headline), context(f"{escape(digest.larp)} · {escape(digest.zone)}")]
    for need in digest.needs[:_MAX_NEEDS]:
        blocks.append(section(f":point_right: {escape(need.words)}\n*Next:* {escape(need.next_step)}"))
        if need.links:
            blocks.append(actions(need.links))
    if len(digest.needs) > _MAX_NEEDS:
        blocks.append(context(f"and {len(digest.needs) - _MAX_NEEDS} more"))
    blocks.extend(section(f":warning: {escape(note)}") for note in digest.notes[:5])
    blocks.extend(_list("Next 24 hours", digest.coming, digest.coming_more))
    if digest.week:
        days = "\n".join(f"{escape(each.day)}  {escape(each.page)}: {each.posts}" for each in digest.week[:30])
        blocks.append(section(f"*The week*\n{days}"))
    blocks.extend(_list(f"Yesterday: {digest.totals}", digest.results, digest.results_more))
    if digest.is_empty:
        blocks.append(section("Nothing is planned, and nothing waits for you."))
    return blocks[:MAX_BLOCKS]


def _list(title: str, posts: tuple[DigestPost, ...], more: int) -> list[Block]:
    if not posts:
        return []
    blocks = [section(f"*{escape(title)}*")]
    blocks.extend(section(_line(post)) for post in posts[:_MAX_POSTS])
    if hidden := more + max(0, len(posts) - _MAX_POSTS):
        blocks.append(context(f"and {hidden} more"))
    return blocks


def _line(post: DigestPost) -> str:
    link = f" <{post.links[0].url}|{post.links[0].label}>" if post.links else ""
    findings = "".join(f"\n:warning: {escape(finding)}" for finding in post.findings)
    return f"*{escape(post.title)}*\n{escape(post.when)} · {escape(post.page)} · {escape(post.state)}{link}{findings}"
