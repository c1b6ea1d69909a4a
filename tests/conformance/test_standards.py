"""The page of what is enforced is the one that the code gives."""

from __future__ import annotations

from pathlib import Path

from health_platform.fhir.validation import standards

PAGE = Path(__file__).resolve().parents[2] / "docs" / "standards.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == standards.render(), (
        "run: python -m health_platform.fhir.validation.standards docs/standards.md"
    )


def test_the_page_tells_what_is_not_enforced() -> None:
    text = PAGE.read_text()
    assert all(sentence in text for sentence in standards.NOT_ENFORCED)
    assert "| per-1 | error | Period | FHIRPath |" in text
