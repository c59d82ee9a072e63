"""What the runbook says to type at Airflow's command line, typed at a running Airflow."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from local_stack.state import PROJECT
from tests.airflow_runs.conftest import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

PAGE = "285000000000001"
COMMANDS = sorted(set(re.findall(r"^airflow (.+)$", (PROJECT / "docs" / "runbook.md").read_text(), re.MULTILINE)))


def test_each_command_does_what_it_is_there_for(office):
    """It ends well, and the check of the Page that it starts ends green."""
    office.add_page(PAGE, "By the book")
    before = {run["dag_run_id"] for run in office.stack.airflow.runs("check_page_tokens")}
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *shlex.split(command.replace("PAGE_ID", PAGE))],
            env=office.stack.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"airflow {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    runs = [run for run in office.stack.airflow.runs("check_page_tokens") if run["dag_run_id"] not in before]
    assert [run["conf"] for run in runs] == [{"page_id": PAGE}]

    def state() -> str:
        [run] = [r for r in office.stack.airflow.runs("check_page_tokens") if r["dag_run_id"] not in before]
        return str(run["state"])

    eventually(lambda: state() == "success", seconds=90, what=state)
    assert office.rows("select token_status from facebook_page_connections where page_id = %s", PAGE) == [("valid",)]
