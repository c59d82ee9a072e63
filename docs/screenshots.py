"""`python docs/screenshots.py`: the pictures of docs/notifications.md and docs/console.md, by headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from socialpub.services.digest.digest import Digest, DigestPost, Need, Outlook
from socialpub.services.notices.links import Link
from socialpub.services.notices.notice import Notice, NoticeItem
from socialpub.services.notices.templates import Templates

IMAGES = Path(__file__).resolve().parent / "images"
DRAFT, LIVE = Link("Draft", "https://airflow.example/draft"), Link("Live post", "https://airflow.example/live")
RUN = Link("Airflow task", "https://airflow.example/run")
NOTICE = Notice(
    "“Zapisy otwarte” was not published", "problem", "Larpowe Kroniki 2026",
    (NoticeItem(
        "Zapisy otwarte", "Larpowe Kroniki", "Fri 2026-10-23 18:00 CEST",
        "A parameter is refused. Facebook: POST /feed: Invalid parameter", "code 100, HTTP 400, fbtrace_id AbC1dEf",
        "correct the post and schedule it again.", links=(DRAFT, RUN),
    ),),
)  # fmt: skip
DIGEST = Digest(
    "Larpowe Kroniki 2026", "Saturday, 24 October 2026", "Europe/Warsaw, CEST",
    (Need("“Warsztaty” waits for approval since Fri 2026-10-23 11:00 CEST.", "approve or reject it.", (DRAFT,)),),
    ("The clock changes on Sunday, 25 October: 03:00 becomes 02:00.",),
    (
        DigestPost("Zapisy otwarte", "Larpowe Kroniki", "Sat 2026-10-24 18:00 CEST", "approved by ola",
            (), "", (DRAFT,)),
        DigestPost("O drugiej w nocy", "Larpowe Kroniki", "Sun 2026-10-25 02:30 CEST", "approved by ola",
            ("02:30 comes twice in this night; it goes out at 02:30 CEST.",), "", (DRAFT,)),
    ), 0,
    (Outlook("Sat 24 Oct", "Larpowe Kroniki", 1), Outlook("Sun 25 Oct", "Larpowe Kroniki", 1)),
    (DigestPost("Gates open", "Larpowe Kroniki", "Fri 2026-10-23 12:00 CEST", "published", (), "", (LIVE, DRAFT)),), 0,
    "1 published, 0 failed, 0 missed; lateness 0.4 s in the middle, 0.4 s at most",
)  # fmt: skip


def shoot(chromium: str, html: str, name: str, height: int) -> None:
    """As on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html)
        command = [chromium, "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        size = [f"--window-size=500,{height}", f"--screenshot={IMAGES / name}"]
        subprocess.run([*command, *size, page.as_uri()], check=True, capture_output=True, timeout=120)  # noqa: S603


if __name__ == "__main__":
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("No Chromium found. Next: install chromium.")
    IMAGES.mkdir(exist_ok=True)
    templates = Templates()
    shoot(browser, templates.render("notice.html.j2", notice=NOTICE, link_days="3"), "failure.png", 420)
    shoot(browser, templates.render("digest.html.j2", digest=DIGEST, link_days="3"), "digest.png", 1180)
    # The console's need a database and people: a test has both.
    command = [sys.executable, "-m", "pytest", "-q", "tests/console", "-k", "pictures"]
    subprocess.run(command, check=True, cwd=IMAGES.parents[1], env={**os.environ, "SOCIALPUB_PICTURES": str(IMAGES)})  # noqa: S603
