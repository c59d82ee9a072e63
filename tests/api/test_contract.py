"""The OpenAPI document against the running app, by generated requests, with a login of each role.

Bounded here; `make fuzz` sets SOCIALPUB_FUZZ_EXAMPLES higher.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from tests.api.conftest import PREFIX, SIGNER

EXAMPLES = os.environ.get("SOCIALPUB_FUZZ_EXAMPLES", "8")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ROOT = Path(__file__).resolve().parents[2]
UPLOAD = "0197d3a4-7b1e-7c55-9a55-0d3f6c1f2a10"
# A Draft Owner is an editor whose drafts these are.
ROLES = ["event_editor", "marketing_coordinator", "draft_owner", "social_approver", "admin"]


@pytest.fixture
def drafts(site) -> list[str]:
    """One draft in each state that people bring about."""
    larp = site.larp = site.world.add_page()
    made = [site.world.add_draft(larp, title=f"Nr {number}") for number in range(3)]
    site.world.schedule_draft(made[0], due_in=86_400)
    for status in ("draft", "pending_approval"):
        made.append(
            site.world.one(
                "insert into social_drafts (larp_id, title, body, status, created_by)"
                " values (%s, 'T', 'B', %s, 'draft_owner') returning id", larp, status,
            )[0]
        )  # fmt: skip
    site.world.run(
        "insert into social_uploads (id, larp_id, created_by, storage_path, mime_type, size_bytes)"
        " values (%s, %s, 'anna', 'uploads/x.png', 'image/png', 1000)", UPLOAD, larp,
    )  # fmt: skip
    return [str(draft) for draft in made]


def describe(site, drafts: list[str], token: str, folder: Path) -> Path:
    """The document, with ids that there are: a made-up one never gets past "not found"."""
    address = f"{site.url}{PREFIX}/backoffice/social/openapi.json"
    document = requests.get(address, headers={"authorization": f"Bearer {token}"}).json()
    known = {"larp_id": [str(site.larp)], "draft_id": [*drafts, str(uuid4())], "upload_id": [UPLOAD, str(uuid4())]}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = known[parameter["name"]]
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", ROLES)
def test_nothing_breaks_and_nothing_is_answered_that_is_not_described(site, drafts, role, tmp_path):
    given = "event_editor" if role == "draft_owner" else role
    token = SIGNER.token(role, {str(site.larp): [given]}, exp=4_000_000_000)
    document = describe(site, drafts, token, tmp_path)
    hooks = {"SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, "NO_COLOR": "1", **hooks}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", f"{site.url}{PREFIX}"),
            *("--header", f"Authorization:Bearer {token}", "--checks", CHECKS, "--phases", "examples,fuzzing"),
            *("--max-examples", EXAMPLES, "--seed", "7", "--generation-database", "none", "--no-shrink"),
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert " passed" in done.stdout


def test_every_route_tells_what_it_is_and_every_problem_is_one_kind(site):
    """A summary for people, an answer for every refusal, and examples to begin with."""
    token = SIGNER.token("anna", {"*": ["event_editor"]})
    address = f"{site.url}{PREFIX}/backoffice/social/openapi.json"
    document = requests.get(address, headers={"authorization": f"Bearer {token}"}).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            for status, answer in operation["responses"].items():
                if status >= "4":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
    assert "examples" in json.dumps(document["components"]["schemas"]["DraftOrder"])


def test_every_post_of_people_can_be_repeated(site):
    """Whoever got no answer sends it again, under the same key."""
    token = SIGNER.token("anna", {"*": ["event_editor"]})
    address = f"{site.url}{PREFIX}/backoffice/social/openapi.json"
    paths = requests.get(address, headers={"authorization": f"Bearer {token}"}).json()["paths"]
    posts = {path: told["post"] for path, told in paths.items() if "post" in told and "/facebook" not in path}
    assert len(posts) >= 7
    for path, told in posts.items():
        assert "Idempotency-Key" in {one["name"].title() for one in told["parameters"]}, path
