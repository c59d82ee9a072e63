"""The pictures of mails and screens can be made anew."""

from __future__ import annotations

import subprocess
import sys

from PIL import Image
from tests.needs import needs_chromium

from local_stack.state import PROJECT


@needs_chromium
def test_the_script_pictures_mails_on_a_phone_and_on_a_desk_and_screens(tmp_path):
    """As wide as the screen, and nothing hangs over the edge; no picture is from elsewhere."""
    subprocess.run([sys.executable, str(PROJECT / "docs" / "screenshots.py"), str(tmp_path)], check=True)
    widths = {path.name: Image.open(path).width for path in tmp_path.iterdir()}
    mails = {name: width for name, width in widths.items() if not name.startswith("console-")}
    assert mails == {"failure.png": 390, "digest.png": 390, "failure-desk.png": 1024, "digest-desk.png": 1024}
    assert {widths[name] for name in widths.keys() - mails.keys()} == {1440}
    assert {path.name for path in (PROJECT / "docs" / "images").iterdir()} == widths.keys()
