"""The runbook has a section for whatever a person may be called for."""

from __future__ import annotations

import re

import yaml

from local_stack.state import PROJECT
from socialpub.models.statuses import FINAL, PostStatus

TEXT = (PROJECT / "docs" / "runbook.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
RULES = yaml.safe_load((PROJECT / "include" / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]


def test_each_alert_and_each_final_state_has_a_section():
    """And each section belongs to one."""
    assert set(SECTIONS) == {rule["alert"] for rule in RULES} | {*map(str, FINAL), str(PostStatus.UNCONFIRMED)}


def test_a_section_of_an_alert_says_what_to_look_at_and_what_to_do():
    """Or leads to the one that does."""
    for rule in RULES:
        section = SECTIONS[rule["alert"]]
        assert ("**Look**" in section and "**Do**" in section) or "](#" in section, rule["alert"]


def test_links_between_sections_lead_somewhere():
    """By the names that a browser gives headings."""
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= {name.lower() for name in SECTIONS}
