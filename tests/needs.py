"""Marks for tests that need a program of the system. CI never skips: .ci/run installs what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

needs_redis = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("redis-server") and shutil.which("redis-cli")),
    reason="redis-server is not installed",
)

needs_curl = pytest.mark.skipif("CI" not in os.environ and not shutil.which("curl"), reason="curl is not installed")

# As Debian's package php-symfony-http-client installs it.
SYMFONY = Path("/usr/share/php/Symfony/Component/HttpClient/autoload.php")
needs_symfony = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("php") and SYMFONY.exists()),
    reason="php-cli and php-symfony-http-client are not installed",
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif("CI" not in os.environ and not CHROMIUM, reason="Chromium is not installed")

needs_prometheus = pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="prometheus is not installed",
)
