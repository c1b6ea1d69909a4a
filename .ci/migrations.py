"""Migrations: none is missing, and those after the first only add."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
REMOVING = re.compile(
    r"migrations\.(RemoveField|DeleteModel|RenameField|RenameModel|AlterModelTable)"
    r"|DROP (TABLE|COLUMN)|RENAME (TO|COLUMN)"
)


def removing() -> list[str]:
    """Migrations that take something away from a server that still runs the version before."""
    files = sorted(PROJECT.glob("*/**/migrations/0*.py"))
    return [
        f"{file.relative_to(PROJECT)}: {match[0]}"
        for file in files
        if ".venv" not in file.parts
        for match in REMOVING.finditer(file.read_text(encoding="utf-8"))
    ]


def main() -> int:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "health_platform.settings.test",
        "PYTHONWARNINGS": "ignore::RuntimeWarning",
    }
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    missing = subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode  # noqa: S603
    found = removing()
    for line in found:
        print("not additive:", line)  # noqa: T201
    return 1 if missing or found else 0


if __name__ == "__main__":
    sys.exit(main())
