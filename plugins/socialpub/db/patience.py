"""Waiting for a database that restarts, instead of giving up what only this process knows or holds ready."""

from __future__ import annotations

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from socialpub.errors import DatabaseUnavailableError

# For functions of one transaction each. One whose commit was cut off may run again after it was committed: what it does
# must then find its own work done and leave it.
wait_for_database = retry(
    retry=retry_if_exception_type(DatabaseUnavailableError),
    wait=wait_exponential(multiplier=0.2, max=5),
    stop=stop_after_delay(60),
    reraise=True,
)
