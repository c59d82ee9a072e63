"""The check as a task: red only when a person must act, waiting when Facebook asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialpub.errors import AppRefusedError, GraphFailure
from socialpub.models import TokenStatus
from socialpub.services.check_report import CheckedPage, render_table, summarise
from socialpub.services.check_tokens import CheckResult

FINE = CheckedPage("Page A (1)", TokenStatus.VALID)
LOST = CheckedPage("Page B (2)", TokenStatus.LOST, "revoked. Next: reconnect the Page.", needs_person=True)
SILENT = CheckedPage("Page C (3)", None, "No verdict: debug_token: No answer within the time allowed.")


def operator():
    from socialpub.operators.check_tokens import CheckTokensOperator

    return CheckTokensOperator(task_id="check", connection_ids=["0"])


def test_a_group_without_trouble_is_green_and_says_how_it_stands():
    """No answer for one Page is no reason to call anybody."""
    task = operator()
    assert task.label == "1 Pages"
    task._end(CheckResult((FINE, SILENT), None))
    assert task.label == "1 valid, 1 without a verdict"


def test_a_page_that_needs_a_person_makes_its_group_red():
    """At once, without retries; the message says what to do."""
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="1 Pages need a person. Page B .2.: revoked. Next: reconnect"):
        operator()._end(CheckResult((FINE, LOST, SILENT), None))


def test_a_pause_that_facebook_asks_for_is_waited_out_before_anything_is_red():
    """The rest of the group comes afterwards, and what was found before is told then."""
    from airflow.sdk.exceptions import AirflowRescheduleException

    resume_at = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(AirflowRescheduleException) as waits:
        operator()._end(CheckResult((LOST,), resume_at))
    assert waits.value.reschedule_date == resume_at


def test_a_refused_app_is_red_without_a_verdict():
    """Trying again can't help."""
    from airflow.sdk.exceptions import AirflowFailException

    class Refused:
        def check(self, *_: object, **__: object) -> CheckResult:
            raise AppRefusedError(GraphFailure("debug_token", "Error validating application."), next_step="mend it.")

    task = operator()
    task.connection_ids = ["00000000-0000-0000-0000-000000000001"]
    with pytest.raises(AirflowFailException, match="Facebook refuses the app, so no token was judged.*mend it"):
        task._check(Refused(), since=datetime.now(UTC), threads=1)


def test_the_table_names_those_that_need_a_person_first_and_leaves_out_the_healthy():
    """So that the last screen of the log is enough."""
    assert render_table([FINE, SILENT, LOST]).splitlines() == [
        "1 lost, 1 valid, 1 without a verdict",
        "! lost       Page B (2)  revoked. Next: reconnect the Page.",
        "  no verdict Page C (3)  No verdict: debug_token: No answer within the time allowed.",
    ]
    assert summarise([]) == "nothing to check"
