"""The papers say what the code does: settings, commands, and that the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OPERATIONS = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    return [PROJECT / name for name in listed.split()]


def test_every_environment_variable_that_settings_read_is_documented() -> None:
    source = "".join(file.read_text() for file in (PROJECT / "health_platform" / "settings").glob("*.py"))
    names = set(re.findall(r'env\.(?:text|flag|words)\("([A-Z_]+)"', source))
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in OPERATIONS] == []


def test_every_command_is_documented() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    commands = [file.stem for file in tracked("*/management/commands/*.py") if file.stem != "__init__"]
    internal = {"demo", "build_city"}
    assert commands
    assert [name for name in commands if name not in internal and name not in OPERATIONS + readme] == []


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md", "docs/operations.md", "CONTRIBUTING.md"])
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (PROJECT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:docs|tests|health_platform|clinics|inference|citizen_app_api|\.ci)/[\w./-]+)`", text)
    assert [name for name in named if not (PROJECT / name).exists()] == []
