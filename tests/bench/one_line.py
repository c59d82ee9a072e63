"""A measurement with a `main()` of its own, for the test of `relay`."""

from __future__ import annotations

import json

if __name__ == "__main__":
    print("not a figure")
    print(json.dumps({"figure": "one_line", "n": 1}))
