"""The Resumable Upload API: `/{app}/uploads` and `upload:…`, whose handle `/{page}/videos` takes (D-UPLOAD)."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from graph_sandbox.entities import Token, TokenKind
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object
from graph_sandbox.file_part import FilePart
from graph_sandbox.growing_file import GrowingFile
from graph_sandbox.library import new_number
from graph_sandbox.media import ResumableUpload
from graph_sandbox.params import read_int, read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate

FILE_TYPES = ("application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4")


def open_upload(world: World, request: GraphRequest) -> dict[str, Any]:
    """Open an upload for a file of a declared name, length and type, and return its id, which has a `?sig=`."""
    token = _require_user(authenticate(world, request))
    if request.node != token.app_id:
        raise missing_object(request.method, request.node)
    refuse_unknown(request.params, frozenset({"file_name", "file_length", "file_type"}))
    for name in ("file_name", "file_length", "file_type"):
        if not request.params.get(name):
            raise invalid_parameter(f"Missing parameter: {name}")
    length, file_type = read_int(request.params, "file_length", default=0), read_text(request.params, "file_type")
    if file_type not in FILE_TYPES:
        raise invalid_parameter(f"Param file_type must be one of {{{', '.join(FILE_TYPES)}}}")
    if not 0 < length <= world.settings.video_max_bytes:
        raise invalid_parameter(f"Param file_length must be between 1 and {world.settings.video_max_bytes}")
    upload = ResumableUpload(
        id=f"upload:{base64.urlsafe_b64encode(str(new_number()).encode()).decode()}",
        signature=secrets.token_urlsafe(12),
        app_id=token.app_id,
        user_id=str(token.user_id),
        file_type=file_type,
        opened_at=world.now(),
        file=GrowingFile(length, keep_bytes=world.settings.kept_video_bytes),
    )
    world.library.uploads[upload.id] = upload
    request.arrival.committed = upload.id
    return {"id": upload.full_id}


def read_offset(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return how much has come: where an interrupted upload goes on."""
    upload = _find_upload(world, request)
    refuse_unknown(request.params, frozenset({"sig"}))
    offset = upload.file.size
    return {"id": upload.full_id, "file_offset": str(offset) if world.settings.is_file_offset_text else offset}


def send_bytes(world: World, request: GraphRequest) -> dict[str, Any]:
    """Take the rest of the file and return its handle; sent fewer bytes, they stay and the rest is still wanted."""
    upload = _find_upload(world, request)
    refuse_unknown(request.params, frozenset({"sig"}))
    take_body(upload, request)
    if not upload.file.is_whole:
        raise invalid_parameter(f"The upload has {upload.file.size} of {upload.file.declared_size} bytes")
    if upload.handle is None:
        upload.handle = _make_handle()
        world.library.handles[upload.handle] = upload
    request.arrival.committed = upload.id
    return {"h": upload.handle}


def open_body(world: World, request: GraphRequest) -> FilePart:
    """Return what takes the body of a request to `upload:…`."""
    upload = world.library.uploads.get(request.node.partition("?")[0])
    return upload.file.open_part("body", None) if upload else FilePart("body", None)


def keep_partial_body(world: World, request: GraphRequest) -> None:
    """Keep what came of a body that broke off, if it could have been taken at all."""
    try:
        take_body(_find_upload(world, request), request)
    except GraphFault:
        return  # Nobody is left to be told.


def take_body(upload: ResumableUpload, request: GraphRequest) -> None:
    """Add a body at the offset its header names.

    Raises:
        GraphFault: code 100 for an offset that is not the upload's, or more bytes than were declared.
    """
    part, offset = request.files[0], request.headers.get("file_offset", "")
    if not offset.isdigit() or int(offset) != upload.file.size or not upload.file.can_take(part):
        raise invalid_parameter(f"Header file_offset must be {upload.file.size}, where the upload ends")
    if part.size > upload.file.declared_size - upload.file.size:
        raise invalid_parameter("The body is longer than the file_length declared for the upload")
    upload.file.take(part)


def _find_upload(world: World, request: GraphRequest) -> ResumableUpload:
    if request.token_transport != "header":
        raise GraphFault(2500, "An active access token must be used to query information about the current user.")
    token = _require_user(authenticate(world, request))
    upload_id, _, query = request.node.partition("?")
    signature = query.removeprefix("sig=") or request.params.get("sig")
    upload = world.library.uploads.get(upload_id)
    if upload is None or (upload.app_id, upload.user_id) != (token.app_id, token.user_id):
        raise missing_object(request.method, upload_id)
    if signature != upload.signature or world.has_expired(upload.opened_at):
        raise missing_object(request.method, upload_id)
    return upload


def _require_user(token: Token) -> Token:
    if token.kind is not TokenKind.USER:
        raise GraphFault(200, "(#200) A user access token is required to upload files", status=403)
    return token


def _make_handle() -> str:
    """Return a handle as seen in the wild: two joined by a line feed, which must be sent back as they are."""
    return "\n".join(f"2:{base64.b64encode(secrets.token_bytes(24)).decode()}:dmlkZW8vbXA0:e:4" for _ in range(2))


ROUTES = {("POST", "uploads"): open_upload, ("GET", "upload"): read_offset, ("POST", "upload"): send_bytes}
