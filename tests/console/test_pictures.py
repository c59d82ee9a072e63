"""The pictures of docs/console.md: `python docs/screenshots.py` keeps them, a test only sees that they can be taken."""

from __future__ import annotations

import io
import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from tests.needs import needs_chromium

pytestmark = needs_chromium
BODY = (
    "Zapisy na Larpowe Kroniki otwarte! ⚔️\n\nTrzy dni w zamku, osiemdziesiąt postaci, jedna korona.\n\n"
    "Kto zapisze się do końca miesiąca, wybiera ród jako pierwszy. Regulamin i zgłoszenia są na naszej stronie."
)
MENDED = BODY.replace("osiemdziesiąt", "dziewięćdziesiąt").replace("jako pierwszy", "przed innymi")


# Of a long list the beginning is enough.
HIGHEST = 1400


@pytest.fixture
def shoot(tmp_path):
    """Takes a picture of a tab, into SOCIALPUB_PICTURES; with SOCIALPUB_ALL_PICTURES in both themes and widths."""
    folder = Path(os.environ.get("SOCIALPUB_PICTURES") or tmp_path)

    def take(tab: Page, name: str) -> None:
        sizes = (1440, 390) if "SOCIALPUB_ALL_PICTURES" in os.environ else (1440,)
        themes = ("light", "dark") if "SOCIALPUB_ALL_PICTURES" in os.environ else ("light",)
        for width in sizes:
            for theme in themes:
                tab.set_viewport_size({"width": width, "height": 900})
                tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
                extra = f"-{width}-{theme}" if len(sizes) > 1 else ""
                height = min(HIGHEST, tab.evaluate("document.documentElement.scrollHeight"))
                shown = {"x": 0, "y": 0, "width": width, "height": height}
                tab.screenshot(path=folder / f"console-{name}{extra}.png", full_page=True, clip=shown)
        tab.set_viewport_size({"width": 1440, "height": 900})

    return take


def castle(sky: str, hill: str) -> bytes:
    """A picture that is nobody's."""
    image = Image.new("RGB", (900, 700), sky)
    draw = ImageDraw.Draw(image)
    draw.ellipse((-200, 450, 1100, 1100), fill=hill)
    for left, top in ((300, 260), (420, 190), (540, 280)):
        draw.rectangle((left, top, left + 90, 500), fill="#6b7280")
        for notch in range(3):
            draw.rectangle((left + notch * 35, top - 25, left + notch * 35 + 20, top), fill="#6b7280")
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


def test_pictures_of_drafts(site, log_in, shoot):
    """Editor, decision, list, page of a draft, schedule."""
    draft = site.world.add_draft(site.larp, title="Zapisy otwarte", body=BODY)
    anna, ola = log_in("anna"), log_in("ola")
    anna.goto(site.at("drafts", draft, "edit"))
    anna.get_by_label("Text", exact=True).fill(MENDED)
    skies = (("#93c5fd", "#166534"), ("#fdba74", "#7c2d12"), ("#1e293b", "#334155"))
    files = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": castle(*colors)}
        for number, colors in enumerate(skies)
    ]
    anna.get_by_label("Choose files").set_input_files(files)
    anna.get_by_role("button", name="Add the files").click()
    anna.get_by_label("Alt text of photo 1").fill("Zamek na wzgórzu w południe")
    anna.evaluate("Promise.all([...document.images].map(one => one.decode()))")
    shoot(anna, "editor")
    anna.get_by_role("button", name="Save").click()
    expect(anna.get_by_text("Nothing was found")).to_be_visible()
    shoot(anna, "draft")
    site.world.run("update social_drafts set status = 'pending_approval'", user="backoffice_login")
    ola.goto(site.at("drafts", draft, "decide"))
    expect(ola.get_by_text("Nothing was found")).to_be_visible()
    shoot(ola, "decide")
    _fill_list(site)
    anna.goto(site.at("drafts"))
    shoot(anna, "drafts")
    anna.goto(site.at("drafts", _find(site, "approved"), "schedule"))
    anna.get_by_label("Day and time").fill("2031-10-26T02:30")
    anna.get_by_role("button", name="Schedule it").click()
    shoot(anna, "schedule")


def _fill_list(site) -> None:
    site.add_draft("Warsztaty szycia strojów")
    site.world.add_draft(site.larp, title="Mapa krainy")
    for title, hours in (("Trailer", 30), ("Ostatnie miejsca", 54)):
        site.world.schedule(site.larp, title=title, due_in=hours * 3600)


def _find(site, status: str):
    return site.world.one("select id from social_drafts where status = %s limit 1", status)[0]


def test_pictures_of_the_page(site, log_in, shoot):
    """Paused, with its token in order."""
    checked = datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Europe/Warsaw"))
    site.world.run(
        "update facebook_page_connections set token_status = 'valid', checked_at = %s, granted_by = 'Anna Wiśniewska',"
        " scopes = '{pages_manage_posts,pages_read_engagement,pages_show_list}', paused_at = %s,"
        " paused_by = 'airflow:ewa', pause_reason = 'Kłótnia w komentarzach', rate_limited_until = %s",
        checked, checked + timedelta(hours=2), checked - timedelta(days=9),
    )  # fmt: skip
    tab = log_in("ewa")
    tab.goto(site.at("pages"))
    expect(tab.get_by_text("Kłótnia")).to_be_visible()
    shoot(tab, "page")
    tab.get_by_role("link", name="Disconnect").click()
    shoot(tab, "confirm")
