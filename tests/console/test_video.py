"""A video on the console: played where the post is shown, in the parts that a player asks for, and only to its LARP."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
import requests
from playwright.sync_api import Locator, Page, expect
from tests.console.conftest import look
from tests.needs import needs_chromium

from socialpub.console.byte_ranges import BeyondTheEndError, find_range

SIZE = 1000
# A second of film, as this browser itself records it.
_RECORD = """async () => {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = 320; canvas.height = 180;
  const mimeType = ["video/mp4", "video/webm"].find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType }), pieces = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const ended = new Promise((done) => { recorder.onstop = done; });
  recorder.start();
  for (let number = 0; number < 30; number += 1) {
    pen.fillStyle = `hsl(${number * 12} 70% 40%)`;
    pen.fillRect(0, 0, 320, 180);
    await new Promise((done) => { setTimeout(done, 40); });
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
_IS_READ = """film => film.readyState >= 1 ? film.videoWidth : new Promise((done, fail) => {
  film.addEventListener("loadedmetadata", () => done(film.videoWidth));
  film.addEventListener("error", () => fail(new Error(film.error.message)));
})"""


def record_film(tab: Page) -> bytes:
    tab.goto("about:blank")
    return base64.b64decode(tab.evaluate(_RECORD))


def expect_film(film: Locator, name: str) -> None:
    """The player has read what the film is, and a screen reader says what is in it."""
    expect(film).to_have_accessible_name(name)
    assert film.evaluate(_IS_READ) == 320


@needs_chromium
def test_a_video_is_played_while_it_is_written_and_wherever_the_post_is_shown(site, log_in):
    """Editor, draft, decision and the post in the Queue."""
    tab = log_in("anna")
    content = record_film(tab)
    tab.goto(site.at("drafts", "new"))
    tab.get_by_label("Title").fill("Zwiastun")
    tab.get_by_label("Choose files").set_input_files([{"name": "film.mp4", "mimeType": "video/mp4", "buffer": content}])
    tab.get_by_role("button", name="Add the files").click()
    expect_film(tab.locator("video"), "Video without a title")
    tab.locator("video").evaluate("film => { film.dataset.stays = 'yes'; }")
    tab.get_by_label("Title of the video").fill("Zamek nocą")
    tab.get_by_label("Text", exact=True).fill("Już jutro!")
    preview = tab.get_by_role("article", name="Preview of the post")
    expect(preview).to_contain_text("Już jutro!")
    expect(preview).to_contain_text("Video: Zamek nocą")
    expect(tab.locator("video[data-stays]")).to_have_count(1)
    look(tab)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Zwiastun")
    expect_film(tab.locator("video"), "Zamek nocą")
    look(tab)
    (draft,) = site.world.one("select id from social_drafts")
    site.world.run("update social_drafts set status = 'pending_approval'", user="backoffice_login")
    ola = log_in("ola")
    ola.goto(site.at("drafts", draft, "decide"))
    expect_film(ola.locator("video"), "Zamek nocą")
    look(ola)
    ola.get_by_role("button", name="Approve").click()
    expect(ola.locator(".head .badge")).to_have_text("Approved")
    post = site.world.schedule_draft(draft, due_in=3600)
    tab.goto(site.at("queue", post))
    expect_film(tab.locator("video"), "Zamek nocą")
    look(tab)


@needs_chromium
def test_a_thumbnail_stands_for_a_video_until_it_is_played(site, log_in):
    """And what can't be played can still be taken away and looked at."""
    draft = add_film(site, site.larp, b"no film at all", thumbnail_path="poster.png", title="Zwiastun")
    tab = log_in("anna")
    tab.goto(site.at("drafts", draft))
    (asset,) = site.world.one("select id from social_draft_assets")
    expect(tab.locator("video")).to_have_attribute("poster", f"/socialpub{address(site, asset, 'pictures')}")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="download it").click()
    assert download.value.path().read_bytes() == b"no film at all"
    look(tab)


def add_film(site, larp: UUID, content: bytes, **asset: str) -> UUID:
    (site.media / "film.mp4").write_bytes(content)
    return site.world.add_media_draft(larp, {"type": "video", "storage_path": "film.mp4", **asset})


def address(site, asset: UUID, kind: str = "videos") -> str:
    return site.at("drafts", kind, asset).removeprefix(f"{site.host}/socialpub")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", None), ("bytes=0-", (0, SIZE)), ("bytes=0-1", (0, 2)), ("bytes=990-5000", (990, SIZE)),
        ("bytes=-10", (990, SIZE)), ("bytes=-5000", (0, SIZE)), ("bytes=999-999", (999, SIZE)),
        ("bytes=-", None), ("bytes=5-2", None), ("bytes=0-1,5-6", None), ("lines=0-1", None), ("bytes=a-b", None),
    ],
)  # fmt: skip
def test_a_range_is_read_as_the_standard_says(asked, given):
    """What is none means the whole file."""
    assert find_range(asked, SIZE) == given


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_beyond_the_end_has_nothing(asked):
    with pytest.raises(BeyondTheEndError):
        find_range(asked, SIZE)


def test_a_player_gets_the_part_that_it_asks_for(site):
    """Under a name that no browser takes for a page, whatever somebody stored."""
    content = b"<script>alert(1)</script>" + bytes(range(256)) * 9000
    add_film(site, site.larp, content)
    (asset,) = site.world.one("select id from social_draft_assets")

    def ask(asked: str) -> requests.Response:
        headers = {"range": asked} if asked else {}
        return requests.get(
            site.at("drafts", "videos", asset), headers=headers, cookies={"test_user": "zosia"}, timeout=10
        )

    whole, part, end, beyond = ask(""), ask("bytes=100-199"), ask("bytes=-3"), ask(f"bytes={len(content)}-")
    assert (whole.status_code, whole.content == content) == (200, True)
    assert (whole.headers["content-type"], whole.headers["x-content-type-options"]) == ("video/mp4", "nosniff")
    assert whole.headers["accept-ranges"] == "bytes" and "private" in whole.headers["cache-control"]
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert (end.status_code, end.content) == (206, content[-3:])
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")


def test_a_video_is_its_larps(site):
    """And a photo is none, nor is what was never uploaded as a whole."""
    other = site.world.add_page("200000000000009", name="Inny")
    add_film(site, other, b"film")
    (foreign,) = site.world.one("select id from social_draft_assets")
    site.world.add_media_draft(site.larp, {"type": "photo", "storage_path": "film.mp4"})
    (photo,) = site.world.one("select id from social_draft_assets where type = 'photo'")
    (upload,) = site.world.one(
        "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes)"
        " values (%s, 'anna', 'film.mp4', 'video/mp4', 4) returning id", site.larp,
    )  # fmt: skip
    for asset in (foreign, photo, upload):
        answer = requests.get(site.at("drafts", "videos", asset), cookies={"test_user": "ewa"}, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_video")
