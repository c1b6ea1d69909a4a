"""patch over HTTP (FHIR R4, http.html#patch), and what HL7's cases leave open about both kinds of patch."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from health_platform.fhir import body
from health_platform.fhir.outcome import FhirError
from health_platform.fhir.patch import fhirpath_patch, json_patch
from tests import builders
from tests.builders import FHIR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import rows

JSON_PATCH = "application/json-patch+json"


def operation(kind: str, path: str, value: dict[str, Any] | None = None, **plain: Any) -> dict[str, Any]:
    """One operation of a FHIRPath Patch; ``value`` is the part's content, such as ``{"valueCode": "final"}``."""
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    parts += [
        {"name": name, "valueInteger" if isinstance(entry, int) else "valueString": entry}
        for name, entry in plain.items()
    ]
    if value is not None:
        parts.append({"name": "value", **value})
    return {"name": "operation", "part": parts}


def fhirpath(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def pulse(city: City) -> str:
    return str(city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()["id"])


# ---- the patches themselves

PERSON: dict[str, Any] = {
    "resourceType": "Patient",
    "birthDate": "1950-03-01",
    "_birthDate": {"extension": [{"url": "urn:a", "valueString": "x"}]},
    "name": [
        {"use": "official", "given": ["가", "나", "다"], "_given": [None, {"id": "n"}, None]},
        {"use": "usual", "text": "라"},
    ],
    "deceasedBoolean": False,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (operation("delete", "Patient.name.where(use = 'usual')"), {"name": PERSON["name"][:1]}),
        (
            operation("delete", "Patient.name[0].given[1]"),
            {"name": [{"use": "official", "given": ["가", "다"]}, PERSON["name"][1]]},
        ),
        (
            operation("insert", "Patient.name[0].given", {"valueString": "하"}, index=1),
            {
                "name": [
                    {
                        "use": "official",
                        "given": ["가", "하", "나", "다"],
                        "_given": [None, None, {"id": "n"}, None],
                    },
                    PERSON["name"][1],
                ]
            },
        ),
        (
            operation("move", "Patient.name.first().given", source=1, destination=0),
            {
                "name": [
                    {"use": "official", "given": ["나", "가", "다"], "_given": [{"id": "n"}, None, None]},
                    PERSON["name"][1],
                ]
            },
        ),
        (
            operation("replace", "Patient.deceased", {"valueDateTime": "2026-01-01"}),
            {"deceasedBoolean": None, "deceasedDateTime": "2026-01-01"},
        ),
        (
            operation("add", "Patient", {"valueBoolean": True}, name="multipleBirth"),
            {"multipleBirthBoolean": True},
        ),
        (operation("delete", "Patient.birthDate.extension('urn:a')"), {"_birthDate": None}),
        (
            operation(
                "add", "Patient.birthDate", {"valueExtension": {"url": "urn:b", "valueCode": "y"}}, name="extension"
            ),
            {"_birthDate": {"extension": [*PERSON["_birthDate"]["extension"], {"url": "urn:b", "valueCode": "y"}]}},
        ),
        (operation("delete", "Patient.telecom"), {}),
        (operation("delete", "Patient.name.tail()"), {"name": PERSON["name"][:1]}),
        (
            operation("replace", "Patient.name.where(use.exists() and given.count() > 2).use", {"valueCode": "old"}),
            {"name": [PERSON["name"][0] | {"use": "old"}, PERSON["name"][1]]},
        ),
    ],
)
def test_a_fhirpath_patch_changes_the_one_element_and_nothing_else(
    change: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = fhirpath_patch.apply(PERSON, fhirpath(change))
    wanted = {name: value for name, value in (PERSON | expected).items() if value is not None}
    assert found == wanted


def test_an_extension_on_a_primitive_without_one_is_added_beside_it() -> None:
    change = operation(
        "add", "Patient.gender", {"valueExtension": {"url": "urn:b", "valueCode": "y"}}, name="extension"
    )
    found = fhirpath_patch.apply({"resourceType": "Patient", "gender": "female"}, fhirpath(change))
    assert found["_gender"] == {"extension": [{"url": "urn:b", "valueCode": "y"}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (operation("delete", "Patient.name"), "2 elements"),
        (operation("replace", "Patient.telecom", {"valueCode": "x"}), "0 elements"),
        (operation("replace", "Patient", {"valueCode": "x"}), "0 elements"),
        (operation("delete", "Patient"), "send DELETE"),
        (operation("add", "Patient", {"valueDate": "1950-03-02"}, name="birthDate"), "replace it"),
        (operation("add", "Patient", {"valueDate": "1950-03-02"}, name="colour"), "no element 'colour'"),
        (operation("add", "Patient", {"valueAttachment": {}}, name="multipleBirth"), "cannot be a Attachment"),
        (operation("insert", "Patient.name", {"valueHumanName": {"text": "x"}}, index=3), "2 entries"),
        (operation("move", "Patient.name", source=2, destination=0), "2 entries"),
        (operation("insert", "Patient.birthDate", {"valueDate": "1950"}, index=0), "not a list"),
        (operation("delete", "Patient.name.given.distinct()"), "lead to an element"),
        (operation("delete", "Patient.name["), "not FHIRPath"),
        (operation("delete", "Patient.name.single()"), "several"),
    ],
)
def test_a_fhirpath_patch_that_does_not_fit_names_operation_and_path(change: dict[str, Any], words: str) -> None:
    good = operation("replace", "Patient.birthDate", {"valueDate": "1951-01-01"})
    with pytest.raises(FhirError) as refused:
        fhirpath_patch.apply(PERSON, fhirpath(good, change))
    issue = refused.value.issues[0]
    assert (refused.value.status, issue.expression) == (422, ("Parameters.parameter[1]",))
    assert change["part"][1]["valueString"] in issue.text() and change["part"][0]["valueCode"] in issue.text()
    assert words in refused.value.issues[1].text()


@pytest.mark.parametrize(
    "patch",
    [
        {"resourceType": "Patient"},
        fhirpath({"name": "operation"}),
        fhirpath({"name": "other", "part": []}),
        fhirpath(operation("paint", "Patient")),
        fhirpath(operation("insert", "Patient.name", {"valueString": "x"})),
        fhirpath(operation("add", "Patient", name="name")),
        {"resourceType": "Parameters", "parameter": "all"},
    ],
)
def test_what_is_no_fhirpath_patch_is_refused(patch: dict[str, Any]) -> None:
    with pytest.raises(FhirError) as refused:
        fhirpath_patch.apply(PERSON, patch)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/a/-", "value": 4}], '{"b":72.50,"a":[1,2,3,4]}'),
        ([{"op": "copy", "from": "/a/0", "path": "/a/1"}], '{"b":72.50,"a":[1,1,2,3]}'),
        ([{"op": "move", "from": "/a/2", "path": "/c~1d"}], '{"b":72.50,"a":[1,2],"c/d":3}'),
        ([{"op": "replace", "path": "/b", "value": "x"}], '{"b":"x","a":[1,2,3]}'),
        ([{"op": "test", "path": "/b", "value": Decimal("72.5")}], '{"b":72.50,"a":[1,2,3]}'),
        ([{"op": "remove", "path": "/a/0"}], '{"b":72.50,"a":[2,3]}'),
    ],
)
def test_a_json_patch_keeps_digits_and_order(operations: list[dict[str, Any]], expected: str) -> None:
    document = body.decode(b'{"b":72.50,"a":[1,2,3]}', as_written=True)
    assert body.serialise(json_patch.apply(document, operations)).decode() == expected


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([{"op": "add", "path": "/a/01", "value": 4}], 422),
        ([{"op": "add", "path": "/a/4", "value": 4}], 422),
        ([{"op": "remove", "path": "/a/-"}], 422),
        ([{"op": "move", "from": "/a", "path": "/a/0"}], 422),
        ([{"op": "test", "path": "/a/0", "value": True}], 422),
        ([{"op": "replace", "path": "/x", "value": 1}], 422),
        ([{"op": "add", "path": "/b/x", "value": 1}], 422),
        ([{"op": "add", "path": "a", "value": 1}], 400),
        ([{"op": "add", "path": "/a"}], 400),
        ([{"op": "move", "path": "/a"}], 400),
        ([{"op": "paint", "path": "/a"}], 400),
        ([7], 400),
        ({"op": "remove", "path": "/a"}, 400),
    ],
)
def test_a_json_patch_that_does_not_fit_changes_nothing(operations: Any, status: int) -> None:
    document = {"b": Decimal("72.50"), "a": [1, 2, 3]}
    with pytest.raises(FhirError) as refused:
        json_patch.apply(document, operations)
    assert refused.value.status == status
    assert document == {"b": Decimal("72.50"), "a": [1, 2, 3]}


# ---- the interaction


@pytest.mark.parametrize("digits", ["72.50", "1e2", "7.2E+1", "0.0000001"])
def test_both_kinds_of_patch_make_a_version_and_keep_every_other_byte(city: City, digits: str) -> None:
    sent = json.dumps(observation(city.patient)).replace('"value": 72', f'"value":{digits}').encode()
    id = city.system.post(f"{FHIR}/Observation", sent).json()["id"]
    address = f"{FHIR}/Observation/{id}"
    first = city.system.send(
        "PATCH", address, [{"op": "replace", "path": "/status", "value": "amended"}], Content_Type=JSON_PATCH
    )
    assert (first.status_code, first["ETag"]) == (200, 'W/"2"')
    assert first["Location"].endswith(f"/Observation/{id}/_history/2")
    second = city.system.send(
        "PATCH", address, fhirpath(operation("replace", "Observation.status", {"valueCode": "corrected"}))
    )
    assert (second.status_code, second["ETag"]) == (200, 'W/"3"')
    read = city.system.get(address)
    assert read.content == second.content
    assert f'"value":{digits},'.encode() in read.content
    assert list(read.json()) == [
        "resourceType",
        "id",
        "meta",
        *[name for name in json.loads(sent) if name != "resourceType"],
    ]
    assert read.json()["status"] == "corrected"
    found = city.system.get(f"{FHIR}/Observation?patient={city.patient}&status=corrected").json()
    assert len(found["entry"]) == 1


def test_what_a_patch_leaves_is_validated_like_an_update(city: City) -> None:
    id = pulse(city)
    patch = [{"op": "replace", "path": "/status", "value": 3}]
    refused = city.system.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Observation.status"]
    assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'


@pytest.mark.parametrize("path", ["/id", "/resourceType"])
def test_a_patch_cannot_make_it_another_resource(city: City, path: str) -> None:
    id = pulse(city)
    patch = [{"op": "replace", "path": path, "value": "Basic"}]
    refused = city.system.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH)
    assert refused.status_code == 422
    assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'


def test_a_patch_of_another_version_than_if_match_is_refused(city: City) -> None:
    id = pulse(city)
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    address = f"{FHIR}/Observation/{id}"
    assert city.system.send("PATCH", address, patch, Content_Type=JSON_PATCH, If_Match='W/"2"').status_code == 412
    assert city.system.send("PATCH", address, patch, Content_Type=JSON_PATCH, If_Match='W/"1"').status_code == 200


def test_a_patch_of_what_was_deleted_or_never_was(city: City) -> None:
    id = pulse(city)
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    city.system.delete(f"{FHIR}/Observation/{id}")
    gone = city.system.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH)
    never = city.system.send("PATCH", f"{FHIR}/Observation/never", patch, Content_Type=JSON_PATCH)
    assert (gone.status_code, never.status_code) == (410, 404)


@pytest.mark.parametrize(
    ("sent", "content_type", "status"),
    [
        (b"<Parameters/>", "application/fhir+xml", 415),
        (b"<diff/>", "application/xml-patch+xml", 415),
        (b"[]", "application/fhir+json", 400),
        (b'{"resourceType":"Parameters"}', JSON_PATCH, 400),
        (b"[", JSON_PATCH, 400),
        (b'[{"op":"replace","path":"","value":7}]', JSON_PATCH, 400),
    ],
)
def test_a_patch_says_what_it_is(city: City, sent: bytes, content_type: str, status: int) -> None:
    id = pulse(city)
    refused = city.system.send("PATCH", f"{FHIR}/Observation/{id}", sent, Content_Type=content_type)
    assert (refused.status_code, refused.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize(
    ("who", "status"), [("citizen", 403), ("stranger", 403), ("other_clinician", 404), ("other_system", 404)]
)
def test_nobody_patches_beyond_the_own_reach(city: City, who: str, status: int) -> None:
    id = pulse(city)
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    caller = getattr(city, who)
    assert caller.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH).status_code == status
    matching = caller.send("PATCH", f"{FHIR}/Observation?code=8867-4", patch, Content_Type=JSON_PATCH)
    assert matching.status_code == status
    assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'


def test_a_scope_without_update_does_not_patch(city: City) -> None:
    id = pulse(city)
    reader = builders.clinic_client("reader", city.clinic, "system/Observation.cr")
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    assert reader.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH).status_code == 403


def test_a_conditional_patch_changes_the_one_match(city: City) -> None:
    patch = [{"op": "replace", "path": "/status", "value": "amended"}]
    address = f"{FHIR}/Observation?code=8867-4&patient={city.patient}"
    assert city.system.send("PATCH", address, patch, Content_Type=JSON_PATCH).status_code == 404
    id = pulse(city)
    found = city.system.send("PATCH", address, patch, Content_Type=JSON_PATCH)
    assert (found.status_code, found.json()["id"], found.json()["status"]) == (200, id, "amended")
    pulse(city)
    assert city.system.send("PATCH", address, patch, Content_Type=JSON_PATCH).status_code == 412
    assert city.system.send("PATCH", f"{FHIR}/Observation", patch, Content_Type=JSON_PATCH).status_code == 400


def test_a_patch_that_moves_a_record_to_a_foreign_patient_is_refused(city: City) -> None:
    id = pulse(city)
    foreign = builders.patient(city.other_clinic, number="C-9")
    before = rows("SELECT sum(version) FROM fhir_resource")
    patch = [{"op": "replace", "path": "/subject/reference", "value": f"Patient/{foreign}"}]
    refused = city.system.send("PATCH", f"{FHIR}/Observation/{id}", patch, Content_Type=JSON_PATCH)
    assert refused.status_code == 422
    assert rows("SELECT sum(version) FROM fhir_resource") == before
