"""A whole life of a connection, and then a search of everything that is left of it: no token, secret, code or state."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from tests.api.test_connect import browser, submit, visit_facebook
from tests.conftest import TOKEN_KEY
from tests.leaks import dump_database, find_leaks
from tests.services.conftest import Desk

from graph_sandbox.state import DEFAULT_APP_SECRET, DEFAULT_USER, DEFAULT_USER_TOKEN
from graph_sandbox.tokens import make_proof
from socialpub.api.app import create_app
from socialpub.db.clock import read_clock
from socialpub.errors import PageRefusedError
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.check_report import render_table, summarise
from socialpub.services.check_tokens import TokenChecker, group_connections
from socialpub.services.connections import FacebookConnectionService
from socialpub.services.doctor import AirflowLimits, examine
from socialpub.services.keys import rotate_keys, verify_tokens
from socialpub.services.lane import work_lane
from socialpub.services.show import show

PAGE = "200000000000001"
OTHER_KEY = Fernet.generate_key().decode()
# One of each kind that has its own way into rows, logs and answers.
TROUBLE = (
    "token_invalid", "token_460", "token_463", "token_492", "permission_200", "proof_100", "application_101",
    "invalid_100", "throttle_80001", "error_500_code2", "committed_then_500", "html_502", "garbage_200", "reset",
)  # fmt: skip
LIMITS = AirflowLimits(parallelism=32, default_pool_slots=128, metadata_connections=100)


class Life:
    """Everything that happens to a connection, with all that anybody is told on the way."""

    def __init__(self, site, folder: Path) -> None:
        self.site, self.control = site, site.sandbox.control
        self.desk = Desk(site.world, site.sandbox, folder)
        self.session = browser(site)
        self.session.hooks["response"].append(self._keep)
        self.told: list[tuple[str, str]] = []
        self.secrets = {"app secret": DEFAULT_APP_SECRET, "token key": TOKEN_KEY, "other key": OTHER_KEY}

    def _keep(self, answer: requests.Response, *_: object, **__: object) -> None:
        """What people and programs are answered. Only the way to Facebook has to carry the state."""
        headers = {name: value for name, value in answer.headers.items() if "dialog/oauth" not in value}
        self.told.append((f"{answer.request.method} {urlsplit(answer.url).path}", f"{headers}\n{answer.text}"))

    def visit(self) -> str:
        address = visit_facebook(self.site, self.session)
        query = parse_qs(urlsplit(address).query)
        for name in ("code", "state"):
            if name in query:
                self.secrets[f"{name} {len(self.secrets)}"] = query[name][0]
        return address

    def connect(self) -> None:
        self.control.add_user(DEFAULT_USER, "Anna", accounts=[PAGE], token=DEFAULT_USER_TOKEN)
        submit(self.site, self.session, self.session.get(self.visit()).text)
        assert PAGE in self.site.connected()

    def be_refused(self) -> None:
        """Replayed, foreign, altered, canceled, declined, without a Page; as a page and as problem+json."""
        for accept in ("text/html", "application/json"):
            self.session.headers["accept"] = accept
            address = self.visit()
            for answer in (address, address, self.visit().replace("state=", "state=x")):
                self.session.get(answer)
            foreign = browser(self.site, "mallory:ADMIN")
            foreign.hooks["response"].append(self._keep)
            foreign.get(self.visit())
            requests.get(self.visit(), hooks={"response": self._keep}, allow_redirects=False)
            self.session.get(self.visit().replace("code=AQ", "code=AQwrong"))
            self.control.set_dialog_decision("deny")
            self.session.get(self.visit())
            self.control.set_dialog_decision("approve")
            for person in ({"accounts": []}, {"accounts": [PAGE], "declined_scopes": ["pages_manage_posts"]}):
                self.control.add_user(DEFAULT_USER, "Anna", token=DEFAULT_USER_TOKEN, **person)
                self.session.get(self.visit())
            self.control.add_user(DEFAULT_USER, "Anna", accounts=[PAGE], token=DEFAULT_USER_TOKEN)
        self.session.headers["accept"] = "text/html"

    def be_looked_at(self) -> None:
        for accept in ("text/html", "application/json"):
            for path in ("", "/status", "/nonsense", "/connect"):
                self.session.get(self.site.larp_url + path, headers={"accept": accept}, allow_redirects=False)
        checks = examine(
            self.site.world.engine(), open_cipher=self.cipher, open_client=self.desk.client,
            read_limits=lambda: LIMITS, max_lanes=16, check_notifications=lambda _: "fine",
        )  # fmt: skip
        self.told.append(("doctor", "\n".join(map(str, checks))))

    def cipher(self) -> TokenCipher:
        return TokenCipher(self.site.keys)

    def be_checked(self) -> None:
        engine = self.site.world.engine()
        checker = TokenChecker(
            engine, self.desk.client(), self.cipher(), read_clock(engine), "check_page_tokens/r1", "http://air/socialpub",
            mask=lambda tokens: None,
        )  # fmt: skip
        [ids] = group_connections(engine, page_id=PAGE, size=100)
        result = checker.check(ids, since=datetime.now(UTC), threads=2)
        self.told += [("check", f"{render_table(result.pages)}\n{summarise(result.pages)}\n{result}")]

    def publish(self) -> None:
        """A post that goes out, and one for each trouble, on a Page of its own."""
        world, cipher = self.site.world, self.cipher()
        for number, mode in enumerate((None, *TROUBLE)):
            page_id = str(210_000_000_000_000 + number)
            self.control.add_page(page_id, f"Page {number}", token=f"EAAGpage{page_id}")
            post = world.schedule(world.add_page(page_id), body=f"Post {number}")
            self.control.clear_faults()
            if mode:
                self.control.add_fault(mode, method="POST", page_id=page_id)
            run = self.desk.as_run(f"run {number}")
            publisher = replace(run.publisher(), open_token=lambda page: cipher.decrypt(page.access_token))
            self.told += [(f"lane {mode}", str(work_lane(publisher, lane, threads=2))) for lane in run.scan()]
            self.told.append((f"post {mode}", "\n".join(show(world.engine(), str(post)))))
            world.run("update social_publishing_gate set rate_limited_until = null")
        self.control.clear_faults()

    def lose(self) -> None:
        for token in [token for token in self.site.sandbox._world.tokens if token != DEFAULT_USER_TOKEN]:
            self.control.revoke_token(token, subcode=460)
        self.be_checked()

    def rotate(self) -> None:
        self.site.keys.insert(0, OTHER_KEY)
        told = [rotate_keys(self.site.world.engine(), self.cipher(), actor="ewa", report=lambda *step: None)]
        self.told.append(("rotate", f"{told} {verify_tokens(self.site.world.engine(), self.cipher())}"))

    def paste(self) -> None:
        """A malformed token, which Facebook repeats in its answer."""
        self.secrets["pasted"] = "EAAGmalformed0123456789"
        service = FacebookConnectionService(self.site.world.engine(), self.desk.client(), self.cipher())
        with pytest.raises(PageRefusedError) as refusal:
            service.connect_with_token(self.site.larp, PAGE, Secret(self.secrets["pasted"]), actor="cli:ewa")
        self.told.append(("paste", f"{refusal.value!r} {refusal.value} {refusal.value.next_step}"))

    def disconnect(self) -> None:
        self.told.append(("farewell", submit(self.site, self.session, self.session.get(self.site.larp_url).text).text))

    def all_secrets(self) -> dict[str, str]:
        tokens = list(self.site.sandbox._world.tokens)
        named = {f"token {number}": token for number, token in enumerate(tokens)}
        proofs = {f"proof {number}": make_proof(token, DEFAULT_APP_SECRET) for number, token in enumerate(tokens)}
        return {**self.secrets, **named, **proofs}


@pytest.mark.timeout(600)
def test_nothing_secret_is_left_of_a_whole_life(site, tmp_path, caplog, capfd):
    """Database dump, all libraries' logs at their loudest, all answers, the schema of the API, error messages."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "sqlalchemy.engine", "fastapi", "uvicorn.error", "uvicorn.access"):
        caplog.set_level(logging.DEBUG, logger=name)
    life = Life(site, tmp_path)
    life.be_refused()
    life.connect()
    life.be_looked_at()
    life.be_checked()
    life.publish()
    life.lose()
    life.be_looked_at()
    life.connect()
    life.rotate()
    life.be_checked()
    life.paste()
    life.disconnect()
    life.connect()

    secrets = life.all_secrets()
    assert len([name for name in secrets if name.startswith("token ")]) > 10
    assert sum(name.startswith(("code", "state")) for name in secrets) > 30
    assert site.world.one("select count(*) from social_publish_attempts where error_message is not null")[0] >= 10
    printed = capfd.readouterr()
    left = [
        *life.told,
        ("log", "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)),
        ("access log", "\n".join(site.log)),
        ("stdout and stderr", printed.out + printed.err),
        ("OpenAPI", json.dumps(create_app().openapi())),
        ("dump", dump_database(site.world.server, site.world.name)),
    ]
    assert all(text for place, text in left if place in ("log", "access log", "OpenAPI", "dump"))
    assert find_leaks(left, secrets) == []
