"""Every fault the sandbox knows, on the request that publishes: at most one live post, the right end, useful words."""

from __future__ import annotations

import pytest

from graph_sandbox.faults import FAULTS

# What Facebook refuses for good; everything else goes out in the end, once whatever was wrong is mended.
REFUSED = {
    "alias_803",
    "cursor_100",
    "invalid_100",
    "missing_object_100_33",
}
# Lists and cursors break reading, not writing.
ON_READS = {"cursor_100", "empty_list", "empty_page_with_next"}


def visit(desk, number: int) -> None:
    """An hour and a bit later, with the Page reconnected and resumed by a person, the scan comes again."""
    desk.later(70)
    desk.world.run(
        "update facebook_page_connections set token_status = 'valid', paused_at = null, paused_by = null,"
        " pause_reason = null"
    )
    desk.world.run("update social_publishing_gate set rate_limited_until = null")
    desk.as_run(str(number)).scan_and_work()


@pytest.mark.parametrize("mode", sorted(FAULTS))
def test_a_fault_that_happens_once_ends_in_one_live_post_or_a_refusal(desk, mode):
    """The reason is on the row meanwhile, with what to do."""
    post = desk.world.schedule(desk.world.add_page(), body="Once")
    desk.sandbox.control.add_fault(mode, method="POST")
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "published" or "Next: " in reason, reason
    for number in range(2, 5):
        if desk.row(post)[0] not in ("published", "failed"):
            visit(desk, number)
    assert desk.row(post)[0] == ("failed" if mode in REFUSED else "published"), desk.row(post)
    assert desk.live() == ([] if mode in REFUSED else ["Once"])


@pytest.mark.parametrize("mode", sorted(set(FAULTS) - ON_READS))
def test_a_fault_that_never_ends_never_doubles_a_post_and_never_forgets_it(desk, mode):
    """After its tries a post is failed, held with a reason, or still unconfirmed: never sent blindly, never silent."""
    desk.sandbox.control.set_refuse_duplicates(False)
    post = desk.world.schedule(desk.world.add_page(), body="Once")
    desk.sandbox.control.add_fault(mode, method="POST", times=0)
    desk.scan_and_work()
    for number in range(2, 7):
        if desk.row(post)[0] not in ("published", "failed"):
            visit(desk, number)
    status, reason, *_ = desk.row(post)
    assert len(desk.live()) <= 1
    assert (status == "published") == (desk.live() == ["Once"])
    assert status == "published" or reason
    assert sum(outcome in ("retry", "absent", "failed") for _, outcome, *_ in desk.attempts(post)) <= 4
