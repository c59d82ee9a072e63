"""From what came back, or did not, to a value or to an error that says what to do next.

The same answer means more on a write than on a read: a write that may have been carried out must never be repeated
blindly, a read always may. Field reports show posts that Facebook published while it answered 500 or code 2, so on a
write only a refusal that is known to be one counts as "not carried out".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from socialpub.errors import (
    AppRefusedError,
    DuplicatePostError,
    GraphError,
    GraphFailure,
    InvalidPostError,
    NotSentError,
    OutcomeUnknownError,
    PermissionRefusedError,
    PolicyBlockedError,
    RateLimitedError,
    TokenRefusedError,
    TryAgainError,
    UploadSessionOverError,
    WrongOffsetError,
)
from socialpub.graph.error_codes import (
    SESSION_OVER,
    WRONG_OFFSET,
    ErrorClass,
    ErrorCode,
    look_up,
    refine_by_message,
)
from socialpub.graph.media import BrokenFileError
from socialpub.graph.network import describe_network_error
from socialpub.graph.offsets import parse_error_offsets
from socialpub.graph.redaction import clean_text
from socialpub.graph.usage import Usage

LOOK_FIRST = "look at the Page before sending anything again; socialpub does so by itself."
READ_AGAIN = "nothing; the Page is read again later."
SEND_AGAIN = "nothing; the same request is sent again later, which does no harm."
CHECK_NETWORK = "nothing if it was a hiccup; else check the network, DNS and proxy of the machine. It is tried again."
CHECK_STORAGE = "nothing if it was a hiccup; else check the storage that holds the file. It is tried again."
ATTACH_AGAIN = "the file has changed since it was attached; attach it again and schedule the post again."

_ERRORS: dict[ErrorClass, type[GraphError]] = {
    ErrorClass.UNKNOWN: OutcomeUnknownError,
    ErrorClass.TRY_AGAIN: TryAgainError,
    ErrorClass.TOKEN: TokenRefusedError,
    ErrorClass.PERMISSION: PermissionRefusedError,
    ErrorClass.POLICY: PolicyBlockedError,
    ErrorClass.INVALID_POST: InvalidPostError,
    ErrorClass.APP: AppRefusedError,
    ErrorClass.DUPLICATE: DuplicatePostError,
}


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked. `edge` is the path without version and query; `secrets` must not show up in any text.

    `is_repeatable` marks a write that may be sent again whatever became of it, because doing it twice leaves the Page
    as doing it once does: a chunk of an upload, a deletion, a new schedule.
    """

    method: str
    edge: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    is_repeatable: bool = False

    @property
    def is_write(self) -> bool:
        """Whether an unclear outcome forbids to send it again."""
        return self.method != "GET" and not self.is_repeatable


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, complete. Header names are compared without case by the mapping that holds them."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def trace_id(self) -> str | None:
        return self.headers.get("x-fb-trace-id")


def interpret_exception(call: Call, error: Exception, *, is_unsent: bool) -> GraphError:
    """What a failed exchange means. `is_unsent` is whether it failed before any byte of the request had left."""
    failure = GraphFailure(call.edge, describe_network_error(error))
    if is_unsent:
        return NotSentError(failure, next_step=CHECK_NETWORK)
    return unclear_outcome(call, failure)


def interpret_broken_file(call: Call, error: BrokenFileError) -> GraphError:
    """What a request comes to whose file ended early or could not be read: nobody can have carried half of it out."""
    failure = GraphFailure(call.edge, str(error))
    if error.is_too_short:
        return InvalidPostError(failure, next_step=ATTACH_AGAIN)
    return TryAgainError(failure, next_step=CHECK_STORAGE)


def interpret_answer(call: Call, answer: Answer, usage: Usage, *, now: datetime) -> dict[str, Any] | GraphError:
    """The body of a success, or the error the answer stands for. A 200 that holds an error is an error."""
    body = _parse_object(answer.content)
    if body is None:
        return unclear_outcome(call, _failure(call, answer, "The answer is not a JSON object."))
    if body.get("error"):
        return _interpret_error(call, answer, body["error"], usage, now=now)
    if not 200 <= answer.status < 300:
        return unclear_outcome(call, _failure(call, answer, "The answer is no success and names no error."))
    return body


def unclear_outcome(call: Call, failure: GraphFailure) -> GraphError:
    """The error for an answer that proves nothing: unknown on a write, try again on what may be repeated."""
    if call.is_write:
        return OutcomeUnknownError(failure, next_step=LOOK_FIRST)
    return TryAgainError(failure, next_step=SEND_AGAIN if call.is_repeatable else READ_AGAIN)


def classify(row: ErrorCode, *, status: int, is_transient: bool, is_write: bool) -> ErrorClass:
    """What an error body means on this kind of call.

    A rate limit stays one although Facebook marks some as transient: limited calls are certainly not carried out.
    """
    is_limit = row.error_class == ErrorClass.RATE_LIMITED
    is_unclear = row.may_be_committed or status >= 500 or (is_transient and not is_limit)
    if not is_unclear or row.error_class == ErrorClass.DUPLICATE or (is_limit and not is_write):
        return row.error_class
    return ErrorClass.UNKNOWN if is_write else ErrorClass.TRY_AGAIN


def regain_at(row: ErrorCode, usage: Usage, *, now: datetime) -> datetime:
    """When access returns: what the headers estimate, else the row's own wait from now."""
    return now + (usage.regain_after or row.default_wait or timedelta(hours=1))


def _interpret_error(call: Call, answer: Answer, error: Any, usage: Usage, *, now: datetime) -> GraphError:  # noqa: ANN401 - JSON of a shape we do not trust
    details: dict[str, Any] = error if isinstance(error, dict) else {"message": str(error)}
    code, subcode = _number(details.get("code")), _number(details.get("error_subcode"))
    message = str(details.get("message") or "Facebook gives no message.")
    row = refine_by_message(look_up(code, subcode), message)
    failure = _failure(
        call, answer, _words(details, message), code=code, subcode=subcode, trace=details.get("fbtrace_id")
    )
    is_transient = details.get("is_transient") is True
    error_class = classify(row, status=answer.status, is_transient=is_transient, is_write=call.is_write)
    if error_class == ErrorClass.RATE_LIMITED:
        until = regain_at(row, usage, now=now)
        return RateLimitedError(failure, next_step=row.next_step, regain_at=until, scope=row.scope)
    if error_class == ErrorClass.TRY_AGAIN and (upload_error := _interpret_upload(failure, row, details)):
        return upload_error
    if error_class != row.error_class or row.error_class == ErrorClass.UNKNOWN:
        return unclear_outcome(call, failure)
    return _ERRORS[error_class](failure, next_step=row.next_step)


def _interpret_upload(failure: GraphFailure, row: ErrorCode, details: dict[str, Any]) -> GraphError | None:
    """The two answers to a chunk that say how to go on; None for any other."""
    if row.subcode == SESSION_OVER:
        return UploadSessionOverError(failure, next_step="nothing; the upload starts afresh.")
    offsets = parse_error_offsets(details.get("error_data")) if row.subcode == WRONG_OFFSET else None
    if offsets is None:
        return None
    next_step = "nothing; the upload goes on where Facebook stands."
    return WrongOffsetError(failure, next_step=next_step, start_offset=offsets[0], end_offset=offsets[1])


def _failure(
    call: Call,
    answer: Answer,
    message: str,
    *,
    code: int | None = None,
    subcode: int | None = None,
    trace: Any = None,  # noqa: ANN401 - JSON of a shape we do not trust
) -> GraphFailure:
    trace_id = trace if isinstance(trace, str) and trace else answer.trace_id
    return GraphFailure(
        call.edge,
        clean_text(message, secrets=call.secrets),
        http_status=answer.status,
        code=code,
        subcode=subcode,
        fbtrace_id=clean_text(trace_id, secrets=call.secrets)[:100] if trace_id else None,
    )


def _words(details: dict[str, Any], message: str) -> str:
    for_people = details.get("error_user_msg")
    return f"{message} ({for_people})" if isinstance(for_people, str) and for_people not in message else message


def _parse_object(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _number(value: Any) -> int | None:  # noqa: ANN401 - JSON of a shape we do not trust
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) < 2**31 else None  # The database keeps codes as 32-bit integers.
