"""What the sandbox takes on `POST /{page}/photos`, and what becomes of a photo."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png, make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_PAGE_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

PNG = make_png(1)
HOUR = 3_600
WHOLE_IMAGES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"x" * 300 + b"\xff\xd9",
    "image/gif": b"GIF89a" + b"x" * 40 + b";",
    "image/bmp": b"BM" + (64).to_bytes(4, "little") + b"x" * 58,
    "image/tiff": b"II*\0" + (8).to_bytes(4, "little") + b"x" * 40,
}


class Files:
    """A web server on this machine with one image, something else, and a redirect."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        files = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                files.asked.append(self.path)
                body = {"/a.png": PNG, "/big.png": PNG + b"x" * 5_000_000}.get(self.path, b"<html>")
                self.send_response({"/moved": 302, "/gone": 404}.get(self.path, 200))
                self.send_header("Location", "/a.png")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)


@pytest.fixture
def files() -> Iterator[Files]:
    served = Files()
    served.thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_an_unpublished_photo_is_kept_and_shown_nowhere(graph: Graph, control: SandboxControl) -> None:
    """Only its id comes back, and no list of posts has it."""
    answer = graph.upload("photos", PNG, published="false", caption="Zamek", alt_text_custom="Zamek nocą").json()
    assert set(answer) == {"id"}
    [photo] = control.photos(DEFAULT_PAGE)
    assert (photo.id, photo.post_id, photo.is_temporary) == (answer["id"], None, False)
    assert (photo.caption, photo.alt_text, photo.media_type) == ("Zamek", "Zamek nocą", "image/png")
    assert (photo.size, photo.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())
    assert control.posts(DEFAULT_PAGE) == []


def test_a_published_photo_is_a_post_with_two_ids(graph: Graph, control: SandboxControl) -> None:
    """The answer names the photo and the post; the post carries the caption and the photo."""
    answer = graph.upload("photos", PNG, caption="Zamek").json()
    assert set(answer) == {"id", "post_id"}
    row = graph.get(answer["post_id"], fields="message,status_type,attachments{media_type,target{id},subattachments}")
    assert row.json() == {
        "id": answer["post_id"],
        "message": "Zamek",
        "status_type": "added_photos",
        "attachments": {"data": [{"media_type": "photo", "target": {"id": answer["id"]}}]},
    }
    assert control.arrivals(edge="photos")[-1].committed == answer["post_id"]


@pytest.mark.parametrize("name", ["source", "file", "zdjęcie"])
def test_the_name_of_the_file_field_does_not_matter(graph: Graph, control: SandboxControl, name: str) -> None:
    """Any multipart file is the photo."""
    assert graph.upload("photos", PNG, field=name, published="false").status_code == 200
    assert len(control.photos(DEFAULT_PAGE)) == 1


@pytest.mark.parametrize("media_type", WHOLE_IMAGES)
def test_the_type_is_read_from_the_content(graph: Graph, control: SandboxControl, media_type: str) -> None:
    """The five documented formats are told apart whatever the file is called."""
    assert graph.upload("photos", WHOLE_IMAGES[media_type], filename="a.txt", published="false").status_code == 200
    assert [photo.media_type for photo in control.photos(DEFAULT_PAGE)] == [media_type]


@pytest.mark.parametrize(
    "content", [b"", b"<html>", make_video(), *(image[:-9] for image in WHOLE_IMAGES.values() if image[:2] != b"II")]
)
def test_what_is_no_whole_image_is_code_324(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, content: bytes
) -> None:
    """An empty, foreign or cut file is refused, and nothing is kept."""
    assert error_of(graph.upload("photos", content, published="false")) == (400, 324, None)
    assert control.photos(DEFAULT_PAGE) == []


def test_a_photo_too_big_is_subcode_1366046(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """The limit is 4 MB unless set otherwise, and the words are Facebook's."""
    big = PNG[:-12] + b"x" * 4_000_000 + PNG[-12:]
    response = graph.upload("photos", big, published="false")
    assert error_of(response) == (400, 100, 1366046)
    assert "less than 4 MB" in response.json()["error"]["error_user_msg"]
    control.change_settings(photo_max_bytes=10_000_000)
    assert graph.upload("photos", big, published="false").status_code == 200
    assert control.arrivals(edge="photos")[0].files == [{"name": "source", "filename": "a.png", "bytes": len(big)}]


@pytest.mark.parametrize(
    "params",
    [
        {"published": "false", "captoin": "x"},
        {"published": "false", "message": "x"},
        {"published": "false", "caption": ""},
        {"published": "False"},
        {"temporary": "true"},
        {"temporary": "true", "published": "true"},
        {"published": "false", "temporary": "true", "scheduled_publish_time": "+HOUR"},
        {"published": "true", "scheduled_publish_time": "+HOUR"},
        {"published": "false", "scheduled_publish_time": "60"},
        {"published": "false", "unpublished_content_type": "SCHEDULED"},
        {"published": "false", "fields": "nonsense"},
    ],
)
def test_a_wrong_photo_request_is_refused_and_leaves_nothing(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, params: dict[str, str]
) -> None:
    """Whatever is refused has uploaded nothing."""
    later = str(int(time.time()) + HOUR)
    wrong = {name: later if value == "+HOUR" else value for name, value in params.items()}
    assert error_of(graph.upload("photos", PNG, **wrong)) == (400, 100, None)
    assert control.photos(DEFAULT_PAGE) == control.posts(DEFAULT_PAGE) == []


def test_exactly_one_source_is_demanded(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, files: Files, server: SandboxServer
) -> None:
    """Neither none nor two of url and file."""
    assert error_of(graph.post(f"{DEFAULT_PAGE}/photos", published="false")) == (400, 324, None)
    assert error_of(graph.upload("photos", PNG, published="false", url=f"{files.url}/a.png")) == (400, 324, None)
    two = {"a": ("a.png", PNG), "b": ("b.png", PNG)}
    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    address = f"{server.url}/{DEFAULT_PAGE}/photos"
    response = graph.session.post(address, files=two, data=graph.proof(DEFAULT_PAGE_TOKEN), headers=headers)
    assert error_of(response) == (400, 324, None)
    assert (control.photos(DEFAULT_PAGE), files.asked) == ([], [])


def test_a_photo_can_be_fetched_from_an_address(graph: Graph, control: SandboxControl, files: Files) -> None:
    """`url=` makes the sandbox fetch the file itself."""
    assert graph.post(f"{DEFAULT_PAGE}/photos", url=f"{files.url}/a.png", published="false").status_code == 200
    assert control.photos(DEFAULT_PAGE)[0].sha256 == hashlib.sha256(PNG).hexdigest()


@pytest.mark.parametrize("path", ["/html", "/moved", "/gone"])
def test_an_address_without_an_image_is_code_324(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, files: Files, path: str
) -> None:
    """Pages, redirects and errors are no photos."""
    assert error_of(graph.post(f"{DEFAULT_PAGE}/photos", url=files.url + path)) == (400, 324, None)
    assert files.asked == [path]


def test_a_huge_address_is_too_big(graph: Graph, error_of: ErrorOf, files: Files) -> None:
    """Only a little more than the limit is read of it."""
    assert error_of(graph.post(f"{DEFAULT_PAGE}/photos", url=f"{files.url}/big.png")) == (400, 100, 1366046)


@pytest.mark.parametrize("url", ["http://192.0.2.1/a.png", "file:///etc/passwd", "http://[", "a.png", "FILES/a.png"])
def test_only_allowed_hosts_are_asked(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, files: Files, url: str
) -> None:
    """An address elsewhere is refused without a connection to it."""
    control.change_settings(fetchable_hosts=["media.example.org"])
    url = url.replace("FILES", files.url)
    assert error_of(graph.post(f"{DEFAULT_PAGE}/photos", url=url)) == (400, 324, None)
    assert files.asked == []


def test_only_a_publisher_uploads(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Another Page's token and a token without the permission are code 200."""
    other = control.add_page("200000000000002", "Inna")
    assert error_of(graph.upload("photos", PNG, token=other)) == (403, 200, None)
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=["pages_show_list", "pages_read_engagement"])
    assert error_of(graph.upload("photos", PNG)) == (403, 200, None)


def test_an_unused_photo_dies_after_a_day(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """About 24 hours after its upload it is gone, unless a post uses it."""
    used, unused = (graph.upload("photos", make_png(n), published="false").json()["id"] for n in (1, 2))
    graph.publish("album", **{"attached_media[0]": f'{{"media_fbid":"{used}"}}'})
    control.advance_clock(23.9 * HOUR)
    assert len(control.photos(DEFAULT_PAGE)) == 2
    control.advance_clock(0.2 * HOUR)
    assert [photo.id for photo in control.photos(DEFAULT_PAGE)] == [used]
    assert error_of(graph.get(unused)) == (400, 100, 33)
    assert error_of(graph.post(message="x", attached_media=f'[{{"media_fbid":"{unused}"}}]')) == (400, 100, None)


def test_a_photo_reads_by_its_fields(graph: Graph) -> None:
    """The photo node has its texts, its post and its image."""
    answer = graph.upload("photos", PNG, caption="Zamek", alt_text_custom="Zamek nocą").json()
    row = graph.get(answer["id"], fields="name,alt_text,page_story_id,images{source}").json()
    assert (row["name"], row["alt_text"], row["page_story_id"]) == ("Zamek", "Zamek nocą", answer["post_id"])
    assert graph.session.get(row["images"][0]["source"]).content == PNG
    assert set(graph.get(answer["id"]).json()) == {"id", "name", "created_time"}


def test_deleting_a_photo_takes_it_away_once(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """The second delete is code 100 subcode 33; a post of one photo goes with it."""
    answer = graph.upload("photos", PNG, caption="Zamek").json()
    assert graph.call("DELETE", answer["id"]).json() == {"success": True}
    assert error_of(graph.call("DELETE", answer["id"])) == (400, 100, 33)
    assert control.photos(DEFAULT_PAGE) == control.posts(DEFAULT_PAGE) == []


def test_another_page_cannot_touch_a_photo(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """To another Page's token the photo does not exist."""
    photo_id = graph.upload("photos", PNG, published="false").json()["id"]
    other = control.add_page("200000000000002", "Inna")
    assert error_of(graph.call("DELETE", photo_id, token=other)) == (400, 100, 33)
    assert error_of(graph.get(photo_id, token=other)) == (400, 100, 33)
    assert len(control.photos(DEFAULT_PAGE)) == 1


def test_faults_strike_photos_by_edge_page_and_caption(graph: Graph, control: SandboxControl) -> None:
    """Committed but answered 500 makes a second photo when it is sent again; other edges are spared."""
    control.add_fault("committed_then_500", edge="photos", page_id=DEFAULT_PAGE, match_message="Zamek")
    control.add_fault("throttle_32", edge="photo", method="DELETE", page_id=DEFAULT_PAGE)
    graph.publish("x")
    assert graph.upload("photos", PNG, caption="Zamek").status_code == 500
    again = graph.upload("photos", PNG, caption="Zamek").json()
    assert len(control.photos(DEFAULT_PAGE)) == 2
    assert graph.call("DELETE", again["id"]).status_code == 400
    assert [arrival.fault for arrival in control.arrivals(page_id=DEFAULT_PAGE, edge="photo")] == ["throttle_32"]


def test_an_upload_arrives_with_its_headers_but_without_secrets(graph: Graph, control: SandboxControl) -> None:
    """Of the token only the scheme is on record."""
    graph.upload("photos", PNG, published="false", temporary="true")
    arrival = control.arrivals(edge="photos")[0]
    assert arrival.headers["authorization"] == "Bearer"
    assert int(arrival.headers["content-length"]) > len(PNG)
    assert arrival.params == {"published": "false", "temporary": "true"}
    assert arrival.files == [{"name": "source", "filename": "a.png", "bytes": len(PNG)}]


def test_a_scheduled_photo_goes_out_when_its_time_comes(graph: Graph, control: SandboxControl) -> None:
    """Only the photo's id comes back; the post waits among the scheduled ones and goes out with its photo."""
    due = int(time.time()) + HOUR
    answer = graph.upload("photos", PNG, caption="Zamek", published="false", scheduled_publish_time=due).json()
    assert set(answer) == {"id"}
    assert graph.listed("scheduled_posts") == ["Zamek"]
    control.advance_clock(25 * HOUR)
    assert graph.listed() == ["Zamek"]
    assert control.posts(DEFAULT_PAGE)[0].photo_ids == [answer["id"]]


def test_a_file_on_an_edge_that_takes_none_is_refused(graph: Graph, error_of: ErrorOf) -> None:
    """A file sent to /feed is not silently left out."""
    assert error_of(graph.upload("feed", PNG, message="x")) == (400, 100, None)
