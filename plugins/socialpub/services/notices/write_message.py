"""A notice becomes a message: subject, plain text, HTML and Slack's blocks."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from socialpub.errors import TemplateError
from socialpub.graph.redaction import clean_text
from socialpub.services.notices.links import LinkMaker
from socialpub.services.notices.notice import Message, Notice
from socialpub.services.notices.slack import notice_blocks
from socialpub.services.notices.templates import Templates

log = logging.getLogger(__name__)

_MAX_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Writer:
    """What messages are written with. `public_url` is the address of the plugin's own pages, as people reach it."""

    links: LinkMaker
    templates: Templates
    public_url: str

    @property
    def link_days(self) -> str:
        return f"{self.links.lifetime.total_seconds() / 86400:g}"

    def render(self, name: str, **values: object) -> str:
        """A team's broken template must not silence a message: ours stands in, and the log says what to correct."""
        try:
            return self.templates.render(name, link_days=self.link_days, **values)
        except TemplateError as error:
            log.error("%s Our own template is used instead.", error)
            return Templates().render(name, link_days=self.link_days, **values)


def write_message(writer: Writer, notice: Notice, *, message_id: str, recipient: str) -> Message:
    """Raises `TemplateError` when not even our own template can be filled in."""
    return Message(
        id=message_id,
        recipient=recipient,
        subject=make_subject(notice.headline, notice.larp),
        text=writer.render("notice.txt.j2", notice=notice),
        html=writer.render("notice.html.j2", notice=notice),
        blocks=notice_blocks(notice),
    )


def make_subject(headline: str, larp: str) -> str:
    """One line, whatever a title holds."""
    subject = clean_text(f"{headline} · {larp}" if larp else headline)
    return subject if len(subject) <= _MAX_SUBJECT else subject[: _MAX_SUBJECT - 1] + "…"
