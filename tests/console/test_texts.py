"""What is worked out of texts before they are drawn."""

from __future__ import annotations

import time

import pytest

from socialpub.console.difference import compare
from socialpub.console.preview import draw_preview
from socialpub.console.states import describe_state
from socialpub.console.written import ShownAsset, Written
from socialpub.models import DraftStatus, PostStatus, TokenStatus


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("Gry w lesie dziś", "Gry w parku dziś", "Gry w -lesie -+parku +dziś"),
        ("", "Nowe", "+Nowe+"),
        ("Stare", "", "-Stare-"),
        ("To samo", "To samo", "To samo"),
        ("a a a", "a a", "a -a -a"),
        ("raz\ndwa", "raz\ntrzy\ndwa", "raz\n+trzy\n+dwa"),
    ],
)
def test_a_difference_is_told_by_words(before, after, shown):
    marks = {"same": "", "gone": "-", "new": "+"}
    assert "".join(marks[one.kind] + one.text + marks[one.kind] for one in compare(before, after)) == shown


@pytest.mark.parametrize(
    ("before", "after"),
    [("ab ba " * 10_500, "ba ab ab " * 7_000), ("a " * 310, "a b " * 155), ("a\n" * 5_000, "a\nb\n" * 2_500)],
    ids=["63,000 characters", "just compared by words", "lines"],
)
def test_a_difference_loses_nothing_and_takes_no_time_for_hostile_texts(before, after):
    """Short words that repeat, against others."""
    begun = time.monotonic()
    pieces = compare(before, after)
    assert time.monotonic() - begun < 10
    assert "".join(one.text for one in pieces if one.kind != "new") == before
    assert "".join(one.text for one in pieces if one.kind != "gone") == after


@pytest.mark.parametrize("body", ["raz", "słowo " * 200, "\n".join("abcdefgh"), "x" * 63_000, "  \n ", "a\n" * 4])
def test_a_fold_loses_nothing(body):
    """Start and rest together are the text as it is sent."""
    preview = draw_preview(Written(body=body), "Larpowe Kroniki")
    assert preview.start + preview.rest == body.strip("\n ")
    assert len(preview.start) <= 480 and preview.start.count("\n") < 5


def test_more_than_five_photos_lie_behind_the_fifth():
    photos = tuple(ShownAsset(str(number), "photo") for number in range(8))
    preview = draw_preview(Written(assets=photos, link="https://larp.example"), "Larpowe Kroniki")
    assert (len(preview.photos), preview.hidden_photos, preview.link) == (5, 3, "")


def test_every_state_has_a_picture():
    """A new one is a mistake here before it is one on a screen."""
    for state in (*DraftStatus, *PostStatus, *TokenStatus):
        assert describe_state(state).word
