"""Break glass: a reason, 30 minutes, the summary first, and everybody concerned is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from health_platform.accounts.models import User
from health_platform.fhir import emergency, outbox
from health_platform.fhir.access import review
from health_platform.fhir.access.context import AccessContext, Role, service
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.emergency import acting, open_emergency_access, widen
from health_platform.fhir.outcome import Forbidden, NotFound, UnprocessableEntity
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_user
from tests.builders import FHIR, OPERATOR, observation
from tests.fhir.access.consents import condition, consent, give, provision, written_by
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import rows

REASON = "의식 없이 이송된 환자"


@pytest.fixture(params=["both locks", "row-level security alone"])
def locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "both locks":
        monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))


def doctor() -> AccessContext:
    access = of_user(User.objects.get(username="other-clinician"))
    assert access is not None
    return access


def reads(access: AccessContext, kind: str, id: str) -> bool:
    try:
        Repository(access).read(kind, id)
    except NotFound:
        return False
    return True


def test_the_summary_first_then_the_whole_and_only_as_an_emergency(city: City, locks: None) -> None:
    plain, mind, virus = (written_by(city.system, condition(city.patient, code)) for code in ("I10", "F32.1", "B20"))
    pulse = written_by(city.system, observation(city.patient))
    give(city.citizen, consent(city.patient, provision("deny", f"Organization/{city.other_clinic}")))
    open_emergency_access(doctor(), city.patient, REASON)
    emergent = acting(doctor())
    assert reads(emergent, "Patient", city.patient) and reads(emergent, "Condition", plain)
    assert reads(emergent, "Condition", mind)
    assert not reads(emergent, "Condition", virus) and not reads(emergent, "Observation", pulse)
    assert not reads(doctor(), "Patient", city.patient), "without the purpose of an emergency"

    widen(doctor(), city.patient, "수혈 전 확인")
    assert reads(emergent, "Condition", virus) and reads(emergent, "Observation", pulse)
    colleague = AccessContext("Practitioner/colleague", Role.CLINICIAN, city.other_clinic,
                              scopes=frozenset({"user/*.rs"}), purpose="ETREAT")  # fmt: skip
    assert not reads(colleague, "Patient", city.patient), "it is the person's, not the institution's"


def test_after_thirty_minutes_it_is_closed(city: City, locks: None) -> None:
    opened = open_emergency_access(doctor(), city.patient, REASON)
    assert timedelta(minutes=29) < opened.until - timezone.now() <= timedelta(minutes=30)
    assert widen(doctor(), city.patient, REASON).until == opened.until, "widening does not lengthen it"
    with open_session(OPERATOR) as session:
        session.cursor.execute("UPDATE fhir_grant SET until = now() WHERE emergency")
    assert not reads(acting(doctor()), "Patient", city.patient)
    assert emergency.emergencies(doctor()) == []
    with pytest.raises(NotFound):
        widen(doctor(), city.patient, REASON)


def test_what_is_very_restricted_stays_closed(city: City) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
    id = written_by(city.system, condition(city.patient, "I10", meta={"security": [label]}))
    open_emergency_access(doctor(), city.patient, REASON)
    widen(doctor(), city.patient, REASON)
    assert not reads(acting(doctor()), "Condition", id)


@pytest.mark.parametrize("reason", ["", "   ", "응급", "x" * 501, "line\nbreak", "nul\x00byte"])
def test_a_reason_is_compulsory(city: City, reason: str) -> None:
    with pytest.raises(UnprocessableEntity):
        open_emergency_access(doctor(), city.patient, reason)
    assert rows("SELECT count(*) FROM fhir_grant") == 0


def test_who_treats_nobody_opens_nothing_and_the_refusal_is_logged(city: City) -> None:
    before = rows("SELECT count(*) FROM fhir_resource")
    for access in (
        AccessContext("Device/x", Role.SYSTEM, city.other_clinic),
        AccessContext("Patient/x", Role.CITIZEN, patients=frozenset({"x"})),
        AccessContext("Person/x", Role.AUDITOR),
    ):
        with pytest.raises(Forbidden):
            open_emergency_access(access, city.patient, REASON)
    with pytest.raises(NotFound):
        open_emergency_access(doctor(), "nobody", REASON)
    refused = "SELECT count(*) FROM fhir_audit WHERE interaction = 'emergency-access' AND outcome = 4"
    assert rows(refused) == 4
    assert rows("SELECT count(*) FROM fhir_grant") == 0
    assert rows("SELECT count(*) FROM fhir_resource") == before


def test_the_citizen_the_auditor_and_the_outbox_are_told_at_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(outbox._handlers, emergency.TOPIC, [lambda payload: None])
    open_emergency_access(doctor(), city.patient, REASON)
    notices = city.citizen.get(f"{FHIR}/Communication?subject=Patient/{city.patient}").json()["entry"]
    assert [entry["resource"]["reasonCode"][0]["text"] for entry in notices] == [REASON]
    assert city.system.get(f"{FHIR}/Communication?subject=Patient/{city.patient}").json().get("entry") is None
    log = Repository(service("x")).access_log(city.patient)
    opened = next(entry for _, entry in log if entry.interaction == "emergency-access")
    assert (opened.actor, opened.purpose) == ("Practitioner/other-clinician", "ETREAT")
    assert rows("SELECT count(*) FROM fhir_outbox WHERE topic = 'emergency.opened'") == 1
    listed = review.review(timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1))
    assert [(each.kind, each.actor, each.patient) for each in listed if each.kind == "emergency"] == [
        ("emergency", "Practitioner/other-clinician", city.patient)
    ]
