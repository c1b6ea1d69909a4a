"""A city, some of its citizens, and all resources that they leave, as of a fixed date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clinics.registry.hira_list import InstitutionList, read_list
from health_platform.demo.city.city import City
from health_platform.demo.city.history import Directory, History

TODAY = date(2026, 11, 22)
SAMPLE = 120


@dataclass(frozen=True)
class Sample:
    """A citizen's history with the resources of all its bundles."""

    history: History
    bundles: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [entry["resource"] for _, bundle in self.bundles for entry in bundle["entry"]]


def sample_of(city: City, number: int) -> Sample:
    history, directory = city.history(number), Directory()
    home = (history.care.home, history.home_bundle(directory))
    return Sample(history, (home, *history.other_bundles(directory, "Patient/1")))


@pytest.fixture(scope="session")
def city() -> City:
    return City(1, TODAY)


@pytest.fixture(scope="session")
def sample(city: City) -> list[Sample]:
    return [sample_of(city, number) for number in range(SAMPLE)]


@pytest.fixture(scope="session")
def resources(sample: list[Sample]) -> list[dict[str, Any]]:
    return [resource for each in sample for resource in each.resources]


@pytest.fixture(scope="session")
def shared_institutions(shared: Path) -> InstitutionList:
    file = shared / "data/gwangju/facilities.csv.gz"
    if not file.is_file():
        pytest.skip(f"the city's list of institutions is not at {file}")
    return read_list(file.read_bytes())
