"""The search for secrets finds them, so that its silence means something."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from tests.leaks import dump_database, find_leaks

SECRET = "EAAG|x-y_z~Zażółć"


@pytest.mark.parametrize(
    "text",
    [
        f"a {SECRET} b",
        urlencode({"access_token": SECRET}),
        SECRET.encode().hex(),
        *(base64.b64encode(b"?" * n + SECRET.encode() + b"!").decode() for n in range(5)),
        *(base64.urlsafe_b64encode(b"?" * n + SECRET.encode() + b"!").decode() for n in range(5)),
    ],
)
def test_a_secret_is_found_in_each_of_its_forms(text):
    """Whatever stands around it."""
    assert find_leaks([("here", text)], {"token": SECRET}) == ["here: token"]
    assert find_leaks([("here", text[:-12])], {"token": SECRET + "-another"}) == []


def test_the_dump_of_a_database_holds_its_rows(world):
    """A plain token that somebody stored in a name would be found."""
    world.add_page(name=f"Page {SECRET}")
    assert find_leaks([("dump", dump_database(world.server, world.name))], {"token": SECRET}) == ["dump: token"]
