"""What people decide about their record holds from the next request on: through the filter, and behind it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import FHIR, OPERATOR, Caller, observation
from tests.fhir.access.consents import (
    about,
    condition,
    consent,
    found,
    give,
    labels,
    practitioner,
    provision,
    purposes,
    written_by,
)
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import rows

YESTERDAY, LONG_AGO, FAR = "2020-01-02", "2020-01-01", "2099-12-31"


@pytest.fixture
def pulse(city: City) -> str:
    return written_by(city.system, observation(city.patient))


@pytest.fixture(params=["both locks", "row-level security alone"])
def locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the application's filter off, row-level security alone must say the same."""
    if request.param != "both locks":
        monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))
        monkeypatch.setattr(Session, "reach_of_records", lambda *_: ("", {}))
    return str(request.param)


def reads(caller: Caller, pulse: str) -> bool:
    """Whether ``caller`` reaches the Observation by every way, or by none."""
    path = f"{FHIR}/Observation/{pulse}"
    answers = {
        caller.get(path).status_code == 200,
        caller.get(f"{path}/_history").status_code == 200,
        caller.get(f"{path}/_history/1").status_code == 200,
        pulse in found(caller, "Observation?code=8867-4"),
        pulse in found(caller, f"Observation?_id={pulse}"),
    }
    assert len(answers) == 1
    return answers.pop()


def test_a_permit_opens_the_record_to_another_institution_and_a_denial_closes_it(
    city: City, pulse: str, locks: str
) -> None:
    assert not reads(city.other_system, pulse)
    id = give(city.citizen, consent(city.patient, provision("permit", f"Organization/{city.other_clinic}")))
    assert reads(city.other_system, pulse) and reads(city.other_clinician, pulse)
    assert not reads(city.stranger, pulse)

    ended = consent(city.patient, provision("deny", f"Organization/{city.other_clinic}"), id=id)
    assert city.citizen.put(f"{FHIR}/Consent/{id}", ended).status_code == 200
    assert not reads(city.other_system, pulse) and not reads(city.other_clinician, pulse)
    assert reads(city.system, pulse)


@pytest.mark.parametrize("end", ["delete", "inactive", "entered-in-error"])
def test_a_permit_ends_with_its_consent_on_the_next_request(city: City, pulse: str, end: str) -> None:
    given = consent(city.patient, provision("permit", f"Organization/{city.other_clinic}"))
    id = give(city.citizen, given)
    assert reads(city.other_system, pulse)
    if end == "delete":
        assert city.citizen.delete(f"{FHIR}/Consent/{id}").status_code in (200, 204)
    else:
        assert city.citizen.put(f"{FHIR}/Consent/{id}", {**given, "id": id, "status": end}).status_code == 200
    assert not reads(city.other_system, pulse)
    assert rows("SELECT count(*) FROM fhir_grant") == 0


def test_a_denial_stops_an_institution_that_cares(city: City, pulse: str, locks: str) -> None:
    give(city.citizen, consent(city.patient, provision("deny", f"Organization/{city.clinic}")))
    assert not reads(city.system, pulse) and not reads(city.clinician, pulse)
    assert city.system.get(f"{FHIR}/Patient/{city.patient}").status_code == 404
    assert city.system.post(f"{FHIR}/Observation", observation(city.patient)).status_code == 422
    assert reads(city.citizen, pulse)


def test_a_person_is_permitted_or_denied_apart_from_the_institution(city: City, pulse: str, locks: str) -> None:
    practitioner("clinician")
    practitioner("other-clinician")
    give(city.citizen, consent(city.patient, provision("deny", "Practitioner/clinician")))
    give(city.citizen, consent(city.patient, provision("permit", "Practitioner/other-clinician")))
    assert reads(city.system, pulse) and not reads(city.clinician, pulse)
    assert not reads(city.other_system, pulse) and reads(city.other_clinician, pulse)


def test_a_kind_of_data_is_permitted_or_denied(city: City, pulse: str, locks: str) -> None:
    diagnosis = written_by(city.system, condition(city.patient, "I10"))
    institution = f"Organization/{city.other_clinic}"
    give(city.citizen, consent(city.patient, provision("permit", institution, **{"class": about("Condition")})))
    give(city.citizen, consent(city.patient, provision("deny", **{"class": about("Observation")})))
    assert not reads(city.other_system, pulse) and not reads(city.system, pulse)
    assert found(city.other_system, "Condition?code=I10") == [diagnosis]
    assert found(city.system, f"Condition?patient={city.patient}") == [diagnosis]


def test_codes_are_denied_one_by_one_and_stay_denied_in_the_history_of_what_was_deleted(
    city: City, pulse: str, locks: str
) -> None:
    weight = written_by(city.system, observation(city.patient, 60, "29463-7"))
    pulse_code = [{"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}]
    give(city.citizen, consent(city.patient, provision("deny", f"Organization/{city.clinic}", code=pulse_code)))
    assert not reads(city.system, pulse)
    assert found(city.system, f"Observation?patient={city.patient}") == [weight]
    Repository(OPERATOR).delete("Observation", pulse)
    assert city.system.get(f"{FHIR}/Observation/{pulse}/_history").status_code == 404


def test_a_period_begins_and_ends_by_itself(city: City, pulse: str, locks: str) -> None:
    institution = f"Organization/{city.other_clinic}"

    def during(start: str, end: str) -> dict[str, Any]:
        return consent(city.patient, provision("permit", institution, period={"start": start, "end": end}))

    give(city.citizen, during(LONG_AGO, YESTERDAY))
    give(city.citizen, during(FAR, FAR))
    assert not reads(city.other_system, pulse)
    give(city.citizen, during(LONG_AGO, FAR))
    assert reads(city.other_system, pulse)


def test_a_purpose_limits_a_permit(city: City, pulse: str, locks: str) -> None:
    given = provision("permit", f"Organization/{city.other_clinic}", purpose=purposes("HRESCH"))
    give(city.citizen, consent(city.patient, given))
    assert not reads(city.other_system, pulse)
    scopes = frozenset({"system/*.rs"})
    researcher = AccessContext("Device/r", Role.SYSTEM, city.other_clinic, scopes=scopes, purpose="HRESCH")
    assert Repository(researcher).read("Observation", pulse).id == pulse


def test_the_base_rule_with_its_exceptions(city: City, pulse: str, locks: str) -> None:
    """OPTOUT denies every institution; a provision within is an exception, and one within that another."""
    diagnosis = written_by(city.system, condition(city.patient, "I10"))
    inner = provision("deny", **{"class": about("Condition")})
    root = provision("permit", f"Organization/{city.other_clinic}", provision=[inner])
    give(city.citizen, consent(city.patient, root, "OPTOUT"))
    assert not reads(city.system, pulse)
    assert reads(city.other_system, pulse)
    assert found(city.other_system, f"Condition?_id={diagnosis}") == []


def test_of_two_consents_that_disagree_the_denial_holds_unless_the_permit_is_more_specific(
    city: City, pulse: str, locks: str
) -> None:
    practitioner("other-clinician")
    institution = f"Organization/{city.other_clinic}"
    give(city.citizen, consent(city.patient, provision("permit", institution)))
    give(city.citizen, consent(city.patient, provision("deny", institution)))
    assert not reads(city.other_system, pulse)
    give(city.citizen, consent(city.patient, provision("permit", "Practitioner/other-clinician")))
    assert reads(city.other_clinician, pulse) and not reads(city.other_system, pulse)
    give(city.citizen, consent(city.patient, provision("deny", **{"class": about("Observation")})))
    assert not reads(city.other_clinician, pulse)


# ---- sensitive classes


@pytest.mark.parametrize(("code", "label"), [("F32.1", "PSY"), ("B20", "HIV"), ("Z30.4", "SEX")])
def test_a_sensitive_class_needs_a_permit_that_names_it(city: City, locks: str, code: str, label: str) -> None:
    second = builders.organization("둘째의원")
    Repository(OPERATOR).update(
        {
            **Repository(OPERATOR).read("Patient", city.patient).resource(),
            "generalPractitioner": [{"reference": f"Organization/{id}"} for id in (city.clinic, second)],
        }
    )
    caring = builders.clinic_client("second", second)
    id = written_by(city.system, condition(city.patient, code))
    path = f"Condition?_id={id}"
    assert found(city.system, path) == [id], "the institution that wrote it"
    assert found(city.citizen, path) == [id]
    assert found(caring, path) == []
    assert caring.get(f"{FHIR}/Condition/{id}").status_code == 404
    give(city.citizen, consent(city.patient, provision("permit", f"Organization/{second}")))
    assert found(caring, path) == [], "a permit that names no class"
    other = {"PSY": "HIV", "HIV": "SEX", "SEX": "PSY"}[label]
    give(
        city.citizen, consent(city.patient, provision("permit", f"Organization/{second}", securityLabel=labels(other)))
    )
    assert found(caring, path) == [], "a permit that names another class"
    give(
        city.citizen, consent(city.patient, provision("permit", f"Organization/{second}", securityLabel=labels(label)))
    )
    assert found(caring, path) == [id]
    give(city.citizen, consent(city.patient, provision("deny", f"Organization/{second}", securityLabel=labels(label))))
    assert found(caring, path) == []


@pytest.mark.parametrize("label", ["R", "V"])
def test_a_confidentiality_label_is_kept_to(city: City, pulse: str, locks: str, label: str) -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    secret = observation(city.patient) | {"meta": {"security": [{"system": system, "code": label}]}}
    id = written_by(city.system, secret)
    normal = written_by(
        city.system, observation(city.patient) | {"meta": {"security": [{"system": system, "code": "N"}]}}
    )
    give(city.citizen, consent(city.patient, provision("permit", f"Organization/{city.other_clinic}")))
    assert reads(city.system, id) and reads(city.citizen, id)
    assert not reads(city.other_system, id) and reads(city.other_system, normal)
    named = provision("permit", f"Organization/{city.other_clinic}", securityLabel=[{"system": system, "code": label}])
    give(city.citizen, consent(city.patient, named))
    assert reads(city.other_system, id)


# ---- who may decide, and what is refused


@pytest.mark.parametrize("who", ["stranger", "system", "clinician", "other_system", "other_clinician"])
def test_nobody_but_the_person_decides(city: City, pulse: str, who: str) -> None:
    id = give(city.citizen, consent(city.patient, provision("deny", f"Organization/{city.other_clinic}")))
    before = rows("SELECT sum(version) FROM fhir_resource")
    caller = getattr(city, who)
    forged = consent(city.patient, provision("permit", f"Organization/{city.other_clinic}"))
    assert caller.post(f"{FHIR}/Consent", forged).status_code == 403
    assert caller.put(f"{FHIR}/Consent/{id}", forged | {"id": id}).status_code == 403
    assert caller.put(f"{FHIR}/Consent/{id}", forged | {"id": id, "status": "inactive"}).status_code in (403, 422)
    assert caller.delete(f"{FHIR}/Consent/{id}").status_code in (403, 404)
    assert rows("SELECT sum(version) FROM fhir_resource") == before
    assert not reads(city.other_system, pulse)


def test_a_citizen_learns_nothing_from_a_consent_about_somebody_else(city: City) -> None:
    foreign, unknown = (
        city.stranger.post(f"{FHIR}/Consent", consent(id, provision("permit", f"Organization/{city.clinic}")))
        for id in (city.patient, "nobody")
    )
    assert (foreign.status_code, foreign.content) == (403, unknown.content)


def test_an_institution_may_propose(city: City, pulse: str) -> None:
    proposal = consent(city.patient, provision("permit", f"Organization/{city.other_clinic}"), status="proposed")
    assert city.system.post(f"{FHIR}/Consent", proposal).status_code == 201
    assert not reads(city.other_system, pulse)


@pytest.mark.parametrize(
    ("root", "place"),
    [
        (None, "Consent"),
        (provision(period={"start": LONG_AGO}), "Consent.provision.type"),
        (provision("permit", "Group/g"), "Consent.provision.actor[0].reference"),
        (provision("permit", "https://elsewhere.example/Organization/o"), "Consent.provision.actor[0].reference"),
        (provision("permit", "Organization/nowhere"), "Consent.provision.actor"),
        (provision("deny", **{"class": [{"system": "urn:x", "code": "letters"}]}), "Consent.provision.class[0]"),
        (provision("deny", code=[{"text": "혈압"}]), "Consent.provision.code[0]"),
        (provision("deny", securityLabel=labels("UNKNOWN")), "Consent.provision.securityLabel[0]"),
        (provision("permit", purpose=[{"system": "urn:x", "code": "fun"}]), "Consent.provision.purpose[0]"),
        (provision("deny", dataPeriod={"start": "2020"}), "Consent.provision.dataPeriod"),
        (
            provision("deny", action=[{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction",
                                                   "code": "correct"}]}]),
            "Consent.provision.action",
        ),
        (provision("permit", provision=[provision(period={"start": LONG_AGO})]), "Consent.provision.provision[0].type"),
        (
            provision("permit", **{"class": about("Condition")},
                      provision=[provision("deny", **{"class": about("Observation")})]),
            "Consent.provision.provision[0].class",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_to_is_refused_with_its_place_and_nothing_is_stored(
    city: City, root: dict[str, Any] | None, place: str
) -> None:
    before = rows("SELECT count(*) FROM fhir_resource")
    response = city.citizen.post(f"{FHIR}/Consent", consent(city.patient, root))
    assert response.status_code == 422
    assert place in [each for issue in response.json()["issue"] for each in issue.get("expression", [])]
    assert rows("SELECT count(*) FROM fhir_resource") == before
    assert rows("SELECT count(*) FROM fhir_grant") == 0


def test_the_same_provision_is_stored_where_it_is_not_in_force(city: City) -> None:
    odd = provision("permit", "Group/g")
    for members in ({"status": "draft"}, {"scope": {"text": "연구"}}):
        give(city.citizen, consent(city.patient, odd) | members)
    assert rows("SELECT count(*) FROM fhir_grant") == 0


# ---- children


def child(city: City, born: str, parent: str) -> tuple[str, Caller]:
    """A child of the clinic whose guardian is the Patient ``parent``, and the child's own account."""
    id = builders.patient(city.clinic, number="C-9", birthDate=born)
    written_by(
        city.system,
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": f"Patient/{id}"},
            "identifier": [{"system": "urn:bitgoeul:record", "value": parent}],
            "relationship": [
                {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
            ],
        },
    )
    return id, builders.caller_for(builders.citizen(id, f"child-{born}"))


def test_under_14_the_guardian_decides_and_the_child_does_not(city: City, locks: str) -> None:
    id, account = child(city, "2020-05-05", city.patient)
    secret = written_by(city.system, condition(id, "F90.0"))
    assert found(city.citizen, f"Condition?_id={secret}") == [secret]
    assert found(city.stranger, f"Condition?_id={secret}") == []
    permit = consent(id, provision("permit", f"Organization/{city.other_clinic}"))
    assert account.post(f"{FHIR}/Consent", permit).status_code == 403
    assert city.stranger.post(f"{FHIR}/Consent", permit).status_code == 403
    give(city.citizen, permit)
    assert city.other_system.get(f"{FHIR}/Patient/{id}").status_code == 200


def test_from_14_on_the_minor_decides_and_a_parent_sees_what_is_of_no_class(city: City, locks: str) -> None:
    id, account = child(city, "2010-05-05", city.patient)
    secret = written_by(city.system, condition(id, "F90.0"))
    plain = written_by(city.system, condition(id, "J20.9"))
    assert found(city.citizen, f"Condition?patient={id}") == [plain]
    assert found(account, f"Condition?_id={secret}") == [secret]
    permit = consent(id, provision("permit", f"Organization/{city.other_clinic}"))
    assert city.citizen.post(f"{FHIR}/Consent", permit).status_code == 403
    give(account, permit)
    give(account, consent(id, provision("deny", f"Patient/{city.patient}")))
    assert found(city.citizen, f"Condition?patient={id}") == []


def test_from_19_on_a_parent_sees_nothing(city: City, locks: str) -> None:
    id, _ = child(city, "2000-05-05", city.patient)
    written_by(city.system, condition(id, "J20.9"))
    assert found(city.citizen, f"Condition?patient={id}") == []
    assert city.citizen.get(f"{FHIR}/Patient/{id}").status_code == 404


def test_few_compartments_lists_a_small_institution_and_never_a_large_one(city: City) -> None:
    give(city.citizen, consent(city.patient, provision("permit", f"Organization/{city.other_clinic}")))
    access = AccessContext("Device/x", Role.SYSTEM, city.other_clinic, scopes=frozenset({"system/*.rs"}))
    with open_session(access) as session:
        few, none = session.few_compartments(10), session.few_compartments(1)
    assert few is not None and len(few) == 4  # everyone's, the institution's, the stranger's, the citizen's
    assert none is None


def test_who_would_not_see_what_is_written_does_not_write_it(city: City) -> None:
    """Another institution that cares may change an entry, but not into one of a class that it does not reach."""
    both = {"generalPractitioner": [{"reference": f"Organization/{id}"} for id in (city.clinic, city.other_clinic)]}
    Repository(OPERATOR).update(Repository(OPERATOR).read("Patient", city.patient).resource() | both)
    id = written_by(city.system, condition(city.patient, "I10"))
    path = f"{FHIR}/Condition/{id}"
    assert city.other_system.put(path, condition(city.patient, "F32.1", id=id)).status_code == 403
    assert city.system.get(path).json()["meta"]["versionId"] == "1"
    assert city.other_system.put(path, condition(city.patient, "I11", id=id)).status_code == 200


def test_stored_rows_are_judged_anew_by_command_versions_too(city: City) -> None:
    id = written_by(city.system, condition(city.patient, "F32.1"))
    assert city.system.put(f"{FHIR}/Condition/{id}", condition(city.patient, "F32.2", id=id)).status_code == 200
    with open_session(OPERATOR) as session:
        session.cursor.execute("UPDATE fhir_resource SET sensitive = 0")
        session.cursor.execute("UPDATE fhir_history SET sensitive = 0")
    call_command("fhir_sensitivity", stdout=StringIO())
    assert rows("SELECT count(*) FROM fhir_resource WHERE sensitive = 1") == 1
    assert rows("SELECT count(*) FROM fhir_history WHERE sensitive = 1") == 1
    with pytest.raises(Exception, match="permission denied|never changed"), open_session(OPERATOR) as session:
        session.cursor.execute("UPDATE fhir_history SET body = ''")
