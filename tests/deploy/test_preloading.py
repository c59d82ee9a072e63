"""What config/airflow_local_settings.py loads, and where: a task's process inherits it instead of importing it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.state import PROJECT

LOADED = "import sys, airflow.settings; print('socialpub.services.lane' in sys.modules)"


@pytest.mark.parametrize(
    ("command", "preloads"), [("scheduler", "True"), ("celery worker", "True"), ("api-server", "False")]
)
def test_the_processes_that_tasks_fork_from_have_loaded_the_lane(tmp_path: Path, command: str, preloads: str):
    """As Airflow starts, before it forks anything; a component without tasks spares itself the time."""
    folders = os.pathsep.join(str(PROJECT / folder) for folder in ("config", "plugins", "include"))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command.split()],
        env={**os.environ, "PYTHONPATH": folders, "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == preloads
