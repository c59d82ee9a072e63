"""Each error code against the reference: what it is, whether it may be sent again, whether it may have been done."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from socialpub import errors
from socialpub.graph.error_codes import RANGES, ROWS, SUBCODE_ROWS, ErrorClass, ErrorCode, look_up
from socialpub.graph.interpret import Answer, Call, interpret_answer
from socialpub.graph.usage import Usage

Numbers = tuple[int | None, int | None]

# Written down a second time, from the reference and not from the table it checks.
EXPECTED: dict[ErrorClass, set[Numbers]] = {
    ErrorClass.UNKNOWN: {
        (1, None), (2, None), (6001, None), (None, 1363047), (None, 1609010),
        *((None, subcode) for subcode in (1363019, 1363021, 1363030, 1363033, 1363041)),
    },
    ErrorClass.TRY_AGAIN: {(389, None), (1609005, None), (None, 1363037), (None, 1609005)},
    ErrorClass.RATE_LIMITED: {
        *((code, None) for code in (4, 17, 32, 341, 613)), (613, 1996), (368, 1390008), (None, 1390008),
    },
    ErrorClass.TOKEN: {
        *((190, subcode) for subcode in (None, 458, 459, 460, 463, 464, 467, 492, 493)),
        (21, None), (100, 21), (100, 36009), (102, None), (2500, None),
    },
    ErrorClass.PERMISSION: {(3, None), (10, None), (200, None), (None, 1363005), (None, 1363042)},
    ErrorClass.POLICY: {(368, None), *((None, subcode) for subcode in (1346003, 1404006, 1404078, 1404102, 1404112,
                                                                       4854002))},
    ErrorClass.INVALID_POST: {
        *((code, None) for code in (100, 324, 382, 803, 6000)), (100, 33),
        *((None, subcode) for subcode in (1363020, 1363022, 1363023, 1363024, 1363025, 1363026, 1363031, 1363032,
                                          1363040, 1363045, 1363127, 1363128, 1363129)),
        *((None, subcode) for subcode in (1366046, 1609008, 2061006, 2069019, 1349125)),
    },
    ErrorClass.APP: {(12, None), (101, None), (104, None), (2635, None)},
    ErrorClass.DUPLICATE: {(506, None), (None, 1366051)},
}  # fmt: skip

# Whether the same request may be sent again, and whether it may have been carried out. No class answers yes to both.
ANSWERS = {
    ErrorClass.UNKNOWN: (False, True),
    ErrorClass.DUPLICATE: (False, True),
    ErrorClass.TRY_AGAIN: (True, False),
    ErrorClass.RATE_LIMITED: (True, False),
}

KINDS: dict[ErrorClass, type[errors.GraphError]] = {
    ErrorClass.UNKNOWN: errors.OutcomeUnknownError,
    ErrorClass.TRY_AGAIN: errors.TryAgainError,
    ErrorClass.RATE_LIMITED: errors.RateLimitedError,
    ErrorClass.TOKEN: errors.TokenRefusedError,
    ErrorClass.PERMISSION: errors.PermissionRefusedError,
    ErrorClass.POLICY: errors.PolicyBlockedError,
    ErrorClass.INVALID_POST: errors.InvalidPostError,
    ErrorClass.APP: errors.AppRefusedError,
    ErrorClass.DUPLICATE: errors.DuplicatePostError,
}

EVERY_ROW = [
    pytest.param(row, id=f"{row.code}/{row.subcode}") for row in (*ROWS, *SUBCODE_ROWS, *(row for _, row in RANGES))
]


def ask(
    code: object,
    subcode: object = None,
    *,
    method: str = "POST",
    status: int = 400,
    words: str = "No.",
    is_repeatable: bool = False,
    **more: object,
) -> type[errors.GraphError]:
    """The class of error that an answer with these numbers ends in."""
    error = {"message": words, "type": "OAuthException", "code": code, "error_subcode": subcode, **more}
    answer = Answer(status, {}, json.dumps({"error": error}).encode())
    call = Call(method, "1/feed", is_repeatable=is_repeatable)
    outcome = interpret_answer(call, answer, Usage(), now=datetime.now(UTC))
    assert isinstance(outcome, errors.GraphError)
    return type(outcome)


def numbers_as_sent(row: ErrorCode) -> Numbers:
    """A subcode without a code comes below a definite refusal: an invalid parameter."""
    return (100 if row.code is None else row.code), row.subcode


def test_the_table_holds_exactly_the_rows_of_the_reference():
    """A row nobody expects is as wrong as one that is missing."""
    rows = {(row.code, row.subcode) for row in (*ROWS, *SUBCODE_ROWS)}
    assert rows == set().union(*EXPECTED.values())
    assert len(rows) == len(ROWS) + len(SUBCODE_ROWS)


@pytest.mark.parametrize("row", EVERY_ROW)
def test_a_row_answers_both_questions_as_its_class_does(row: ErrorCode):
    """May it be sent again, and may it have been carried out?"""
    assert (row.is_retryable, row.may_be_committed) == ANSWERS.get(row.error_class, (False, False))
    assert (row.default_wait is not None) == (row.error_class == ErrorClass.RATE_LIMITED)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param(numbers, kind, id=f"{numbers[0]}/{numbers[1]}")
        for kind, rows in EXPECTED.items()
        for numbers in sorted(rows, key=str)
        if numbers[0] is not None
    ],
)
def test_a_refused_write_ends_in_the_error_of_its_class(numbers: Numbers, expected: ErrorClass):
    """HTTP 400 with the numbers of a row."""
    assert ask(*numbers) is KINDS[expected]


@pytest.mark.parametrize("row", EVERY_ROW)
def test_no_code_proves_a_refusal_when_the_server_broke(row: ErrorCode):
    """Facebook has published posts and answered 500; only "duplicate" still says more than "unknown"."""
    expected = row.error_class if row.error_class == ErrorClass.DUPLICATE else ErrorClass.UNKNOWN
    assert ask(*numbers_as_sent(row), status=500) is KINDS[expected]


@pytest.mark.parametrize("row", EVERY_ROW)
def test_a_read_is_never_unknown(row: ErrorCode):
    """Reading again harms nobody."""
    for status in (400, 500):
        assert ask(*numbers_as_sent(row), method="GET", status=status) is not errors.OutcomeUnknownError


@pytest.mark.parametrize("row", EVERY_ROW)
@pytest.mark.parametrize("status", [400, 500])
def test_a_write_that_may_be_repeated_is_judged_like_a_read(row: ErrorCode, status: int):
    """A chunk of an upload, a deletion: never unknown, and refused where a read would be."""
    kind = ask(*numbers_as_sent(row), status=status, is_repeatable=True)
    assert kind is ask(*numbers_as_sent(row), status=status, method="GET")
    assert kind is not errors.OutcomeUnknownError


OFFSETS = {"start_offset": 40, "end_offset": "50"}


@pytest.mark.parametrize(("code", "status"), [(6000, 400), (6001, 400), (6000, 500), (6001, 500), (100, 400)])
@pytest.mark.parametrize("error_data", [OFFSETS, json.dumps(OFFSETS)])
def test_a_wrong_offset_names_the_right_one(code: int, status: int, error_data: object):
    """Whatever the code above the subcode, as an object or as JSON inside JSON."""
    more = {"status": status, "is_repeatable": True, "error_data": error_data}
    assert ask(code, 1363037, **more) is errors.WrongOffsetError
    assert ask(code, 1363037, **more, is_transient=True) is errors.WrongOffsetError


@pytest.mark.parametrize(
    "error_data",
    [None, {}, [], "", "[", "[" * 100_000, '"x"', {"start_offset": 5}, {"start_offset": 5, "end_offset": 4},
     {"start_offset": -1, "end_offset": 4}, {"start_offset": 0, "end_offset": 2**63},
     {"start_offset": "0", "end_offset": "4 "}, {"start_offset": "0", "end_offset": "٤"},
     {"start_offset": False, "end_offset": True}, {"start_offset": 0.0, "end_offset": 4.0}],
    ids=str,
)  # fmt: skip
def test_a_wrong_offset_without_the_right_one_is_only_tried_again(error_data: object):
    """Nonsense must not become a place in a file."""
    assert ask(6001, 1363037, is_repeatable=True, error_data=error_data) is errors.TryAgainError


@pytest.mark.parametrize("code", [100, 6000, 6001])
def test_an_ended_upload_session_says_so(code: int):
    """Sending the chunk again would only fail again."""
    assert ask(code, 1363041, is_repeatable=True, status=500) is errors.UploadSessionOverError


@pytest.mark.parametrize("subcode", [1363019, 1363021, 1363030, 1363033, 1363037, 1363041])
@pytest.mark.parametrize("status", [400, 500])
def test_an_upload_that_broke_off_proves_nothing_on_a_write_that_publishes(subcode: int, status: int):
    """The end of an upload may have been carried out; on a chunk the same answer is only tried again."""
    assert ask(6001, subcode, status=status) is errors.OutcomeUnknownError
    assert subcode == 1363037 or ask(6000, subcode, status=status) is errors.OutcomeUnknownError
    assert issubclass(ask(6001, subcode, status=status, is_repeatable=True), errors.TryAgainError)


@pytest.mark.parametrize("row", EVERY_ROW)
def test_a_refusal_that_facebook_calls_transient_is_unclear_unless_it_is_a_limit(row: ErrorCode):
    """Limits are marked so as well, and limited calls are certainly not carried out."""
    clear = row.error_class in (ErrorClass.RATE_LIMITED, ErrorClass.DUPLICATE)
    expected = row.error_class if clear else ErrorClass.UNKNOWN
    assert ask(*numbers_as_sent(row), is_transient=True) is KINDS[expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (199, ErrorClass.UNKNOWN), (201, ErrorClass.PERMISSION), (299, ErrorClass.PERMISSION),
        (300, ErrorClass.UNKNOWN), (79999, ErrorClass.UNKNOWN), (80000, ErrorClass.RATE_LIMITED),
        (80001, ErrorClass.RATE_LIMITED), (80014, ErrorClass.RATE_LIMITED), (80015, ErrorClass.UNKNOWN),
        (0, ErrorClass.UNKNOWN), (-1, ErrorClass.UNKNOWN), (None, ErrorClass.UNKNOWN), ("", ErrorClass.UNKNOWN),
        (True, ErrorClass.UNKNOWN), (100.0, ErrorClass.UNKNOWN), ("190", ErrorClass.TOKEN),
        ("190 ", ErrorClass.UNKNOWN), ("٤", ErrorClass.UNKNOWN), ([190], ErrorClass.UNKNOWN),
    ],
)  # fmt: skip
def test_a_code_outside_every_row_and_range_may_have_been_carried_out(code: object, expected: ErrorClass):
    """So may one that is no number."""
    assert ask(code) is KINDS[expected]


@pytest.mark.parametrize("code", [1, 2, 4, 190, 424242])
@pytest.mark.parametrize("row", [row for row in SUBCODE_ROWS if row.error_class != ErrorClass.UNKNOWN])
def test_a_subcode_does_not_turn_another_kind_of_answer_into_a_refusal(code: int, row: ErrorCode):
    """Subcodes refine a definite refusal; below an unclear answer, a limit or a token error they say nothing."""
    assert look_up(code, row.subcode).error_class == look_up(code).error_class


@pytest.mark.parametrize("row", SUBCODE_ROWS, ids=lambda row: str(row.subcode))
def test_a_subcode_refines_an_invalid_parameter(row: ErrorCode):
    """The class is the subcode's, the numbers stay those that came."""
    refined = look_up(100, row.subcode)
    assert (refined.error_class, refined.code, refined.subcode) == (row.error_class, 100, row.subcode)


def test_a_subcode_that_nobody_knows_changes_nothing():
    """The row of the code holds; 0 is how Facebook writes "none"."""
    assert ask(190, 999) is errors.TokenRefusedError
    assert ask(32, 0) is errors.RateLimitedError


def test_the_apps_limits_are_told_from_the_pages():
    """One stops every Page, the other a single one."""
    limits = [row for row in ROWS if row.error_class == ErrorClass.RATE_LIMITED]
    assert {row.code for row in limits if row.scope == "app"} == {4, 341}


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (368, "You've already posted this content", ErrorClass.DUPLICATE),
        (368, "You\N{RIGHT SINGLE QUOTATION MARK}ve ALREADY POSTED this", ErrorClass.DUPLICATE),
        (100, "Invalid appsecret_proof provided in the API argument", ErrorClass.APP),
        (2500, "Unknown path components: /fed", ErrorClass.APP),
        (100, "(#190) Error 506: already posted 1_190", ErrorClass.INVALID_POST),
        (987654, "(#100) Invalid parameter", ErrorClass.UNKNOWN),
    ],
)
def test_words_decide_only_where_numbers_say_too_little(code: int, words: str, expected: ErrorClass):
    """Numbers inside a message are ids as often as codes."""
    assert ask(code, words=words) is KINDS[expected]
