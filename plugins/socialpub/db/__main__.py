"""`python -m socialpub.db migrate`: bring the database of SOCIALPUB_OWNER_URL to this version's schema."""

from __future__ import annotations

import os
import sys

from socialpub.db.schema import upgrade

if sys.argv[1:] != ["migrate"] or not os.environ.get("SOCIALPUB_OWNER_URL"):
    sys.exit(
        "Usage: SOCIALPUB_OWNER_URL=postgresql+psycopg://owner:password@host/database python -m socialpub.db migrate"
    )
upgrade(os.environ["SOCIALPUB_OWNER_URL"])
print("The socialpub schema is up to date.")
