"""What the access log keeps of a request, who may see it, and what never stands in it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from health_platform.fhir.access import audit, audit_query
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import key, patient_key
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import FHIR, OPERATOR, observation
from tests.fhir.conftest import City

AUDITOR = AccessContext(actor="Person/auditor", role=Role.AUDITOR, purpose="HCOMPL")


def log(access: AccessContext = OPERATOR, columns: str = "*", where: str = "true") -> list[dict[str, Any]]:
    """Rows of the log as ``access`` may see them, newest first."""
    with open_session(access), connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM fhir_audit WHERE {where} ORDER BY aid DESC")
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def links(row: dict[str, Any]) -> set[int]:
    with open_session(OPERATOR) as session:
        session.cursor.execute("SELECT key FROM fhir_audit_link WHERE aid = %s", [row["aid"]])
        return {each[0] for each in session.cursor.fetchall()}


def test_a_read_tells_who_when_from_where_what_whose_why_and_on_which_basis(city: City) -> None:
    pulse = Repository(OPERATOR).create(observation(city.patient)).id
    city.clinician.get(f"{FHIR}/Observation/{pulse}")
    row = log()[0]
    assert row | {"aid": 0, "recorded": None, "request_id": ""} == {
        "aid": 0, "recorded": None, "patients": [patient_key(city.patient)], "outcome": 0, "action": "R",
        "interaction": "read", "actor": "Practitioner/clinician", "role": "clinician", "organization": city.clinic,
        "client": "", "purpose": "TREAT", "request_id": "", "entities": [f"Observation/{pulse}/_history/1"],
        "writes": 0, "address": "127.0.0.1", "basis": "PIPA-23-1-1", "query": None,
    }  # fmt: skip
    assert row["request_id"]
    assert links(row) == {patient_key(city.patient)}


def test_a_write_names_what_it_wrote_first_and_is_found_by_it(city: City) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"request": {"method": "GET", "url": f"Patient/{city.patient}"}},
            {"resource": observation(city.patient), "request": {"method": "POST", "url": "Observation"}},
        ],
    }
    answer = city.system.post(FHIR, bundle).json()
    location = answer["entry"][1]["response"]["location"].partition("/_history")[0]
    made = "/".join(location.split("/")[-2:])
    row, question = log()[:2]
    assert (row["interaction"], row["writes"]) == ("transaction", 1)
    assert row["entities"][0] == f"{made}/_history/1"
    assert (question["interaction"], question["writes"]) == ("read", 0)
    assert question["entities"] == [f"Patient/{city.patient}/_history/1"]
    assert links(row) == {patient_key(city.patient), key(made)}


def test_a_query_is_kept_for_the_auditor_and_readable_to_nobody_without_the_key(city: City) -> None:
    city.clinician.get(f"{FHIR}/Patient?name=%ED%99%8D%EA%B8%B8%EB%8F%99&birthdate=1950-03-01")
    row = log()[0]
    assert audit_query.unseal(row["query"]) == "Patient?name=%ED%99%8D%EA%B8%B8%EB%8F%99&birthdate=1950-03-01"
    with open_session(OPERATOR) as session:
        session.cursor.execute("SELECT string_agg(a::text, '') FROM fhir_audit a")
        found = session.cursor.fetchone()
    assert found is not None
    for planted in ("홍길동", "%ED%99%8D", "1950-03-01", "홍길동".encode().hex(), b"%ED%99%8D".hex()):
        assert planted not in found[0]


def test_a_query_that_was_changed_or_whose_key_is_gone_reads_as_nothing(settings: Any) -> None:
    sealed = audit_query.seal("Patient?name=x")
    assert sealed is not None
    assert audit_query.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1])) is None
    old, new = settings.AUDIT_QUERY_KEYS[0], "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    settings.AUDIT_QUERY_KEYS = [new, old]
    assert audit_query.unseal(sealed) == "Patient?name=x"
    settings.AUDIT_QUERY_KEYS = [new]
    assert audit_query.unseal(sealed) is None


@pytest.mark.parametrize(
    ("who", "path", "expected"),
    [
        ("stranger", "/Patient/{patient}", ("read", "Patient/{patient}")),
        ("stranger", "/Observation/none", ("read", "Observation/none")),
        ("reader", "/Condition?patient={patient}", ("search-type", "Condition")),
    ],
)
def test_a_refusal_is_recorded_whether_rows_or_scopes_refuse(
    city: City, who: str, path: str, expected: tuple[str, str]
) -> None:
    reader = builders.clinic_client("reader", city.clinic, "system/Observation.rs")
    caller = reader if who == "reader" else city.stranger
    assert caller.get(FHIR + path.format(patient=city.patient)).status_code in (403, 404)
    row = log()[0]
    assert row["outcome"] == 4
    assert (row["interaction"], row["entities"]) == (expected[0], [expected[1].format(patient=city.patient)])
    assert row["patients"] == []


def test_what_is_gone_is_recorded_too(city: City) -> None:
    pulse = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()["id"]
    city.system.delete(f"{FHIR}/Observation/{pulse}")
    assert city.clinician.get(f"{FHIR}/Observation/{pulse}").status_code == 410
    row = log()[0]
    assert (row["interaction"], row["outcome"], row["entities"]) == ("read", 4, [f"Observation/{pulse}"])


def test_what_is_no_reference_is_not_kept(city: City) -> None:
    entry = audit.entry_of(OPERATOR, "read", (), ["Patient/홍길동", "800101-1234567 홍길동", "Patient/ok"])
    assert entry.entities == ["Patient/ok"]


def test_sign_ins_exports_and_changes_of_consent_are_recorded(city: City) -> None:
    citizen = AccessContext(
        actor=f"Patient/{city.patient}", role=Role.CITIZEN, patients=frozenset({city.patient}), purpose="PATRQT"
    )
    audit.login(citizen, client="app")
    audit.login(None, client="app", success=False)
    audit.note(citizen, "export", [city.patient])
    audit.note(citizen, "consent", [city.patient], written=["Consent/c/_history/2"])
    rows = log(columns="interaction, action, outcome, actor, patients, writes")[:4]
    assert [(row["interaction"], row["action"], row["outcome"]) for row in rows] == [
        ("consent", "U", 0), ("export", "R", 0), ("login", "E", 4), ("login", "E", 0),
    ]  # fmt: skip
    assert rows[2]["actor"] == ""
    assert rows[3]["patients"] == [patient_key(city.patient)]


def test_the_log_is_seen_by_the_auditor_and_the_patient_and_nobody_else(city: City) -> None:
    city.clinician.get(f"{FHIR}/Patient/{city.patient}")
    city.other_clinician.get(f"{FHIR}/Patient/{city.patient}")
    own = AccessContext(actor="Patient/p", role=Role.CITIZEN, patients=frozenset({city.patient}))
    other = AccessContext(actor="Patient/q", role=Role.CITIZEN, patients=frozenset({"q"}))
    clinic = AccessContext(actor="Practitioner/clinician", role=Role.CLINICIAN, organization=city.clinic)
    everything = len(log())
    assert len(log(AUDITOR)) == everything
    assert {tuple(row["patients"]) for row in log(own)} == {(patient_key(city.patient),)}
    assert len(log(own)) < everything
    assert log(other) == log(clinic) == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM fhir_audit), (SELECT count(*) FROM fhir_audit_link)")
        assert cursor.fetchone() == (0, 0)


def test_the_auditor_sees_nothing_of_the_record(city: City) -> None:
    with open_session(AUDITOR) as session:
        session.cursor.execute("SELECT count(*) FROM fhir_resource WHERE compartment <> 0")
        assert session.cursor.fetchone() == (0,)


def test_a_row_that_names_no_role_is_refused(city: City) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        audit.insert([audit.Entry([], [], 0, "R", "read", "", "", "", "", "", "", [], 0, "", "", None)])


def test_no_answer_leaves_when_its_row_cannot_be_written(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Repository(OPERATOR).create({"resourceType": "Organization", "name": "x"})

    def broken(entries: Sequence[audit.Entry]) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(audit, "_commits", audit._GroupCommit(broken))
    with pytest.raises(DatabaseError, match="access log"):
        Repository(OPERATOR).read("Organization", made.id)


def test_a_read_is_durable_before_it_returns_and_many_share_a_commit(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one batch is being written, the others wait and go together in the next."""
    first, go_on = threading.Event(), threading.Event()
    batches: list[int] = []

    def held(entries: Sequence[audit.Entry]) -> None:
        batches.append(len(entries))
        if len(batches) == 1:
            first.set()
            go_on.wait(20)
        audit.insert(entries)

    commits = audit._GroupCommit(held)
    monkeypatch.setattr(audit, "_commits", commits)

    def read() -> None:
        audit.note(OPERATOR, "read", ["p"])
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(8)]
    readers[0].start()
    assert first.wait(20)
    for reader in readers[1:]:
        reader.start()
    while len(commits._waiting) < 7:
        threading.Event().wait(0.01)
    assert log() == []
    go_on.set()
    for reader in readers:
        reader.join()
    assert batches == [1, 7]
    assert len(log()) == 8
