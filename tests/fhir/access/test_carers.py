"""Carers: offered, accepted, limited, ended."""

from __future__ import annotations

import pytest

from health_platform.accounts.models import User
from health_platform.fhir import carers
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.access.session import Session
from health_platform.fhir.disclosure import withhold
from health_platform.fhir.outcome import Forbidden, NotFound
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_user
from tests.builders import FHIR, OPERATOR, observation
from tests.fhir.access.consents import about, condition, consent, found, give, labels, provision, written_by
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import rows


@pytest.fixture(params=["both locks", "row-level security alone"])
def locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "both locks":
        monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))


def context(username: str) -> AccessContext:
    access = of_user(User.objects.get(username=username))
    assert access is not None
    return access


def carer_of(city: City) -> str:
    return User.objects.get(username="stranger").patient


def test_a_carer_sees_the_offer_and_the_record_only_after_accepting(city: City, locks: None) -> None:
    pulse = written_by(city.system, observation(city.patient))
    id = give(city.citizen, consent(city.patient, provision("permit", f"Patient/{carer_of(city)}")))
    carer = context("stranger")
    assert city.stranger.get(f"{FHIR}/Consent/{id}").status_code == 200
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    assert [offer.id for offer in carers.offers(carer)] == [id]
    assert carers.charges(carer) == []

    carers.accept(carer, id)
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 200
    assert found(city.stranger, f"Observation?patient={city.patient}") == [pulse]
    assert [(charge.patient, charge.guardian, charge.until) for charge in carers.charges(carer)] == [
        (city.patient, False, None)
    ]
    verification = city.citizen.get(f"{FHIR}/Consent/{id}").json()["verification"]
    assert verification[0]["verifiedWith"] == {"reference": f"Patient/{carer_of(city)}"}

    carers.leave(carer, id)
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    carers.accept(carer, id)
    assert city.citizen.delete(f"{FHIR}/Consent/{id}").status_code in (200, 204)
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    assert city.stranger.get(f"{FHIR}/Consent/{id}").status_code == 404


def test_a_carer_sees_what_the_consent_says_and_never_what_is_withheld(city: City, locks: None) -> None:
    pulse = written_by(city.system, observation(city.patient))
    plain, secret = (written_by(city.system, condition(city.patient, code)) for code in ("I10", "F32.1"))
    risk = {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": f"Patient/{city.patient}"}}
    hidden = Repository(OPERATOR).create(withhold(risk)).id
    me = f"Patient/{carer_of(city)}"
    some = consent(city.patient, provision("permit", me, **{"class": about("Condition", "RiskAssessment")}))
    carers.accept(context("stranger"), give(city.citizen, some))
    assert found(city.stranger, f"Condition?patient={city.patient}") == [plain]
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    assert city.stranger.get(f"{FHIR}/RiskAssessment/{hidden}").status_code == 404
    named = consent(city.patient, provision("permit", me, securityLabel=labels("PSY")))
    carers.accept(context("stranger"), give(city.citizen, named))
    assert found(city.stranger, f"Condition?_id={secret}") == [secret]


def test_a_carers_time_ends_by_itself(city: City, locks: None) -> None:
    period = {"start": "2020-01-01", "end": "2020-12-31"}
    ended = consent(city.patient, provision("permit", f"Patient/{carer_of(city)}", period=period))
    carers.accept(context("stranger"), give(city.citizen, ended))
    assert city.stranger.get(f"{FHIR}/Patient/{city.patient}").status_code == 404
    assert carers.charges(context("stranger")) == []


def test_acceptance_cannot_be_forged_and_a_carer_changes_nothing(city: City) -> None:
    me = f"Patient/{carer_of(city)}"
    given = consent(city.patient, provision("permit", me))
    forged = given | {"verification": [{"verified": True, "verifiedWith": {"reference": me}}]}
    assert city.citizen.post(f"{FHIR}/Consent", forged).status_code == 422
    id = give(city.citizen, given)
    assert city.citizen.put(f"{FHIR}/Consent/{id}", forged | {"id": id}).status_code == 422
    carers.accept(context("stranger"), id)

    before = rows("SELECT sum(version) FROM fhir_resource")
    wider = consent(city.patient, provision("permit", me, securityLabel=labels("PSY")), id=id)
    assert city.stranger.put(f"{FHIR}/Consent/{id}", wider).status_code == 403
    assert city.stranger.delete(f"{FHIR}/Consent/{id}").status_code == 403
    own = consent(carer_of(city), provision("permit", me), id=id)
    assert city.stranger.put(f"{FHIR}/Consent/{id}", own).status_code == 403
    assert rows("SELECT sum(version) FROM fhir_resource") == before


def test_nobody_accepts_what_was_not_offered(city: City) -> None:
    id = give(city.citizen, consent(city.patient, provision("permit", f"Organization/{city.clinic}")))
    with pytest.raises(NotFound):
        carers.accept(context("stranger"), id)
    with pytest.raises(NotFound):
        carers.accept(context("citizen"), id)
    with pytest.raises(Forbidden):
        carers.accept(context("clinician"), id)
