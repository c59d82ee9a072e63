"""How Airflow answers a lane's trouble: exact delays, and no retry where none can help."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from socialpub.errors import ConfigurationError, PostNotReadyError, SocialpubError, UnknownPostError

if TYPE_CHECKING:
    from airflow.sdk import Context

RETRY_DELAYS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=45))


class PostsWaitError(SocialpubError):
    """Some posts of the lane want another try after `delay`."""

    def __init__(self, message: str, *, delay: timedelta) -> None:
        super().__init__(message)
        self.delay = delay


class PostsFailedError(SocialpubError):
    """Some posts of the lane failed, or are held until a person mends something; trying again can't help."""


_TRYING_AGAIN_CANT_HELP = (PostsFailedError, PostNotReadyError, UnknownPostError, ConfigurationError)


class PublishRetryPolicy(RetryPolicy):
    """5, 15 and 45 minutes, to the second; what a person has to mend or decide fails at once."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        reason = str(exception)[:500]
        if isinstance(exception, _TRYING_AGAIN_CANT_HELP):
            return RetryDecision.fail(reason)
        if isinstance(exception, PostsWaitError):
            return RetryDecision.retry(exception.delay, reason)
        return RetryDecision.retry(RETRY_DELAYS[min(try_number, len(RETRY_DELAYS)) - 1], reason)
