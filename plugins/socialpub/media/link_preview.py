"""Will a link show as more than its address? A look at its page before Facebook takes one.

The link is a user's, and so is wherever it leads: nothing but public addresses is ever connected to, and the address
that was checked is the address that is connected to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from socialpub.media.findings import Finding, Severity
from socialpub.media.limits import LinkLimits
from socialpub.media.public_web import Guard, PrivateAddressError, open_pool

# Some sites give their tags to Facebook's crawler only.
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; socialpub link check; facebookexternalhit/1.1)",
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Encoding": "identity",
}
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_REDIRECTS = (301, 302, 303, 307, 308)
# Short enough that no page, however crooked, costs more than a glance.
_META = re.compile(r"<meta\s[^<>]{1,2000}>", re.IGNORECASE)
_OTHER_LINK = "check the link in a browser, and correct it in the draft."


def check_link(link: str, limits: LinkLimits) -> list[Finding]:
    """Look at the page behind the link. Only what can't work for Facebook either is an error; nothing is raised."""
    with Guard(limits) as guard:
        try:
            return list(_look(link, guard, limits))
        except PrivateAddressError as error:
            words = f"The link {link} leads to {error}, which nobody outside can reach."
            return [Finding(Severity.ERROR, link, words, "use the public address of the page.")]
        except (LocationParseError, UnicodeError):
            return [Finding(Severity.ERROR, link, f"The link {link} is no web address.", _OTHER_LINK)]
        except (HTTPError, OSError) as error:
            why = f"not within {limits.time.total_seconds():g} s" if guard.is_over else _reason(error)
            words = f"The page of the link {link} can't be read ({why})."
            return [Finding(Severity.WARNING, link, words, "make sure that the page is up before the post is due.")]


def _look(link: str, guard: Guard, limits: LinkLimits) -> Iterator[Finding]:
    address = link
    for _ in range(limits.max_redirects + 1):
        url = _require_web_address(address)
        with open_pool(url, guard) as pool:
            answer = pool.request(
                "GET", url.request_uri, headers=_HEADERS, redirect=False, retries=False, preload_content=False
            )
            if answer.status not in _REDIRECTS or not (target := answer.headers.get("Location")):
                yield from _judge(link, answer, guard, limits)
                return
            address = urljoin(address, target)
    words = f"The link {link} is redirected more than {limits.max_redirects} times."
    yield Finding(Severity.WARNING, link, words, "use the address that it leads to.")


def _reason(error: BaseException) -> str:
    """What the system said, below all that urllib3 wrapped around it."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return getattr(error, "strerror", None) or type(error).__name__


def _require_web_address(address: str) -> Url:
    url = parse_url(address)
    if url.scheme not in ("http", "https") or not url.host or url.auth:
        raise LocationParseError(address)
    return url


def _judge(link: str, answer: BaseHTTPResponse, guard: Guard, limits: LinkLimits) -> Iterator[Finding]:
    if answer.status >= 400:
        words = f"The page of the link {link} answers with HTTP {answer.status}."
        yield Finding(Severity.WARNING, link, words, _OTHER_LINK)
        return
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _PAGE_TYPES:
        words = f"The link {link} leads to no web page ({kind[:100] or 'no type is given'}): it will show no preview."
        yield Finding(Severity.WARNING, link, words, "link the page that shows it, or leave it so.")
        return
    tags = _read_tags(_read_head(answer, limits.max_bytes))
    if guard.is_over:
        raise TimeoutError  # A body without a length ends where it was cut.
    missing = [tag for tag in ("og:title", "og:image") if not tags.get(tag, "").strip()]
    if missing:
        words = f"The page of the link {link} has no {' and no '.join(missing)}: its preview will be bare."
        yield Finding(Severity.WARNING, link, words, "have the tags added to the page, or leave it so.")


def _read_head(answer: BaseHTTPResponse, most: int) -> str:
    text = b""
    while len(text) < most and (piece := answer.read(min(65_536, most - len(text)))):
        text += piece
        if b"</head" in text[-len(piece) - 6 :].lower():
            break
    return text.decode("utf-8", "replace")


class _MetaTag(HTMLParser):
    """Property (or name) and content of one tag."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found = {name: value or "" for name, value in attrs}


def _read_tags(page: str) -> dict[str, str]:
    tags = (_MetaTag(match.group()).found for match in _META.finditer(page))
    return {(tag.get("property") or tag.get("name") or "").lower(): tag.get("content", "") for tag in tags}
