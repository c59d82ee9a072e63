"""Prometheus's scrape: figures of the database as text, for those who know the token or come from a known network."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from socialpub.access_settings import MetricsAccess
from socialpub.api.auth import GuardedRoute, Permission, Principal
from socialpub.api.metric_families import ReadingCollector
from socialpub.api.problem import Problem, documented
from socialpub.api.resources import TheResources
from socialpub.api.threads import in_thread
from socialpub.services.latencies import write_latencies
from socialpub.services.metrics import read_metrics

router = APIRouter(route_class=GuardedRoute, tags=["Metrics"])


async def require_scraper(request: Request, resources: TheResources) -> Principal:
    """Raises 403, and `ConfigurationError` for a token file that can't be read.

    Nobody is let in while neither a token nor a network is set. Not 401, which sends browsers to Airflow's login and
    back.
    """
    access = resources.settings().metrics
    token = access.read_token()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Compared as bytes, because a header may hold what is no ASCII.
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return Principal("scraper")
    if _is_from_known_network(request, access):
        return Principal("scraper")
    raise Problem(
        403, "not_prometheus", "Metrics are for Prometheus.",
        next_step="set SOCIALPUB_METRICS_TOKEN here and as its bearer token there.",
    )  # fmt: skip


require_scraper.permission = Permission.READ_METRICS  # type: ignore[attr-defined]


def _is_from_known_network(request: Request, access: MetricsAccess) -> bool:
    if not access.networks or request.client is None:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:  # a Unix socket, a test
        return False
    return any(address in network for network in access.networks)


@router.get("/metrics", response_class=PlainTextResponse, responses=documented())
async def show_metrics(
    request: Request, _: Annotated[Principal, Depends(require_scraper)], resources: TheResources
) -> Response:
    """Everything of `metric_families`, in Prometheus's text format."""

    def scrape() -> bytes:
        write_latencies(resources.engine)  # Of this process, which has no task that ends.
        registry = CollectorRegistry()
        registry.register(ReadingCollector(read_metrics(resources.engine)))
        return generate_latest(registry)

    return Response(await in_thread(request, scrape), media_type=CONTENT_TYPE_LATEST)
