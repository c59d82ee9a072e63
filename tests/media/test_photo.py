"""A photo is told by its content, and what is wrong with it is said before anything is sent."""

from __future__ import annotations

import hashlib
import io
import struct
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from PIL import Image, ImageCms

from socialpub.errors import MediaRefusedError
from socialpub.media.inspect import inspect_media
from socialpub.media.limits import MediaLimits, PhotoLimits
from socialpub.media.reencode import reencode_photo
from socialpub.models import AssetType
from tests.media.samples import animation, noise, photo

LIMITS = PhotoLimits(safe_bytes=40_000, hard_bytes=90_000, source_bytes=3_000_000, max_pixels=1_000_000)


def look(file, limits=LIMITS, *, may_reencode=False):
    return inspect_media(file, AssetType.PHOTO, MediaLimits(limits), may_reencode=may_reencode)


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("BMP", "image/bmp"), ("TIFF", "image/tiff")],
)
def test_what_facebook_takes_is_found_good_whatever_its_name(folder, kind, mime_type):
    """Size, checksum, MIME type and pixels are those of the content."""
    content = photo(kind)
    found = look(folder.put("poster.exe", content))
    assert found.findings == ()
    assert found.facts is not None
    assert (found.facts.size_bytes, found.facts.mime_type) == (len(content), mime_type)
    assert found.facts.checksum_sha256 == hashlib.sha256(content).hexdigest()
    assert (found.facts.width, found.facts.height) == (64, 48)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xff\xd8\xff", "is no photo"),
        (b"<svg onload='alert(1)'/>", "is no photo"),
        (b"%PDF-1.7 ...", "is no photo"),
        (b"\0\0\0\x18ftypheic" + bytes(200), "is no photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no photo"),
        (photo("WEBP"), "is WEBP: Facebook takes"),
        (photo("JPEG", (400, 300))[:-200], "is cut off or damaged"),
        (noise("PNG", (90, 90))[:-200], "is cut off or damaged"),
        (noise("BMP", (90, 90))[:-9000], "is cut off or damaged"),
        (noise("GIF", (90, 90))[:-900], "is cut off or damaged"),
        (noise("BMP", (200, 200)), "90,000 are the most"),
        (photo("PNG", (1001, 1000)), "1001 × 1000 pixels"),
    ],
)
def test_what_facebook_would_refuse_is_an_error_that_names_the_file(folder, content, words):
    """Each with a next step."""
    found = look(folder.put("plakat.jpg", content))
    assert len(found.errors) == 1
    assert "“plakat.jpg”" in found.errors[0].words
    assert words in found.errors[0].words
    assert found.errors[0].next_step


def test_a_jpeg_of_noise_that_lost_its_end_is_found_damaged(folder):
    """Though it is read at an eighth of its size only."""
    content = noise("JPEG", (160, 160), quality=60)
    assert look(folder.put("a.jpg", content)).findings == ()
    assert look(folder.put("b.jpg", content[: len(content) // 2])).errors[0].words.endswith("is cut off or damaged.")


def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused_unread(folder):
    """A decompression bomb: 100,000 × 100,000 pixels in a few bytes."""

    def chunk(name: bytes, payload: bytes) -> bytes:
        return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
    tracemalloc.start()
    try:
        assert look(folder.put("bomb.png", bomb), PhotoLimits()).errors
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (noise("BMP", (150, 100)), "Facebook may refuse more than 40,000"),
        (animation("GIF"), "shows its first picture only"),
        (animation("PNG"), "shows its first picture only"),
    ],
)
def test_what_will_show_otherwise_than_expected_is_a_warning(folder, content, words):
    """It may go out."""
    found = look(folder.put("a.gif", content))
    assert found.errors == []
    assert words in found.findings[0].words


def test_a_heavy_png_is_said_to_show_pixelated(folder):
    """As Facebook's reference says of those above 1 MB."""
    found = look(folder.put("a.png", noise("PNG", (640, 600))), PhotoLimits())
    assert [f.words for f in found.findings] == ["“a.png” is a PNG above 1 MB, which Facebook may show pixelated."]


@pytest.mark.parametrize("content", [photo("WEBP"), noise("BMP", (400, 300)), noise("PNG", (150, 150))])
def test_what_may_be_reencoded_is_no_error(folder, content):
    """Another format, or too large: a JPEG below the safe size is made of it."""
    file = folder.put("a.bin", content)
    found = look(file, may_reencode=True)
    assert (found.findings, found.needs_reencoding) == ((), True)
    made = reencode_photo(file, LIMITS)
    assert made.size < LIMITS.safe_bytes
    with made.open_stream() as stream:
        assert Image.open(io.BytesIO(stream.read(made.size))).format == "JPEG"
    assert look(folder.put("made.jpg", made.content)).findings == ()


def test_a_good_photo_goes_out_as_it_is_though_it_may_be_reencoded(folder):
    """What was approved is not touched without need."""
    assert not look(folder.put("a.jpg", photo()), may_reencode=True).needs_reencoding


def test_reencoding_has_its_limit_too(folder):
    """And does not help what is no picture."""
    limits = replace(LIMITS, source_bytes=1000)
    assert look(folder.put("a.bmp", photo("BMP")), limits, may_reencode=True).errors
    assert look(folder.put("a.jpg", b"no picture" * 20), may_reencode=True).errors
    with pytest.raises(MediaRefusedError, match="can't be unpacked"):
        reencode_photo(folder.store.open("a.jpg"), LIMITS)
    with pytest.raises(MediaRefusedError, match="can't be unpacked"):
        reencode_photo(folder.put("b.webp", photo("WEBP", (300, 300))[:-60]), LIMITS)


def test_a_reencoded_photo_is_upright_and_tells_nothing_of_where_it_was_taken(folder):
    """The orientation is applied; EXIF, with its place and camera, is gone."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"  # Turned by 90°; the maker.
    exif.get_ifd(0x8825)[1] = "N"  # GPS.
    content = io.BytesIO()
    Image.new("RGB", (60, 20), "red").save(content, "JPEG", exif=exif)
    made = Image.open(io.BytesIO(reencode_photo(folder.put("a.jpg", content.getvalue()), LIMITS).content))
    assert made.size == (20, 60)
    assert not made.getexif()
    assert not {"exif", "icc_profile", "comment"} & set(made.info)


def test_transparency_becomes_white_and_not_black(folder):
    """A logo without a background keeps its look."""
    content = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(content, "PNG")
    made = Image.open(io.BytesIO(reencode_photo(folder.put("a.png", content.getvalue()), LIMITS).content))
    assert made.getpixel((5, 5)) == (255, 255, 255)


def test_colours_of_another_profile_stay_what_they_look_like(folder):
    """A profile that is dropped is applied first; one that can't be read is only dropped."""
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = usual.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    for profile, seen in ((usual, (10, 200, 30)), (swapped, (200, 10, 30)), (b"no profile", (10, 200, 30))):
        content = io.BytesIO()
        Image.new("RGB", (20, 20), (10, 200, 30)).save(content, "PNG", icc_profile=profile)
        made = Image.open(io.BytesIO(reencode_photo(folder.put("a.png", content.getvalue()), LIMITS).content))
        assert all(abs(a - b) < 8 for a, b in zip(made.getpixel((5, 5)), seen, strict=True)), seen


def test_sixteen_bits_of_grey_become_eight_of_the_same_grey(folder):
    """A scan in the middle of the scale stays there."""
    content = io.BytesIO()
    Image.new("I;16", (20, 20), 32_768).save(content, "PNG")
    made = Image.open(io.BytesIO(reencode_photo(folder.put("scan.png", content.getvalue()), LIMITS).content))
    assert abs(made.getpixel((5, 5))[0] - 128) < 6
