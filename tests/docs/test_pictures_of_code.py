"""Drawings and tables that repeat what the code says: states, settings, tables, DAGs."""

from __future__ import annotations

import re

import pytest

from local_stack.stack import OUR_DAGS
from local_stack.state import PROJECT
from socialpub.models import Base
from socialpub.models.statuses import DRAFT_MOVES, POST_MOVES

DOCS = PROJECT / "docs"
STATES, ARCHITECTURE = (DOCS / "states.md").read_text(), (DOCS / "architecture.md").read_text()


@pytest.mark.parametrize(("heading", "moves"), [("A scheduled post", POST_MOVES), ("A draft", DRAFT_MOVES)])
def test_the_drawing_of_the_states_is_the_table_of_moves(heading, moves):
    """Every arrow, and no other; it begins and ends where the table does."""
    drawing = STATES.split(f"## {heading}")[1].split("```mermaid")[1].split("```")[0]
    arrows = set(re.findall(r"^ +(\S+) --> ([^\s:]+)", drawing, re.MULTILINE))
    first = next(iter(moves))
    ends = {(str(status), "[*]") for status, following in moves.items() if not following}
    assert arrows == {(str(a), str(b)) for a, following in moves.items() for b in following} | ends | {
        ("[*]", str(first))
    }


def test_each_status_of_a_post_is_explained():
    explained = re.findall(r"^\| `(\w+)` \|", STATES, re.MULTILINE)
    assert sorted(explained) == sorted(map(str, POST_MOVES))


def test_every_setting_is_on_the_page_of_the_configuration():
    """Whatever the settings read from their environment."""
    named = re.compile(r'read_\w+\(\s*environment,\s*"([A-Z_]+)"')
    sources = [*(PROJECT / "plugins" / "socialpub").glob("*settings.py")]
    read = {name for path in sources for name in named.findall(path.read_text())}
    assert len(read) > 40
    page = (DOCS / "configuration.md").read_text()
    assert {name for name in read if f"`SOCIALPUB_{name}`" not in page} == set()


def test_the_drawing_of_the_tables_names_real_ones():
    drawing = ARCHITECTURE.split("erDiagram")[1].split("```")[0]
    drawn = {name for pair in re.findall(r"^ +(\w+) \S+ (\w+) :", drawing, re.MULTILINE) for name in pair}
    assert drawn
    assert drawn <= set(Base.metadata.tables)


def test_every_dag_is_in_the_architecture():
    assert [name for name in OUR_DAGS if f"| `{name}` |" not in ARCHITECTURE] == []


def test_the_layers_drawn_are_those_of_the_code():
    """Each box is a folder or file of the product."""
    drawing = ARCHITECTURE.split("flowchart TD")[1].split("```")[0]
    boxes = {name for pair in re.findall(r"^ +(\w+)\S* ?\S* --> (\w+)", drawing, re.MULTILINE) for name in pair}
    boxes |= set(re.findall(r"--> (\w+)", drawing))
    here = PROJECT / "plugins" / "socialpub"
    there = {box for box in boxes if (here / box).is_dir() or (here / f"{box}.py").is_file()}
    assert boxes - there == {"dags", "plugin"}


def test_the_glossary_is_in_order():
    """One word, one row."""
    words = re.findall(r"^\| \*\*([^*]+)\*\*", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30
    assert words == sorted(words, key=str.casefold)
