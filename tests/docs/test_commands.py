"""Every command that the documents show exists, and is understood by the program it calls."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from uuid import uuid4

import pytest

from local_stack.state import PROJECT
from socialpub.cli import main

DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
# What a container engine or a production server is needed for; tests/deploy checks the files behind it.
ELSEWHERE = ("docker compose", "export ")


def commands() -> list[str]:
    """The lines of all bash blocks, without their comments. Blocks with a mark are run by tests of their own."""
    blocks = [b for path in DOCUMENTS for b in re.findall(r"(?<!-->\n)```bash\n(.*?)```", path.read_text(), re.DOTALL)]
    lines = [line.split("   #")[0].split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({part.strip() for line in lines for part in line.split("&&") if part.strip()})


def test_every_command_is_of_a_kind_that_is_tested():
    """A new kind of command needs a test of its own here."""
    known = ("make ", "socialpub ", "airflow ", ".venv/bin/python include/docker/make_secrets.py", *ELSEWHERE)
    assert [command for command in commands() if not command.startswith(known)] == []


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("make ")])
def test_make_knows_its_targets(command: str):
    """tests/local_stack runs `make run` and `make demo`; the check on each change runs the others."""
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(command)[1:]], cwd=PROJECT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("socialpub ") and "doctor" not in c])
def test_socialpub_understands_its_verbs(world, monkeypatch: pytest.MonkeyPatch, capsys, command: str):
    """With made-up ids a verb is refused at most: 2 would mean that it was not understood."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", world.url("airflow_login"))
    filled = re.sub("POST|MESSAGE", str(uuid4()), command).replace("PAGE_ID", "1").replace("ID_OR_URL", "1_2")
    typed, _, redirected = filled.replace("LARP_ID", str(uuid4())).partition(" < ")
    monkeypatch.setattr(sys, "stdin", io.StringIO(redirected))
    assert main(shlex.split(typed)[1:]) in (0, 1), capsys.readouterr().err


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("airflow ")])
def test_airflow_understands_its_commands(command: str):
    """Its own parser takes the words, and a DAG that is named is one of ours."""
    from airflow.cli.cli_parser import get_parser

    words = shlex.split(command)
    options = get_parser().parse_args(words[1:])
    if words[1:3] == ["dags", "trigger"]:
        assert (PROJECT / "dags" / f"{options.dag_id}.py").is_file()
        assert set(json.loads(options.conf)) <= set(re.findall(r'"(\w+)": Param', _dag_text(options.dag_id)))


def _dag_text(dag_id: str) -> str:
    return (PROJECT / "dags" / f"{dag_id}.py").read_text()


def test_doctor_runs_as_shown(world, monkeypatch: pytest.MonkeyPatch, capsys):
    """It finds something to say about an installation that is not set up, and is understood."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", world.url("airflow_login"))
    assert main(["doctor"]) in (0, 1), capsys.readouterr().err


def test_the_migration_command_brings_an_empty_database_up_to_date(postgres, world):
    """As docs/deployment.md and the error messages name it; a second run changes nothing."""
    world.run("create database commands_of_the_docs")
    environment = {**os.environ, "SOCIALPUB_OWNER_URL": postgres.url("commands_of_the_docs")}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "socialpub.db", "migrate"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "up to date" in done.stdout
