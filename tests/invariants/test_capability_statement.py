"""The CapabilityStatement is generated, checked in, and compared: what the server can do changes visibly."""

from __future__ import annotations

import json
from pathlib import Path

from health_platform.fhir.interactions.capabilities import capability_statement
from health_platform.fhir.validation import validate

FILE = Path(__file__).resolve().parents[2] / "docs" / "api" / "capability-statement.json"
BASE = "https://example.org/fhir/R4"
HOW = (
    "write it anew: DJANGO_SETTINGS_MODULE=health_platform.settings.test"
    " .venv/bin/python -m tests.invariants.test_capability_statement"
)


def rendered() -> str:
    return json.dumps(capability_statement(BASE), ensure_ascii=False, indent=1) + "\n"


def test_the_checked_in_capability_statement_is_what_the_server_says() -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(), HOW


def test_it_is_valid_r4() -> None:
    assert [issue for issue in validate(capability_statement(BASE)) if issue.is_error] == []


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
