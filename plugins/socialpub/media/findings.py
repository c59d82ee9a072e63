"""What a look at media or at a link comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from socialpub.errors import SocialpubError


class Severity(StrEnum):
    ERROR = "error"
    """Facebook will refuse it, or what goes out would not be what was approved."""
    WARNING = "warning"
    """It can go out; somebody should know what to expect."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a file or a link of a draft, in words for the person who can change it."""

    severity: Severity
    name: str
    """The storage path, or the link."""
    words: str
    """What is the matter, as a sentence that names the file or link."""
    next_step: str

    @classmethod
    def of_error(cls, name: str, error: SocialpubError) -> Finding:
        return cls(Severity.ERROR, name, error.message, error.next_step)

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR

    def __str__(self) -> str:
        return f"{self.words} Next: {self.next_step}"


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a file is, by its content and never by its name."""

    size_bytes: int
    checksum_sha256: str
    mime_type: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    facts: MediaFacts | None
    """None when the file is nothing that Facebook takes, or could not be read."""
    findings: tuple[Finding, ...]
    needs_reencoding: bool = False
    """Whether a JPEG made of the photo has to be sent in its place, as the editor allowed."""

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_error]
