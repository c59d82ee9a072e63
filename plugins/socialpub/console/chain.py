"""Whether the audit log still says what it said: the chain of seals, verified from the newest back to the first.

The head that a person's browser keeps of a chain that held is a witness outside the database: whoever writes the whole
chain anew there does not change it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.roles import Permission
from socialpub.api.threads import in_patient_thread
from socialpub.console.drawing import render
from socialpub.console.visit import LARP, Visit, enter
from socialpub.services.audit.verify import LookBack, look_back

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
_COOKIE = "socialpub_chain"
_KEPT = timedelta(days=365)
_PATIENCE = timedelta(seconds=4)
_A_BREAK = timedelta(hours=1)
router = APIRouter(route_class=GuardedRoute)


@dataclass(frozen=True, slots=True)
class Witness:
    """When this browser last saw the whole chain hold, and the chain's head then."""

    head: str
    at: datetime

    @property
    def seal(self) -> str:
        return self.head.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Walk:
    """What has been found to hold on the way back: seal `newest`, made at `sealed_at`, and all down to `below`."""

    newest: int
    head: str
    sealed_at: datetime
    below: int

    def seal(self, visit: Visit) -> str:
        """For the form that goes on, so that nobody's browser can skip a part of the way."""
        note = {"newest": self.newest, "head": self.head, "at": self.sealed_at.isoformat(), "below": self.below}
        return visit.resources.sealer("chain walk").seal({name: str(value) for name, value in note.items()}).reveal()


@router.post(f"{LARP}/audit/verify")
async def verify(request: Request, visit: Reader) -> Response:
    """Digest anew what some seconds allow, and say how far that has come; the form in the answer goes on."""
    before, witness = _read_walk(visit), read_witness(request, visit)
    look = await in_patient_thread(
        request, look_back, visit.resources.engine, below=before.below if before else None,
        expected_head=witness.head if witness else None, patience=_PATIENCE,
    )  # fmt: skip
    walk = _go_on(before, look)
    is_whole = walk is not None and not look.has_older and not look.troubles
    answer = render(request, "chain.html", look=look, walk=walk, is_whole=is_whole)
    if walk and is_whole:
        _remember(answer, visit, walk.head)
    return answer


def read_witness(request: Request, visit: Visit) -> Witness | None:
    """What this browser remembers; None: nothing, or nothing of ours."""
    sealed = request.cookies.get(_COOKIE)
    note = visit.resources.sealer("chain").open(sealed, within=_KEPT) if sealed else None
    return Witness(note["head"], datetime.fromisoformat(note["at"])) if note else None


def _remember(answer: Response, visit: Visit, head: str) -> None:
    note = {"head": head, "at": datetime.now(UTC).isoformat()}
    sealed = visit.resources.sealer("chain").seal(note).reveal()
    age = int(_KEPT.total_seconds())
    answer.set_cookie(_COOKIE, sealed, max_age=age, path=visit.root or "/", httponly=True, samesite="lax")


def _go_on(before: Walk | None, look: LookBack) -> Walk | None:
    """None: there is no seal at all."""
    if before:
        return replace(before, below=look.oldest or before.below)
    return Walk(look.newest, look.head, look.sealed_at, look.oldest) if look.sealed_at else None


def _read_walk(visit: Visit) -> Walk | None:
    """None: the walk begins, or it was left for so long that it has to."""
    note = visit.resources.sealer("chain walk").open(visit.text("walk"), within=_A_BREAK)
    if note is None:
        return None
    return Walk(int(note["newest"]), note["head"], datetime.fromisoformat(note["at"]), int(note["below"]))
