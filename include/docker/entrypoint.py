"""Starts a container's program: secret files and airflow_settings.yaml become its environment, nothing is baked in.

The name of a secret file in capitals is the variable it fills: /run/secrets/facebook_app_secret → FACEBOOK_APP_SECRET.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local_stack.settings_file import read_settings
from local_stack.state import PROJECT, StackError


def build_environment(given: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """Secret files win over `given`, a connection that is given whole wins over airflow_settings.yaml."""
    files = sorted(secrets.iterdir()) if secrets.is_dir() else []
    values = {**given, **{file.name.upper(): file.read_text().strip() for file in files if file.is_file()}}
    return {**read_settings(PROJECT / "airflow_settings.yaml", values), **values}


def write_passwords(environment: Mapping[str, str]) -> None:
    """Airflow reads its users' passwords from a file of its own."""
    path = environment.get("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE")
    if path and "ADMIN_PASSWORD" in environment:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"admin": environment["ADMIN_PASSWORD"]}, file)


if __name__ == "__main__":
    try:
        ready = build_environment(os.environ, Path("/run/secrets"))
    except StackError as error:
        sys.exit(str(error))
    write_passwords(ready)
    os.execvpe(sys.argv[1], sys.argv[1:], ready)  # noqa: S606 - the program of the container, as its command names it
