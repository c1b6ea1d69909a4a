"""Fixtures: a fresh copy of each sample resource."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.fhir.validation import samples


@pytest.fixture
def patient() -> dict[str, Any]:
    return copy.deepcopy(samples.PATIENT)


@pytest.fixture
def observation() -> dict[str, Any]:
    return copy.deepcopy(samples.OBSERVATION)


@pytest.fixture
def bundle() -> dict[str, Any]:
    return copy.deepcopy(samples.BUNDLE)
