"""What a person may set about the local stack, and what wrong settings are told."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from tests.needs import needs_redis

from local_stack.broker import Broker
from local_stack.settings_file import read_settings
from local_stack.stack import Stack
from local_stack.state import PROJECT, Home, Ports, StackError

VALUES = {
    "SOCIALPUB_DB_HOST": "db.example",
    "SOCIALPUB_DB_USER": "worker",
    "SOCIALPUB_DB_NAME": "socialpub",
    "SOCIALPUB_DB_PASSWORD": "pw",
    "FACEBOOK_APP_ID": "1",
    "FACEBOOK_APP_SECRET": 'sec"ret',
    "FACEBOOK_GRAPH_URL": "http://127.0.0.1:1",
    "FACEBOOK_DIALOG_URL": "http://127.0.0.1:1",
}


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eighty", "8080.5", " 8080", "²"])
def test_a_wrong_port_is_refused_by_name(text):
    """The message names the variable to mend."""
    with pytest.raises(StackError, match="SOCIALPUB_SANDBOX_PORT"):
        Ports.from_environment({"SOCIALPUB_SANDBOX_PORT": text})


def test_ports_come_from_the_environment_one_by_one():
    """An empty variable is one that is not set."""
    assert Ports.from_environment({"SOCIALPUB_AIRFLOW_PORT": "9000", "SOCIALPUB_SANDBOX_PORT": ""}) == Ports(
        airflow=9000
    )


def test_a_taken_port_is_named_with_the_variable_that_moves_it():
    """Before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(StackError, match=rf"Port {taken} is taken.*SOCIALPUB_AIRFLOW_PORT"):
            Ports(airflow=taken).require_free()


def test_connections_are_airflows_json_with_secrets_quoted_right():
    """The one list of connections serves the Astro CLI and the local stack."""
    environment = read_settings(PROJECT / "airflow_settings.yaml", VALUES)
    assert json.loads(environment["AIRFLOW_CONN_FACEBOOK_APP"])["password"] == 'sec"ret'
    assert json.loads(environment["AIRFLOW_CONN_SOCIALPUB_DB"])["host"] == "db.example"


def test_half_a_connection_is_a_mistake_and_none_is_left_out():
    """A connection whose values are all unknown is somebody else's to give."""
    database_only = {name: value for name, value in VALUES.items() if "DB" in name}
    assert set(read_settings(PROJECT / "airflow_settings.yaml", database_only)) == {"AIRFLOW_CONN_SOCIALPUB_DB"}
    with pytest.raises(StackError, match="FACEBOOK_APP_SECRET"):
        read_settings(PROJECT / "airflow_settings.yaml", {**database_only, "FACEBOOK_APP_ID": "1"})


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    """Two reads agree; the file's mode keeps others out."""
    home = Home(tmp_path)
    assert home.secret("jwt_secret") == home.secret("jwt_secret") != home.secret("api_secret")
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_celery_without_redis_says_what_to_install_and_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Before the database is made."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="Next: apt-get install redis-server"), Stack(tmp_path / "home", workers=2):
        pass
    assert not (tmp_path / "home" / "pgdata").exists()


@needs_redis
def test_the_password_of_redis_is_its_owners_only(tmp_path: Path):
    """Not in the arguments of the process, which everybody on the machine may read."""
    command = Broker(Home(tmp_path)).prepare()
    password, settings = Home(tmp_path).secret("redis_password"), Path(command[-1])
    assert f"requirepass {password}" in settings.read_text()
    assert settings.stat().st_mode & 0o077 == 0
    assert not any(password in word for word in command)
