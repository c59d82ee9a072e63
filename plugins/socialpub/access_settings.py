"""Who gets in over HTTP: Prometheus, people with tokens of the backoffice, and Airflow's logins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from socialpub.environment import PREFIX, read_list, read_number, read_text
from socialpub.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Who may read metrics: who knows the token or comes from one of the networks. Nobody while both are empty."""

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    """Instead of the token. Read for each scrape: only the API server need have it, and a new token no restart."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def read_token(self) -> str:
        """Raises `ConfigurationError` when the file can't be read."""
        if self.token_file is None:
            return self.token
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{PREFIX}METRICS_TOKEN_FILE is “{self.token_file}”, which can't be read.",
                next_step="make the file, or leave the variable out.",
            ) from error


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Whose signed tokens the HTTP face takes; without an issuer nobody's."""

    issuer: str = ""
    audience: str = "socialpub"
    keys: str = ""
    """A file with public keys (PEM or JWKS), or an https address of a JWKS."""
    leeway: timedelta = timedelta(seconds=30)
    """How far the backoffice's clock may be off."""


def read_metrics_access(environment: Mapping[str, str]) -> MetricsAccess:
    """Raises `ConfigurationError` for what is no network."""
    token_file = read_text(environment, "METRICS_TOKEN_FILE")
    return MetricsAccess(
        read_text(environment, "METRICS_TOKEN"), Path(token_file) if token_file else None, _read_networks(environment)
    )


def _read_networks(environment: Mapping[str, str]) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = read_list(environment, "METRICS_NETWORKS")
    try:
        return tuple(map(ip_network, networks))
    except ValueError as error:
        raise ConfigurationError(
            f"{PREFIX}METRICS_NETWORKS is “{', '.join(networks)}”.",
            next_step="write networks such as 10.0.0.0/8, separated by commas.",
        ) from error


def read_token_settings(environment: Mapping[str, str]) -> TokenSettings:
    """Raises `ConfigurationError` for an issuer without keys, or keys without an issuer."""
    issuer, keys = (read_text(environment, f"JWT_{name}") for name in ("ISSUER", "KEYS"))
    if bool(issuer) != bool(keys):
        raise ConfigurationError(
            f"Only one of {PREFIX}JWT_ISSUER and {PREFIX}JWT_KEYS is set.", next_step="set both, or neither."
        )
    return TokenSettings(
        issuer=issuer,
        audience=read_text(environment, "JWT_AUDIENCE") or TokenSettings().audience,
        keys=keys,
        leeway=timedelta(seconds=read_number(environment, "JWT_LEEWAY_SECONDS", 30)),
    )


def read_airflow_people(environment: Mapping[str, str]) -> dict[str, str]:
    """`admin=ewa@larp.example`: who an Airflow login is at the backoffice."""
    found = {}
    for part in read_list(environment, "AIRFLOW_PEOPLE"):
        login, equals, person = (side.strip() for side in part.partition("="))
        if not (login and equals and person) or person.startswith("airflow:"):
            raise ConfigurationError(
                f"{PREFIX}AIRFLOW_PEOPLE has “{part}”.",
                next_step="write login=name, separated by commas, with the name (sub) of the backoffice's tokens.",
            )
        found[login] = person
    return found


def read_airflow_roles(environment: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """`anna=marketing_coordinator@*, ola=social_approver@1b4e28ba-…`."""
    found = []
    for part in read_list(environment, "AIRFLOW_ROLES"):
        name, equals, rest = part.rpartition("=")
        role, at, larp = rest.partition("@")
        if not (name and equals and role and at and larp):
            raise ConfigurationError(
                f"{PREFIX}AIRFLOW_ROLES has “{part}”.",
                next_step="write login=role@larp, separated by commas, with a LARP's id or *.",
            )
        found.append((name, role, larp))
    return tuple(found)
