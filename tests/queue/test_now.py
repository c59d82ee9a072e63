"""What the screen of this moment says is what Prometheus and the digest say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from socialpub.db.metrics import Gauge
from socialpub.services.alerts import NO_SCAN, NO_SCAN_SECONDS, RULES, find_alerts
from socialpub.services.now import read_now
from tests.queue.conftest import force

ALERTS = Path(__file__).parents[2] / "include" / "prometheus" / "alerts.yml"
ZONE = "Europe/Warsaw"


@pytest.fixture(scope="module")
def shipped():
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.alert.name)
def test_each_limit_is_that_of_the_shipped_rule(shipped, rule):
    label = f'{{why="{rule.label}"}}' if rule.label else ""
    sign = ">=" if rule.is_at else ">"
    assert f"{rule.metric}{label} {sign} {rule.limit:g}" in shipped[rule.alert.name]["expr"]
    assert (shipped[rule.alert.name]["labels"]["severity"] == "critical") is rule.alert.is_critical


def test_the_limit_of_a_missing_scan_is_that_of_the_shipped_rule(shipped):
    assert f"> {NO_SCAN_SECONDS} " in shipped[NO_SCAN.name]["expr"]


def test_no_shipped_rule_that_gauges_can_tell_is_forgotten(shipped):
    """The others need what Prometheus alone has: a rate, or whether it can reach us."""
    told = {rule.alert.name for rule in RULES} | {NO_SCAN.name}
    rest = [rule["expr"] for name, rule in shipped.items() if name not in told]
    assert all(re.search(r"increase\(|up\{", expr) for expr in rest)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.alert.name)
def test_an_alert_holds_beyond_its_limit_only(rule):
    def alerts(amount):
        return [*find_alerts([Gauge(rule.metric, rule.label, amount)], scan_age_seconds=1.0)]

    assert alerts(rule.limit + 0.5) == [rule.alert]
    assert alerts(rule.limit) == ([rule.alert] if rule.is_at else [])
    assert alerts(rule.limit - 0.5) == []


def test_a_fresh_installation_says_that_nothing_scans(engine, larp):
    health = read_now(engine, larp, ZONE).health
    assert (health.last_scan_at, health.alerts) == (None, (NO_SCAN,))


def test_a_quiet_moment_has_nothing_to_say(world, engine, larp):
    world.run("select social_end_scan()")
    now = read_now(engine, larp, ZONE)
    assert (now.health.alerts, now.troubles, now.needs) == ((), (), ())
    assert now.health.scan_age_seconds == pytest.approx(0, abs=30)
    assert (now.health.due, now.health.oldest_due_seconds) == (0, None)


def test_what_needs_a_person_says_why_and_what_to_do(world, engine, larp):
    post = world.schedule(larp, due_in=-60, title="Zapisy")
    force(world, post, "failed")
    [need] = read_now(engine, larp, ZONE).needs
    assert (need.post_id, need.kind, need.status) == (post, "post", "failed")
    assert "“Zapisy”" in need.words
    assert "failed: Facebook said no." in need.words
    assert need.next_step == "try again."


def test_the_backlog_its_age_and_the_pause_behind_it_are_told(world, engine, larp):
    world.schedule(larp, due_in=-300)
    world.run("update facebook_page_connections set paused_at = now(), paused_by = 'ola', pause_reason = 'Wrong date'")
    now = read_now(engine, larp, ZONE)
    assert now.health.due == 1
    assert now.health.oldest_due_seconds == pytest.approx(300, abs=60)
    assert now.troubles == ("Larpowe Kroniki is paused by ola: Wrong date.",)
    assert "SocialpubPostsPastDue" not in {alert.name for alert in now.health.alerts}


def test_another_larp_hears_nothing_of_it(world, engine, larp):
    force(world, world.schedule(larp, due_in=-60), "failed")
    other = world.add_page("200000000000002", name="Inni")
    assert read_now(engine, other, ZONE).needs == ()
