"""Reading `SOCIALPUB_…` variables: plain numbers, lists and folders, refused by the variable's name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from socialpub.errors import ConfigurationError

PREFIX = "SOCIALPUB_"


def read_text(environment: Mapping[str, str], name: str) -> str:
    """Without blanks around it; "" when it is not set."""
    return environment.get(PREFIX + name, "").strip()


def read_list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Parts between commas, empty ones left out."""
    return tuple(part.strip() for part in read_text(environment, name).split(",") if part.strip())


def read_folder(environment: Mapping[str, str], name: str) -> Path | None:
    """None when it is not set. Raises `ConfigurationError` when it is no folder."""
    text = read_text(environment, name)
    if text and not Path(text).is_dir():
        raise ConfigurationError(
            f"{PREFIX}{name} is “{text}”, which is no folder.", next_step="make it, or leave the variable out."
        )
    return Path(text) if text else None


def read_number(environment: Mapping[str, str], name: str, default: float, *, at_least: float = 0) -> float:
    """Raises `ConfigurationError` for what is no finite number, or too small."""
    text = read_text(environment, name)
    try:
        number = float(text) if text else default
    except ValueError:
        number = float("nan")
    if not at_least <= number < float("inf"):
        raise ConfigurationError(
            f"{PREFIX}{name} is “{text}”.", next_step=f"set it to a number of at least {at_least:g}, or leave it out."
        )
    return number


def read_seconds(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    """Raises `ConfigurationError` for what is no finite number of seconds, or negative."""
    return timedelta(seconds=read_number(environment, name, default.total_seconds()))


def read_count(environment: Mapping[str, str], name: str, default: int) -> int:
    """Raises `ConfigurationError` for what is no number, or less than one."""
    return int(read_number(environment, name, default, at_least=1))
