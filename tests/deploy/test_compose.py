"""The containers: their files are whole, their settings those of the local stack, and their programs really run."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo
from tests.needs import needs_redis

from local_stack.environment import build_environment
from local_stack.postgres import EmbeddedPostgres
from local_stack.settings_file import read_env_file
from local_stack.state import PROJECT, Home, Ports
from socialpub.services.claim import ScanLimits

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "socialpub"}
# Made before all others, which contain them.
PASSWORDS = {"postgres_password", "redis_password"}
# What differs by nature between processes on one machine and containers.
PLACES = {
    "AIRFLOW_HOME",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
    "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
    "PYTHONPATH",
}


def load(name: str) -> ModuleType:
    path = PROJECT / "include" / "docker" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def env_files(service: dict[str, Any]) -> dict[str, str]:
    """What the service's env files set, the later ones over the earlier."""
    return {name: value for file in service["env_file"] for name, value in read_env_file(PROJECT / file).items()}


def docker_env() -> set[str]:
    return set(re.findall(r"([A-Z_]+)=", (PROJECT / "Dockerfile").read_text().split("ENV ")[1].split("WORKDIR")[0]))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_whole(name: str):
    """A program, a restart rule, a health check unless it only runs once, and no file that is not there."""
    service = SERVICES[name]
    assert service["command"]
    assert service["restart"] in ("unless-stopped", "no")
    assert ("healthcheck" in service) == (service["restart"] != "no")
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(service.get("depends_on", {})) <= SERVICES.keys()
    assert all((PROJECT / file).is_file() for file in service.get("env_file", []))
    for source in [volume.split(":")[0] for volume in service.get("volumes", [])]:
        assert (PROJECT / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"]


def check_schema(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_is_one_by_the_compose_specification(tmp_path: Path):
    """Its published JSON schema accepts the file, and refuses it with one word misspelt."""
    accepted = check_schema(PROJECT / "docker-compose.yaml")
    assert accepted.returncode == 0, accepted.stdout
    text = (PROJECT / "docker-compose.yaml").read_text()
    (tmp_path / "docker-compose.yaml").write_text(text.replace("stop_grace_period", "stop_grace_time"))
    assert "stop_grace_time" in check_schema(tmp_path / "docker-compose.yaml").stdout


def test_what_the_documents_scale_can_be_many():
    """The service exists, and nothing ties it to one container: no name, no host name, no port of the machine."""
    documents = "".join(path.read_text() for path in (PROJECT / "docs").glob("*.md"))
    scaled = set(re.findall(r"--scale ([a-z-]+)=\d", documents))
    assert scaled == {"airflow-worker", "airflow-scheduler"}
    assert all(not {"container_name", "ports", "hostname"} & SERVICES[name].keys() for name in scaled)
    assert SERVICES["airflow-worker"]["deploy"]["replicas"] == "${SOCIALPUB_WORKERS:-2}"


def test_a_worker_that_is_stopped_may_end_its_lanes():
    """The longest waits for its second from the scan on that claimed it."""
    assert SERVICES["airflow-worker"]["stop_grace_period"] == "2m"
    assert ScanLimits().claim_ahead < timedelta(minutes=2)


def test_one_worker_holds_all_lanes_and_the_next_scan():
    """So the others may die."""
    slots = int(env_files(SERVICES["airflow-worker"])["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert slots >= ScanLimits().max_lanes + 2


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS.keys()))
def test_images_of_others_have_a_version(name: str):
    """What runs does not change by itself."""
    assert re.search(r":v?\d", SERVICES[name]["image"])


def test_prometheus_collects_from_a_service_that_is_there():
    """And Airflow sends where that service listens: the exporter's own ports."""
    config = yaml.safe_load((PROJECT / "include" / "prometheus" / "prometheus.yml").read_text())
    targets = [t for job in config["scrape_configs"] for each in job["static_configs"] for t in each["targets"]]
    assert targets == ["airflow-apiserver:8080", "statsd-exporter:9102"]
    assert {target.split(":")[0] for target in targets} <= SERVICES.keys()
    sender = SERVICES["airflow-scheduler"]["environment"]
    assert sender["AIRFLOW__METRICS__STATSD_HOST"] == "statsd-exporter"
    assert sender["AIRFLOW__METRICS__STATSD_PORT"] == "9125"
    assert not [word for word in SERVICES["statsd-exporter"]["command"] if "listen" in word]


@needs_redis
def test_redis_lets_in_only_who_knows_the_password(tmp_path: Path):
    """The container's command, health check and secrets, with the system's Redis on a port of its own."""
    load("make_secrets").make_secrets(tmp_path)
    port = Ports.free().airflow

    def here(script: str) -> list[str]:
        mine = script.replace("$$", "$").replace("/run/secrets", str(tmp_path))
        return [
            "sh",
            "-c",
            mine.replace("redis-server -", f"redis-server - --port {port}").replace("-cli", f"-cli -p {port}"),
        ]

    _, _, script = SERVICES["redis"]["command"]
    _, check = SERVICES["redis"]["healthcheck"]["test"]
    server = subprocess.Popen(here(script), cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while subprocess.run(here(check), check=False).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (tmp_path / "redis_password").write_text("guessed")
        assert subprocess.run(here(check), check=False).returncode != 0
    finally:
        server.terminate()
        server.wait(10)
    assert list(tmp_path.glob("*.rdb")) == []


def test_secrets_are_files_that_the_script_makes(tmp_path: Path):
    """And making them again keeps what is there: the database already knows its password."""
    make_secrets = load("make_secrets").make_secrets
    made = make_secrets(tmp_path / "secrets")
    declared = {Path(entry["file"]).name for entry in COMPOSE["secrets"].values()}
    assert declared == {path.name for path in (tmp_path / "secrets").iterdir()} == {*made, *PASSWORDS}
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    before = (tmp_path / "secrets" / "server_url").read_text()
    assert make_secrets(tmp_path / "secrets") == []
    assert (tmp_path / "secrets" / "server_url").read_text() == before


def test_no_secret_is_in_the_files_of_the_deployment():
    """Neither the compose file nor the image holds one."""
    for service in SERVICES.values():
        names = [name for name in service.get("environment", {}) if re.search("SECRET|PASSWORD|KEY|CONN", name)]
        # The keys of the backoffice are public ones, and the variable names where they are.
        assert all(name.endswith("_FILE") or name == "SOCIALPUB_JWT_KEYS" for name in names), names
    assert not re.search(r"^(ARG|ENV).*(SECRET|PASSWORD|TOKEN|KEY)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)


def test_containers_get_the_settings_of_the_local_stack(tmp_path: Path, postgres: EmbeddedPostgres):
    """One topology, two ways to start it, both with Celery: each variable of the one is known to the other."""
    local = build_environment(
        Home(tmp_path), Ports(), postgres, dags_folder=PROJECT / "dags", given={}, broker_url="redis://127.0.0.1:1/0"
    )
    assert local["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    load("make_secrets").make_secrets(tmp_path / "secrets")
    for name, service in OURS.items():
        secrets = tmp_path / name
        secrets.mkdir()
        for secret in service["secrets"]:
            (secrets / secret).write_bytes((tmp_path / "secrets" / secret).read_bytes())
        given = {**env_files(service), **service["environment"]}
        ready = load("entrypoint").build_environment(given, secrets)
        if name == "prepare":  # makes what the connections lead to, and talks to the database server alone
            assert {"SERVER_URL", "SOCIALPUB_DB_PASSWORD", "BACKOFFICE_DB_PASSWORD"} <= ready.keys()
            assert "AIRFLOW_CONN_FACEBOOK_APP" not in ready
            continue
        assert local.keys() - ready.keys() - docker_env() - PLACES == set(), name
        assert json.loads(ready["AIRFLOW_CONN_SOCIALPUB_DB"])["password"]
        assert re.fullmatch(r"redis://:\S{20,}@redis:6379/0", ready["AIRFLOW__CELERY__BROKER_URL"])
        for file in ("airflow.env", "celery.env"):
            for setting in read_env_file(PROJECT / "config" / file):
                assert ready[setting] == local[setting]


def test_half_the_secrets_are_named(tmp_path: Path):
    """A container that lacks one says which."""
    values = {"SOCIALPUB_DB_HOST": "h", "SOCIALPUB_DB_USER": "u", "SOCIALPUB_DB_NAME": "n"}
    with pytest.raises(Exception, match="SOCIALPUB_DB_PASSWORD"):
        load("entrypoint").build_environment(values, tmp_path)


def test_the_init_container_prepares_a_bare_server_and_may_run_again(postgres: EmbeddedPostgres):
    """Logins with passwords and just their role, on both databases' server."""
    prepare = load("prepare").prepare
    for password in ("first", "renewed"):
        prepare(
            postgres.url("postgres"), airflow_database="airflow_of_containers",
            passwords={"socialpub_airflow": password, "socialpub_backoffice_app": password},
        )  # fmt: skip
    login = make_conninfo(host=postgres.socket_dir, dbname="socialpub", user="socialpub_airflow", password="renewed")
    with psycopg.connect(login) as connection:
        assert connection.execute("select pg_has_role('socialpub_worker', 'member')").fetchone() == (True,)
        assert connection.execute("select count(*) from social_scheduled_posts").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("drop table social_scheduled_posts")


def test_housekeeping_says_what_airflow_understands():
    """Its own parser takes the words; the date is two weeks back."""
    from airflow.cli.cli_parser import get_parser

    shell, option, script = SERVICES["housekeeping"]["command"]
    assert (shell, option) == ("sh", "-c")
    [words] = re.findall(r"airflow (db clean .*); done$", script)
    said = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {words.replace('$$', '$')}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    options = get_parser().parse_args(said)
    age = datetime.now(UTC).date() - options.clean_before_timestamp.date()
    assert 13 <= age.days <= 15
    assert options.yes


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_special():
    """Every source exists, hashes are required, the user is not root."""
    lines = (PROJECT / "Dockerfile").read_text()
    sources = [
        source for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", lines, re.MULTILINE) for source in copied.split()
    ]
    assert sources
    assert all((PROJECT / source).exists() for source in sources)
    allowed = (PROJECT / ".dockerignore").read_text().splitlines()
    assert all(f"!{source}" in allowed for source in sources)
    assert "--require-hashes -r /build/requirements.lock" in lines
    assert lines.rindex("USER airflow") > lines.rindex("FROM")
    entry = re.findall(r"/opt/socialpub/(\S+\.py)", lines)
    assert entry
    assert all((PROJECT / path).is_file() for path in entry)
