"""Every Synthea resource is accepted by the whole of validation."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest

from health_platform.fhir.validation import validate
from tests.fhir.validation.samples import shared_resources

ARCHIVE = "synthea_r4_100_patients.tar.xz"
# Told, and no reason to refuse: US extensions, an identifier type outside of its set, LOINC codes under SNOMED CT's
# name, a score as a unit; vital signs under other codes than the one of R4's profile (55284-4, 8331-1).
WARNINGS = {"extension-unknown", "code-extensible", "code-other-system", "unit-unknown", "profile-slice-min"}
WARNINGS_OF_ALL = WARNINGS | {"profile-min", "profile-code-missing"}


def _told(bundles: int | None) -> tuple[int, Counter[tuple[str, str]]]:
    resources = 0
    told: Counter[tuple[str, str]] = Counter()
    for _name, bundle, _raw in itertools.islice(shared_resources(ARCHIVE), bundles):
        for entry in bundle["entry"]:
            resources += 1
            resource = entry["resource"]
            for issue in validate(resource, json.dumps(resource).encode()):
                told[str(issue.severity), issue.details_code] += 1
    return resources, told


def test_the_resources_of_five_bundles_are_accepted() -> None:
    resources, told = _told(5)
    assert resources > 1000
    assert {severity for severity, _ in told} <= {"warning"}
    assert {key for _, key in told} <= WARNINGS


@pytest.mark.slow
def test_all_synthea_resources_are_accepted() -> None:
    resources, told = _told(None)
    assert resources == 35081
    assert {severity for severity, _ in told} == {"warning"}
    assert {key for _, key in told} == WARNINGS_OF_ALL
