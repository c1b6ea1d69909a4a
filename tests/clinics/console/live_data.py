"""For a running server of a test: a clinician, two patients and a notice. `RUN` is what a process beside it runs."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from clinics.console import worklist
from tests import builders
from tests.clinics.console.test_emergency_page import SIGNS, tell
from tests.inference import stored
from tests.inference.people import OWN, answered, check_up, in_care, measured

RUN = "import django; django.setup(); from tests.clinics.console.live_data import main; main()"
DEMENTIA = {"parent-dementia": False, "lives-alone": True, "material-deprivation": False, "education-years": 9}


def main() -> None:
    """Everything through the Repository, as the record's own clients write it."""
    clinic = builders.organization("밝은의원")
    builders.clinician(clinic, "kim", "김의사")
    earlier = [
        measured(code, value, unit, f"{year}-05-01")
        for year in (2022, 2024)
        for code, value, unit in (("2093-3", 190 + year % 7, "mg/dL"), ("8480-6", 138, "mm[Hg]"))
    ]
    walking = [
        measured("sppb", 5, "{score}", system=OWN),
        measured("83172-7", 0.62, "m/s"),
        measured("tug", 16, "s", system=OWN),
        answered("falls-12-months", 0),
    ]
    answers = [answered(name, value) for name, value in DEMENTIA.items()]
    person = {"birthDate": "1960-01-01", "name": [{"text": "이순례"}]}
    patient = stored.store(*check_up(), *earlier, *walking, *answers, *in_care(), organization=clinic, person=person)
    stored.assess(patient)
    nobody = builders.patient(clinic, name=[{"text": "황보선우"}])
    for one in (patient, nobody):
        worklist.refresh(builders.OPERATOR, one)
    tell(clinic, "1", timezone.now() - timedelta(minutes=4), complaint="dyspnoea", vital_signs=SIGNS)
    print(json.dumps({"patient": patient}))  # noqa: T201
