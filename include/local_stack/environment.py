"""What the components find in their environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from local_stack.postgres import EmbeddedPostgres
from local_stack.settings_file import read_env_file, read_settings
from local_stack.state import PROJECT, Home, Ports

SANDBOX_APP_ID = "100000000000001"
SANDBOX_APP_SECRET = "sandbox-app-secret"
# Airflow logins with their roles there: one who looks after it, one who writes posts, one who approves them.
LOGINS = {"admin": "admin", "anna": "viewer", "ola": "viewer"}


def build_environment(
    home: Home,
    ports: Ports,
    postgres: EmbeddedPostgres,
    *,
    dags_folder: Path,
    given: Mapping[str, str],
    broker_url: str | None = None,
) -> dict[str, str]:
    """Airflow's whole environment. What `given` (the user's own environment) sets wins, except over places and ports:

    all state is in one folder, even for a user who has another Airflow at home. With `broker_url` tasks run in Celery.
    """
    connections = read_settings(PROJECT / "airflow_settings.yaml", _stand_ins(ports, postgres))
    celery = {"AIRFLOW__CELERY__BROKER_URL": broker_url} if broker_url else {}
    own = _shipped(home, is_celery=bool(broker_url))
    return {**own, **connections, **given, **_places(home, ports, postgres, dags_folder), **celery}


def _shipped(home: Home, *, is_celery: bool) -> dict[str, str]:
    """The Airflow configuration that goes with the project, and what a deployment keeps secret."""
    return {
        **read_env_file(PROJECT / "config" / "airflow.env"),
        **(read_env_file(PROJECT / "config" / "celery.env") if is_celery else {}),
        **_secrets(home),
        "SOCIALPUB_TOKEN_KEYS": home.secret("token_fernet_key"),
        "SOCIALPUB_MEDIA_ROOT": str(home.media),
        "SOCIALPUB_METRICS_NETWORKS": "127.0.0.1/32",
        "SOCIALPUB_AIRFLOW_ROLES": "anna=marketing_coordinator@*, ola=social_approver@*",
        "SOCIALPUB_WEBHOOK_TOKEN": home.secret("webhook_token"),
        "PYTHONPATH": os.pathsep.join(str(PROJECT / folder) for folder in ("config", "plugins", "include")),
        "PYTHONUNBUFFERED": "1",
    }


def _stand_ins(ports: Ports, postgres: EmbeddedPostgres) -> dict[str, str]:
    """What `airflow_settings.yaml` asks for: the database, and what stands in for Facebook, mail and Slack."""
    return {
        "SOCIALPUB_DB_HOST": postgres.socket_dir,
        "SOCIALPUB_DB_USER": "socialpub_airflow",
        "SOCIALPUB_DB_PASSWORD": "",
        "SOCIALPUB_DB_NAME": "socialpub",
        "FACEBOOK_APP_ID": SANDBOX_APP_ID,
        "FACEBOOK_APP_SECRET": SANDBOX_APP_SECRET,
        "FACEBOOK_GRAPH_URL": f"http://127.0.0.1:{ports.sandbox}",
        "FACEBOOK_DIALOG_URL": f"http://127.0.0.1:{ports.sandbox}",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports.inbox_smtp),
        "SMTP_USER": "",
        "SMTP_PASSWORD": "",
        "SMTP_FROM": "social@socialpub.example",
        "SMTP_DISABLE_SSL": "yes",
        "SMTP_DISABLE_TLS": "yes",
        "SLACK_WEBHOOK_URL": f"http://127.0.0.1:{ports.inbox}/slack/social",
    }


def _places(home: Home, ports: Ports, postgres: EmbeddedPostgres, dags_folder: Path) -> dict[str, str]:
    api = f"http://127.0.0.1:{ports.airflow}"
    metadata = postgres.url("airflow")
    return {
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        "AIRFLOW__API__BASE_URL": api,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.replace("+psycopg:", "+psycopg2:"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.airflow / "logs"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports.worker_log),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports.trigger_log),
    }


def _secrets(home: Home) -> dict[str, str]:
    passwords = home.airflow / "passwords.json"
    passwords.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(passwords, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({login: home.secret(f"{login}_password") for login in LOGINS}, file)
    return {
        "AIRFLOW__CORE__FERNET_KEY": home.secret("airflow_fernet_key"),
        "AIRFLOW__API_AUTH__JWT_SECRET": home.secret("jwt_secret"),
        "AIRFLOW__API__SECRET_KEY": home.secret("api_secret"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in LOGINS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
