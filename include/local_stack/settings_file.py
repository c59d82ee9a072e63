"""`airflow_settings.yaml` → the environment variables that Airflow reads connections and variables from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local_stack.state import StackError

_PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")
# The Astro CLI's names → those of Airflow's JSON form of a connection.
_FIELDS = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_login": "login",
    "conn_password": "password",
    "conn_schema": "schema",
    "conn_port": "port",
    "conn_extra": "extra",
}


def read_settings(path: Path, values: Mapping[str, str]) -> dict[str, str]:
    """`AIRFLOW_CONN_…` and `AIRFLOW_VAR_…`; an entry whose placeholders are all unknown is left out.

    Raises `StackError` when only some of an entry's placeholders are known: half a connection is a mistake.
    """
    airflow = yaml.safe_load(path.read_text())["airflow"]
    environment = {}
    for entry in airflow.get("connections") or []:
        if filled := _fill(entry, values):
            environment[f"AIRFLOW_CONN_{entry['conn_id'].upper()}"] = json.dumps(_connection(filled))
    for entry in airflow.get("variables") or []:
        if filled := _fill(entry, values):
            environment[f"AIRFLOW_VAR_{entry['variable_name'].upper()}"] = str(filled["variable_value"])
    return environment


def _connection(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELDS[key]: value for key, value in entry.items() if key in _FIELDS and value is not None}


def _fill(entry: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any] | None:
    text = json.dumps(entry)
    wanted = set(_PLACEHOLDER.findall(text))
    missing = sorted(wanted - values.keys())
    if wanted and len(missing) == len(wanted):
        return None
    if missing:
        raise StackError(f"{next(iter(entry.values()))} lacks {', '.join(missing)}. Next: set it in the environment.")
    filled: dict[str, Any] = json.loads(_PLACEHOLDER.sub(lambda match: json.dumps(values[match[1]])[1:-1], text))
    return filled


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines; comments and empty lines are skipped."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
