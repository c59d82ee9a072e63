"""Media in S3: a real server that speaks it, an Airflow connection, and no special code of ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from socialpub.errors import MediaChangedError, MediaMissingError, MediaUnavailableError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.inspect import inspect_media
from socialpub.media.limits import MediaLimits
from socialpub.media.places import MediaPlaces
from socialpub.models import AssetType
from tests.media.samples import photo, video

MIB = 1 << 20


@dataclass(frozen=True)
class Bucket:
    client: Any
    endpoint: str

    @property
    def store(self) -> AirflowMediaStore:
        return AirflowMediaStore(MediaPlaces("s3://media_s3@larps/2027", ("s3://media_s3@larps/",)))

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket="larps", Key=key, Body=content)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    extra = {"endpoint_url": endpoint, "region_name": "eu-central-1"}
    connection = {"conn_type": "aws", "login": "larps-key", "password": "larps-secret", "extra": extra}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_MEDIA_S3", json.dumps(connection))
        keys = {"aws_access_key_id": "larps-key", "aws_secret_access_key": "larps-secret"}
        client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1", **keys)
        client.create_bucket(Bucket="larps", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield Bucket(client, endpoint)
    server.stop()


def read_all(stream) -> bytes:
    pieces = []
    with stream:
        while piece := stream.read(262_144):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("key", ["a.bin", "deep/a b#1?c%2e.bin", "żółć.bin"])
def test_an_object_is_read_below_the_root_and_by_its_url(bucket, key, caplog):
    """From its start and from the middle, over more than two blocks, and nothing is logged of each."""
    content = os.urandom(30 * MIB)
    bucket.put(f"2027/{key}", content)
    file = bucket.store.open(key)
    assert file.size == 30 * MIB
    assert read_all(file.open_stream()) == content
    assert read_all(file.open_stream(13 * MIB + 7)) == content[13 * MIB + 7 :]
    assert "BlockCache" not in caplog.text
    assert bucket.store.open(f"s3://media_s3@larps/2027/{key}").size == 30 * MIB


def test_photos_and_videos_are_looked_at_there(bucket):
    """By the same code as on a disk."""
    bucket.put("2027/a.jpg", photo())
    bucket.put("2027/a.mp4", video(data=bytes(20 * MIB)))
    for name, kind, mime_type in (("a.jpg", "photo", "image/jpeg"), ("a.mp4", "video", "video/mp4")):
        found = inspect_media(bucket.store.open(name), AssetType(kind), MediaLimits())
        assert found.findings == ()
        assert found.facts is not None
        assert found.facts.mime_type == mime_type


def test_a_missing_object_is_named(bucket):
    """And never remembered as missing: it may be stored a moment later."""
    with pytest.raises(MediaMissingError, match="“later.jpg” is not there"):
        bucket.store.open("later.jpg")
    bucket.put("2027/later.jpg", photo())
    assert bucket.store.open("later.jpg").size == len(photo())


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(bucket):
    """Of two versions, no mixture is given."""
    bucket.put("2027/b.bin", b"a" * (30 * MIB))
    file = bucket.store.open("b.bin")
    with file.open_stream() as stream:
        assert stream.read(MIB) == b"a" * MIB
        bucket.put("2027/b.bin", b"b" * (30 * MIB))
        given = b""
        with pytest.raises(MediaChangedError, match="“b.bin” changed"):
            while piece := stream.read(MIB):
                given += piece
    assert b"b" not in given
    with pytest.raises(MediaChangedError):
        file.open_stream()


def test_an_object_that_is_deleted_while_it_is_read_is_missed(bucket):
    """With the words of a missing file."""
    bucket.put("2027/c.bin", bytes(30 * MIB))
    file = bucket.store.open("c.bin")
    with file.open_stream() as stream:
        stream.read(MIB)
        bucket.client.delete_object(Bucket="larps", Key="2027/c.bin")
        with pytest.raises(MediaMissingError):
            while stream.read(MIB):
                pass


def test_a_storage_that_does_not_answer_can_be_tried_again_and_tells_no_secret(bucket):
    """The message has the kind of the failure and nothing of its text."""
    store = AirflowMediaStore(MediaPlaces("s3://media_s3@no-such-bucket/"))
    with pytest.raises((MediaUnavailableError, MediaMissingError)) as error:
        store.open("a.jpg")
    assert "larps-secret" not in str(error.value)
    assert "a.jpg" in str(error.value)
