"""Facebook's and the network's words, made fit for a log line."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

LONGEST_TEXT = 500
_SECRET_PARAMS = re.compile(
    r"((?:appsecret_proof|access_token|input_token|client_secret|fb_exchange_token|\bsig|\bcode|\bstate)=)[^&\s\"']+",
    re.IGNORECASE,
)
# User and Page tokens start with EAA; Facebook repeats a malformed one in its error message.
_TOKENS = re.compile(r"\bEAA[0-9A-Za-z_-]{8,}")
# Half a surrogate pair, left by a text cut inside an emoji, can be neither printed nor stored.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# A mark that turns the direction of writing would turn the sentence around it, too.
_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, *, secrets: Iterable[str] = ()) -> str:
    """One line of at most 500 characters, without the given secrets and without anything that looks like a token."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    text = _TOKENS.sub("***", _SECRET_PARAMS.sub(r"\1***", text))
    text = _CONTROL.sub(" ", _DIRECTIONS.sub("", text)).strip()
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


class _RedactUrls(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SECRET_PARAMS.sub(r"\1***", record.getMessage()), ()
        return True


_REDACT_URLS = _RedactUrls()


def redact_urllib3_logs() -> None:
    """Keep proofs out of urllib3's own debug lines, which print the query of every request. Idempotent."""
    logging.getLogger("urllib3.connectionpool").addFilter(_REDACT_URLS)
