"""The index of decisions names each page once, by its number and title."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
LINE = re.compile(r"^- \[(\d+)\]\((\d{4}-[a-z0-9-]+\.md)\) (.+)$", re.MULTILINE)


def test_the_index_names_each_decision_once_by_its_title() -> None:
    named = [
        (file, f"# {number}. {title}") for number, file, title in LINE.findall((DECISIONS / "README.md").read_text())
    ]
    pages = [(page.name, page.read_text().splitlines()[0]) for page in DECISIONS.glob("[0-9]*.md")]
    assert sorted(named) == sorted(pages)
