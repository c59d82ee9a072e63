"""Masking many secrets at the cost of one. Airflow imports this in every process, so it imports next to nothing.

Airflow's masker builds its whole pattern anew with each secret: the 63 tokens of a lane cost 0.7 s in each of two
processes, 312 cost half a minute. Its adapter ([logging] secret_mask_adapter) may turn one secret into many, which it
adds before it builds the pattern once.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

ADAPTER = "socialpub.masking.adapt_secret"
_SEPARATOR = "\x1e"  # "record separator": in no token and no password that a person can type


def join_secrets(secrets: Iterable[str]) -> str:
    """All of them as one, for an Airflow that uses `adapt_secret`."""
    return _SEPARATOR.join(secrets)


def adapt_secret(secret: str) -> set[str]:
    """Each of the joined secrets, and how it looks in a URL (`id|secret` as `id%7Csecret`)."""
    secrets = secret.split(_SEPARATOR)
    return {*secrets, *(quote(each, safe="") for each in secrets)}
