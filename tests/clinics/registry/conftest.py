"""A small list of our own, and the city's real one where it is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinics.registry.hira_list import InstitutionList, read_list

HEADER, CENTRE, CLINIC, HOSPITAL = Path(__file__).with_name("small_list.csv").read_text(encoding="utf-8").splitlines()


def as_list(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows, "")).encode()


@pytest.fixture
def small_list() -> InstitutionList:
    return read_list(as_list(CENTRE, CLINIC, HOSPITAL))


@pytest.fixture(scope="session")
def real_list(shared: Path) -> InstitutionList:
    file = shared / "data/gwangju/facilities.csv.gz"
    if not file.is_file():
        pytest.skip(f"the city's list of institutions is not at {file}")
    return read_list(file.read_bytes())
