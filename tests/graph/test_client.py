"""What the client shows, keeps to itself and reads from an answer."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from socialpub import errors
from socialpub.graph.encoding import encode_params
from socialpub.graph.proof import sign_token
from socialpub.graph.usage import Usage, read_usage
from socialpub.models.secret import Secret
from tests.graph.conftest import APP_SECRET, TOKEN, answer, open_client

PUBLISHED = {"id": "1_2"}
PROOF = sign_token(TOKEN, APP_SECRET).reveal()
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_token_and_proof_travel_in_header_and_form_never_in_the_url_of_a_write(serve, monkeypatch, tmp_path):
    """A ~/.netrc for the host changes nothing."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve(answer(PUBLISHED))
    open_client(server.url).post("1/feed", token=TOKEN, data={"message": "Hi"}, params={"fields": "id"})
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    assert head.splitlines()[0] == "POST /v26.0/1/feed?fields=id HTTP/1.1"
    assert f"Authorization: Bearer {TOKEN.reveal()}" in head
    assert parse_qs(body) == {"message": ["Hi"], "appsecret_proof": [PROOF]}


@pytest.mark.parametrize(
    "message", ["Zażółć 🧙‍♀️ gęślą", "a\r\nb", "x&access_token=y", "  ", "+ %41 =", "\u202e", "🎲" * 900]
)
def test_a_text_arrives_as_it_was_written(serve, message: str):
    """UTF-8 on the wire, nothing added, nothing evened out; None leaves no parameter."""
    server = serve(answer(PUBLISHED))
    open_client(server.url).post("1/feed", token=TOKEN, data={"message": message, "published": True, "link": None})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    form = parse_qs(body.decode("ascii"), strict_parsing=True)
    assert form == {"message": [message], "published": ["true"], "appsecret_proof": [PROOF]}


def test_a_cookie_of_facebook_is_not_kept(serve):
    """One Page's answer must not mark the next Page's request."""
    server = serve(answer(PUBLISHED, headers={"Set-Cookie": "who=page1; Path=/"}))
    client = open_client(server.url)
    for _ in range(2):
        client.post("1/feed", token=TOKEN, data={"message": "Hi"})
    assert b"who=page1" not in server.requests[1]


@pytest.mark.parametrize(
    "echo", [TOKEN.reveal(), PROOF, APP_SECRET.reveal(), "EAABsomebodyElsesToken99", "access_token=plain-token-1"]
)
def test_a_secret_that_facebook_repeats_is_masked_everywhere(serve, caplog, echo: str):
    """Facebook's own error texts quote malformed tokens."""
    caplog.set_level(logging.DEBUG)
    error = {"message": f"Malformed {echo}", "code": 100, "error_user_msg": f"See {echo}", "fbtrace_id": echo}
    server = serve(answer({"error": error}, status=400))
    with pytest.raises(errors.InvalidPostError) as caught:
        open_client(server.url).post("1/feed", token=TOKEN, data={"message": "Hi"})
    shown = caplog.text + str(caught.value) + repr(caught.value) + repr(caught.value.failure)
    assert echo.removeprefix("access_token=") not in shown
    assert "***" in shown


def test_a_post_is_never_in_the_log(serve, caplog):
    """Content belongs to the table; a log has other readers."""
    caplog.set_level(logging.DEBUG)
    open_client(serve(answer(PUBLISHED)).url).post("1/feed", token=TOKEN, data={"message": "Secret location"})
    assert "POST 1/feed: HTTP 200" in caplog.text
    assert "Secret" not in caplog.text
    assert PROOF not in caplog.text


def test_line_breaks_in_facebooks_words_forge_no_log_line(serve, caplog):
    """One call, one line."""
    caplog.set_level(logging.INFO, logger="facebook")
    error = {"message": "No\r\n2026-11-24 INFO all is well\x1b[31m\u2028", "code": 100}
    with pytest.raises(errors.InvalidPostError):
        open_client(serve(answer({"error": error}, status=400)).url).post("1/feed", token=TOKEN, data={"message": "x"})
    [line] = [record.getMessage() for record in caplog.records if record.name == "facebook"]
    assert not set(line) & set("\r\n\x1b\u2028")


@pytest.mark.parametrize("token", ["", " ", "EAAG\r\nHost: evil.example", "EAAG żółw"])
def test_a_token_that_no_header_can_carry_is_refused_before_sending(serve, token: str):
    """And the message does not show it."""
    server = serve(answer(PUBLISHED))
    with pytest.raises(errors.TokenRefusedError) as caught:
        open_client(server.url).post("1/feed", token=Secret(token), data={"message": "x"})
    assert server.requests == []
    assert "evil" not in str(caught.value)


def test_a_path_of_ids_only_ever_reaches_its_own_edge(serve):
    """An id from a table is quoted, so it can't add a query or another host."""
    server = serve(answer(PUBLISHED))
    open_client(server.url).get("1?fields=access_token#/@evil.example", token=TOKEN)
    assert server.requests[0].startswith(b"GET /v26.0/1%3Ffields%3Daccess_token%23/%40evil.example?appsecret_proof=")


@pytest.mark.parametrize("url", ["", "graph.facebook.com", "ftp://graph.facebook.com", "http://", "file:///etc/passwd"])
def test_a_graph_url_that_is_none_is_a_mistake_of_the_connection(url: str):
    """Said when the client is made, not at the first post."""
    with pytest.raises(errors.ConfigurationError, match="graph_url"):
        open_client(url)


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({}, Usage()),
        ({"X-App-Usage": '{"call_count": 28, "total_time": 25.5, "total_cputime": 3}'}, Usage(app_percent=28.0)),
        (
            {"x-page-usage": '{"call_count": 99}', "x-app-usage": '{"call_count": 1}'},
            Usage(app_percent=1.0, page_percent=99.0),
        ),
        (
            {
                "x-business-use-case-usage": json.dumps(
                    {"1": [{"call_count": 100, "estimated_time_to_regain_access": 19}]}
                )
            },
            Usage(page_percent=100.0, regain_after=timedelta(minutes=19)),
        ),
        ({"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 0}]}'}, Usage()),
        ({"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 1e300}]}'}, Usage()),
        (
            {"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 99999}]}'},
            Usage(regain_after=timedelta(hours=24)),
        ),
        ({"x-app-usage": "not json"}, Usage()),
        ({"x-app-usage": '{"call_count": "many", "total_time": null, "total_cputime": true}'}, Usage()),
        ({"x-app-usage": '{"call_count": NaN, "total_time": -1}'}, Usage()),
        ({"x-business-use-case-usage": '[1, {"a": 2}]'}, Usage()),
        ({"x-business-use-case-usage": '{"1": {"call_count": 5}, "2": ["x"]}'}, Usage()),
        ({"x-app-usage": "[" * 100_000}, Usage()),
    ],
)
def test_usage_headers_are_read_as_far_as_they_make_sense(headers: dict[str, str], usage: Usage):
    """Minutes become a duration; nonsense becomes nothing, never an error."""
    assert read_usage(headers) == usage


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": 7}]}'}, timedelta(minutes=7)),
        ({}, timedelta(hours=1)),
    ],
)
def test_a_throttle_says_when_access_returns(serve, headers: dict[str, str], wait: timedelta):
    """By the headers' estimate, else by the row's own wait."""
    server = serve(answer({"error": {"message": "Too many calls", "code": 32}}, status=400, headers=headers))
    client = open_client(server.url)
    client._now = lambda: NOW
    with pytest.raises(errors.RateLimitedError) as caught:
        client.post("1/feed", token=TOKEN, data={"message": "x"})
    assert caught.value.regain_at == NOW + wait


def test_parameters_are_encoded_as_facebook_reads_them():
    """Empty values are left out, because Facebook takes one as "clear this field"."""
    instant = datetime.fromisoformat("2026-11-24T18:00:00+01:00")
    assert encode_params(
        {
            "message": "Zażółć 🧙\r\n& more=",
            "link": "",
            "place": None,
            "published": False,
            "scheduled_publish_time": instant,
            "attached_media": [{"media_fbid": "1"}],
            "token": Secret("EAAG"),
            "count": 0,
        }
    ) == {
        "message": "Zażółć 🧙\r\n& more=",
        "published": "false",
        "scheduled_publish_time": "1795539600",
        "attached_media": '[{"media_fbid":"1"}]',
        "token": "EAAG",
        "count": "0",
    }
    with pytest.raises(ValueError, match="time zone"):
        encode_params({"at": datetime(2026, 1, 1)})  # noqa: DTZ001 - the point of the test
