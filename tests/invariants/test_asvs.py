"""docs/security/asvs.csv: every requirement of OWASP ASVS 5.0 at level 1 and 2 by its id, with what shows it. A test
that is named exists, a setting that is named has that value; what is not met says so."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
with (PROJECT / "docs" / "security" / "asvs.csv").open(encoding="utf-8") as _file:
    ROWS = list(csv.DictReader(_file))
TESTS = {
    name
    for file in (PROJECT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))
}
SETTINGS = "".join(
    (PROJECT / "health_platform" / "settings" / f"{name}.py").read_text(encoding="utf-8")
    for name in ("base", "production")
)
STATES = {"met", "partly", "not met", "not applicable"}


def test_every_requirement_of_level_1_and_2_is_there_once(shared: Path) -> None:
    with (shared / "security" / "asvs_5.0.0.csv").open(encoding="utf-8") as file:
        wanted = [row["req_id"] for row in csv.DictReader(file) if row["L"] in ("1", "2")]
    assert [row["requirement"] for row in ROWS] == wanted


def test_there_are_253() -> None:
    assert len({row["requirement"] for row in ROWS}) == len(ROWS) == 253


@pytest.mark.parametrize("row", ROWS, ids=[row["requirement"] for row in ROWS])
def test_each_row_points_to_something_that_is_so(row: dict[str, str]) -> None:
    kind, _, what = row["shown by"].partition(": ")
    assert row["state"] in STATES and what
    if kind == "test":
        assert what in TESTS
    elif kind == "setting":
        assert what in SETTINGS
    else:
        assert kind == "reason"
    if row["state"] == "not applicable":
        assert kind == "reason"
