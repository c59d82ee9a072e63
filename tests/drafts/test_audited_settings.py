"""Routes, revoked tokens and second chances of messages: who changed them is asked one day."""

from __future__ import annotations

from socialpub.services.outbox import requeue_messages

REVOKE = "insert into social_revoked_tokens (token_id, expires_at) values (%s, now() + %s::interval)"
ROUTE = "insert into social_notification_routes (larp_id, channel, recipient) values (%s, 'email', 'ola@larp.example')"


def entries(office) -> list[tuple]:
    with office.world.connect() as connection:
        return connection.execute(
            "select actor, action, coalesce(payload ->> 'recipient', before ->> 'recipient',"
            " payload ->> 'token_id', before ->> 'token_id')"
            " from social_audit_log where action ~ '^(route|token|message)[.]' order by id"
        ).fetchall()


def test_each_change_of_a_route_is_told_with_what_it_was(office):
    office.edit(ROUTE, office.larp, actor="ewa")
    office.edit("update social_notification_routes set recipient = 'piotr@larp.example'", actor="piotr")
    office.edit("delete from social_notification_routes", actor="ola")
    assert entries(office) == [
        ("ewa", "route.set", "ola@larp.example"),
        ("piotr", "route.set", "piotr@larp.example"),
        ("ola", "route.removed", "piotr@larp.example"),
    ]
    assert office.world.one("select larp_id, before ->> 'recipient' from social_audit_log where actor = 'piotr'") == (
        office.larp,
        "ola@larp.example",
    )


def test_a_token_is_not_revoked_or_taken_again_without_a_word(office):
    """What has expired by itself may go."""
    office.edit(REVOKE, "stolen", "1 hour", actor="ewa")
    office.edit(REVOKE, "old", "-1 hour", actor="ewa")
    office.edit("delete from social_revoked_tokens", actor="mallory")
    assert entries(office) == [
        ("ewa", "token.revoked", "stolen"),
        ("ewa", "token.revoked", "old"),
        ("mallory", "token.revocation_removed", "stolen"),
    ]


def test_another_chance_for_a_message_is_told_with_why_it_was_given_up(office):
    office.world.run(
        "insert into social_notifications"
        " (event, group_key, larp_id, channel, recipient, dedupe_key, last_error, dead_at)"
        " values ('page_paused', 'x', %s, 'email', 'ola@larp.example', 'x', 'no such mailbox', now())", office.larp,
    )  # fmt: skip
    assert entries(office) == []
    assert len(requeue_messages(office.engine, [], actor="command line, ewa")) == 1
    assert entries(office) == [("command line, ewa", "message.requeued", "ola@larp.example")]
    assert office.world.one(
        "select larp_id, before ->> 'last_error' from social_audit_log where action = 'message.requeued'"
    ) == (office.larp, "no such mailbox")
