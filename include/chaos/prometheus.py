"""A real Prometheus with the shipped rules, in front of the running stack, at fifteen times its usual pace."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import yaml

from local_stack.state import PROJECT, Ports, StackError

PACE = 15
"""Scrapes and evaluations come each second instead of every 15, and each `for` is a fifteenth. So four minutes have as
many scrapes as an hour, and what waits less raises no less. Expressions are unchanged."""
RULES = PROJECT / "include" / "prometheus" / "alerts.yml"
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_START_SECONDS = 30


def quicken(rules: str) -> dict[str, Any]:
    """The rules with each `for` divided by `PACE`, and nothing else changed."""
    found: dict[str, Any] = yaml.safe_load(rules)
    for group in found["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = f"{_to_seconds(rule['for']) * 1000 // PACE}ms"
    return found


def _to_seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()  # type: ignore[union-attr] # a rule of ours
    return int(number) * _SECONDS[unit]


class Prometheus:
    """Scrapes `/socialpub/metrics` of the API server at `target` (host:port); a context manager."""

    def __init__(self, target: str, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._url = f"127.0.0.1:{Ports.free().airflow}"

    def __enter__(self) -> Self:
        """Raises `StackError` when it is not installed or does not scrape."""
        if shutil.which("prometheus") is None:
            raise StackError("There is no Prometheus on this machine. Next: install the package `prometheus`.")
        self._folder.mkdir(exist_ok=True)
        (self._folder / "alerts.yml").write_text(yaml.safe_dump(quicken(RULES.read_text())))
        (self._folder / "prometheus.yml").write_text(json.dumps(self._configuration()))
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={self._folder}/prometheus.yml", f"--storage.tsdb.path={self._folder}/data",
             f"--web.listen-address={self._url}", "--log.level=error"]
        )  # fmt: skip
        try:
            self._wait_until_it_has_scraped()
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)

    def fired(self, since: float) -> set[str]:
        """The alerts that have been firing at any second since then (Unix seconds)."""
        return {series["metric"]["alertname"] for series in self._ask(since)}

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        return self.fired(time.time())

    def scrapes(self, since: float) -> tuple[int, int]:
        """How many there were since then, and how many of them failed."""
        values = [value for series in self._ask(since, 'up{job="socialpub"}') for _, value in series["values"]]
        return len(values), sum(value == "0" for value in values)

    def _ask(self, since: float, query: str = 'ALERTS{alertstate="firing"}') -> list[dict[str, Any]]:
        span: dict[str, str | float] = {"query": query, "start": since, "end": max(since, time.time()), "step": 1}
        answer = requests.get(f"http://{self._url}/api/v1/query_range", params=span, timeout=10)
        answer.raise_for_status()
        return list(answer.json()["data"]["result"])

    def _configuration(self) -> dict[str, Any]:
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(self._folder / "alerts.yml")],
            "scrape_configs": [
                {
                    "job_name": "socialpub",
                    "metrics_path": "/socialpub/metrics",
                    "static_configs": [{"targets": [self._target]}],
                }
            ],
        }

    def _wait_until_it_has_scraped(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._has_scraped():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"Prometheus does not scrape {self._target} after {_START_SECONDS} s.")
            time.sleep(0.3)

    def _has_scraped(self) -> bool:
        try:
            return bool(self._ask(time.time(), 'up{job="socialpub"} == 1'))
        except requests.RequestException:
            return False
