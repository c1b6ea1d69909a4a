from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests import builders
from tests.builders import Caller


@dataclass(frozen=True)
class City:
    """Two clinics, a patient of the first, and the four people who ask for her record."""

    clinic: str
    other_clinic: str
    patient: str
    system: Caller
    other_system: Caller
    citizen: Caller
    stranger: Caller
    clinician: Caller
    other_clinician: Caller


@pytest.fixture
def city(db: None) -> City:
    clinic, other = builders.organization("빛고을의원"), builders.organization("무등의원")
    patient = builders.patient(clinic)
    stranger = builders.citizen(builders.patient(other, number="C-2"), "stranger")
    return City(
        clinic=clinic,
        other_clinic=other,
        patient=patient,
        system=builders.clinic_client("clinic", clinic),
        other_system=builders.clinic_client("other", other),
        citizen=builders.caller_for(builders.citizen(patient)),
        stranger=builders.caller_for(stranger),
        clinician=builders.caller_for(builders.clinician(clinic)),
        other_clinician=builders.caller_for(builders.clinician(other, "other-clinician")),
    )
