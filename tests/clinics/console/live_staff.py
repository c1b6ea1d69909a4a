"""For a running server of a test: two administrators, an auditor, a clinician of another clinic, and a patient with an
allergy. `RUN` is what a process beside it runs."""

from __future__ import annotations

from health_platform.accounts.models import Role, User
from health_platform.fhir.repository import Repository
from tests import builders

RUN = "import django; django.setup(); from tests.clinics.console.live_staff import main; main()"


def main() -> None:
    """Everything through the Repository, as the record's own clients write it."""
    clinic, elsewhere = builders.organization("하늘의원"), builders.organization("바다의원")
    for username in ("runs", "registers"):
        administrator = builders.clinician(clinic, username, "정원장")
        administrator.role = Role.ADMINISTRATOR
        administrator.save()
    builders.clinician(elsewhere, "away", "최의사")
    User.objects.create_user("audits", password="a-long-password", display_name="감사", role=Role.AUDITOR)
    person = builders.patient(clinic, number="B-1", name=[{"text": "나급해"}], birthDate="1949-12-31")
    subject = {"reference": f"Patient/{person}"}
    repository = Repository(builders.OPERATOR)
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    repository.create(
        {
            "resourceType": "AllergyIntolerance",
            "patient": subject,
            "clinicalStatus": {"coding": [{"system": system, "code": "active"}]},
            "criticality": "high",
            "code": {"text": "페니실린"},
            "reaction": [{"manifestation": [{"text": "숨이 막힘"}]}],
        }
    )
    repository.create({"resourceType": "Condition", "subject": subject, "code": {"text": "고혈압"}})
    repository.create(builders.observation(person))
