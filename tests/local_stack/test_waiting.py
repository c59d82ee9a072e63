"""What `make demo` says when it can't end well. That such an error ends it with 1 is shown by test_run.py."""

from __future__ import annotations

import pytest

from local_stack.demo import wait_for_samples
from local_stack.samples import EARLY
from local_stack.state import StackError


def wait(world, post, **more):
    options = {"deadline_seconds": 0.6, "is_alive": lambda: None, "report": lambda _: None, **more}
    return wait_for_samples(world.url("postgres"), {post: EARLY[0]}, **options)


def test_a_demo_that_can_not_finish_says_where_the_posts_are(world):
    """A non-zero exit code alone would leave a person guessing."""
    post = world.schedule(world.add_page(), due_in=120, title="In two minutes")
    with pytest.raises(StackError, match=r"not all samples are done: In two minutes: pending"):
        wait(world, post)


def test_a_sample_that_ended_otherwise_is_named_with_its_reason(world):
    post = world.schedule(world.add_page(), title="In two minutes")
    world.run("update social_scheduled_posts set status = 'missed', status_reason = 'Late' where id = %s", post)
    with pytest.raises(StackError, match=r"In two minutes is missed \(Late\)"):
        wait(world, post)


def test_a_stack_that_has_died_ends_the_wait(world):
    """It does not wait for its deadline."""

    def die():
        raise StackError("The scheduler has ended.")

    post = world.schedule(world.add_page(), due_in=120)
    with pytest.raises(StackError, match="has ended"):
        wait(world, post, deadline_seconds=60, is_alive=die)
