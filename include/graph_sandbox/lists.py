"""The lists of a Page's posts: `published_posts`, `posts`, `scheduled_posts` and `feed`, newest first.

A list may lag behind what was written (per Page, `list_lag_seconds`); nobody documents that it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graph_sandbox.entities import Page, Post
from graph_sandbox.paging import PAGING_PARAMS, Key, render_list
from graph_sandbox.params import read_time, refuse_unknown
from graph_sandbox.post_node import read_fields, render_post
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, find_page, require_reader

LIST_PARAMS = PAGING_PARAMS | {"since", "until", "include_hidden", "show_expired"}


def list_published(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the Page's published posts."""
    return _list_posts(world, request, lambda post: post.is_published)


def list_scheduled(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the posts that wait for their native schedule."""
    return _list_posts(world, request, lambda post: post.is_scheduled)


def list_feed(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return published and unpublished posts; needs `pages_read_user_content` as well (D-FEED, Reading)."""
    scopes = ("pages_read_engagement", "pages_read_user_content")
    return _list_posts(world, request, lambda _: True, scopes=scopes)


def _list_posts(
    world: World,
    request: GraphRequest,
    belongs: Callable[[Post], bool],
    scopes: tuple[str, ...] = ("pages_read_engagement",),
) -> dict[str, Any]:
    token = authenticate(world, request)
    page = find_page(world, request)
    require_reader(page, token, scopes=scopes)
    refuse_unknown(request.params, LIST_PARAMS)
    fields = read_fields(request)
    rows = [post for post in _visible_posts(world, page, request) if belongs(post)]
    rows.sort(key=_newest_first)
    return render_list(
        request,
        rows,
        key=_newest_first,
        render=lambda post: render_post(world, post, fields, base_url=request.base_url),
    )


def _visible_posts(world: World, page: Page, request: GraphRequest) -> list[Post]:
    """Return the posts a list shows by now, created between `since` and `until` (whole seconds, both included)."""
    since, until = read_time(request.params, "since"), read_time(request.params, "until")
    listed_until = world.now() - page.list_lag_seconds
    return [
        post
        for post in page.posts.values()
        if post.listed_from <= listed_until
        and (since is None or int(post.created_at) >= since)
        and (until is None or int(post.created_at) <= until)
    ]


def _newest_first(post: Post) -> Key:
    return (-post.created_at, -post.sequence)


ROUTES = {
    ("GET", "published_posts"): list_published,
    ("GET", "posts"): list_published,
    ("GET", "scheduled_posts"): list_scheduled,
    ("GET", "feed"): list_feed,
}
