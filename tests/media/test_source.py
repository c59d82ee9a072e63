"""A stored file is read piece by piece, and never as another one than it was when it was opened."""

from __future__ import annotations

import hashlib
import os
import tracemalloc

import pytest

from socialpub.errors import ConfigurationError, MediaChangedError, MediaMissingError, MediaRefusedError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.places import MediaPlaces
from socialpub.media.source import measure_checksum

MIB = 1 << 20


def read_all(stream, size: int = 65_536) -> bytes:
    pieces = []
    with stream:
        while piece := stream.read(size):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("name", ["a.bin", "deep/er/a.bin", "a b#1?c%2e%2e.bin", "żółć@x:y.bin", "#.bin", "a//b.bin"])
def test_a_file_is_read_as_it_is_whatever_its_name(folder, name):
    """Characters that mean something in a URL mean nothing in a relative path."""
    content = os.urandom(300_000)
    file = folder.put(name, content)
    assert file.size == 300_000
    assert read_all(file.open_stream()) == content
    assert measure_checksum(file) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("offset", [0, 1, 299_999, 300_000])
def test_a_stream_starts_where_it_is_asked_to(folder, offset):
    """So that an upload goes on where it stopped."""
    content = os.urandom(300_000)
    assert read_all(folder.put("a.bin", content).open_stream(offset)) == content[offset:]


def test_a_missing_file_is_named(folder):
    """With what to do about it."""
    with pytest.raises(MediaMissingError, match="“plakat.jpg” is not there.*store the file"):
        folder.store.open("plakat.jpg")


def test_a_folder_is_no_file(folder):
    """Nor is a pipe, which would hold the reader up for ever."""
    (folder.root / "deep").mkdir()
    os.mkfifo(folder.root / "pipe")
    for name in ("deep", "pipe"):
        with pytest.raises(MediaRefusedError, match="no file"):
            folder.store.open(name)


@pytest.mark.parametrize("target", ["../secret.jpg", "real.jpg"])
def test_a_symbolic_link_is_refused_wherever_it_leads(folder, target):
    """As the file itself, and on the way to it."""
    (folder.root.parent / "secret.jpg").write_bytes(b"secret")
    folder.put("real.jpg", b"real")
    (folder.root / "link.jpg").symlink_to(target)
    (folder.root / "up").symlink_to("..")
    for name in ("link.jpg", "up/secret.jpg"):
        with pytest.raises(MediaRefusedError, match="symbolic link"):
            folder.store.open(name)


def test_the_root_itself_may_be_a_link(folder):
    """It is the operator's, not a user's."""
    folder.put("a.jpg", b"real")
    (folder.root.parent / "current").symlink_to(folder.root)
    store = AirflowMediaStore(MediaPlaces(str(folder.root.parent / "current")))
    assert read_all(store.open("a.jpg").open_stream()) == b"real"


def test_a_file_that_becomes_a_link_is_not_followed(folder):
    """Between the look and the reading."""
    (folder.root.parent / "secret.jpg").write_bytes(b"secret")
    file = folder.put("a.jpg", b"public")
    (folder.root / "a.jpg").unlink()
    (folder.root / "a.jpg").symlink_to("../secret.jpg")
    with pytest.raises(MediaRefusedError, match="symbolic link"):
        file.open_stream()


def test_a_link_that_was_opened_in_the_blink_between_two_looks_is_noticed(folder, monkeypatch):
    """What was opened has to be what was looked at."""
    (folder.root.parent / "secret.jpg").write_bytes(b"secret")
    file = folder.put("a.jpg", b"public")
    monkeypatch.setattr(file, "path", file.path.parent / "../secret.jpg")
    monkeypatch.setattr(type(file), "_find_trouble", lambda self: None)
    with pytest.raises(MediaChangedError):
        file.open_stream()


def test_a_file_that_is_replaced_is_never_read_to_its_end(folder):
    """Not even if the new one has the same size: the last piece is kept back."""
    file = folder.put("a.bin", b"a" * 200_000)
    with file.open_stream() as stream:
        given = stream.read(100_000)
        folder.put("new.bin", b"b" * 200_000)
        (folder.root / "new.bin").replace(folder.root / "a.bin")
        with pytest.raises(MediaChangedError, match="“a.bin” changed while it was read"):
            while piece := stream.read(65_536):
                given += piece
    assert len(given) < 200_000
    with pytest.raises(MediaChangedError):
        file.open_stream()


def test_a_file_that_is_cut_off_while_it_is_read_is_noticed(folder):
    """Whoever sends it learns it before the end."""
    file = folder.put("a.bin", bytes(5 * MIB))
    with file.open_stream() as stream:
        stream.read(MIB)
        os.truncate(folder.root / "a.bin", 2 * MIB)
        with pytest.raises(MediaChangedError):
            while stream.read(MIB):
                pass


def test_a_file_that_grows_while_it_is_read_is_noticed(folder):
    """It was not finished when it was opened."""
    file = folder.put("a.bin", bytes(2 * MIB))
    with file.open_stream() as stream:
        stream.read(MIB)
        with (folder.root / "a.bin").open("ab") as more:
            more.write(b"more")
        with pytest.raises(MediaChangedError):
            stream.read(MIB)


def test_a_file_that_is_deleted_while_it_is_read_is_missed(folder):
    """Even though its bytes could still be read."""
    file = folder.put("a.bin", bytes(2 * MIB))
    with file.open_stream() as stream:
        stream.read(MIB)
        (folder.root / "a.bin").unlink()
        with pytest.raises(MediaMissingError):
            stream.read(MIB)


def test_an_unknown_connection_or_provider_says_what_to_do():
    """Instead of going on as nobody, or as whoever the machine is."""
    with pytest.raises(ConfigurationError, match="no Airflow connection “nowhere”"):
        AirflowMediaStore(MediaPlaces("s3://nowhere@bucket/")).open("a.jpg")
    with pytest.raises(ConfigurationError, match="install apache-airflow-providers-google"):
        AirflowMediaStore(MediaPlaces("gs://bucket/")).open("a.jpg")


def test_a_large_file_is_hashed_in_constant_memory(folder):
    """256 MiB through a few."""
    with (folder.root / "large.bin").open("wb") as large:
        large.truncate(256 * MIB)
    file = folder.store.open("large.bin")
    tracemalloc.start()
    try:
        measure_checksum(file)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
