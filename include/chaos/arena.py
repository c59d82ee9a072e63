"""The real stack, patient for seconds instead of minutes, with the sandbox behind a network that can be cut."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from chaos.proxy import CuttableProxy
from graph_sandbox.server import SandboxServer
from local_stack.backoffice import Backoffice
from local_stack.environment import SANDBOX_APP_ID, SANDBOX_APP_SECRET
from local_stack.stack import Report, Stack

# Every wait of the product that a setting shortens; nothing else differs from what `make run` starts.
_PATIENCE = {
    "SOCIALPUB_BURST_LANES": "16",  # Locked posts must not use up the connections of a lane that has others.
    "AIRFLOW__CORE__PARALLELISM": "32",  # Two runs' lanes side by side fit into the executor.
    "SOCIALPUB_FENCE_AHEAD_SECONDS": "3",  # Time to strike between the fence and the request.
    "SOCIALPUB_QUEUED_LEASE_SECONDS": "15",
    "SOCIALPUB_SEND_LEASE_SECONDS": "20",
    "SOCIALPUB_SETTLE_SECONDS": "8",
    "SOCIALPUB_LOOK_AGAIN_SECONDS": "5",
    "SOCIALPUB_RETRY_MINUTES": "0.2,0.2,0.2",
    "SOCIALPUB_VIDEO_CHUNKS_ABOVE_BYTES": "1",  # Small videos go up in chunks, too.
}
HANG_SECONDS = 12.0
"""How long a request hangs; shorter than the lease of a sent post, as every request has to be."""


class Arena:
    """Everything a wave needs; a context manager."""

    def __init__(self, home: Path, *, report: Report = lambda _: None) -> None:
        self._home = home
        self._report = report
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self.server = parts.enter_context(SandboxServer())
            self.sandbox = self.server.control
            self.sandbox.set_refuse_duplicates(False)  # Facebook's own guard must not hide a fault of ours.
            port = int(self.server.url.rsplit(":", 1)[1])
            self.proxy = parts.enter_context(CuttableProxy(port))
            environment = {**_PATIENCE, "AIRFLOW_CONN_FACEBOOK_APP": self._connection()}
            stack = Stack(self._home, environment=environment, report=self._report)
            self.stack = parts.enter_context(stack)
            self.stack.wait_until_ready()
            self.office = Backoffice(self.stack.database_url(), token_keys=self.stack.token_keys, sandbox=self.sandbox)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def _connection(self) -> str:
        hosts = dict.fromkeys(("graph_url", "graph_video_url"), f"http://127.0.0.1:{self.proxy.port}")
        extra = {"version": "v26.0", **hosts}
        app = {"conn_type": "facebook_graph", "login": SANDBOX_APP_ID, "password": SANDBOX_APP_SECRET, "extra": extra}
        return json.dumps(app)
