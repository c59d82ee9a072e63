"""Posts of one second while people use the API: the API server serves Airflow's tasks, too."""

from __future__ import annotations

from collections.abc import Iterator

from bench.api_clients import CLIENTS, THINKING_SECONDS, at_work
from bench.burst import Burst, run_burst
from bench.figure import Figure, Limit, Line
from bench.fresh_database import ADD_DRAFTS
from bench.stage import Stage
from bench.summary import summarise

_POSTS = 200
_DRAFTS = 1_000_000


def measure_burst_200_beside_api(stage: Stage) -> Iterator[Line]:
    """The same burst twice beside a million drafts: alone, and while twenty people list and create drafts.

    They use Airflow's own API server, to which the tasks report as well.
    """
    larps = [page.larp_id for page in stage.pages(_POSTS)]
    _add_drafts(stage)
    alone = run_burst(stage, _POSTS)
    stage.report(f"{CLIENTS} people use the API meanwhile")
    with at_work(f"{stage.stack.airflow_url}/socialpub", stage.signer, larps, THINKING_SECONDS) as requests:
        beside = run_burst(stage, _POSTS)
    details = {
        "drafts": _DRAFTS,
        **beside.details(),
        **_tell("start_up", beside),
        "alone": {"p50": round(alone.lateness.p50, 3), "p95": round(alone.lateness.p95, 3),
                  "max": round(alone.lateness.max, 3), **_tell("start_up", alone)},
        "api_ms": {name: {"n": len(times), "p95": round(summarise(times).p95, 1)} for name, times in requests.items()},
    }  # fmt: skip
    is_sound = alone.is_sound and beside.is_sound
    limit = Limit("p95", 1.0)
    yield Figure("burst_200_beside_api", "s", beside.lateness, limit, is_sound=is_sound, details=details).line()


def _add_drafts(stage: Stage) -> None:
    """Without any trigger: they are as weeks of work would have left them."""
    stage.report(f"Writing {_DRAFTS} drafts")
    with stage.owner.transaction():
        stage.owner.execute("set local session_replication_role = replica")
        stage.owner.execute(ADD_DRAFTS, {"rows": _DRAFTS})
    stage.owner.execute("vacuum analyze social_drafts")


def _tell(name: str, burst: Burst) -> dict[str, float]:
    return {f"{name}_p50_s": round(burst.start_ups.p50, 2), f"{name}_max_s": round(burst.start_ups.max, 2)}
