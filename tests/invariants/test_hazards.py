"""The hazard log names controls that are tested: each row points to tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LOG = (PROJECT / "docs" / "safety" / "hazards.md").read_text(encoding="utf-8")
ROWS = [line for line in LOG.splitlines() if re.match(r"\| [A-Z]+-\d+ \|", line)]
SOURCES = {file: file.read_text(encoding="utf-8") for file in (PROJECT / "tests").rglob("*.py")}
TESTS = {name for source in SOURCES.values() for name in re.findall(r"def (test_\w+)", source)}


def named(row: str) -> list[str]:
    """What the last column names: files of tests and names of tests, in full or in part."""
    return re.findall(r"[a-z][a-z0-9_]{7,}(?:\.py)?", row.strip().strip("|").split("|")[-1])


def test_there_are_hazards() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_every_hazard_points_to_tests_that_exist(row: str) -> None:
    files = {file.stem for file in SOURCES} | {part for file in SOURCES for part in file.parts}
    wanted = [name for name in named(row) if "_" in name]
    unknown = [name for name in wanted if name not in files and not any(name in known for known in TESTS)]
    assert unknown == []
