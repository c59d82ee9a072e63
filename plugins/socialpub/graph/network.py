"""Network failures in words of our own.

The text of a `requests` exception holds the URL with its query, hence the proof; it must not reach a log or a row.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import requests
from urllib3 import exceptions as urllib3_errors


class AnswerTooLongError(Exception):
    """The body is longer than anything Facebook has reason to send."""


class AnswerTooSlowError(Exception):
    """The body was still arriving when its time was up."""


# The first kind that occurs anywhere in the chain of causes names the failure.
_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((AnswerTooLongError,), "The answer was too long to be Facebook's."),
    ((AnswerTooSlowError,), "The answer took too long to arrive."),
    ((urllib3_errors.NameResolutionError, socket.gaierror), "The host name could not be resolved."),
    ((requests.ConnectTimeout, urllib3_errors.ConnectTimeoutError), "No connection within the time allowed."),
    ((ssl.SSLError, urllib3_errors.SSLError, requests.exceptions.SSLError), "The TLS connection failed."),
    ((ConnectionRefusedError,), "The connection was refused."),
    ((urllib3_errors.ProxyError, requests.exceptions.ProxyError), "The proxy failed."),
    ((requests.ReadTimeout, urllib3_errors.ReadTimeoutError, TimeoutError), "No answer within the time allowed."),
    ((ConnectionResetError, BrokenPipeError), "The connection was reset."),
    ((urllib3_errors.IncompleteRead, urllib3_errors.InvalidChunkLength), "The answer broke off."),
    ((urllib3_errors.ProtocolError, requests.ConnectionError), "The connection ended without a valid answer."),
)


def describe_network_error(error: BaseException) -> str:
    """One sentence without any text of the exception itself, but with the system's errno where there is one."""
    chain = list(_chain(error))
    sentence = next(
        (words for kinds, words in _SENTENCES if any(isinstance(cause, kinds) for cause in chain)),
        f"The request broke off ({type(error).__name__}).",
    )
    numbers = [cause.errno for cause in chain if isinstance(cause, OSError) and cause.errno]
    return f"{sentence} [{os.strerror(numbers[-1])}]" if numbers and numbers[-1] > 0 else sentence


def _chain(error: BaseException, depth: int = 8) -> Iterator[BaseException]:
    """The exception and what it wraps; urllib3 hides causes in `args` and `reason`."""
    yield error
    if depth:
        hidden = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
        for cause in hidden:
            if isinstance(cause, BaseException):
                yield from _chain(cause, depth - 1)
