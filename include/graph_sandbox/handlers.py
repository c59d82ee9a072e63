"""The type of what answers a method on an edge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World

Value = dict[str, Any]
Handler = Callable[[World, GraphRequest], Value | Awaitable[Value]]
"""Returns the answer. One that waits (for a file it fetches) does so before it changes anything."""

Routes = dict[tuple[str, str], Handler]
"""Handlers by method and edge."""
