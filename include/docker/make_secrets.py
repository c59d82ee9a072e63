"""`python include/docker/make_secrets.py`: make ./secrets for docker-compose.yaml; what is there already stays."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet

FOLDER = Path(__file__).resolve().parent.parent.parent / "secrets"


def make_secrets(folder: Path) -> list[str]:
    """Write the files that are missing; returns their names.

    Containers see each file with its mode here but run as another user, so the folder is what keeps others out.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    postgres = _keep(folder, "postgres_password", secrets.token_urlsafe(24))
    redis = _keep(folder, "redis_password", secrets.token_urlsafe(24))
    wanted = {
        "server_url": f"postgresql+psycopg://postgres:{postgres}@postgres/postgres",
        "airflow__database__sql_alchemy_conn": f"postgresql+psycopg2://postgres:{postgres}@postgres/airflow",
        "airflow__database__sql_alchemy_conn_async": f"postgresql+psycopg://postgres:{postgres}@postgres/airflow",
        "airflow__celery__broker_url": f"redis://:{redis}@redis:6379/0",
        "airflow__core__fernet_key": Fernet.generate_key().decode(),
        "airflow__api__secret_key": secrets.token_urlsafe(24),
        "airflow__api_auth__jwt_secret": secrets.token_urlsafe(24),
        "admin_password": secrets.token_urlsafe(24),
        "socialpub_db_password": secrets.token_urlsafe(24),
        "backoffice_db_password": secrets.token_urlsafe(24),
        "socialpub_token_keys": Fernet.generate_key().decode(),
        "socialpub_metrics_token": secrets.token_urlsafe(24),
        "facebook_app_secret": "sandbox-app-secret",
        "smtp_password": "",
        "slack_webhook_url": "http://inbox:8091/slack/social",
    }
    missing = [name for name in wanted if not (folder / name).exists()]
    for name in missing:
        _keep(folder, name, wanted[name])
    return missing


def _keep(folder: Path, name: str, value: str) -> str:
    path = folder / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
    return path.read_text().strip()


if __name__ == "__main__":
    print("Made:", ", ".join(make_secrets(FOLDER)) or "nothing, all secrets are there.")
