"""The fault modes that only uploads and schedules know, as a table like `faults.FAULTS`; and all modes together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from graph_sandbox.exchange import LONGEST_HANG_SECONDS, Exchange, refusal
from graph_sandbox.fault_replies import ErrorReply, Incident, ResetReply, wait_as_scripted
from graph_sandbox.faults import FAULTS, FaultMode
from graph_sandbox.schedules import FATES
from graph_sandbox.video_order import PROCESSING_FAULT
from graph_sandbox.video_phases import wrong_offset


@dataclass(frozen=True, slots=True)
class TrueReply:
    """The true answer."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Answer truly; what is wrong shows later."""
        await wait_as_scripted(incident)
        await exchange.send_answer(incident.answer)


@dataclass(frozen=True, slots=True)
class WrongOffsetReply:
    """Subcode 1363037 with the offsets the session wants; `loses_chunk` lets it forget its last chunk before."""

    is_text: bool = False
    loses_chunk: bool = False

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Refuse the offset."""
        await wait_as_scripted(incident)
        session = incident.world.library.sessions.get(str(incident.request.params.get("upload_session_id")))
        if session is not None and self.loses_chunk:
            session.file.forget_last_part()
        await exchange.send_answer(refusal(wrong_offset(session, is_text=self.is_text)))


@dataclass(frozen=True, slots=True)
class StallReply:
    """Nothing more is read for `delay_seconds` (without a delay, for an hour), then the connection is reset."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Leave the client with its bytes."""
        delay = incident.rule.delay_seconds
        await asyncio.sleep(LONGEST_HANG_SECONDS if delay is None else delay)
        await exchange.reset()


_TRY_AGAIN = "There was a problem uploading your video. Please try uploading it again."
_PHP_FAKE = "FacebookApiException"

EDGE_FAULTS: dict[str, FaultMode] = {
    mode.name: mode
    for mode in (
        # The chunk was not taken: send it again (php-graph-sdk, FakeGraphApiForResumableUpload).
        *(
            FaultMode(
                f"upload_6000_{subcode}",
                commits=False,
                reply=ErrorReply(6000, _TRY_AGAIN, status=500, subcode=subcode, error_type=_PHP_FAKE),
            )
            for subcode in (1363019, 1363021, 1363030, 1363033, 1363041)
        ),
        FaultMode("upload_6001", commits=False, reply=ErrorReply(6001, _TRY_AGAIN, status=500)),
        FaultMode("upload_transient", commits=False, reply=ErrorReply(6001, _TRY_AGAIN, status=500, is_transient=True)),
        # Offsets.
        FaultMode("upload_wrong_offset", commits=False, reply=WrongOffsetReply()),
        FaultMode("upload_wrong_offset_text", commits=False, reply=WrongOffsetReply(is_text=True)),
        FaultMode("upload_lost_chunk", commits=False, reply=WrongOffsetReply(loses_chunk=True)),
        FaultMode("committed_then_wrong_offset", commits=True, reply=WrongOffsetReply()),
        # The connection, after `after_bytes` of the file.
        FaultMode("upload_cut", commits=False, reply=ResetReply()),
        FaultMode("upload_stall", commits=False, reply=StallReply()),
        # The file.
        FaultMode("photo_324", commits=False, reply=ErrorReply(324, "(#324) Missing or invalid image file")),
        FaultMode("photo_1366046", commits=False, reply=ErrorReply(100, "Invalid parameter", subcode=1366046)),
        FaultMode("video_382", commits=False, reply=ErrorReply(382, "(#382) The video file is too small.")),
        FaultMode("video_389", commits=False, reply=ErrorReply(389, "(#389) Unable to fetch video file from URL.")),
        FaultMode(
            "video_6000_1363024",
            commits=False,
            reply=ErrorReply(6000, "(#6000) There was a problem uploading your video file.", subcode=1363024),
        ),
        FaultMode(PROCESSING_FAULT, commits=True, reply=TrueReply()),
        # Native schedules: the hand-over succeeds, and at its time the post is gone or stays as it is.
        *(FaultMode(name, commits=True, reply=TrueReply()) for name in FATES),
    )
}

ALL_FAULTS = FAULTS | EDGE_FAULTS
"""All modes by name: those for any request, and those for some edges."""
