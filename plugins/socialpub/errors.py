"""The exception tree. An error class is an instruction: it says what the caller has to do next.

Every error carries a sentence for a person (what happened, to which post or Page) and `next_step` (what to do about
it). Nothing in an error is ever secret: messages are written to task logs and to the row of the post.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class SocialpubError(Exception):
    """Base of every error that socialpub raises on purpose."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} Next: {self.next_step}" if self.next_step else self.message


class ConfigurationError(SocialpubError):
    """The installation is incomplete or contradictory; a person has to change a setting, then try again."""


class TokenKeyError(ConfigurationError):
    """A token can't be encrypted or decrypted: the key is missing, malformed, or not the one it was written with."""


class DatabaseUnavailableError(SocialpubError):
    """The socialpub database can't be reached now; nothing was read or written, so trying again is safe."""


class SchemaError(ConfigurationError):
    """The database answers, but its schema is not the one this version needs; migrate it."""


class IllegalMoveError(SocialpubError):
    """A draft or scheduled post was asked to go to a status that can't follow the one it has."""


class UnknownPostError(SocialpubError):
    """No draft and no scheduled post has the given id."""


class UnknownDraftError(SocialpubError):
    """The LARP has no draft with the given id; another LARP's is none of it."""


class StaleDraftError(SocialpubError):
    """The draft is not the version that the caller saw; show the present one, then try again."""


class RuleRefusedError(SocialpubError):
    """The database refuses the change; nothing was written. `rule` is the name of its rule, where it has one."""

    def __init__(self, message: str, *, next_step: str = "", rule: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rule = rule


class ApprovalRefusedError(SocialpubError):
    """This person may not approve this draft; somebody else has to."""


class LocalTimeError(SocialpubError):
    """The wall time is none or two of its zone's; `choices` are the wall times or offsets to choose from."""

    def __init__(self, message: str, *, next_step: str, choices: tuple[str, ...]) -> None:
        super().__init__(message, next_step=next_step)
        self.choices = choices


class AuditError(SocialpubError):
    """The audit log can't be checked in the way that was asked for."""


class UnknownPageError(SocialpubError):
    """No connected Page has the given id."""


class UnknownLarpError(SocialpubError):
    """No LARP has the given id, or it has no connected Page."""


class PageRefusedError(SocialpubError):
    """The Page can't be connected as things stand; nothing was stored. The next step is for the person who asked.

    `is_rerequest` says that asking Facebook once more, for what was declined, can help. `larp_id` is whose Page it was
    to be, where that is known.
    """

    def __init__(self, message: str, *, next_step: str = "", is_rerequest: bool = False) -> None:
        super().__init__(message, next_step=next_step)
        self.is_rerequest = is_rerequest
        self.larp_id: UUID | None = None


class PostNotReadyError(SocialpubError):
    """The post can't be published as it stands: not approved, canceled, paused, already final, or under way."""


class TokenUnusableError(PostNotReadyError):
    """The Page has no token, or one that has expired by our own clock; a person has to reconnect it."""


class TokenLostError(SocialpubError):
    """Facebook refused the Page's token, and its posts are held; somebody was told, so nothing else need be red."""


class MediaError(SocialpubError):
    """A photo or video can't be had from storage as it should be; nothing of it was sent. Messages name the file."""


class MediaRefusedError(MediaError):
    """The storage path leads to a place that media may not come from; a person has to change path or settings."""


class MediaMissingError(MediaError):
    """There is no such file; a person has to put it there, or to change the asset."""


class MediaChangedError(MediaError):
    """The file is not the one it was: replaced, overwritten or cut off, perhaps while it was read."""


class MediaUnavailableError(MediaError):
    """The storage does not answer, or not usefully; trying again later is safe."""


class UnknownUploadError(SocialpubError):
    """No upload of the LARP has the given id; begin a new one."""


class UploadConflictError(SocialpubError):
    """The piece does not fit what is here already; ask how far the upload is, and go on there."""


@dataclass(frozen=True, slots=True)
class GraphFailure:
    """What Facebook (or the network on the way to it) said, in the words a person needs to act or to ask Meta.

    Codes are None where Facebook did not give them. `message` is Facebook's text or the network's, without secrets.
    """

    edge: str
    message: str
    http_status: int | None = None
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None

    def __str__(self) -> str:
        codes = "/".join(str(c) for c in (self.code, self.subcode) if c is not None)
        known = (f"HTTP {self.http_status}" if self.http_status else "", f"code {codes}" if codes else "",
                 f"fbtrace_id {self.fbtrace_id}" if self.fbtrace_id else "")  # fmt: skip
        details = ", ".join(part for part in known if part)
        return f"{self.edge}: {self.message}" + (f" ({details})" if details else "")


class GraphError(SocialpubError):
    """A Graph call that did not end in a usable answer. Its subclass tells what may be done now."""

    def __init__(self, failure: GraphFailure, *, next_step: str) -> None:
        super().__init__(str(failure), next_step=next_step)
        self.failure = failure


class OutcomeUnknownError(GraphError):
    """The request may have been carried out. Never send it again before a read-back has shown it absent."""


class NotSentError(GraphError):
    """No byte of the request left this machine (DNS, refused, connect timeout). Trying again is safe."""


class GraphRefusedError(GraphError):
    """Facebook definitely did not carry the request out. The subclass tells whether and when to try again."""


class TryAgainError(GraphRefusedError):
    """A refusal that may pass by itself; the same request may be sent again later."""


class WrongOffsetError(TryAgainError):
    """Facebook has another part of the upload than the sender thought: go on at `start_offset`, up to `end_offset`."""

    def __init__(self, failure: GraphFailure, *, next_step: str, start_offset: int, end_offset: int) -> None:
        super().__init__(failure, next_step=next_step)
        self.start_offset = start_offset
        self.end_offset = end_offset


class UploadSessionOverError(TryAgainError):
    """Facebook does not know the upload session any more; start a new one and send the file from its first byte."""


class RateLimitedError(GraphRefusedError):
    """Facebook asks for a pause. `regain_at` is when access returns; waiting costs no try.

    `scope` is "page" when the limit belongs to the Page and "app" when it belongs to the whole Facebook app.
    """

    def __init__(self, failure: GraphFailure, *, next_step: str, regain_at: datetime, scope: str) -> None:
        super().__init__(failure, next_step=next_step)
        self.regain_at = regain_at
        self.scope = scope


class TokenRefusedError(GraphRefusedError):
    """The Page access token is no longer accepted; a person has to reconnect the Page."""


class PermissionRefusedError(GraphRefusedError):
    """The token works but may not do this; a person has to grant a permission or a role."""


class PolicyBlockedError(GraphRefusedError):
    """Facebook blocks the Page or the content for policy reasons; stop posting to the Page until a person looked."""


class InvalidPostError(GraphRefusedError):
    """The content or a parameter is refused and always will be; a person has to change the post."""


class AppRefusedError(GraphRefusedError):
    """The Facebook app is set up wrongly (secret, proof, version); every Page is affected until it is mended."""


class DuplicatePostError(GraphError):
    """Facebook says that it already has this content: an earlier request probably landed. Read back before anything."""


class ChannelDownError(SocialpubError):
    """The mail server or Slack can't be used now, for any message; nothing was sent. Try again later."""


class RecipientRefusedError(SocialpubError):
    """This message or its recipient is refused for good; a person has to correct the route."""


class AnswerLostError(SocialpubError):
    """The message left and its answer did not come: it may have arrived."""


class TemplateError(ConfigurationError):
    """A template can't be read or filled in; a person has to correct the file that the message names."""
