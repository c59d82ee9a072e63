"""A message in Slack's Block Kit, within its limits (50 blocks, 3,000 characters a text, 150 a header)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from socialpub.services.notices.links import Link
from socialpub.services.notices.notice import Notice, NoticeItem

Block = dict[str, object]
MAX_BLOCKS = 50
_SIGNS = {"good": ":white_check_mark:", "attention": ":eyes:", "problem": ":red_circle:"}
# With buttons of its own each; more become lines, so that the list stays within one message.
_ITEMS_WITH_BUTTONS = 5


def escape(text: str) -> str:
    """Slack's three control characters; so no text of a user's can mention @channel or forge a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def notice_blocks(notice: Notice) -> list[Block]:
    blocks = [header(notice.headline), context(f"{_SIGNS[notice.tone]} {escape(notice.larp)}")]
    if notice.next_step:
        blocks.append(section(f"*Next:* {escape(notice.next_step)}"))
    if len(notice.items) <= _ITEMS_WITH_BUTTONS:
        for item in notice.items:
            blocks.append(section("\n".join(_lines(item))))
            if item.links:
                blocks.append(actions(item.links))
    else:
        blocks.extend(section("\n".join(part)) for part in _fill(_line(item) for item in notice.items))
    if notice.is_repeated:
        blocks.append(context("Sent again: the answer to the first sending was lost."))
    return blocks[:MAX_BLOCKS]


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, 150), "emoji": False}}


def section(markdown: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(markdown, 3000), "verbatim": True}}


def context(markdown: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(markdown, 2000), "verbatim": True}]}


def actions(links: Iterable[Link]) -> Block:
    return {
        "type": "actions",
        "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": link.label}, "url": link.url} for link in links
        ],
    }


def _lines(item: NoticeItem) -> Iterator[str]:
    yield f"*{escape(item.title)}*" if item.title else "—"
    for text in (" · ".join(filter(None, (item.page, item.when))), item.cause, item.remark):
        if text:
            yield escape(text)
    if item.next_step:
        yield f"*Next:* {escape(item.next_step)}"
    if item.codes:
        yield f"`{escape(item.codes).replace('`', '')}`"


def _line(item: NoticeItem) -> str:
    link = f" <{item.links[0].url}|{item.links[0].label}>" if item.links else ""
    details = " · ".join(escape(text) for text in (item.when, item.codes or _cut(item.cause, 100)) if text)
    return f"• *{escape(_cut(item.title, 80))}* {details}{link}"


def _fill(lines: Iterable[str], most: int = 2900) -> Iterator[list[str]]:
    """Lines packed into texts of Slack's length; a line is never cut, because half a link is none."""
    part: list[str] = []
    for line in lines:
        if part and sum(len(each) + 1 for each in part) + len(line) > most:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
