"""A real sandbox over real HTTP, reset before each test, and a small client that signs its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from graph_sandbox.tokens import make_proof

ErrorOf = Callable[[requests.Response], tuple[int, int, int | None]]


class Graph:
    """Calls the sandbox as a careful client does: token in the header, proof always."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False

    def call(
        self, method: str, path: str, *, token: str = DEFAULT_PAGE_TOKEN, timeout: float = 5, **params: Any
    ) -> requests.Response:
        """Send one call of v26.0; parameters go into the query of a GET, into the form of everything else."""
        signed = {"appsecret_proof": make_proof(token, DEFAULT_APP_SECRET), **params}
        place = {"params": signed} if method == "GET" else {"data": signed}
        headers = {"Authorization": f"Bearer {token}"}
        return self.session.request(method, f"{self.base_url}/v26.0/{path}", headers=headers, timeout=timeout, **place)

    @staticmethod
    def proof(token: str) -> dict[str, str]:
        """Return the parameter that proves a token."""
        return {"appsecret_proof": make_proof(token, DEFAULT_APP_SECRET)}

    def upload(
        self,
        edge: str,
        content: bytes,
        *,
        token: str = DEFAULT_PAGE_TOKEN,
        field: str = "source",
        filename: str = "a.png",
        **params: Any,
    ) -> requests.Response:
        """Send a multipart file to an edge of the default Page, behind the parameters."""
        return self.session.post(
            f"{self.base_url}/v26.0/{DEFAULT_PAGE}/{edge}",
            headers={"Authorization": f"Bearer {token}"},
            data={**self.proof(token), **params},
            files={field: (filename, content)},
            timeout=5,
        )

    def get(self, path: str, **params: Any) -> requests.Response:
        """Read."""
        return self.call("GET", path, **params)

    def post(self, path: str = f"{DEFAULT_PAGE}/feed", **params: Any) -> requests.Response:
        """Write; by default to the default Page's feed."""
        return self.call("POST", path, **params)

    def publish(self, message: str, **params: Any) -> str:
        """Write a post that must succeed; return its id."""
        response = self.post(message=message, **params)
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def listed(self, edge: str = "published_posts", **params: Any) -> list[str]:
        """Return the texts a list of the default Page shows."""
        return [row["message"] for row in self.get(f"{DEFAULT_PAGE}/{edge}", **params).json()["data"]]


def error_of(response: requests.Response) -> tuple[int, int, int | None]:
    """Return HTTP status, code and subcode of a refusal."""
    error = response.json()["error"]
    return response.status_code, error["code"], error.get("error_subcode")


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def control(server: SandboxServer) -> SandboxControl:
    server.control.reset()
    return server.control


@pytest.fixture
def graph(server: SandboxServer, control: SandboxControl) -> Iterator[Graph]:
    client = Graph(server.url)
    yield client
    client.session.close()


@pytest.fixture(name="error_of")
def error_of_fixture() -> ErrorOf:
    return error_of
