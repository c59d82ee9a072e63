"""The pictures of the mails can be made anew."""

from __future__ import annotations

import subprocess
import sys

from PIL import Image
from tests.needs import needs_chromium

from local_stack.state import PROJECT


@needs_chromium
def test_the_script_pictures_both_mails_on_a_phone_and_on_a_desk(tmp_path):
    """As wide as the screen, as high as the mail, and nothing hangs over the edge."""
    subprocess.run([sys.executable, str(PROJECT / "docs" / "screenshots.py"), str(tmp_path)], check=True)
    widths = {path.name: Image.open(path).width for path in tmp_path.iterdir()}
    assert widths == {"failure.png": 390, "digest.png": 390, "failure-desk.png": 1024, "digest-desk.png": 1024}
    assert {path.name for path in (PROJECT / "docs" / "images").iterdir()} >= widths.keys()
