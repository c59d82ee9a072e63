"""Multipart forms taken apart while they come in."""

from __future__ import annotations

from collections.abc import Callable

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from graph_sandbox.bodies import BODY_LIMIT, too_large
from graph_sandbox.errors import invalid_parameter
from graph_sandbox.file_part import FilePart
from graph_sandbox.params import Params

MAX_PARTS = 1_000

OpenFile = Callable[[Params, str, str], FilePart]
"""Returns the part that takes a file, given the fields before it, its field's name and its own."""


class MultipartIntake:
    """Takes a multipart body apart: fields become text, files go where `open_file` says."""

    def __init__(self, content_type: str, open_file: OpenFile) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise invalid_parameter("The multipart body is malformed")
        self.fields: Params = {}
        self.files: list[FilePart] = []
        self._open_file = open_file
        self._field_bytes = 0
        self._parts = 0
        self._is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header_name,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": self._take_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            GraphFault: the body is no multipart form, or its fields are larger than a request may be.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise invalid_parameter("The multipart body is malformed") from error

    def finish(self) -> None:
        """Refuse a body that ended before its form did."""
        if not self._is_complete:
            raise invalid_parameter("The multipart body is malformed")

    def _begin_part(self) -> None:
        self._parts += 1
        self._header_name = self._header_value = self._disposition = b""
        self._text = bytearray()
        self._file: FilePart | None = None

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        options = parse_options_header(self._disposition)[1]
        if b"name" not in options or self._parts > MAX_PARTS:
            raise invalid_parameter("The multipart body is malformed")
        self._name = _decode(options[b"name"])
        if b"filename" in options:
            self._file = self._open_file(self.fields, self._name, _decode(options[b"filename"]))
            self.files.append(self._file)

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > BODY_LIMIT:
            raise too_large()
        self._text += data[start:end]

    def _end_part(self) -> None:
        if self._file is None:
            self.fields[self._name] = _decode(bytes(self._text))

    def _end(self) -> None:
        self._is_complete = True


def _decode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise invalid_parameter("Invalid parameter encoding") from error
