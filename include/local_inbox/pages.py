"""The inbox as a page, and the webhook. What arrives may be hostile: texts are escaped, HTML mail is shown in a frame
that may do nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from local_inbox.box import Box, Mail, SlackMessage

_LINK = re.compile(r"(<https?://[^|<>]+\|[^<>]+>)")
_STYLE = """
body{margin:0;background:#f0f2f5;color:#1c1e21;font:16px/1.45 system-ui,sans-serif}
main{max-width:720px;margin:0 auto;padding:16px}h1{font-size:1.4rem}
article{background:#fff;border-radius:8px;box-shadow:0 1px 2px #0003;padding:12px 16px;margin-bottom:12px}
article{overflow-wrap:anywhere}
time,.quiet{color:#5a5e66;font-size:.85rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}
iframe{width:100%;height:70vh;border:1px solid #d8dade;background:#fff}
.button{display:inline-block;margin:4px 6px 0 0;padding:4px 12px;border:1px solid #b6bac2;border-radius:6px}
"""


async def show_inbox(request: Request) -> Response:
    """Everything, newest first."""
    box = _box(request)
    arrived: list[Mail | SlackMessage] = [*box.mails, *box.slack]
    entries = sorted(arrived, key=lambda entry: entry.number, reverse=True)
    shown = [_mail_entry(entry) if isinstance(entry, Mail) else _slack_entry(entry) for entry in entries]
    return _page("Inbox", "".join(shown) or "<p>Nothing has arrived yet.</p>", refresh=True)


async def show_mail(request: Request) -> Response:
    mail = _find(request)
    if mail is None:
        return PlainTextResponse("No such mail", 404)
    number = mail.number
    return _page(
        str(mail.message["Subject"]),
        f'<p class="quiet">{escape(str(mail.message["From"]))} → {escape(", ".join(mail.recipients))}</p>'
        f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mail/{number}/html"></iframe>'
        f"<h2>As plain text</h2><pre>{escape(mail.part('text/plain'))}</pre>",
    )


async def show_html(request: Request) -> Response:
    """The HTML part by itself, for the frame."""
    mail = _find(request)
    if mail is None:
        return PlainTextResponse("No such mail", 404)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; sandbox allow-popups"
    html = mail.part("text/html").replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers={"Content-Security-Policy": policy})


async def take_slack(request: Request) -> Response:
    """As Slack's incoming webhook answers."""
    body = await request.json()
    if not isinstance(body, dict) or not ("text" in body or "blocks" in body):
        return PlainTextResponse("no_text", 400)
    _box(request).take_slack(body)
    return PlainTextResponse("ok")


def build_app(box: Box) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", show_inbox),
            Route("/mail/{number:int}", show_mail),
            Route("/mail/{number:int}/html", show_html),
            Route("/slack/{path:path}", take_slack, methods=["POST"]),
        ]
    )
    app.state.box = box
    return app


def _box(request: Request) -> Box:
    box: Box = request.app.state.box
    return box


def _find(request: Request) -> Mail | None:
    number = request.path_params["number"]
    return next((mail for mail in _box(request).mails if mail.number == number), None)


def _mail_entry(mail: Mail) -> str:
    return (
        f"<article>{_time(mail.arrived_at)} · mail to {escape(', '.join(mail.recipients))}<br>"
        f'<a href="/mail/{mail.number}">{escape(str(mail.message["Subject"]))}</a></article>'
    )


def _slack_entry(message: SlackMessage) -> str:
    blocks = message.body.get("blocks") or []
    content = "".join(_block(block) for block in blocks if isinstance(block, dict))
    return (
        f"<article>{_time(message.arrived_at)} · Slack"
        f"{content or '<p>' + escape(str(message.body.get('text'))) + '</p>'}</article>"
    )


def _block(block: dict[str, Any]) -> str:
    match block.get("type"):
        case "header":
            return f"<h3>{escape(block['text']['text'])}</h3>"
        case "section":
            return f"<p>{_markdown(block['text']['text'])}</p>"
        case "context":
            return "".join(f'<p class="quiet">{_markdown(element["text"])}</p>' for element in block["elements"])
        case "actions":
            return "".join(_button(element) for element in block["elements"])
    return ""


def _button(element: dict[str, Any]) -> str:
    url = str(element["url"])
    target = escape(url) if url.startswith(("http://", "https://")) else "#"
    return f'<a class="button" href="{target}">{escape(element["text"]["text"])}</a>'


def _markdown(text: str) -> str:
    """Of Slack's marks only bold, code and links are shown."""
    return "".join(map(_piece, _LINK.split(text)))


def _piece(text: str) -> str:
    if link := re.fullmatch(r"<([^|]+)\|(.+)>", text):
        return f'<a href="{escape(link[1])}">{escape(link[2])}</a>'
    html = escape(unescape(text))
    html = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", html)
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html).replace("\n", "<br>")


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time>'


def _page(title: str, content: str, *, refresh: bool = False) -> HTMLResponse:
    reload = '<meta http-equiv="refresh" content="5">' if refresh else ""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{reload}'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>{escape(title)}</h1>{content}</main></body></html>",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"},
    )
