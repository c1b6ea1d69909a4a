"""What the build of the city remembers between starts, and what the greeting shows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path


@dataclass
class Notes:
    """``references`` are the institutions and staff in the record, ``loaded`` counts the citizens from number 0 on,
    ``greeting`` holds sign-ins and tokens."""

    today: str
    references: dict[str, str] = field(default_factory=dict)
    loaded: int = 0
    complete: bool = False
    greeting: dict[str, str] = field(default_factory=dict)

    @property
    def date(self) -> date:
        return date.fromisoformat(self.today)


def read(file: Path) -> Notes | None:
    """The notes of an earlier start; None before the first."""
    return Notes(**json.loads(file.read_text())) if file.exists() else None


def write(file: Path, notes: Notes) -> None:
    """Replace the file as a whole: a kill in between leaves the old one."""
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(asdict(notes), ensure_ascii=False))
    partial.replace(file)
