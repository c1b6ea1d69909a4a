"""Who sees a record: deny by default, and a refusal tells a stranger nothing."""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction

from health_platform.fhir.access import policy
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.disclosure import disclose, withhold
from health_platform.fhir.repository import Repository
from health_platform.fhir.search import sql
from health_platform.fhir.search.query import parse_search
from tests.builders import FHIR, OPERATOR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import rows

MAY = ("system", "citizen", "clinician")
MAY_NOT = ("other_system", "stranger", "other_clinician")


@pytest.fixture
def pulse(city: City) -> str:
    return Repository(OPERATOR).create(observation(city.patient)).id


@pytest.mark.parametrize("who", MAY)
def test_those_who_care_and_the_citizen_read_the_record(city: City, pulse: str, who: str) -> None:
    caller = getattr(city, who)
    assert caller.get(f"{FHIR}/Observation/{pulse}").status_code == 200
    assert caller.get(f"{FHIR}/Patient/{city.patient}").status_code == 200
    found = caller.get(f"{FHIR}/Observation?patient={city.patient}&code=8867-4").json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [pulse]


@pytest.mark.parametrize("who", MAY_NOT)
@pytest.mark.parametrize(
    "path",
    [
        "/Observation/{pulse}",
        "/Observation/{pulse}/_history",
        "/Observation/{pulse}/_history/1",
        "/Patient/{patient}",
    ],
)
def test_nobody_else_learns_that_a_record_exists(city: City, pulse: str, who: str, path: str) -> None:
    caller = getattr(city, who)
    foreign = caller.get(FHIR + path.format(pulse=pulse, patient=city.patient))
    missing = caller.get(FHIR + path.format(pulse="nowhere", patient="nowhere"))
    assert foreign.status_code == missing.status_code == 404
    same = foreign.content.decode().replace(pulse, "nowhere").replace(city.patient, "nowhere")
    assert same == missing.content.decode()


@pytest.mark.parametrize("who", MAY_NOT)
@pytest.mark.parametrize(
    "query",
    [
        "Observation?patient={patient}",
        "Observation?subject=Patient/{patient}&code=8867-4",
        "Observation?code=8867-4",
        "Observation?_id={pulse}",
        "Observation?date=2026-05-01",
        "Patient?identifier=urn:bitgoeul:citizen|C-1",
        "Patient?name=김영희&birthdate=1950-03-01&_id={patient}",
        "Observation?patient={patient}&_include=Observation:patient&_total=accurate",
    ],
)
def test_no_search_finds_a_foreign_record(city: City, pulse: str, who: str, query: str) -> None:
    found = getattr(city, who).get(f"{FHIR}/{query.format(pulse=pulse, patient=city.patient)}").json()
    assert found.get("entry") is None
    assert found.get("total", 0) == 0


@pytest.mark.parametrize("who", MAY_NOT)
def test_a_write_into_a_foreign_record_leaves_nothing(city: City, pulse: str, who: str) -> None:
    caller = getattr(city, who)
    before = rows("SELECT count(*) FROM fhir_resource"), rows("SELECT sum(version) FROM fhir_resource")
    assert caller.post(f"{FHIR}/Observation", observation(city.patient)).status_code in (403, 422)
    stolen = observation(city.patient) | {"id": pulse}
    assert caller.put(f"{FHIR}/Observation/{pulse}", stolen).status_code in (403, 409, 422)
    assert caller.delete(f"{FHIR}/Observation/{pulse}").status_code in (403, 404)
    assert caller.put(
        f"{FHIR}/Patient/{city.patient}",
        {"resourceType": "Patient", "id": city.patient, "generalPractitioner": []},
    ).status_code in (403, 422)
    assert (rows("SELECT count(*) FROM fhir_resource"), rows("SELECT sum(version) FROM fhir_resource")) == before


def test_a_clinic_that_is_no_longer_named_sees_the_record_no_more(city: City) -> None:
    record = Repository(OPERATOR).read("Patient", city.patient).resource()
    record["generalPractitioner"] = [{"reference": f"Organization/{city.other_clinic}"}]
    Repository(OPERATOR).update(record)
    assert city.system.get(f"{FHIR}/Patient/{city.patient}").status_code == 404
    assert city.other_system.get(f"{FHIR}/Patient/{city.patient}").status_code == 200


def test_scopes_limit_what_a_client_may_do(city: City) -> None:
    from tests import builders

    reader = builders.clinic_client("reader", city.clinic, "system/Observation.rs")
    assert reader.get(f"{FHIR}/Observation?patient={city.patient}").status_code == 200
    assert reader.get(f"{FHIR}/Patient/{city.patient}").status_code == 403
    assert reader.post(f"{FHIR}/Observation", observation(city.patient)).status_code == 403


def test_a_citizen_may_read_but_not_write_clinical_facts(city: City) -> None:
    assert city.citizen.post(f"{FHIR}/Observation", observation(city.patient)).status_code == 403


def test_what_is_about_no_patient_stays_with_its_institution(city: City) -> None:
    """A Group names people but is in nobody's compartment: only who wrote it sees it."""
    group = {"resourceType": "Group", "type": "person", "actual": True, "name": "혈압 교실"}
    created = city.system.post(f"{FHIR}/Group", group)
    assert created.status_code == 201
    address = f"{FHIR}/Group/{created.json()['id']}"
    assert city.system.get(address).status_code == 200
    assert city.other_system.get(address).status_code == 404
    assert city.citizen.get(address).status_code == 404


def test_institutions_are_changed_by_nobody_but_those_who_wrote_them(city: City) -> None:
    stolen = {"resourceType": "Organization", "id": city.clinic, "name": "다른 이름"}
    assert city.other_system.put(f"{FHIR}/Organization/{city.clinic}", stolen).status_code == 403
    assert city.other_system.get(f"{FHIR}/Organization/{city.clinic}").json()["name"] == "빛고을의원"


def test_row_level_security_holds_when_the_applications_filter_is_off(
    city: City, pulse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "reach", lambda *_: ("", {}))
    monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))
    stranger = AccessContext(
        actor="Device/x", role=Role.SYSTEM, organization=city.other_clinic, scopes=frozenset({"system/*.cruds"})
    )
    with open_session(stranger) as session:
        page = sql.search(session, parse_search("Observation", "code=8867-4"))
    assert page.matches == []
    with pytest.raises(Exception, match="not known"):
        Repository(stranger).read("Observation", pulse)


def test_without_a_context_the_tables_are_empty(city: City, pulse: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM fhir_resource), (SELECT count(*) FROM fhir_history)")
        assert cursor.fetchone() == (0, 0)


def test_every_read_search_and_refusal_leaves_an_audit_row(city: City, pulse: str) -> None:
    def audited() -> int:
        return rows("SELECT count(*) FROM fhir_audit")

    before = audited()
    city.clinician.get(f"{FHIR}/Observation/{pulse}")
    assert audited() == before + 1
    city.clinician.get(f"{FHIR}/Observation?patient={city.patient}")
    assert audited() == before + 2
    city.stranger.get(f"{FHIR}/Observation/{pulse}")
    assert audited() == before + 3
    with open_session(OPERATOR) as session:
        session.cursor.execute("SELECT actor, interaction, outcome, entities FROM fhir_audit ORDER BY aid DESC LIMIT 3")
        found = session.cursor.fetchall()
    assert [(row[1], row[2]) for row in found] == [("read", 4), ("search-type", 0), ("read", 0)]
    assert found[2][0] == "Practitioner/clinician"
    assert found[2][3] == [f"Observation/{pulse}/_history/1"]


def test_audit_and_history_cannot_be_changed_even_by_their_owner(city: City) -> None:
    refused = pytest.raises(Exception, match="permission denied|never changed")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_audit SET outcome = 0")


def test_an_answer_does_not_depend_on_who_asked_before(city: City, pulse: str) -> None:
    """Rights live in the transaction: nothing of the clinic's is left for the stranger on the same connection."""
    assert city.system.get(f"{FHIR}/Observation/{pulse}").status_code == 200
    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    assert json.loads(city.citizen.get(f"{FHIR}/Observation/{pulse}").content)["id"] == pulse


def test_a_citizen_sees_who_looked_at_her_record_and_nobody_elses(city: City, pulse: str) -> None:
    city.clinician.get(f"{FHIR}/Observation/{pulse}")
    own = AccessContext(actor="Patient/p", role=Role.CITIZEN, patients=frozenset({city.patient}))
    found = Repository(own).access_log(city.patient)
    assert (found[0][1].actor, found[0][1].interaction) == ("Practitioner/clinician", "read")
    other = AccessContext(actor="Patient/q", role=Role.CITIZEN, patients=frozenset({"q"}))
    with pytest.raises(Exception, match="not known"):
        Repository(other).access_log(city.patient)


def test_what_is_withheld_is_there_for_clinicians_and_not_for_the_citizen_until_it_is_disclosed(city: City) -> None:
    risk = withhold(
        {
            "resourceType": "RiskAssessment",
            "status": "preliminary",
            "subject": {"reference": f"Patient/{city.patient}"},
        }
    )
    stored = Repository(OPERATOR).create(risk)
    provenance = Repository(OPERATOR).create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": stored.reference}],
            "recorded": "2026-11-22T09:00:00+09:00",
            "agent": [{"who": {"display": "ukb-drs"}}],
        }
    )
    path, search = f"{FHIR}/{stored.reference}", f"{FHIR}/RiskAssessment?patient={city.patient}"
    assert city.clinician.get(path).status_code == 200
    assert city.citizen.get(path).status_code == 404
    assert city.citizen.get(f"{path}/_history").status_code == 404
    assert city.citizen.get(search).json().get("entry") is None
    assert city.citizen.get(f"{FHIR}/{provenance.reference}").status_code == 404

    Repository(OPERATOR).update(disclose(stored.resource()))
    assert city.citizen.get(path).status_code == 200
    assert len(city.citizen.get(search).json()["entry"]) == 1
    assert len(city.citizen.get(f"{path}/_history").json()["entry"]) == 1
    assert city.citizen.get(f"{path}/_history/1").status_code == 404
    assert len(city.clinician.get(f"{path}/_history").json()["entry"]) == 2


def test_row_level_security_too_keeps_what_is_withheld(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    risk = {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": f"Patient/{city.patient}"}}
    stored = Repository(OPERATOR).create(withhold(risk))
    monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))
    own = AccessContext(
        actor="Patient/p", role=Role.CITIZEN, patients=frozenset({city.patient}), scopes=frozenset({"patient/*.rs"})
    )
    with pytest.raises(Exception, match="not known"):
        Repository(own).read("RiskAssessment", stored.id)


def test_an_id_that_is_taken_beyond_reach_is_a_conflict_and_changes_nothing(city: City) -> None:
    group = {"resourceType": "Group", "type": "person", "actual": True}
    id = city.system.post(f"{FHIR}/Group", group).json()["id"]
    refused = city.other_system.put(f"{FHIR}/Group/{id}", {**group, "id": id, "name": "taken over"})
    assert refused.status_code == 409
    assert refused.json()["issue"][0]["code"] == "conflict"
    assert "name" not in city.system.get(f"{FHIR}/Group/{id}").json()
    assert city.other_system.get(f"{FHIR}/Group/{id}").status_code == 404
