"""A storage path, which users write, leads only to where operators let media come from."""

from __future__ import annotations

import pytest

from socialpub.errors import ConfigurationError, MediaRefusedError
from socialpub.media.places import MediaPlaces, Place
from socialpub.settings import Settings

PLACES = MediaPlaces("/srv/media", ("s3://media@larps/posters/", "gs://larps"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a.jpg", Place("file:///srv/media/", "a.jpg")),
        ("2027/a b#1?.jpg", Place("file:///srv/media/", "2027/a b#1?.jpg")),
        ("file:///srv/media/a.jpg", Place("file:///srv/media/", "a.jpg")),
        ("s3://media@larps/posters/a.jpg", Place("s3://media@larps/posters/", "a.jpg")),
        ("gs://larps/deep/a.mp4", Place("gs://larps/", "deep/a.mp4")),
    ],
)
def test_a_path_below_an_allowed_place_is_found(path, place):
    """Relative paths start at the root; a URL has to begin with an allowed one."""
    assert PLACES.find(path) == place


@pytest.mark.parametrize(
    "path",
    [
        "../a.jpg", "a/../../b.jpg", "/etc/passwd", "file:///etc/passwd", "file:///srv/media", "file:///srv/media/",
        "file:///srv/media/../secret", "file:///srv/media2/a.jpg", "file://localhost/srv/media/a.jpg", "FILE:///srv/media/a",
        "s3://media@larps/other/a.jpg", "s3://larps/posters/a.jpg", "s3://admin@larps/posters/a.jpg",
        "s3://media@larps/posters/../a.jpg", "gs://larps2/a.mp4", "http://larp.example/a.jpg", "https://larps/a.jpg",
        "memory://a", "github://a:b@/c", "", "  ", "a\0.jpg", "a\n.jpg", "a\u202egpj.exe", "a\x85b",
    ],
)  # fmt: skip
def test_any_other_path_is_refused_with_what_to_do(path):
    """Climbing, absolute, disguised, of another scheme, bucket, folder or connection."""
    with pytest.raises(MediaRefusedError, match="SOCIALPUB_MEDIA_ROOT"):
        PLACES.find(path)


def test_a_refusal_shows_no_control_character_and_not_endlessly_much():
    """The message goes to logs and to a terminal."""
    with pytest.raises(MediaRefusedError) as error:
        PLACES.find("a\x1b[2J\u202e" + "x" * 10_000)
    assert len(str(error.value)) < 600
    assert str(error.value).isprintable()


@pytest.mark.parametrize("places", [MediaPlaces("media"), MediaPlaces("https://larp.example/"), MediaPlaces("s3://")])
def test_a_wrong_root_is_a_wrong_setting(places):
    """It says which settings to look at."""
    with pytest.raises(ConfigurationError, match="SOCIALPUB_MEDIA_ROOT"):
        places.find("a.jpg")


def test_without_a_root_a_relative_path_asks_for_one():
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError, match="set SOCIALPUB_MEDIA_ROOT"):
        MediaPlaces().find("a.jpg")


def test_settings_name_the_places_and_the_limits():
    """As an operator writes them."""
    settings = Settings.from_environment({
        "SOCIALPUB_MEDIA_ROOT": "s3://media@larps/",
        "SOCIALPUB_MEDIA_URLS": "gs://a/, file:///srv/b/",
        "SOCIALPUB_PHOTO_SAFE_BYTES": "3000000",
        "SOCIALPUB_LINK_SECONDS": "4",
        "SOCIALPUB_LINK_PRIVATE_HOSTS": "sandbox,localhost",
    })  # fmt: skip
    assert settings.media == MediaPlaces("s3://media@larps/", ("gs://a/", "file:///srv/b/"))
    assert settings.media_limits.photo.safe_bytes == 3_000_000
    assert settings.link_limits.time.total_seconds() == 4
    assert settings.link_limits.private_hosts == {"sandbox", "localhost"}
