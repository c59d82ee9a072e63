"""Two ways in: Airflow's login, and tokens that the backoffice signs. What is not exactly right is no login."""

from __future__ import annotations

import base64
import hmac
import json
import os
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.api.conftest import ISSUER, PREFIX, SIGNER, Signer

from socialpub.access_settings import TokenSettings
from socialpub.api.keys import KeyRing, parse_keys
from socialpub.api.roles import Role
from socialpub.api.tokens import TokenRefusedHereError, is_ours, read_token
from socialpub.errors import ConfigurationError
from socialpub.settings import Settings

EDITOR = {"*": ["event_editor"]}


def session(site, token: str | None = None, **headers: str) -> requests.Response:
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{site.url}{PREFIX}/backoffice/social/session", headers=bearer | headers)


@pytest.fixture
def ring(tmp_path):
    path = tmp_path / "pair.pem"
    path.write_bytes(SIGNER.public_pem)
    return KeyRing(str(path))


def read(token: str, ring: KeyRing, **settings: object):
    return read_token(token, TokenSettings(issuer=ISSUER, keys="x", **settings), ring)


def test_a_good_token_names_the_person_and_the_roles(ring):
    larp = "1B4E28BA-2FA1-11D2-883F-0016D3CCA427"
    token = SIGNER.token("anna@larp.example", {larp: ["social_approver", "astronaut"], "*": ["event_editor"]})
    principal = read(token, ring).principal
    assert principal.name == "anna@larp.example"
    assert principal.roles == {larp.lower(): {Role.SOCIAL_APPROVER}, "*": {Role.EVENT_EDITOR}}


NOW = int(time.time())


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1_000_000_000}, {"exp": None}, {"iat": None}, {"iat": 4_000_000_000}, {"nbf": 4_000_000_000},
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"sub": None}, {"sub": ""},
        {"sub": 7}, {"sub": "a" * 201}, {"sub": "a\nb"}, {"sub": "airflow:admin"}, {"jti": None},
        {"social_roles": None}, {"social_roles": ["admin"]}, {"social_roles": {"*": "admin"}},
        {"social_roles": {"not-a-uuid": ["admin"]}},
    ],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused(ring, change):
    with pytest.raises(TokenRefusedHereError):
        read(SIGNER.token("anna", EDITOR, **change), ring)


def test_clocks_may_differ_by_the_leeway(ring):
    now = int(time.time())
    assert read(SIGNER.token("anna", EDITOR, iat=now - 100, exp=now - 20), ring)
    with pytest.raises(TokenRefusedHereError):
        read(SIGNER.token("anna", EDITOR, iat=now - 100, exp=now - 40), ring)


def test_nobody_elses_signature_is_taken(ring):
    """Another key, none at all, our public key as a shared secret, or a changed token."""
    good = SIGNER.token("anna", EDITOR)
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, signature = good.split(".")
    # By hand, because no library of ours signs so: our public key is known to everybody.
    shared = [SIGNER.public_pem, SIGNER.public_pem.strip(), SIGNER.key.public_key().public_bytes_raw()]
    confused = to_base64(b'{"alg":"HS256","typ":"JWT"}') + f".{body}"
    forged = [
        *(f"{confused}.{to_base64(hmac.digest(key, confused.encode(), 'sha256'))}" for key in shared),
        Signer().token("anna", EDITOR),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, "x" * 64, algorithm="HS256"),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        good[:-1], "a.b.c", "",
    ]  # fmt: skip
    for token in forged:
        with pytest.raises(TokenRefusedHereError):
            read(token, ring)


def to_base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_keys_rotate_without_a_restart(tmp_path):
    """New beside old, then new alone."""
    old, new, path = Signer(), Signer(), tmp_path / "keys.pem"
    path.write_bytes(old.public_pem)
    ring = KeyRing(str(path))
    assert read(old.token("anna", EDITOR), ring)
    for number, content in enumerate((old.public_pem + new.public_pem, new.public_pem)):
        path.write_bytes(content)
        os.utime(path, (number, number))
        assert read(new.token("anna", EDITOR), ring)
    with pytest.raises(TokenRefusedHereError):
        read(old.token("anna", EDITOR), ring)


KEYS = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "PS384": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": Ed25519PrivateKey.generate(),
}


def sign(algorithm: str) -> str:
    claims = jwt.decode(SIGNER.token("anna", EDITOR), options={"verify_signature": False})
    return jwt.encode(claims, KEYS[algorithm], algorithm)


@pytest.mark.parametrize("order", [1, -1])
def test_keys_of_all_kinds_stand_beside_each_other(tmp_path, order):
    """As while the backoffice goes from one kind to another: whichever comes first in the file."""
    path, formats = tmp_path / "keys.pem", (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(b"".join(key.public_key().public_bytes(*formats) for key in list(KEYS.values())[::order]))
    for algorithm in KEYS:
        assert read(sign(algorithm), KeyRing(str(path))).principal.name == "anna"


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("own", KEYS)
def test_a_token_of_another_kind_than_our_key_is_refused_and_breaks_nothing(tmp_path, algorithm, own):
    """Only a key's own token passes, also where the kind is the same."""
    path = tmp_path / "key.pem"
    path.write_bytes(KEYS[own].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    if algorithm == own:
        assert read(sign(algorithm), KeyRing(str(path)))
        return
    with pytest.raises(TokenRefusedHereError):
        read(sign(algorithm), KeyRing(str(path)))


def test_a_jwks_file_is_found_by_key_id(tmp_path):
    key = Ed25519PrivateKey.generate()
    entry = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "alg": "EdDSA"}
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [entry]}))
    claims = jwt.decode(SIGNER.token("anna", EDITOR), options={"verify_signature": False})
    assert read(jwt.encode(claims, key, "EdDSA", headers={"kid": "k1"}), KeyRing(str(path)))
    with pytest.raises(TokenRefusedHereError):
        read(jwt.encode(claims, key, "EdDSA", headers={"kid": "k2"}), KeyRing(str(path)))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"eA"}]}', b"[1]"], ids=str)
def test_what_holds_no_public_key_is_refused(content, tmp_path):
    """A shared secret is none."""
    with pytest.raises(ValueError):
        parse_keys(content)
    path = tmp_path / "keys"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="SOCIALPUB_JWT_KEYS"):
        KeyRing(str(path)).find(None)


def test_without_an_issuer_no_token_is_ours():
    assert not is_ours(SIGNER.token("anna", EDITOR), TokenSettings())


def test_a_session_tells_who_one_is(site):
    answer = session(site, SIGNER.token("anna", {str(site.larp): ["event_editor"]})).json()
    assert (answer["name"], answer["roles"]) == ("anna", {str(site.larp): ["event_editor"]})
    answer = session(site, cookie="test_user=ewa:ADMIN").json()
    assert (answer["name"], answer["roles"]) == ("airflow:ewa", {"*": ["admin"]})
    assert session(site).status_code == 401


def test_a_token_that_was_taken_back_is_no_login(site):
    token = SIGNER.token("anna", EDITOR, jti="stolen")
    assert session(site, token).status_code == 200
    site.world.run(
        "insert into social_revoked_tokens (token_id, expires_at) values ('stolen', now() + interval '1 hour')",
        user="backoffice_login",
    )
    refused = session(site, token)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")


def test_roles_of_airflow_logins_come_from_the_setting():
    found = Settings.from_environment({"SOCIALPUB_AIRFLOW_ROLES": "a@b.c=event_editor@*, ola=admin@x"}).airflow_roles
    assert found == (("a@b.c", "event_editor", "*"), ("ola", "admin", "x"))
    for wrong in ("anna", "anna=admin", "=admin@*", "anna=@*"):
        with pytest.raises(ConfigurationError, match="AIRFLOW_ROLES"):
            Settings.from_environment({"SOCIALPUB_AIRFLOW_ROLES": wrong})


def test_people_of_airflow_logins_come_from_the_setting():
    """Not by a name that would be another Airflow login's."""
    found = Settings.from_environment({"SOCIALPUB_AIRFLOW_PEOPLE": "admin=ewa@larp.example,ola=ola"}).airflow_people
    assert found == {"admin": "ewa@larp.example", "ola": "ola"}
    for wrong in ("anna", "anna=", "=anna", "anna=airflow:ola"):
        with pytest.raises(ConfigurationError, match="AIRFLOW_PEOPLE"):
            Settings.from_environment({"SOCIALPUB_AIRFLOW_PEOPLE": wrong})


def test_an_airflow_login_is_the_person_that_the_setting_names(site):
    """So it never approves what that person wrote by way of the backoffice; nor does a login of the same name."""
    site.larp = site.world.add_page()
    root = f"{site.url}{PREFIX}/backoffice/larp/{site.larp}/social/drafts"
    site.settings.airflow_people["root"] = "ewa@larp.example"
    assert session(site, cookie="test_user=root:ADMIN").json()["name"] == "ewa@larp.example"
    for author, login in (("ewa@larp.example", "root"), ("Ola", "ola")):
        token = SIGNER.token(author, {str(site.larp): ["marketing_coordinator"]})
        bearer, cookie = {"authorization": f"Bearer {token}"}, {"cookie": f"test_user={login}:ADMIN"}
        draft = requests.post(root, json={"title": "T", "body": "B"}, headers=bearer).json()
        requests.post(f"{root}/{draft['id']}/submit", json={}, headers=bearer).raise_for_status()
        csrf = {"origin": site.url, "x-csrf-token": session(site, **cookie).json()["csrf_token"]}
        decision = {"decision": "approved", "content_hash": draft["content_hash"]}
        own = requests.post(f"{root}/{draft['id']}/approve", json=decision, headers=cookie | csrf)
        assert (own.status_code, own.json()["code"]) == (409, "approval_refused"), own.text
