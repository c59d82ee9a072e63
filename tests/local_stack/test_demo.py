"""`make demo` from the outside: the exit code, the table, and what it says when time runs out."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from local_stack.state import PROJECT, Ports, variable

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]


def demo(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    ports = Ports.free()
    chosen = {variable(name): str(getattr(ports, name)) for name in Ports.__dataclass_fields__}
    environment = {**os.environ, **chosen, "SOCIALPUB_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    return subprocess.run(
        ["make", "demo"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=280
    )


def test_the_demo_shows_each_sample_where_it_belongs_within_three_minutes(tmp_path: Path):
    """One due now, one in two minutes, one refused for good, one rate-limited first."""
    started = time.monotonic()
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 180
    rows = {
        title: line
        for line in done.stdout.splitlines()
        for title in ("Due now", "In two minutes", "Refused for good", "Rate limited first")
        if line.startswith("│") and title in line
    }
    assert {title: "published" in line and "/posts/" in line for title, line in rows.items()} == {
        "Due now": True,
        "In two minutes": True,
        "Refused for good": False,
        "Rate limited first": True,
    }
    assert "failed" in rows["Refused for good"]
    assert "code 100" in rows["Refused for good"]
    assert any(f" {hundredths / 100:.2f} s" in rows["In two minutes"] for hundredths in range(101))
