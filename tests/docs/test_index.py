"""A reader finds every page from the index, and no link of any document leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local_stack.state import PROJECT

DOCS = PROJECT / "docs"
ROOT_PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md"]
DOCUMENTS = [*ROOT_PAGES, *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("adr/*.md"))]
READERS = ("never seen it", "write posts", "approve posts", "run it day by day", "set it up", "connect a backoffice")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def links(path: Path) -> list[str]:
    """Targets within the project, of links and pictures; code is no text."""
    text = re.sub(r"`[^`\n]*`", "", _CODE.sub("", path.read_text()))
    return [t for t in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?://|mailto:", t)]


def anchors(path: Path) -> set[str]:
    """As GitHub names headings: lower case, blanks as hyphens, no punctuation; a second one gets a number."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+?)\s*$", _CODE.sub("", path.read_text()), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = next(n for n in range(100) if (f"{name}-{n}" if n else name) not in found)
        found.add(f"{name}-{number}" if number else name)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_link_is_dead(path: Path):
    """Neither its file nor its anchor."""
    dead = []
    for target in links(path):
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(target)
    assert dead == []


def test_every_page_is_one_click_from_the_index():
    """A new page gets its line there; so do the decisions as a whole."""
    targets = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    pages = {*DOCS.glob("*.md"), PROJECT / "README.md", PROJECT / "CHANGELOG.md", DOCS / "adr"} - {DOCS / "README.md"}
    assert {str(page.relative_to(PROJECT)) for page in pages - targets} == set()
    assert DOCS / "README.md" in {(PROJECT / link).resolve() for link in links(PROJECT / "README.md")}


def test_each_kind_of_reader_has_a_row():
    """With a link in its second column."""
    rows = [line for line in (DOCS / "README.md").read_text().splitlines() if line.startswith("| **")]
    assert [any(f"**{words}" in row.replace("have ", "") for row in rows) for words in READERS] == [True] * len(READERS)
    assert all("](" in row.split("|")[2] for row in rows)


def test_the_anchors_are_named_as_browsers_find_them(tmp_path):
    """Also where a heading has code, a link, or its name twice."""
    page = tmp_path / "page.md"
    page.write_text("# A `b` (c)\n## Pages, and [tokens](x.md)\n## Twice\n```sh\n# no heading\n```\n## Twice\n")
    assert anchors(page) == {"a-b-c", "pages-and-tokens", "twice", "twice-1"}
