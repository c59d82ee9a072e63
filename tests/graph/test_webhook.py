"""Deliveries of Facebook's webhook: the signature over the raw bytes, and what is read of them."""

from __future__ import annotations

import json
import random

import pytest

from socialpub.graph.webhook import is_signed, read_events, sign_delivery
from socialpub.models.secret import Secret

SECRET = Secret("test_app_secret")
# The reference vector: the payload as Facebook escapes it, and its signature.
BODY = (
    rb'{"object":"page","entry":[{"id":"101","time":1700000000,"changes":[{"field":"feed","value":{"item":"status",'
    rb'"verb":"add","post_id":"101_202","published":1,"created_time":1700000000,'
    rb'"message":"caf\u00e9 \ud83d\ude00 a/b <c> & d@e"}}]}]}'
)
SIGNATURE = "sha256=f558d92c2261fca888951a15b8bef9cb391516e26b3ea14dc4e763f54f5cb4c8"


def test_the_reference_vector_is_accepted():
    assert is_signed(BODY, SIGNATURE, SECRET)
    assert sign_delivery(BODY, SECRET) == SIGNATURE


def test_the_same_json_in_other_bytes_is_not_signed():
    """What counts is what came over the wire, not what it means."""
    assert not is_signed(json.dumps(json.loads(BODY), ensure_ascii=False).encode(), SIGNATURE, SECRET)
    assert not is_signed(json.dumps(json.loads(BODY)).encode(), SIGNATURE, SECRET)


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", SIGNATURE.upper(), SIGNATURE[:-1], SIGNATURE + "0", SIGNATURE.removeprefix("sha256="), "sha256=é",
     "sha1=69916d112b0fdd71b22455d83ca5f6ec8a9c82ad"],
)  # fmt: skip
def test_any_other_signature_is_refused(signature):
    assert not is_signed(BODY, signature, SECRET)


def test_of_ten_thousand_mutated_deliveries_none_is_accepted():
    """A bit, a byte, a piece, the order, the signature, or the secret: each change is noticed."""
    chance = random.Random(20270328)
    accepted = 0
    for _ in range(10_000):
        body, signature, secret = mutate(chance)
        assert (body, signature, secret.reveal()) != (BODY, SIGNATURE, SECRET.reveal())
        accepted += is_signed(body, signature, secret)
    assert accepted == 0


def mutate(chance: random.Random) -> tuple[bytes, str, Secret]:
    body, at = bytearray(BODY), chance.randrange(len(BODY))
    match chance.randrange(7):
        case 0:
            body[at] ^= 1 << chance.randrange(8)
        case 1:
            del body[at]
        case 2:
            body.insert(at, chance.randrange(256))
        case 3:
            body = body[:at]
        case 4:
            body += bytes(chance.randrange(256) for _ in range(chance.randrange(1, 50)))
        case 5:
            place = chance.randrange(7, len(SIGNATURE))
            digit = chance.choice([d for d in "0123456789abcdef" if d != SIGNATURE[place]])
            return BODY, SIGNATURE[:place] + digit + SIGNATURE[place + 1 :], SECRET
        case _:
            return BODY, SIGNATURE, Secret(SECRET.reveal()[:-1] + chr(chance.randrange(33, 116)))
    return bytes(body), SIGNATURE, SECRET


def test_a_change_is_read_with_its_own_time_not_with_that_of_sending():
    [event] = read_events(BODY.replace(b'"time":1700000000', b'"time":1700009999'))
    assert (event.page_id, event.post_id, event.verb, event.is_live) == ("101", "101_202", "add", True)
    assert event.happened_at.timestamp() == 1_700_000_000


def test_a_delivery_made_again_has_the_same_key():
    [first], [again] = read_events(BODY), read_events(BODY.replace(b'"time":1700000000', b'"time":1700009999'))
    assert first.dedupe_key == again.dedupe_key
    [other] = read_events(BODY.replace(b"101_202", b"101_203"))
    assert other.dedupe_key != first.dedupe_key


@pytest.mark.parametrize("body", [b"", b"no", b"[NaN]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(body):
    with pytest.raises(ValueError):
        read_events(body)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"1", b'{"object":"user"}', b'{"object":"page","entry":{}}', b'{"object":"page","entry":[1,{"id":1}]}',
     b'{"object":"page","entry":[{"id":"1","changed_fields":["feed"]}]}',
     b'{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":[]}]}]}'],
)  # fmt: skip
def test_forms_that_we_do_not_know_hold_no_event(body):
    assert read_events(body) == []


def test_what_jsonb_does_not_take_is_replaced():
    [event] = read_events(BODY.replace(rb"caf\u00e9", rb"\u0000\ud800"))
    assert event.value["message"].startswith("\ufffd\ufffd")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"add"', b'"edited"'), (b'"published":1', b'"published":0'), (b'"status"', b'"comment"'),
     (b'"item"', b'"from":{"id":"7"},"item"')],
)  # fmt: skip
def test_edits_comments_and_visitors_posts_do_not_say_that_a_post_of_ours_is_live(old, new):
    [event] = read_events(BODY.replace(old, new))
    assert not event.is_live
