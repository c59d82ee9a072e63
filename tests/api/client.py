"""What a backoffice's own client does, for tests that walk the API as people do."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import requests
from tests.api.conftest import PREFIX, SIGNER


class HasLarp(Protocol):
    url: str
    """Of the API server."""
    larp: UUID


class Client:
    """One person's client of a LARP."""

    def __init__(self, site: HasLarp, name: str, *roles: str) -> None:
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {SIGNER.token(name, {str(site.larp): list(roles)})}"
        self.root = f"{site.url}{PREFIX}/backoffice/larp/{site.larp}/social"

    def call(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        return self.session.request(method, f"{self.root}{path}", json=body, headers=headers)

    def create(self, **content: object) -> dict:
        answer = self.call("POST", "/drafts", {"title": "Zapisy", "body": "Zapraszamy!"} | content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def upload(self, content: bytes) -> str:
        begun = self.call("POST", "/uploads", {"mime_type": "image/png", "size_bytes": len(content)}).json()
        told = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        done = self.session.patch(f"{self.root}/uploads/{begun['id']}", data=content, headers=told)
        assert done.json()["is_complete"], done.text
        return begun["id"]

    def move(self, draft: dict, verb: str, body: object = None, **headers: str) -> requests.Response:
        return self.call("POST", f"/drafts/{draft['id']}/{verb}", {} if body is None else body, **headers)

    def approve(self, draft: dict) -> requests.Response:
        return self.move(draft, "approve", {"decision": "approved", "content_hash": draft["content_hash"]})
