"""A large video on its way to the sandbox: how fast, beside plain `requests`, and with how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Figure, Limit, Line, Peer
from bench.peers.object_store import BUCKET
from bench.peers.upload_worker import LARGE, SMALL
from bench.stage import BenchError, Stage
from bench.summary import Summary, summarise
from graph_sandbox.samples import make_video
from graph_sandbox.server import SandboxServer

_MIB = 1 << 20
_SMALL_BYTES = 32 * _MIB
"""More than is ever read ahead: what that takes is there before it is counted."""
_ROUNDS = 3
_MOST_EXTRA_MIB = 64
_LEAST_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: its speed, and by how much the memory of its process rose."""

    mib_per_s: float
    extra_mib: float


def measure_upload_disk(stage: Stage) -> Iterator[Line]:
    """From a folder, beside `requests` streaming the same file."""
    with _films(stage.video_bytes) as folder:
        uploads = _measure(stage, dict.fromkeys(("ours", "form", "raw"), str(folder)), {})
        yield from make_lines("upload_1gib_disk", stage.video_bytes, uploads)


def measure_upload_s3(stage: Stage) -> Iterator[Line]:
    """From an S3 bucket, beside `requests` streaming the same object from there, and the same file from its folder."""
    with _films(stage.video_bytes) as folder, _serve("bench.peers.object_store", str(folder)) as port:
        endpoint = f"http://127.0.0.1:{port}"
        extra = {"endpoint_url": endpoint, "region_name": "eu-central-1"}
        connection = {"conn_type": "aws", "login": "bench", "password": "bench", "extra": extra}
        places = {"ours": f"s3://bench_s3@{BUCKET}/", "form": f"{endpoint}/{BUCKET}", "form, disk": str(folder)}
        uploads = _measure(stage, places, {"AIRFLOW_CONN_BENCH_S3": json.dumps(connection)})
        yield from make_lines("upload_1gib_s3", stage.video_bytes, uploads)


@contextmanager
def _films(size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="socialpub-films-") as name:
        for film, bytes_ in ((SMALL, min(_SMALL_BYTES, size)), (LARGE, size)):
            with (Path(name) / film).open("wb") as file:
                file.write(make_video(_MIB))
                for _ in range(bytes_ // _MIB - 1):
                    file.write(os.urandom(_MIB))
        yield Path(name)


@contextmanager
def _serve(module: str, argument: str) -> Iterator[int]:
    """A server in a process of its own, which prints its port and ends with its stdin."""
    command, pipe = [sys.executable, "-m", module, argument], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None and process.stdout is not None, "pipes were asked for"
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def _measure(stage: Stage, places: dict[str, str], environment: dict[str, str]) -> dict[str, list[Upload]]:
    """Each in turn, so that what disturbs the machine disturbs all of them."""
    found: dict[str, list[Upload]] = {name: [] for name in places}
    with tempfile.TemporaryDirectory(prefix="socialpub-airflow-") as home:
        env = {**os.environ, "AIRFLOW_HOME": home, **environment}
        for number in range(_ROUNDS):
            for name, place in places.items():
                stage.report(f"Uploading {stage.video_bytes // _MIB} MiB, {name}, round {number + 1}")
                with SandboxServer() as sandbox:
                    found[name].append(_upload(name, place, sandbox.url, stage.video_bytes, env))
    return found


def _upload(name: str, place: str, url: str, size: int, environment: dict[str, str]) -> Upload:
    command = [sys.executable, "-m", "bench.peers.upload_worker", name.partition(",")[0], place, url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise BenchError(f"The upload {name} ended with {done.returncode}: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Upload(size / _MIB / said["seconds"], said["extra_bytes"] / _MIB)


def make_lines(figure: str, size: int, uploads: dict[str, list[Upload]]) -> Iterator[Line]:
    speeds = {name: summarise([upload.mib_per_s for upload in found]) for name, found in uploads.items()}
    memory = {name: summarise([upload.extra_mib for upload in found]) for name, found in uploads.items()}
    yield _make_line(figure, "MiB/s", speeds, Limit("p50", is_floor=True, peer_factor=_LEAST_SHARE), size)
    yield _make_line(f"{figure}_memory", "MiB", memory, Limit("max", _MOST_EXTRA_MIB), size)


def _make_line(figure: str, unit: str, measured: dict[str, Summary], limit: Limit, size: int) -> Line:
    peers = [Peer(f"requests ({name})", summary) for name, summary in measured.items() if name != "ours"]
    return Figure(figure, unit, measured["ours"], limit, peers, details={"bytes": size}).line()
