"""First paint of the console's Queue and Calendar beside a million scheduled posts.

`python -m bench.console_load [rows]`. Half of the posts are one LARP's, a minute apart around now; that LARP is looked
at, and the Queue of all LARPs. The app runs in a process of its own, as for `bench.api_load`. Measured is what a person
waits for: from the navigation to Chromium's first paint with content; without Chromium, the whole page over HTTP.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.api_clients import make_token, write_public_key
from bench.api_load import LARPS, serve
from bench.figure import Figure, Limit, Line
from bench.fresh_database import ADD_PAGES, fresh_database
from bench.summary import summarise

ROWS = 1_000_000
LOOKS = 40
REQUIRED_MS = 500
# Whose half it is; the others share the rest.
ADD_POSTS: LiteralString = """
with page as (
    select array_agg(id order by page_id) as ids, array_agg(larp_id order by page_id) as larps
    from facebook_page_connections
),

what as (
    select n, social_new_id() as draft_id, case when n %% 2 = 0 then 1 else 1 + n %% cardinality(ids) end as number,
        ids, larps, now() + (n - %(rows)s / 2) * interval '30 seconds' as at
    from page cross join generate_series(1, %(rows)s) as n
),

draft as (
    insert into social_drafts (id, larp_id, title, body, status, content_hash, created_by, updated_by)
    select draft_id, larps[number], 'Post ' || n, repeat('Zapraszamy na larp! ', 10) || n, 'scheduled',
        md5(n::text) || md5('b' || n), 'anna', 'anna'
    from what
)

insert into social_scheduled_posts (draft_id, connection_id, publish_at, status, status_reason, content_hash,
    published_at, facebook_post_id, delivery, created_by)
select draft_id, ids[number], at, state, case when state in ('failed', 'missed') then 'Facebook refused it.' end,
    md5(n::text) || md5('b' || n), case when state = 'published' then at end,
    case when state = 'published' then '1_' || n end, 'direct', 'anna'
from what cross join lateral (
    select case when at > now() then 'pending' when n %% 1000 = 0 then 'failed' when n %% 1000 = 2 then 'missed'
        else 'published' end as state
) as outcome
"""
# Asked again and again: to wait for it in the page would need eval, which its policy refuses.
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
Look = Callable[[str], float]


@contextmanager
def open_eyes(token: str) -> Iterator[tuple[str, Look]]:
    """By what a page is looked at, and a look: milliseconds from the navigation on."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            yield "HTTP", lambda url: _fetch(session, url)
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"}).new_page()

        def look(url: str) -> float:
            tab.goto(url)
            while (painted := tab.evaluate(_PAINTED)) is None:
                tab.wait_for_timeout(10)
            return float(painted)

        yield "Chromium", look
        browser.close()


def _fetch(session: requests.Session, url: str) -> float:
    started = time.monotonic()
    session.get(url, timeout=30).raise_for_status()
    return 1000 * (time.monotonic() - started)


def measure(rows: int) -> Iterator[Line]:
    key = Ed25519PrivateKey.generate()
    with fresh_database() as database, tempfile.TemporaryDirectory(prefix="socialpub-bench-") as folder:
        keys = Path(folder) / "keys.pem"
        write_public_key(key, keys)
        database.prepare(ADD_PAGES, pages=LARPS)
        database.prepare(ADD_POSTS, rows=rows)
        with database.connect() as connection:
            connection.execute("vacuum analyze")
            row = connection.execute(
                "select larp_id from facebook_page_connections order by page_id limit 1"
            ).fetchone()
        assert row is not None, "there are Pages"
        with serve(database, str(keys)) as url, open_eyes(make_token(key, "editor")) as (eyes, look):
            larp = f"{url}/console/larp/{row[0]}"
            for name, paths in (
                (
                    "console_queue_1m",
                    ("queue", "queue?state=needs_a_person", "queue?state=published", "queue?larps=all"),
                ),
                ("console_calendar_1m", ("calendar", "calendar?view=week")),
            ):
                look(f"{larp}/{paths[0]}")
                times = [look(f"{larp}/{paths[number % len(paths)]}") for number in range(LOOKS)]
                details = {"posts": rows, "eyes": eyes, **database.load.read()}
                yield Figure(name, "ms", summarise(times), Limit("p95", REQUIRED_MS), details=details).line()


def main() -> None:
    for line in measure(int(sys.argv[1]) if sys.argv[1:] else ROWS):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
