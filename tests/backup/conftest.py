"""A world that can be dumped, destroyed and restored with the commands of docs/backup.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.conftest import TOKEN_KEY, World
from tests.services.conftest import Desk, desk  # noqa: F401 - a fixture

from local_stack.postgres import EmbeddedPostgres
from local_stack.state import PROJECT
from socialpub.db.schema import upgrade

TEXT = (PROJECT / "docs" / "backup.md").read_text()
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n```sh\n(.*?)```", TEXT, re.DOTALL))


@dataclass
class Site:
    """One server with the two databases, and a folder for dumps."""

    desk: Desk
    folder: Path

    @property
    def world(self) -> World:
        return self.desk.world

    def follow(self, block: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a block of the page, as an administrator would type it."""
        return subprocess.run(
            ["bash", "-uo", "pipefail", "-c", BLOCKS[block]],
            cwd=self.folder, env=self.environment() | more, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        url, programs = self.desk.sandbox.url, (str(self.world.server.programs), str(Path(sys.executable).parent))
        app = {"conn_type": "facebook_graph", "login": "100000000000001", "password": "sandbox-app-secret"}
        app["extra"] = {"graph_url": url, "graph_video_url": url, "rupload_url": url}  # type: ignore[assignment]
        return {
            **os.environ,
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
            "PGHOST": self.world.server.socket_dir,
            "PGUSER": "postgres",
            "SOCIALPUB_DATABASE_URL": self.world.url("airflow_login"),
            "SOCIALPUB_TOKEN_KEYS": TOKEN_KEY,
            "AIRFLOW_CONN_FACEBOOK_APP": json.dumps(app),
        }

    def dump(self) -> None:
        done = self.follow("dump")
        assert done.returncode == 0, done.stderr

    def lose_everything(self) -> None:
        """The server is gone with its folder."""
        self.world.server.stop()
        shutil.rmtree(self.world.server.data_dir)

    def restore(self) -> Site:
        """On a new server."""
        server = EmbeddedPostgres(self.folder / "new" / "data")
        server.start()
        self.desk = replace(self.desk, world=World(server, "socialpub"))
        done = self.follow("restore")
        assert done.returncode == 0, done.stderr
        return self


def start_site(desk: Desk, folder: Path) -> Site:  # noqa: F811 - the fixture's value
    """A server of its own: this one is going to be destroyed."""
    server = EmbeddedPostgres(folder / "old" / "data")
    server.start()
    world = World(server, "postgres")
    world.run("create database socialpub")
    world.run("create database airflow")
    upgrade(server.url("socialpub"))
    world.run("create role airflow_login login in role socialpub_worker")
    world.run("create role backoffice_login login in role socialpub_backoffice")
    return Site(replace(desk, world=World(server, "socialpub")), folder)


@pytest.fixture
def site(desk: Desk, tmp_path: Path) -> Iterator[Site]:  # noqa: F811 - the fixture
    found = start_site(desk, tmp_path)
    found.desk.sandbox.control.set_refuse_duplicates(False)  # Facebook's own guard must not hide a fault of ours.
    yield found
    found.world.server.stop()
