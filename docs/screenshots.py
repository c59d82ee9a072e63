"""`python docs/screenshots.py [FOLDER]`: the pictures of docs/notifications.md and docs/console.md, by Chromium."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from socialpub.services.digest.digest import Digest, DigestPost, Need, Outlook
from socialpub.services.notices.links import Link
from socialpub.services.notices.notice import Notice, NoticeItem
from socialpub.services.notices.templates import Templates

IMAGES = Path(__file__).resolve().parent / "images"
WIDTHS = {"": 390, "-desk": 1024}
DRAFT, LIVE = Link("Draft", "https://airflow.example/draft"), Link("Live post", "https://airflow.example/live")


def draw_photo() -> str:
    """What stands for the first photo of a post: an address, as the digest has it."""
    night, file = Image.new("RGB", (176, 176), "#1d2b53"), io.BytesIO()
    pen = ImageDraw.Draw(night)
    pen.ellipse((110, 22, 150, 62), fill="#ffe9a8")
    pen.polygon(((0, 176), (0, 120), (60, 70), (110, 118), (140, 96), (176, 130), (176, 176)), fill="#0b1128")
    night.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


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
            (), draw_photo(), (DRAFT,)),
        DigestPost("O drugiej w nocy", "Larpowe Kroniki", "Sun 2026-10-25 02:30 CEST", "approved by ola",
            ("02:30 comes twice in this night; it goes out at 02:30 CEST.",), "", (DRAFT,)),
    ), 0,
    (Outlook("Sat 24 Oct", "Larpowe Kroniki", 1), Outlook("Sun 25 Oct", "Larpowe Kroniki", 1)),
    (DigestPost("Gates open", "Larpowe Kroniki", "Fri 2026-10-23 12:00 CEST", "published", (), "", (LIVE, DRAFT)),), 0,
    "1 published, 0 failed, 0 missed; lateness 0.4 s in the middle, 0.4 s at most",
)  # fmt: skip


def shoot(tab: Page, html: str, path: Path) -> None:
    """The whole mail, as high as it is, on a phone and on a desk."""
    for place, width in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": 200})
        tab.set_content(html)
        tab.screenshot(path=path.with_name(f"{path.name}{place}.png"), full_page=True)


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("No Chromium found. Next: install chromium.")
    folder = Path(sys.argv[1]) if sys.argv[1:] else IMAGES
    templates = Templates()
    with sync_playwright() as driver:
        tab = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        shoot(tab, templates.render("notice.html.j2", notice=NOTICE, link_days="3"), folder / "failure")
        shoot(tab, templates.render("digest.html.j2", digest=DIGEST, link_days="3"), folder / "digest")
    # The console's need a database and people: a test has both.
    command = [sys.executable, "-m", "pytest", "-q", "tests/console", "-k", "pictures"]
    subprocess.run(command, check=True, cwd=IMAGES.parents[1], env={**os.environ, "SOCIALPUB_PICTURES": str(folder)})  # noqa: S603


if __name__ == "__main__":
    main()
