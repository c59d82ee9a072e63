"""Who may read metrics, and what reading them costs."""

from __future__ import annotations

import json
import subprocess
import time
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from bench.fresh_database import ADD_APPROVED_DRAFTS, ADD_PAGES
from local_stack.state import PROJECT, Ports
from socialpub.access_settings import MetricsAccess
from socialpub.errors import ConfigurationError
from socialpub.graph.latency import LATENCIES
from socialpub.settings import Settings
from tests.conftest import World
from tests.metrics.conftest import Serve
from tests.needs import needs_prometheus

TOKEN = MetricsAccess("a-long-token")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}])
def test_nobody_is_let_in_by_default(serve: Serve, headers):
    """Neither a token nor a network is set; an empty token opens nothing."""
    answer = requests.get(serve(MetricsAccess()), headers=headers, timeout=10)
    assert answer.status_code == 403
    assert "SOCIALPUB_METRICS_TOKEN" in answer.text
    assert "social_posts" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer a-long-token"}, 200),
        ({"Authorization": "bearer a-long-token"}, 200),
        ({"Authorization": "Bearer a-long-toke"}, 403),
        ({"Authorization": "Basic a-long-token"}, 403),
        ({"Authorization": b"Bearer \xc5\xbc"}, 403),
        ({"Cookie": "_token=a-long-token"}, 403),
        ({"X-Forwarded-For": "127.0.0.1"}, 403),
    ],
)
def test_only_the_token_opens_them(serve: Serve, headers, status):
    """As a bearer token, whole."""
    answer = requests.get(serve(TOKEN), headers=headers, timeout=10)
    assert answer.status_code == status
    assert (answer.headers["content-type"].startswith("text/plain; version=")) == (status == 200)


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 403), ("::1/128", 403)])
def test_a_known_network_needs_no_token(serve: Serve, network, status):
    """By the address that the connection comes from."""
    url = serve(MetricsAccess(networks=(ip_network(network),)))
    assert requests.get(url, timeout=10).status_code == status


def test_token_and_networks_are_settings(tmp_path: Path):
    """The token itself or its file; what can't be read says which variable it is."""
    read = Settings.from_environment
    assert read({"SOCIALPUB_METRICS_TOKEN": "x"}).metrics == MetricsAccess("x")
    by_file = read({"SOCIALPUB_METRICS_TOKEN_FILE": str(tmp_path / "token")}).metrics
    with pytest.raises(ConfigurationError, match="METRICS_TOKEN_FILE"):
        by_file.read_token()  # Where it is needed, and in no other process.
    (tmp_path / "token").write_text("from-a-file\n")
    assert by_file.read_token() == "from-a-file"
    assert read({"SOCIALPUB_METRICS_NETWORKS": "10.0.0.0/8, ::1"}).metrics.networks[0] == ip_network("10.0.0.0/8")
    assert "x-secret" not in repr(read({"SOCIALPUB_METRICS_TOKEN": "x-secret"}))
    for name, value in (("METRICS_NETWORKS", "10.0.0.1/8"), ("GRAPH_LOG", "xml")):
        with pytest.raises(ConfigurationError, match=f"SOCIALPUB_{name}"):
            read({f"SOCIALPUB_{name}": value})


@needs_prometheus
def test_promtool_accepts_every_line(serve: Serve):
    """Help, types and names as Prometheus wants them."""
    text = requests.get(serve(TOKEN), headers={"Authorization": "Bearer a-long-token"}, timeout=10).content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_history_costs_a_scrape_nothing(serve: Serve, world: World):
    """30,000 posts of history and of the future; `make bench FIGURES=scrape_1m` measures a million."""
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(ADD_PAGES, {"pages": 100})
        connection.execute(ADD_APPROVED_DRAFTS, {"rows": 30_000})
    with world.connect("backoffice_login") as connection:
        connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at)"
            " select id, now() + interval '1 day' from social_drafts where status = 'approved'"
        )
    url, session, times = serve(TOKEN), requests.Session(), []
    session.headers["Authorization"] = "Bearer a-long-token"
    for _ in range(15):
        started = time.monotonic()
        text = session.get(url, timeout=10).text
        times.append(time.monotonic() - started)
    assert 'social_posts_scheduled_total{delivery="direct"} 30000.0' in text
    assert sorted(times)[7] < 0.05, times


@needs_prometheus
@pytest.mark.timeout(120)
def test_a_real_prometheus_scrapes_them_and_raises_the_alert(serve: Serve, world: World, tmp_path: Path):
    """The shipped rules over a real scrape: a post that nobody takes, and scans that came no more, are raised; then

    what is well again is quiet again. What waits for minutes in production waits for nothing here.
    """
    world.schedule(world.add_page(), due_in=-600)
    world.run("update social_scans set finished_at = now() - interval '4 minutes'")
    url = urlsplit(serve(TOKEN))
    rules = (PROJECT / "include" / "prometheus" / "alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text("\n".join(line for line in rules.splitlines() if "for: " not in line))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(tmp_path / "alerts.yml")],
        "scrape_configs": [
            {
                "job_name": "socialpub",
                "metrics_path": url.path,
                "authorization": {"credentials": "a-long-token"},
                "static_configs": [{"targets": [url.netloc]}],
            }
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    own = f"127.0.0.1:{Ports.free().airflow}"
    server = subprocess.Popen(
        ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address={own}", "--log.level=error"]
    )  # fmt: skip
    try:
        raised = wait_for_alerts(own, {"SocialpubPostsPastDue", "SocialpubNoScan"})
        assert raised == {"SocialpubPostsPastDue", "SocialpubNoScan"}
        world.run("update social_scheduled_posts set status = 'canceled', status_reason = 'x'")
        world.run("update social_scans set finished_at = now()")
        assert wait_for_alerts(own, set()) == set()
    finally:
        server.terminate()
        server.wait(20)


def wait_for_alerts(prometheus: str, wanted: set[str]) -> set[str]:
    """What fires after at most 40 seconds, when the wanted ones do."""
    deadline, firing = time.monotonic() + 40, None
    while firing != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            ready = requests.get(f"http://{prometheus}/api/v1/query", params={"query": "up"}, timeout=5).json()
            if not ready["data"]["result"]:
                continue
            alerts = requests.get(f"http://{prometheus}/api/v1/alerts", timeout=5).json()["data"]["alerts"]
        except requests.ConnectionError:
            continue
        firing = {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}
    return firing if firing is not None else {"nothing was evaluated"}


def test_any_server_shows_the_same_and_one_that_ends_takes_nothing_along(serve: Serve, world: World):
    """Two API servers, then a third: what one has measured itself is everybody's with its first scrape."""
    first, second = serve(TOKEN), serve(TOKEN)
    world.schedule(world.add_page())
    LATENCIES.take()
    LATENCIES.observe("1/feed", None, 0.3)

    def counters(url: str) -> list[str]:
        text = requests.get(url, headers={"Authorization": "Bearer a-long-token"}, timeout=10).text
        return [line for line in text.splitlines() if "_total{" in line or "_seconds_count{" in line]

    shown = counters(first)
    assert 'social_posts_scheduled_total{delivery="direct"} 1.0' in shown
    assert 'facebook_api_latency_seconds_count{edge="feed",outcome="success"} 1.0' in shown
    assert counters(second) == shown == counters(serve(TOKEN))
