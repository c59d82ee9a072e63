"""A video is told by its boxes while it is read once; what Facebook would refuse is said before anything is sent."""

from __future__ import annotations

import hashlib
import random
import tracemalloc

import pytest

from socialpub.media.inspect import inspect_media
from socialpub.media.limits import MediaLimits, VideoLimits
from socialpub.media.video import BoxScanner
from socialpub.models import AssetType
from tests.media.samples import box, large_box, movie_header, photo, video

MIB = 1 << 20
HEAD = box(b"ftyp", b"isom\0\0\2\0")
DATA = box(b"mdat", bytes(4096))
MOOV = box(b"moov", movie_header(12))


def look(file, limits=VideoLimits()):  # noqa: B008 - it can't change
    return inspect_media(file, AssetType.VIDEO, MediaLimits(video=limits))


@pytest.mark.parametrize(
    ("content", "mime_type", "seconds"),
    [
        (video(), "video/mp4", 12),
        (video(version=1, seconds=3600), "video/mp4", 3600),
        (video(brand=b"qt  "), "video/quicktime", 12),
        (video(brand=b"qt  ").removeprefix(box(b"ftyp", b"qt  \0\0\2\0isomiso2")), "video/quicktime", 12),
        (HEAD + MOOV + DATA, "video/mp4", 12),
        (HEAD + MOOV + large_box(b"mdat", bytes(4096)), "video/mp4", 12),
        (HEAD + MOOV + b"\0\0\0\0mdat" + bytes(4096), "video/mp4", 12),
        (HEAD + box(b"moov", b"\0\0\0\x08udta") + DATA, "video/mp4", None),
        (video(seconds=0), "video/mp4", None),
    ],
)
def test_mp4_and_quicktime_are_found_good_whatever_their_name(folder, content, mime_type, seconds):
    """With the table of contents before or behind the data, sizes in 32 or 64 bits or open, and a duration or none."""
    found = look(folder.put("film.txt", content))
    assert found.findings == ()
    assert found.facts is not None
    assert (found.facts.mime_type, found.facts.duration_seconds) == (mime_type, seconds)
    assert (found.facts.size_bytes, found.facts.checksum_sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (HEAD + MOOV, "Facebook takes videos from 1,024 bytes"),
        (b"\x1aE\xdf\xa3" + bytes(4096), "is a Matroska or WebM file"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(4096), "is an AVI file"),
        (box(b"ftyp", b"heic\0\0\0\0") + bytes(4096), "is a HEIC photo"),
        (box(b"ftyp", b"M4A \0\0\0\0") + bytes(4096), "is sound without a picture"),
        (photo("BMP"), "is no video that is known"),
        (photo("PNG") + bytes(4096), "is a PNG photo"),
        (b"#!/bin/sh\n" + bytes(4096), "is no video that is known"),
        (HEAD + DATA, "no table of contents (moov)"),
        (HEAD + MOOV + DATA[:-1], "is cut off or damaged"),
        (HEAD + DATA[:2000], "is cut off or damaged"),
        (HEAD + MOOV + b"\0\0\0\3bad!" + bytes(4096), "is cut off or damaged"),
        (HEAD + MOOV + b"\0\0\0\1mdat" + b"\xff" * 8 + bytes(4096), "is cut off or damaged"),
        (video(seconds=0.5), "lasts 0.50 s: Facebook takes videos from 1 s"),
        (video(seconds=5 * 3600), "lasts 300 min: Facebook takes 240 min at most"),
    ],
)
def test_what_facebook_would_refuse_is_an_error_that_names_the_file(folder, content, words):
    """Each with a next step."""
    found = look(folder.put("film.mp4", content))
    assert len(found.errors) == 1
    assert "“film.mp4”" in found.errors[0].words
    assert words in found.errors[0].words
    assert found.errors[0].next_step


def test_two_gibibytes_are_taken_and_one_byte_more_is_refused_unread(folder):
    """The largest that Facebook's own texts name; the file has no content on disk."""
    with (folder.root / "large.mp4").open("wb") as large:
        large.truncate((2 << 30) + 1)
    found = look(folder.store.open("large.mp4"))
    assert (found.facts, len(found.errors)) == (None, 1)
    assert "2,147,483,649 bytes: Facebook takes videos up to 2,147,483,648" in found.errors[0].words
    limits = VideoLimits(max_bytes=len(video()))
    assert look(folder.put("fits.mp4", video()), limits).findings == ()
    assert look(folder.put("longer.mp4", video() + b"\0"), limits).errors


def test_a_large_video_is_looked_at_in_constant_memory(folder):
    """256 MiB through a few."""
    with (folder.root / "large.mp4").open("wb") as large:
        large.write(HEAD + MOOV + large_box(b"mdat", b"").replace(b"\0\0\0\x10", (256 * MIB).to_bytes(4)))
        large.truncate(len(HEAD + MOOV) + 256 * MIB)
    tracemalloc.start()
    try:
        assert look(folder.store.open("large.mp4")).findings == ()
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_the_boxes_are_the_same_however_the_bytes_arrive():
    """Cut anywhere: within a size, a name, a header."""
    content = video() + large_box(b"free", bytes(99)) + box(b"uuid", bytes(300))
    whole = BoxScanner()
    whole.feed(content)
    chance = random.Random(7)
    for _ in range(200):
        scanner, at = BoxScanner(), 0
        while at < len(content):
            step = chance.choice((1, 2, 3, 7, 15, 16, 17, 100, 5000))
            scanner.feed(content[at : at + step])
            at += step
        assert scanner == whole


def test_a_file_of_nothing_but_boxes_takes_no_endless_time(folder):
    """A hostile file of a million empty boxes is given up."""
    scanner = BoxScanner()
    scanner.feed(HEAD + box(b"free") * 1_000_000)
    assert scanner.is_broken
    assert len(scanner.names) < 200_000
