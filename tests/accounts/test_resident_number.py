"""Resident registration numbers: sealed where a law gives one, refused by the record, and nowhere in clear.

All numbers here are made up; their check digits are computed.
"""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from health_platform.accounts import resident_number
from health_platform.accounts.models import ResidentNumber
from health_platform.accounts.resident_number import NotKept
from health_platform.fhir.resident_numbers import is_checked, refusals
from tests import builders
from tests.builders import FHIR, caller_for

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "500301-2345678", "4912311234568"
BASIS = "국민건강보험법 시행령 제81조"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OLD, NEW, INDEX = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.RESIDENT_NUMBER_KEYS = [f"a:{OLD}"]
    settings.RESIDENT_NUMBER_INDEX_KEY = INDEX


def everything_stored() -> str:
    """Every row of every table as text, bytes in Latin-1."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        texts = []
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')
            texts += [
                bytes(value).decode("latin-1") if isinstance(value, memoryview | bytes) else str(value)
                for row in cursor.fetchall()
                for value in row
            ]
    return "\n".join(texts)


def test_a_number_is_sealed_found_and_opened_after_a_note() -> None:
    noted: list[str] = []
    resident_number.keep("p1", NUMBER, BASIS, NOW)

    assert resident_number.find(NUMBER.replace("-", "")) == "p1"
    assert resident_number.find(OTHER) is None
    assert resident_number.reveal("p1", lambda: noted.append("p1")) == NUMBER.replace("-", "")
    assert noted == ["p1"]
    assert resident_number.reveal("p2", lambda: noted.append("p2")) is None
    assert resident_number.forget("p1") and resident_number.find(NUMBER) is None


def test_no_note_no_number() -> None:
    resident_number.keep("p1", NUMBER, BASIS, NOW)

    def refuse() -> None:
        raise RuntimeError("the log is full")

    with pytest.raises(RuntimeError):
        resident_number.reveal("p1", refuse)


def test_the_table_holds_it_nowhere_in_clear() -> None:
    resident_number.keep("p1", NUMBER, BASIS, NOW)
    resident_number.keep("p2", OTHER, BASIS, NOW)
    stored = everything_stored()

    assert NUMBER not in stored and NUMBER.replace("-", "") not in stored and NUMBER[7:] not in stored
    assert BASIS in stored


def test_a_sealed_number_moved_to_another_patient_is_not_opened() -> None:
    resident_number.keep("p1", NUMBER, BASIS, NOW)
    resident_number.keep("p2", OTHER, BASIS, NOW)
    ResidentNumber.objects.filter(patient="p2").update(sealed=ResidentNumber.objects.get(patient="p1").sealed)

    with pytest.raises(NotKept, match="changed, moved"):
        resident_number.reveal("p2", lambda: None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"RESIDENT_NUMBER_KEYS": []}, "set RESIDENT_NUMBER_KEYS"),
        ({"RESIDENT_NUMBER_INDEX_KEY": ""}, "set RESIDENT_NUMBER_INDEX_KEY"),
        ({"RESIDENT_NUMBER_KEYS": ["a:AAAA"]}, "32 bytes"),
        ({"RESIDENT_NUMBER_KEYS": [f":{OLD}"]}, "id:base64"),
    ],
)
def test_without_its_keys_nothing_is_kept(settings: Any, change: dict[str, Any], told: str) -> None:
    for name, value in change.items():
        setattr(settings, name, value)

    with pytest.raises(NotKept, match=told):
        resident_number.keep("p1", NUMBER, BASIS, NOW)
    assert not ResidentNumber.objects.exists()


@pytest.mark.parametrize("number", ["", "x", "501301-2345677", "500301-23456770", "5003012345"])
def test_what_is_no_number_is_refused_without_repeating_it(number: str) -> None:
    with pytest.raises(NotKept) as error:
        resident_number.keep("p1", number, BASIS, NOW)

    assert not number or number not in str(error.value)
    with pytest.raises(NotKept, match="article"):
        resident_number.keep("p1", NUMBER, " ", NOW)


def test_keys_are_rotated_by_command_and_the_old_one_can_go(settings: Any) -> None:
    resident_number.keep("p1", NUMBER, BASIS, NOW)
    resident_number.keep("p2", OTHER, BASIS, NOW)
    settings.RESIDENT_NUMBER_KEYS = [f"b:{NEW}"]
    with pytest.raises(CommandError, match="'a' is not among"):
        call_command("rotate_resident_numbers")

    settings.RESIDENT_NUMBER_KEYS = [f"b:{NEW}", f"a:{OLD}"]
    out = StringIO()
    call_command("rotate_resident_numbers", stdout=out)
    assert out.getvalue() == "2 sealed anew\n"
    settings.RESIDENT_NUMBER_KEYS = [f"b:{NEW}"]
    assert resident_number.reveal("p2", lambda: None) == OTHER
    assert resident_number.find(NUMBER) == "p1"


def patient(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"text": "김영희"}], **members}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (patient(identifier=[{"system": "urn:x", "value": NUMBER}]), "Patient.identifier[0].value"),
    (patient(identifier=[{"system": "urn:x", "value": OTHER}]), "Patient.identifier[0].value"),
    (patient(identifier=[{"value": "900101-5123456"}]), "Patient.identifier[0].value"),
    (patient(address=[{"text": f"북구 ({NUMBER})"}]), "Patient.address[0].text"),
    (patient(telecom=[{"value": NUMBER.replace("-", "–")}]), "Patient.telecom[0].value"),
    (
        patient(contained=[{"resourceType": "RelatedPerson", "identifier": [{"value": OTHER}]}]),
        "Patient.contained[0].identifier[0].value",
    ),
    (
        {"resourceType": "Observation", "note": [{"text": f"환자 {NUMBER} 검사"}]},
        "Observation.note[0].text",
    ),
]


@pytest.mark.parametrize(("resource", "place"), REFUSED)
def test_the_record_refuses_one_wherever_it_stands_and_names_the_place_alone(
    resource: dict[str, Any], place: str
) -> None:
    issues = refusals(resource, json.dumps(resource, ensure_ascii=False).encode())

    assert [issue.expression for issue in issues] == [(place,)]
    assert NUMBER not in issues[0].text() and OTHER not in issues[0].text()


@pytest.mark.parametrize(
    "resource",
    [
        patient(identifier=[{"system": "urn:bitgoeul:citizen", "value": "C-1234567"}]),
        patient(telecom=[{"value": "010-1234-5678"}], birthDate="1950-03-01"),
        patient(identifier=[{"value": "500301-2******"}]),
        {"resourceType": "Specimen", "accessionIdentifier": {"value": "240115-1000123"}},
        {"resourceType": "Observation", "note": [{"text": "검체 240115-1000123"}]},
        {"resourceType": "Observation", "identifier": [{"value": "urn:oid:1.2.410.240115-1000123"}]},
        {"resourceType": "DocumentReference", "id": "1501234567890"},
    ],
)
def test_other_numbers_are_let_pass(resource: dict[str, Any]) -> None:
    assert refusals(resource, json.dumps(resource, ensure_ascii=False).encode()) == []


@given(st.from_regex(r"[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])-[1-8][0-9]{5}", fullmatch=True))
def test_one_in_ten_last_digits_is_the_check_digit(twelve: str) -> None:
    right = [digit for digit in "0123456789" if is_checked(twelve + digit)]

    assert len(right) == 1
    text = {"resourceType": "Basic", "code": {"text": twelve + right[0]}}
    assert len(refusals(text, json.dumps(text).encode())) == 1


def test_a_planted_number_is_in_no_table_no_log_and_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clinic = builders.organization("빛고을의원")
    system = builders.clinic_client("clinic", clinic)
    known = builders.patient(clinic)
    planted = patient(id=known, identifier=[{"system": "urn:x", "value": NUMBER}], gender="x", birthDate=NUMBER)
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": patient(identifier=[{"value": OTHER}]), "request": {"method": "POST", "url": "Patient"}}
        ],
    }
    answers = [
        system.post(f"{FHIR}/Patient", planted),
        system.put(f"{FHIR}/Patient/{known}", planted),
        system.post(FHIR, bundle),
        system.get(f"{FHIR}/Patient?identifier={NUMBER}"),
        system.post(f"{FHIR}/Patient", patient(), If_None_Exist=f"identifier={OTHER}"),
        caller_for(builders.citizen(known)).get(f"{FHIR}/Patient/{NUMBER}"),
    ]

    assert [answer.status_code for answer in answers][:3] == [422, 422, 422]
    outcome = answers[0].json()
    assert outcome["issue"][0]["expression"] == ["Patient.identifier[0].value"]
    texts = [everything_stored(), caplog.text, *(answer.content.decode() for answer in answers[:3])]
    for number in (NUMBER, OTHER, NUMBER.replace("-", "")):
        assert not any(number in text for text in texts), number
