"""The backoffice's keys at an https address: a real TLS server with a certificate authority of its own."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.api.conftest import ISSUER, Signer

from socialpub.access_settings import TokenSettings
from socialpub.api.keys import KeyRing
from socialpub.api.tokens import TokenRefusedHereError, read_token
from socialpub.errors import ConfigurationError

MINUTE = 60.0


def certify(subject: str, key, issuer: str, issuer_key, *extensions: x509.ExtensionType) -> x509.Certificate:
    now = datetime.now(UTC)
    name, authority = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer))
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(authority).public_key(key.public_key())
    draft = draft.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    draft = draft.not_valid_after(now + timedelta(days=1))
    for extension in extensions:
        draft = draft.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return draft.sign(issuer_key, hashes.SHA256())


class KeyServer:
    """Publishes public keys by their ids, counts who asks, and can be made to fail."""

    def __init__(self, folder: Path) -> None:
        authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = x509.BasicConstraints(ca=True, path_length=0)
        usage = x509.KeyUsage(
            *(False,) * 5, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False
        )
        authority = certify("LARP CA", authority_key, "LARP CA", authority_key, ca, usage)
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        own = certify("keys", key, "LARP CA", authority_key, x509.BasicConstraints(ca=False, path_length=None), names)
        self.authority = folder / "ca.pem"
        self.authority.write_bytes(authority.public_bytes(Encoding.PEM))
        pair = folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pair.write_bytes(private + own.public_bytes(Encoding.PEM))
        self.keys: dict[str, Signer] = {}
        self.asked, self.is_down = 0, False
        self.answering = threading.Event()
        self.answering.set()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/jwks.json"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                desk.asked += 1
                desk.answering.wait(10)
                self.send_response(503 if desk.is_down else 200)
                self.end_headers()
                self.wfile.write(b"" if desk.is_down else desk.describe())

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def describe(self) -> bytes:
        to_jwk = jwt.algorithms.OKPAlgorithm.to_jwk
        entries = [json.loads(to_jwk(s.key.public_key())) | {"kid": kid} for kid, s in self.keys.items()]
        return json.dumps({"keys": entries}).encode()

    def token(self, key_id: str, signer: Signer | None = None) -> str:
        """A token that names the key, signed with it or with another one."""
        claims = jwt.decode(SIGNER.token("anna", {"*": ["event_editor"]}), options={"verify_signature": False})
        return jwt.encode(claims, (signer or self.keys[key_id]).key, "EdDSA", headers={"kid": key_id})


SIGNER = Signer()


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[KeyServer]:
    running = KeyServer(tmp_path)
    running.keys["one"] = Signer()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.authority))
    yield running
    running.close()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(server, clock) -> KeyRing:
    return KeyRing(server.url, clock)


def read(token: str, ring: KeyRing) -> str:
    return read_token(token, TokenSettings(issuer=ISSUER, keys=ring.source), ring).principal.name


def test_keys_are_fetched_once_for_many_tokens(server, ring):
    assert {read(server.token("one"), ring) for _ in range(50)} == {"anna"}
    assert server.asked == 1


def test_a_new_key_is_fetched_once_when_its_first_token_comes(server, ring, clock):
    """Nobody waits five minutes for it; the old one goes on until it is taken out."""
    read(server.token("one"), ring)
    server.keys["two"] = Signer()
    clock.now += MINUTE
    assert {read(server.token(key), ring) for key in ("two", "one", "two")} == {"anna"}
    assert server.asked == 2
    old = server.token("one")
    del server.keys["one"]
    clock.now += 6 * MINUTE
    read(server.token("two"), ring)
    with pytest.raises(TokenRefusedHereError):
        read(old, ring)


def test_unknown_keys_do_not_make_us_ask_again_and_again(server, ring, clock):
    """Whoever invents key ids costs the address two requests a minute."""
    read(server.token("one"), ring)
    for number in range(200):
        clock.now += 0.6
        with pytest.raises(TokenRefusedHereError):
            read(server.token(f"invented {number}", SIGNER), ring)
    assert server.asked <= 1 + 4
    assert read(server.token("one"), ring) == "anna"


def test_what_is_known_stays_good_for_an_hour_without_the_address(server, ring, clock):
    read(server.token("one"), ring)
    server.is_down = True
    clock.now += 59 * MINUTE
    assert read(server.token("one"), ring) == "anna"
    clock.now += 2 * MINUTE
    with pytest.raises(ConfigurationError, match="SOCIALPUB_JWT_KEYS"):
        read(server.token("one"), ring)
    server.is_down = False
    clock.now += 6 * MINUTE
    assert read(server.token("one"), ring) == "anna"


def test_without_any_answer_yet_it_is_our_trouble_and_not_the_tokens(server, ring, clock):
    """Not only the first token says so; once the address is back, so are we."""
    server.is_down = True
    for _ in range(3):
        with pytest.raises(ConfigurationError):
            read(server.token("one"), ring)
    assert server.asked == 1
    server.is_down = False
    clock.now += MINUTE
    assert read(server.token("one"), ring) == "anna"


def test_a_server_that_is_not_who_it_should_be_gives_no_keys(server, ring, monkeypatch):
    """Its certificate is of an authority that nobody here trusts."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ConfigurationError, match="SSLError"):
        read(server.token("one"), ring)
    assert server.asked == 0


def test_nobody_with_a_known_key_waits_for_a_slow_address(server, ring, clock):
    """The one who asks waits, whoever comes meanwhile does not."""
    read(server.token("one"), ring)
    server.answering.clear()
    clock.now += 6 * MINUTE
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(read, server.token("one"), ring)
        while server.asked < 2:
            time.sleep(0.01)
        assert read(server.token("one"), ring) == "anna"
        assert not asking.done()
        server.answering.set()
        assert asking.result() == "anna"
