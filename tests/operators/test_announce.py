"""What Airflow is told of published posts, and when that is written down."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors

from socialpub.operators.announce import AnnouncePostsOperator, mark_announced

ALIAS = AssetAlias("facebook_page_posts")


@pytest.fixture
def posts(world, monkeypatch):
    """Three published posts, oldest first."""
    connection = {
        "conn_type": "postgres", "host": world.server.socket_dir, "login": "airflow_login", "schema": world.name
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(connection))
    larp = world.add_page()
    return [publish(world, larp, number) for number in range(3)]


def publish(world, larp, number):
    post = world.schedule(larp, body=f"Nr {number}")
    for move in (
        "set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'",
        f"set status = 'published', published_at = now(), facebook_post_id = '1_{number}'",
    ):  # fmt: skip
        world.run(f"update social_scheduled_posts {move} where id = '{post}'")
    return post


def announce(monkeypatch):
    """One run up to its report: what it emits, and what is called afterwards with Airflow's answer to its state."""
    monkeypatch.setattr("socialpub.operators.announce.let_publishing_go_first", lambda: None)
    operator = AnnouncePostsOperator(task_id="announce", asset=Asset("facebook_page_post"), alias=ALIAS)
    outlet_events = OutletEventAccessors()
    ti = SimpleNamespace(dag_id="announce_published_posts", run_id="r", task_id="announce")
    context = {"task": operator, "ti": ti, "dag_run": SimpleNamespace(dag_id=ti.dag_id), "outlet_events": outlet_events}
    operator.execute(context)

    def end(state):
        ti.get_task_states = lambda **wanted: {"r": {"announce": state}}
        for callback in operator.on_success_callback:
            callback(context)

    return outlet_events[ALIAS].asset_alias_events, end


def told(events):
    return [event.extra["scheduled_post_id"] for event in events]


def test_each_post_is_an_event_of_its_own(posts, monkeypatch):
    """Of the asset, through the alias, in the order in which they went live."""
    events, _ = announce(monkeypatch)
    assert told(events) == list(map(str, posts))
    assert {event.dest_asset_key.name for event in events} == {"facebook_page_post"}
    assert {event.source_alias_name for event in events} == {"facebook_page_posts"}
    assert sorted(events[0].extra) == [
        "facebook_post_id", "larp_id", "page_id", "permalink_url", "published_at", "scheduled_post_id",
    ]  # fmt: skip


def test_what_airflow_has_is_not_told_again(posts, monkeypatch):
    _, end = announce(monkeypatch)
    end("success")
    events, end = announce(monkeypatch)
    assert told(events) == []
    end("success")


def test_a_task_that_is_killed_before_it_wrote_anything_down_is_repeated(posts, monkeypatch):
    """Twice rather than never."""
    announce(monkeypatch)
    events, _ = announce(monkeypatch)
    assert told(events) == list(map(str, posts))


@pytest.mark.parametrize("state", ["running", "failed", None])
def test_a_report_that_airflow_did_not_take_is_repeated(posts, monkeypatch, state, capsys):
    """Lost on its way, or answered by a database that could not store the events: the callback comes all the same."""
    _, end = announce(monkeypatch)
    end(state)
    assert "the next run repeats them" in capsys.readouterr().out
    events, _ = announce(monkeypatch)
    assert told(events) == list(map(str, posts))


def test_only_what_was_told_is_written_down(posts, world, monkeypatch):
    """Not a post that went live between the two."""
    (larp,) = world.one("select id from larps")
    _, end = announce(monkeypatch)
    late = publish(world, larp, 3)
    end("success")
    events, _ = announce(monkeypatch)
    assert told(events) == [str(late)]


def test_the_alias_is_the_only_outlet():
    """With the asset itself beside it, a run that has nothing to tell would be an event too."""
    operator = AnnouncePostsOperator(task_id="announce", asset=Asset("facebook_page_post"), alias=ALIAS)
    assert operator.outlets == [ALIAS]
    assert operator.on_success_callback == [mark_announced]
