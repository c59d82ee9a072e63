"""What the database itself keeps of connections, whoever writes to it."""

from __future__ import annotations

import psycopg
import pytest

PAGE, OTHER = "200000000000001", "200000000000002"


def test_a_connection_keeps_its_larp_and_its_page(world):
    """The history of its posts would tell a lie."""
    larp = world.add_page(PAGE)
    other = world.add_page(OTHER, name="Inna")
    world.run("update facebook_page_connections set disconnected_at = now() where larp_id = %s", other)
    for change, value in (("page_id", "200000000000003"), ("larp_id", other)):
        with pytest.raises(psycopg.errors.CheckViolation, match="keeps its LARP and Page"):
            world.run(f"update facebook_page_connections set {change} = %s where larp_id = %s", value, larp)


def test_disconnecting_wipes_the_tokens_whoever_does_it(world):
    """Also in plain SQL; a token can't come back to a disconnected row."""
    world.add_page(PAGE)
    token = world.one("select access_token from facebook_page_connections")[0]
    world.run("update facebook_page_connections set disconnected_at = now()")
    world.run("update facebook_page_connections set access_token = %s", token)
    assert world.one("select access_token, user_access_token from facebook_page_connections") == (None, None)


def test_one_living_connection_per_page_and_per_larp(world):
    """The ended ones are in nobody's way."""
    larp = world.add_page(PAGE)
    insert = "insert into facebook_page_connections (larp_id, page_id, page_name) values (%s, %s, 'x')"
    (second,) = world.one("insert into larps (title) values ('Drugi') returning id")
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_connection_per_page"):
        world.run(insert, second, PAGE)
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_connection_per_larp"):
        world.run(insert, larp, OTHER)
    world.run("update facebook_page_connections set disconnected_at = now()")
    world.run(insert, second, PAGE)
    world.run(insert, larp, OTHER)
    with pytest.raises(psycopg.errors.UniqueViolation):
        world.run("update facebook_page_connections set disconnected_at = null")


def test_a_post_is_scheduled_for_the_living_connection_only(world):
    """Not for the Page that the LARP had before."""
    larp = world.add_page(PAGE)
    (former,) = world.one("select id from facebook_page_connections")
    world.run("update facebook_page_connections set disconnected_at = now()")
    with pytest.raises(psycopg.errors.CheckViolation, match="has no connected Facebook Page"):
        world.schedule(larp)
    world.run("insert into facebook_page_connections (larp_id, page_id, page_name) values (%s, %s, 'x')", larp, OTHER)
    draft = world.add_draft(larp)
    with pytest.raises(psycopg.errors.CheckViolation, match="has no connected Facebook Page"):
        world.run(
            "insert into social_scheduled_posts (draft_id, connection_id, publish_at) values (%s, %s, now())",
            draft, former, user="backoffice_login",
        )  # fmt: skip
    post = world.schedule(larp)
    assert world.one(
        "select page_id from facebook_page_connections c join social_scheduled_posts p on p.connection_id = c.id"
        " where p.id = %s",
        post,
    ) == (OTHER,)


@pytest.mark.parametrize("login", ["backoffice_login", "report_login"])
def test_neither_backoffice_nor_reports_see_a_token_or_a_login(world, login):
    """Status and problem they may read."""
    world.add_page(PAGE)
    with world.connect(login) as connection:
        connection.execute("select token_status, token_problem, prompted_days from facebook_page_connections")
        for hidden in ("access_token from facebook_page_connections", "state_hash from social_login_requests"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select {hidden}")


def test_a_plain_state_or_token_can_not_be_stored_in_a_login(world):
    """Fingerprints and encrypted tokens only."""
    larp = world.add_page(PAGE)
    insert = (
        "insert into social_login_requests (larp_id, requested_by, redirect_uri, expires_at, state_hash,"
        " user_access_token) values (%s, 'ewa', 'https://x', now(), %s, %s)"
    )
    with pytest.raises(psycopg.errors.CheckViolation, match="state_is_a_fingerprint"):
        world.run(insert, larp, "plain-state", None)
    with pytest.raises(psycopg.errors.CheckViolation, match="login_token_is_encrypted"):
        world.run(insert, larp, "0" * 64, "EAAGplain")


def test_the_publisher_may_note_what_no_trigger_sees_and_nothing_else(world):
    """It can't make up what others did, and the backoffice can't write into the log at all."""
    note = "select social_note(%s, null, '00000000-0000-0000-0000-000000000000', '{}')"
    world.run(note, "keys.rotated", user="airflow_login")
    assert world.one("select actor, action from social_audit_log") == ("airflow_login", "keys.rotated")
    with pytest.raises(psycopg.errors.CheckViolation, match="written by the trigger"):
        world.run(note, "connection.disconnected", user="airflow_login")
    for login in ("backoffice_login", "report_login"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.run(note, "keys.rotated", user=login)


def test_neither_the_page_nor_the_draft_of_a_post_can_go(world):
    """The owner of the tables can't do it either; a post never points into the void."""
    post = world.schedule(world.add_page(PAGE))
    assert world.one("select count(*) from social_scheduled_posts where id = %s", post) == (1,)
    for table in ("facebook_page_connections", "social_drafts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="kept as history"):
            world.run(f"delete from {table}")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="foreign key"):
            world.run(f"truncate {table}")


def test_a_post_of_a_draft_that_is_not_there_is_refused(world):
    """With what to do, and with the code of a foreign key, which a backoffice knows."""
    world.add_page(PAGE)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="There is no draft") as refused:
        world.run(
            "insert into social_scheduled_posts (draft_id, publish_at) values (gen_random_uuid(), now())",
            user="backoffice_login",
        )
    assert refused.value.diag.message_hint == "Insert the draft before its scheduled post."
