"""What each page costs: the exact number of statements, session and person included, however long the record is."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clinics.console import worklist
from clinics.console.worklist import NOWHERE
from tests import builders
from tests.clinics.console.conftest import Ward
from tests.clinics.console.test_emergency_page import SIGNS, tell
from tests.inference import stored
from tests.inference.people import check_up, in_care

pytestmark = pytest.mark.django_db
SIGNED_IN = 3
"""The session, the person, the person's institutions."""
CALL = 2
"""A call of the record as Django sees it: savepoint and its release. Who acts, the statement and the access log go by
the driver itself, in one round trip."""


@pytest.fixture
def assessed(ward: Ward) -> str:
    patient = stored.store(*check_up(), *in_care(), organization=ward.clinic)
    stored.assess(patient)
    worklist.refresh(builders.OPERATOR, patient)
    return patient


def costs(client: Client, path: str, expected: int, exactly: DjangoAssertNumQueries, **posted: str) -> None:
    with exactly(expected):
        response = client.post(path, posted) if posted else client.get(path)
    assert response.status_code == 200


def test_each_page_costs_what_it_is_known_to_cost(
    ward: Ward, assessed: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    worklist.save(builders.OPERATOR, ward.patient, NOWHERE)
    tell(ward.clinic, complaint="dyspnoea", vital_signs=SIGNS)
    exactly, clinician = django_assert_num_queries, ward.clinician

    # The order; its patients; their results.
    costs(clinician, "/console/", SIGNED_IN + 3 * CALL, exactly)
    costs(clinician, "/console/patients", SIGNED_IN, exactly)
    costs(clinician, "/console/patients", SIGNED_IN + CALL, exactly, name="김")
    # Encounters; their observations.
    costs(clinician, "/console/emergency", SIGNED_IN + 2 * CALL, exactly)
    # Patient, observations, conditions, medicines; patient, where the assessment stands (a row of its own), results,
    # reviews; plans.
    costs(clinician, f"/console/patients/{assessed}", SIGNED_IN + (4 + 4 + 1) * CALL + 1, exactly)
