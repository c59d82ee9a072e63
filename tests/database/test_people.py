"""One person with two logins, where rows were written before the two were one."""

from __future__ import annotations

from socialpub.db.schema import downgrade, upgrade


def test_rows_that_name_a_door_name_the_person_afterwards(world):
    """A rule that asked for more people than there are asks for all of them; who edited stays an editor."""
    downgrade(world.url("postgres"), "0013")
    larp = world.add_page()
    world.run(
        "insert into social_approval_rules (larp_id, required_approvals, approvers)"
        " values (%s, 3, array['airflow:Ola', 'ola', 'Ewa'])", larp,
    )  # fmt: skip
    with world.connect() as connection, connection.transaction():
        connection.execute("select set_config('socialpub.actor', 'airflow:Ewa', true)")
        [draft] = connection.execute(
            "insert into social_drafts (larp_id, title, body, created_by) values (%s, 'T', 'B', 'anna') returning id",
            [larp],
        ).fetchone()
        connection.execute(
            "insert into social_draft_assets (draft_id, type, storage_path) values (%s, 'photo', 'a')", [draft]
        )
        connection.execute("update social_drafts set body = 'C'")
    upgrade(world.url("postgres"))
    assert world.one("select approvers, required_approvals from social_approval_rules") == (["ewa", "ola"], 2)
    assert world.one("select editors, asset_list = social_draft_assets_of(id) from social_drafts") == (["ewa"], True)
    assert world.one("select version from social_drafts") == (3,)
