"""What runs is known by name, version and licence, and nothing of it is under the GPL or AGPL."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )\b(A?GPL|(Affero )?GENERAL PUBLIC LICENSE)", re.IGNORECASE)
# Locked for other machines than the one that reads the metadata: the licence as its project states it.
ELSEWHERE = {"colorama", "onnxruntime", "onnxruntime-gpu", "pywin32", "tzdata", "winloop"}


def _bill(*arguments: str) -> str:
    command = [sys.executable, ".ci/sbom.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def components() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_bill())["components"]
    return found


def licence(component: dict[str, Any]) -> str:
    return str(component["licenses"][0]["license"]["name"])


def test_the_bill_names_every_locked_package_with_version_and_licence(components: list[dict[str, Any]]) -> None:
    lock = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", lock, re.MULTILINE))
    assert {(each["name"], each["version"]) for each in components} == locked
    assert [each["name"] for each in components if not each["hashes"]] == []
    unknown = {each["name"] for each in components if licence(each) == "NOASSERTION"}
    assert unknown <= ELSEWHERE


def test_nothing_that_runs_is_under_the_gpl(components: list[dict[str, Any]]) -> None:
    assert [(each["name"], licence(each)) for each in components if COPYLEFT.search(licence(each))] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("Apache-2.0", False),
    ],
)
def test_it_can_tell_the_gpl_from_the_lgpl(text: str, found: bool) -> None:
    assert bool(COPYLEFT.search(text)) is found
