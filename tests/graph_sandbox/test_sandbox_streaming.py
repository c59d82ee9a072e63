"""Big uploads stream through the sandbox: its memory stays small whatever comes."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_video
from graph_sandbox.state import DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from graph_sandbox.tokens import make_proof

MIB = 1024**2
SIZE = 256 * MIB
SPARE = 24 * MIB
BLOCK = make_video(MIB)
FIELDS = {"appsecret_proof": make_proof(DEFAULT_PAGE_TOKEN, DEFAULT_APP_SECRET)}


@pytest.fixture(scope="module", name="server_process")
def start_process() -> Iterator[psutil.Popen]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "graph_sandbox", "--port", str(port), "--quiet"]
    with psutil.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        running.stdout.readline()
        running.url = f"http://127.0.0.1:{port}"
        control = SandboxControl(running.url)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                control.now()
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        running.control = control
        yield running
        control.close()
        running.terminate()


@pytest.fixture
def process(server_process: psutil.Popen) -> psutil.Popen:
    server_process.control.reset()
    return server_process


def stream(
    process: psutil.Popen, fields: dict[str, str], name: str, size: int, *, edge: str = "videos"
) -> requests.Response:
    """Send a multipart form whose file is made while it is sent."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.mp4"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield ("".join(parts) + head).encode()
        for _ in range(size // MIB):
            yield BLOCK
        yield b"\r\n--x--\r\n"

    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}", "Content-Type": "multipart/form-data; boundary=x"}
    return requests.post(f"{process.url}/v26.0/{DEFAULT_PAGE}/{edge}", data=body(), headers=headers, timeout=120)


def test_a_big_video_in_one_request_takes_little_memory(process: psutil.Popen) -> None:
    """Size and checksum are right, and the process has hardly grown."""
    before = process.memory_info().rss
    response = stream(process, FIELDS, "source", SIZE)
    assert response.status_code == 200, response.text
    [video] = process.control.videos(DEFAULT_PAGE)
    assert (video.bytes_received, video.sha256) == (SIZE, hashlib.sha256(BLOCK * 256).hexdigest())
    assert process.memory_info().rss - before < SPARE


def test_a_big_video_in_chunks_takes_little_memory(process: psutil.Popen) -> None:
    """Neither big nor many chunks make the process grow."""
    process.control.change_settings(chunk_bytes=64 * MIB)
    before, headers = process.memory_info().rss, {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    opening = {**FIELDS, "upload_phase": "start", "file_size": SIZE}
    offsets = requests.post(
        f"{process.url}/v26.0/{DEFAULT_PAGE}/videos", data=opening, headers=headers, timeout=10
    ).json()
    named = {**FIELDS, "upload_phase": "transfer", "upload_session_id": offsets["upload_session_id"]}
    while offsets["start_offset"] != offsets["end_offset"]:
        start, end = int(offsets["start_offset"]), int(offsets["end_offset"])
        offsets = stream(process, {**named, "start_offset": str(start)}, "video_file_chunk", end - start).json()
        assert process.memory_info().rss - before < SPARE
    assert process.control.videos(DEFAULT_PAGE)[0].sha256 == hashlib.sha256(BLOCK * 256).hexdigest()


def test_a_photo_far_too_big_takes_little_memory(process: psutil.Popen) -> None:
    """It is counted to its end and refused, not held."""
    before = process.memory_info().rss
    response = stream(process, {**FIELDS, "published": "false"}, "source", SIZE, edge="photos")
    assert response.json()["error"]["error_subcode"] == 1366046
    assert process.memory_info().rss - before < SPARE
