"""Photos attached to posts: albums in order, whole or not at all."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

HOUR = 3_600


def upload(graph: Graph, count: int, **params: Any) -> list[str]:
    """Upload unpublished photos; return their ids."""
    answers = [graph.upload("photos", make_png(n), **{"published": "false", **params}) for n in range(count)]
    return [answer.json()["id"] for answer in answers]


def attach(ids: list[str]) -> dict[str, str]:
    """Return the form fields that attach photos."""
    return {f"attached_media[{n}]": json.dumps({"media_fbid": photo_id}) for n, photo_id in enumerate(ids)}


def as_array(ids: list[str]) -> dict[str, str]:
    """Return the same as one JSON array."""
    return {"attached_media": json.dumps([{"media_fbid": photo_id} for photo_id in ids])}


@pytest.mark.parametrize("form", [attach, as_array])
def test_an_album_keeps_its_order(graph: Graph, control: SandboxControl, form: Any) -> None:
    """Both ways of writing `attached_media` keep the order of ten photos, and read back with their ids."""
    ids = upload(graph, 10)[::-1]
    post_id = graph.publish("album", **form(ids))
    fields = "attachments{media_type,type,subattachments{media_type,target{id}}}"
    [album] = graph.get(post_id, fields=fields).json()["attachments"]["data"]
    assert (album["media_type"], album["type"]) == ("album", "album")
    shown = album["subattachments"]["data"]
    assert shown == [{"media_type": "photo", "target": {"id": photo_id}} for photo_id in ids]
    assert {photo.post_id for photo in control.photos(DEFAULT_PAGE)} == {post_id}


def test_one_attached_photo_is_a_timeline_post(graph: Graph) -> None:
    """A single photo has no subattachments, and needs no text."""
    [photo_id] = upload(graph, 1)
    post_id = graph.post(**attach([photo_id])).json()["id"]
    fields = "message,story,attachments{media_type,target{id},subattachments}"
    row = graph.get(f"{DEFAULT_PAGE}/published_posts", fields=fields).json()["data"][0]
    assert row["attachments"] == {"data": [{"media_type": "photo", "target": {"id": photo_id}}]}
    assert (row["id"], "message" in row) == (post_id, False)


def test_a_photo_is_used_once(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A photo of one post cannot be attached to another, nor can a published one."""
    ids = upload(graph, 1)
    graph.publish("raz", **attach(ids))
    assert error_of(graph.post(message="dwa", **attach(ids))) == (400, 100, 1366051)
    published = upload(graph, 1, published="true")
    assert error_of(graph.post(message="trzy", **attach(published))) == (400, 100, 1366051)
    assert len(control.posts(DEFAULT_PAGE)) == 2


@pytest.mark.parametrize("wrong", ['{"media_fbid":"9"}', '{"media_id":"ID"}', "{}", '{"media_fbid":"ID","x":1}', "9"])
def test_one_bad_photo_spoils_the_whole_album(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, wrong: str
) -> None:
    """Nothing is published, and the good photos stay unused."""
    good, other = upload(graph, 2)
    fields = attach([good]) | {"attached_media[1]": wrong.replace("ID", other)}
    assert error_of(graph.post(message="x", **fields)) == (400, 100, None)
    assert control.posts(DEFAULT_PAGE) == []
    assert [photo.post_id for photo in control.photos(DEFAULT_PAGE)] == [None, None]


def test_an_album_has_bounds(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """No photo twice, no more than ten unless set otherwise, no link beside them."""
    ids = upload(graph, 11)
    assert error_of(graph.post(message="x", **attach([ids[0], ids[0]]))) == (400, 100, None)
    assert error_of(graph.post(message="x", **attach(ids))) == (400, 100, None)
    assert error_of(graph.post(message="x", link="https://example.org", **attach(ids[:1]))) == (400, 100, None)
    control.change_settings(max_attached_media=11)
    graph.publish("x", **attach(ids))


def test_a_photo_of_another_page_cannot_be_attached(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Photos belong to their Page."""
    other = control.add_page("200000000000002", "Inna")
    ids = upload(graph, 1)
    path = "200000000000002/feed"
    assert error_of(graph.post(path, token=other, message="x", **attach(ids))) == (400, 100, None)


def test_a_scheduled_album_needs_temporary_photos_and_its_content_type(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """Both are demanded; with both the album waits, and its photos outlive the day."""
    plain, temporary = upload(graph, 2), upload(graph, 2, temporary="true")
    later = {"published": "false", "scheduled_publish_time": int(time.time()) + 48 * HOUR}
    typed = later | {"unpublished_content_type": "SCHEDULED"}
    assert error_of(graph.post(message="x", **later, **attach(temporary))) == (400, 100, None)
    assert error_of(graph.post(message="x", **typed, **attach(plain))) == (400, 100, None)
    post_id = graph.publish("x", **typed, **attach(temporary))
    control.advance_clock(49 * HOUR)
    assert graph.listed() == ["x"]
    assert [photo.post_id for photo in control.photos(DEFAULT_PAGE)] == [post_id, post_id]


def test_the_photos_of_an_unpublished_post_can_be_changed(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """`attached_media` on the post replaces its photos; what is no longer shown is unused again."""
    first, second, third = upload(graph, 3)
    post_id = graph.publish("x", published="false", **attach([first, second]))
    assert graph.post(post_id, **attach([third, first])).json() == {"success": True}
    assert control.posts(DEFAULT_PAGE)[0].photo_ids == [third, first]
    assert {photo.id: photo.post_id for photo in control.photos(DEFAULT_PAGE)}[second] is None
    graph.post(post_id, is_published="true")
    assert error_of(graph.post(post_id, **attach([first]))) == (400, 100, None)
    assert error_of(graph.post(post_id, attached_media="[]")) == (400, 100, None)


def test_scheduling_a_draft_with_plain_photos_is_refused(graph: Graph, error_of: ErrorOf) -> None:
    """A draft becomes a scheduled post only with temporary photos."""
    post_id = graph.publish("x", published="false", **attach(upload(graph, 1)))
    assert error_of(graph.post(post_id, scheduled_publish_time=int(time.time()) + HOUR)) == (400, 100, None)


def test_deleting_a_published_album_deletes_its_photos(graph: Graph, control: SandboxControl) -> None:
    """A public album takes its photos along; an unpublished post leaves them unused."""
    graph.call("DELETE", graph.publish("x", **attach(upload(graph, 2))))
    assert control.photos(DEFAULT_PAGE) == []
    graph.call("DELETE", graph.publish("y", published="false", **attach(upload(graph, 2))))
    assert [photo.post_id for photo in control.photos(DEFAULT_PAGE)] == [None, None]


def test_deleting_a_photo_shortens_its_album(graph: Graph, control: SandboxControl) -> None:
    """The rest stays; without its last photo the post goes too."""
    first, second = upload(graph, 2)
    post_id = graph.publish("x", **attach([first, second]))
    graph.call("DELETE", first)
    fields = "attachments{media_type,target{id}}"
    [left] = graph.get(post_id, fields=fields).json()["attachments"]["data"]
    assert left == {"media_type": "photo", "target": {"id": second}}
    graph.call("DELETE", second)
    assert control.posts(DEFAULT_PAGE) == []


def test_people_see_albums_in_order_with_their_alt_texts(
    graph: Graph, control: SandboxControl, server: SandboxServer
) -> None:
    """Captions and alt texts are shown as text, and the files open only once they are public."""
    evil = '"><script>x</script>'
    ids = upload(graph, 2, alt_text_custom=evil, caption=evil)
    addresses = [f"{server.url}/pages/{DEFAULT_PAGE}/photos/{photo_id}" for photo_id in ids]
    assert graph.session.get(addresses[0]).status_code == 404
    graph.publish("album", **attach(ids[::-1]))
    html = graph.session.get(f"{server.url}/pages/{DEFAULT_PAGE}").text
    assert html.index(ids[1]) < html.index(ids[0])
    assert "<script>" not in html
    assert 'alt="&quot;&gt;&lt;script&gt;' in html
    shown = graph.session.get(addresses[0])
    assert (shown.content, shown.headers["content-type"]) == (make_png(0), "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
