"""The API server answers people while one of its threads computes for somebody else."""

from __future__ import annotations

import sys

from socialpub.api.app import create_app


def test_threads_of_the_api_server_take_short_turns():
    """A request waits for a turn a dozen times; five milliseconds each would be felt."""
    sys.setswitchinterval(0.005)
    create_app()
    assert sys.getswitchinterval() <= 0.001
