"""Transaction and batch Bundles over HTTP (FHIR R4, http.html#transaction)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.builders import FHIR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import resources


def entry(method: str, url: str, resource: dict[str, Any] | None = None, **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    return made if resource is None else made | {"resource": resource}


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


NEW_PATIENT = {"resourceType": "Patient", "name": [{"text": "최순옥"}], "birthDate": "1944-01-02"}


def test_entries_may_refer_to_each_other_in_any_order(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}
    made = bundle(
        entry("POST", "Observation", pulse),
        entry("POST", "Patient", NEW_PATIENT) | {"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111"},
    )
    # A POST about a patient who comes later in the Bundle needs the patient first.
    made["entry"].reverse()
    answer = city.system.post(FHIR, made)
    assert answer.status_code == 200, answer.content
    patient, stored = [one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"]]
    assert city.system.get(f"{FHIR}/{stored}").json()["subject"]["reference"] == patient


def test_the_patient_may_come_after_what_is_about_the_patient(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}
    made = bundle(
        entry("POST", "Observation", pulse),
        entry("POST", "Patient", NEW_PATIENT) | {"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111"},
    )
    assert city.system.post(FHIR, made).status_code == 200


def test_one_bad_entry_undoes_all_and_is_named(city: City) -> None:
    before = resources()
    made = bundle(
        entry("POST", "Observation", observation(city.patient)),
        entry("POST", "Observation", observation(city.patient) | {"status": 3}),
    )
    refused = city.system.post(FHIR, made)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    assert resources() == before


def test_a_batch_answers_each_entry_by_itself(city: City) -> None:
    made = bundle(
        entry("POST", "Observation", observation(city.patient)),
        entry("POST", "Observation", observation(city.patient) | {"status": 3}),
        entry("GET", f"Observation?patient={city.patient}"),
        entry("GET", "Observation/nowhere"),
        kind="batch",
    )
    answer = city.system.post(FHIR, made).json()
    assert [one["response"]["status"].partition(" ")[0] for one in answer["entry"]] == ["201", "422", "200", "404"]
    assert answer["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert len(answer["entry"][2]["resource"]["entry"]) == 1


def test_a_conditional_create_in_a_transaction_finds_what_is_there_and_its_reference_leads_to_it(city: City) -> None:
    sent = NEW_PATIENT | {"identifier": [{"system": "urn:clinic", "value": "9"}]}
    full_url = "urn:uuid:22222222-2222-4222-8222-222222222222"
    pulse = observation("x") | {"subject": {"reference": full_url}}

    def once() -> list[str]:
        made = bundle(
            entry("POST", "Patient", sent, ifNoneExist="identifier=urn:clinic|9") | {"fullUrl": full_url},
            entry("POST", "Observation", pulse),
        )
        answer = city.system.post(FHIR, made)
        assert answer.status_code == 200, answer.content
        return [one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"]]

    first, second = once(), once()
    assert first[0] == second[0]
    assert city.system.get(f"{FHIR}/{second[1]}").json()["subject"]["reference"] == first[0]


def test_the_same_condition_twice_in_one_bundle_is_one_resource(city: City) -> None:
    sent = NEW_PATIENT | {"identifier": [{"system": "urn:clinic", "value": "9"}]}
    made = bundle(*[entry("POST", "Patient", sent, ifNoneExist="identifier=urn:clinic|9") for _ in range(2)])
    answer = city.system.post(FHIR, made).json()
    locations = {one["response"]["location"] for one in answer["entry"]}
    assert len(locations) == 1


def test_a_conditional_reference_leads_to_the_one_match(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "Patient?identifier=urn:bitgoeul:citizen|C-1"}}
    answer = city.system.post(FHIR, bundle(entry("POST", "Observation", pulse)))
    assert answer.status_code == 200, answer.content
    location = answer.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert city.system.get(f"{FHIR}/{location}").json()["subject"]["reference"] == f"Patient/{city.patient}"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("urn:uuid:33333333-3333-4333-8333-333333333333", "fullUrl of no entry"),
        ("Patient?identifier=urn:bitgoeul:citizen|none", "Nothing matches"),
    ],
)
def test_a_reference_to_nothing_is_refused(city: City, reference: str, words: str) -> None:
    pulse = observation("x") | {"subject": {"reference": reference}}
    refused = city.system.post(FHIR, bundle(entry("POST", "Observation", pulse)))
    assert refused.status_code == 422
    assert words in refused.json()["issue"][0]["diagnostics"]
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[0]"]


def test_deletes_come_first_and_reads_last(city: City) -> None:
    old = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()["id"]
    made = bundle(
        entry("GET", f"Observation?patient={city.patient}"),
        entry("POST", "Observation", observation(city.patient, 61)),
        entry("DELETE", f"Observation/{old}"),
    )
    answer = city.system.post(FHIR, made).json()
    seen = answer["entry"][0]["resource"]["entry"]
    assert [one["resource"]["valueQuantity"]["value"] for one in seen] == [61]


def test_one_resource_is_changed_once_in_a_transaction(city: City) -> None:
    old = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    made = bundle(entry("PUT", f"Observation/{old['id']}", old), entry("DELETE", f"Observation/{old['id']}"))
    assert city.system.post(FHIR, made).status_code == 400


@pytest.mark.parametrize(
    "made",
    [
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": NEW_PATIENT}]},
        bundle(entry("POST", "Patient")),
        bundle(entry("POST", "Nonsense", NEW_PATIENT)),
        bundle(entry("PUT", "Patient", NEW_PATIENT)),
        bundle(entry("BREW", "Patient", NEW_PATIENT)),
        {"resourceType": "Bundle", "type": "transaction", "entry": "all"},
    ],
)
def test_a_malformed_bundle_is_refused(city: City, made: dict[str, Any]) -> None:
    before = resources()
    assert city.system.post(FHIR, made).status_code == 400
    assert resources() == before


# ---- every verb


def pulse_of(city: City, **members: Any) -> dict[str, Any]:
    return dict(city.system.post(f"{FHIR}/Observation", observation(city.patient) | members).json())


def answers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["response"]["status"].partition(" ")[0] for one in answer.json()["entry"]]


def json_patch(*operations: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


FINAL_TO_AMENDED = {"op": "replace", "path": "/status", "value": "amended"}
AS_PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Observation.status"},
                {"name": "value", "valueCode": "amended"},
            ],
        }
    ],
}


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_every_verb_stands_in_a_bundle(city: City, kind: str) -> None:
    changed, deleted, patched, also_patched = (pulse_of(city) for _ in range(4))
    made = bundle(
        entry("GET", f"Observation/{changed['id']}"),
        entry("PUT", f"Observation/{changed['id']}", changed | {"status": "amended"}, ifMatch='W/"1"'),
        entry("PATCH", f"Observation/{patched['id']}", json_patch(FINAL_TO_AMENDED)),
        entry("PATCH", f"Observation/{also_patched['id']}", AS_PARAMETERS),
        entry("POST", "Observation", observation(city.patient)),
        entry("DELETE", f"Observation/{deleted['id']}"),
        kind=kind,
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["200", "200", "200", "200", "201", "204"]
    assert answer.json()["type"] == f"{kind}-response"
    for id in (changed["id"], patched["id"], also_patched["id"]):
        assert city.system.get(f"{FHIR}/Observation/{id}").json()["status"] == "amended"
    assert city.system.get(f"{FHIR}/Observation/{deleted['id']}").status_code == 410
    # In a transaction what asks is answered last, in a batch in its place.
    seen = answer.json()["entry"][0]["resource"]["status"]
    assert seen == ("amended" if kind == "transaction" else "final")


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_conditions_stand_in_a_bundle(city: City, kind: str) -> None:
    def sent(value: str, **members: Any) -> dict[str, Any]:
        return observation(city.patient) | {"identifier": [{"system": "urn:c", "value": value}]} | members

    for value in ("1", "2", "3"):
        city.system.post(f"{FHIR}/Observation", sent(value))
    made = bundle(
        entry("PUT", "Observation?identifier=urn:c|1", sent("1", status="amended")),
        entry("PUT", "Observation?identifier=urn:c|new", sent("new")),
        entry("PATCH", "Observation?identifier=urn:c|2", AS_PARAMETERS),
        entry("DELETE", "Observation?identifier=urn:c|3"),
        entry("DELETE", "Observation?identifier=urn:c|none"),
        entry("POST", "Observation", sent("1"), ifNoneExist="identifier=urn:c|1"),
        kind=kind,
    )
    if kind == "transaction":
        made["entry"][5] = entry("POST", "Observation", sent("4"), ifNoneExist="identifier=urn:c|4")
    assert answers(city.system.post(FHIR, made)) == [
        "200",
        "201",
        "200",
        "204",
        "204",
        "201" if kind == "transaction" else "200",
    ]
    found = city.system.get(f"{FHIR}/Observation?patient={city.patient}&_count=50").json()["entry"]
    states = {one["resource"]["identifier"][0]["value"]: one["resource"]["status"] for one in found}
    expected = {"1": "amended", "2": "amended", "new": "final"} | ({"4": "final"} if kind == "transaction" else {})
    assert states == expected


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_operations_and_searches_stand_in_a_bundle(city: City, kind: str) -> None:
    pulse = pulse_of(city)
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": observation(city.patient) | {"status": 7}}],
    }
    made = bundle(
        entry("GET", f"Observation/{pulse['id']}/$validate"),
        entry("POST", "Observation/$validate", parameters),
        entry("GET", f"Observation?patient={city.patient}&_elements=status"),
        entry("GET", f"Observation/{pulse['id']}/_history"),
        entry("GET", "metadata"),
        entry("GET", f"Observation/{pulse['id']}", ifNoneMatch='W/"1"'),
        kind=kind,
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["200", "200", "200", "200", "200", "304"]
    kinds = [one.get("resource", {}).get("resourceType") for one in answer.json()["entry"]]
    assert kinds == ["OperationOutcome", "OperationOutcome", "Bundle", "Bundle", "CapabilityStatement", None]
    assert answer.json()["entry"][1]["resource"]["issue"][0]["severity"] == "error"


def test_an_operation_that_fails_undoes_the_transaction(city: City) -> None:
    before = resources()
    made = bundle(
        entry("POST", "Observation", observation(city.patient)),
        entry("GET", "Observation/nowhere"),
        entry("GET", "ValueSet/$expand"),
    )
    refused = city.system.post(FHIR, made)
    assert refused.status_code == 404
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert resources() == before


@pytest.mark.parametrize(
    ("prefer", "has_resource", "has_outcome"),
    [
        ("return=minimal", False, False),
        ("return=representation", True, False),
        ("return=OperationOutcome", False, True),
    ],
)
def test_prefer_says_what_a_transaction_answers(city: City, prefer: str, has_resource: bool, has_outcome: bool) -> None:
    made = bundle(entry("POST", "Observation", observation(city.patient)))
    (answer,) = city.system.post(FHIR, made, Prefer=prefer).json()["entry"]
    assert ("resource" in answer, "outcome" in answer["response"]) == (has_resource, has_outcome)
    assert answer["response"]["etag"] == 'W/"1"' and answer["response"]["lastModified"]


def test_a_malformed_entry_of_a_batch_spoils_no_other(city: City) -> None:
    made = bundle(
        {"resource": NEW_PATIENT},
        entry("PUT", "Patient", NEW_PATIENT),
        entry("PATCH", f"Patient/{city.patient}", {"resourceType": "Binary", "data": "!"}),
        entry("POST", "Observation", observation(city.patient)),
        kind="batch",
    )
    assert answers(city.system.post(FHIR, made)) == ["400", "400", "400", "201"]


# ---- names


A, B, C = (f"urn:uuid:{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")


def test_what_is_created_may_refer_to_each_other_in_a_circle(city: City) -> None:
    def report(results: str) -> dict[str, Any]:
        return {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/{city.patient}"},
            "result": [{"reference": results}],
        }

    one = observation(city.patient) | {"hasMember": [{"reference": B}], "derivedFrom": [{"reference": A}]}
    other = observation(city.patient) | {"derivedFrom": [{"reference": A}]}
    made = bundle(
        entry("POST", "Observation", one) | {"fullUrl": A},
        entry("POST", "Observation", other) | {"fullUrl": B},
        entry("POST", "DiagnosticReport", report(B)) | {"fullUrl": C},
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["201", "201", "201"]
    first, second, third = (one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"])
    stored = city.system.get(f"{FHIR}/{first}").json()
    assert stored["hasMember"] == [{"reference": second}] and stored["derivedFrom"] == [{"reference": first}]
    assert city.system.get(f"{FHIR}/{third}").json()["result"] == [{"reference": second}]
    assert len(city.system.get(f"{FHIR}/Observation?derived-from={first}").json()["entry"]) == 2


def test_a_name_is_replaced_wherever_r4_says_and_nowhere_else(city: City) -> None:
    pulse = observation(city.patient) | {
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">'
            f'<a href="{B}">b</a> {B} <img alt="x" src=\'{B}\'/></div>',
        },
        "extension": [
            {"url": "urn:bitgoeul:a", "valueUri": B},
            {"url": "urn:bitgoeul:b", "valueString": B},
            {"url": "urn:bitgoeul:c", "valueCanonical": B},
            {"url": "urn:bitgoeul:d", "valueReference": {"reference": B}},
            {"url": "urn:bitgoeul:e", "extension": [{"url": "urn:bitgoeul:f", "valueUrl": B}]},
        ],
        "identifier": [{"system": B, "value": B}],
        "note": [{"text": f"siehe {B}"}],
    }
    made = bundle(
        entry("POST", "Observation", pulse) | {"fullUrl": A},
        entry("POST", "Observation", observation(city.patient)) | {"fullUrl": B},
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["201", "201"]
    first, second = (one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"])
    stored = city.system.get(f"{FHIR}/{first}").json()
    values = [next(value for name, value in one.items() if name != "url") for one in stored["extension"]]
    assert values[:4] == [second, B, B, {"reference": second}]
    assert values[4] == [{"url": "urn:bitgoeul:f", "valueUrl": second}]
    assert stored["identifier"] == [{"system": second, "value": B}]
    assert stored["note"] == pulse["note"]
    assert stored["text"]["div"] == pulse["text"]["div"].replace(f'"{B}"', f'"{second}"').replace(
        f"'{B}'", f"'{second}'"
    )


def test_a_relative_reference_is_read_against_the_fullurl(city: City) -> None:
    """A Bundle from another server: its Patient/7 is not ours."""
    base = "https://clinic.example/fhir"
    pulse = observation("7")
    made = bundle(
        entry("POST", "Observation", pulse) | {"fullUrl": f"{base}/Observation/1"},
        entry("POST", "Patient", NEW_PATIENT) | {"fullUrl": f"{base}/Patient/7"},
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["201", "201"]
    stored, patient = (one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"])
    assert patient != "Patient/7"
    assert city.system.get(f"{FHIR}/{stored}").json()["subject"]["reference"] == patient


def test_a_patch_may_name_what_the_bundle_creates(city: City) -> None:
    pulse = pulse_of(city)
    patch = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "add"},
                    {"name": "path", "valueString": "Observation"},
                    {"name": "name", "valueString": "hasMember"},
                    {"name": "value", "valueReference": {"reference": A}},
                ],
            }
        ],
    }
    made = bundle(
        entry("PATCH", f"Observation/{pulse['id']}", patch),
        entry("POST", "Observation", observation(city.patient)) | {"fullUrl": A},
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["200", "201"]
    created = answer.json()["entry"][1]["response"]["location"].partition("/_history")[0]
    assert city.system.get(f"{FHIR}/Observation/{pulse['id']}").json()["hasMember"] == [{"reference": created}]


def test_a_patient_and_a_provenance_find_their_turn(city: City) -> None:
    """A record needs its patient, a Provenance what it tells of: in whichever order and by whichever verb they come."""
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": "Observation/turn"}],
        "recorded": "2026-11-22T09:00:00+09:00",
        "agent": [{"who": {"display": "x"}}],
    }
    known = dict(city.system.get(f"{FHIR}/Patient/{city.patient}").json())
    made = bundle(
        entry("POST", "Provenance", provenance),
        entry("PUT", "Observation/turn", observation("x") | {"id": "turn", "subject": {"reference": A}}),
        entry("PUT", f"Patient/{city.patient}", known) | {"fullUrl": A},
    )
    answer = city.system.post(FHIR, made)
    assert answers(answer) == ["201", "201", "200"]
    location = answer.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert city.citizen.get(f"{FHIR}/{location}").status_code == 200


# ---- refusals


def test_the_same_resource_by_id_and_by_criteria_is_an_overlap(city: City) -> None:
    pulse = pulse_of(city, identifier=[{"system": "urn:c", "value": "1"}])
    before = resources()
    for overlapping in (
        bundle(entry("DELETE", f"Observation/{pulse['id']}"), entry("PUT", "Observation?identifier=urn:c|1", pulse)),
        bundle(
            entry("DELETE", "Observation?identifier=urn:c|1"),
            entry("PATCH", f"Observation/{pulse['id']}", AS_PARAMETERS),
        ),
        bundle(
            entry("PUT", "Observation?code=a|b", observation(city.patient)),
            entry("PUT", "Observation?code=a|b", observation(city.patient)),
        ),
        bundle(
            entry("POST", "Observation", observation(city.patient)) | {"fullUrl": A},
            entry("POST", "Observation", observation(city.patient)) | {"fullUrl": A},
        ),
    ):
        refused = city.system.post(FHIR, overlapping)
        assert refused.status_code == 400
        assert refused.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert resources() == before
    assert city.system.get(f"{FHIR}/Observation/{pulse['id']}")["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (entry("PUT", "Observation/x", {"resourceType": "Observation", "id": "y"}), 400),
        (entry("PATCH", "Observation/nowhere", AS_PARAMETERS), 404),
        (entry("PATCH", "Observation?identifier=none|none", AS_PARAMETERS), 404),
        (entry("DELETE", "Observation/nowhere"), 404),
        (entry("DELETE", "Observation?_count=1"), 400),
        (entry("POST", "Observation", observation("x"), ifNoneExist="colour=red"), 400),
        (entry("PUT", "Observation/{pulse}", {"resourceType": "Observation", "id": "{pulse}"}, ifMatch='W/"7"'), 412),
        (entry("GET", "Nonsense/1"), 404),
        (entry("GET", "Observation?colour=red"), 400),
    ],
)
def test_any_failing_entry_is_named_and_undoes_all(city: City, bad: dict[str, Any], status: int) -> None:
    pulse = pulse_of(city)
    before = resources()
    failing = json.loads(json.dumps(bad).replace("{pulse}", pulse["id"]))
    made = bundle(entry("POST", "Observation", observation(city.patient)), failing)
    refused = city.system.post(FHIR, made)
    assert refused.status_code == status
    assert refused.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert resources() == before


@pytest.mark.parametrize("who", ["other_system", "other_clinician", "citizen", "stranger"])
def test_nobody_reaches_further_in_a_bundle_than_alone(city: City, who: str) -> None:
    pulse = pulse_of(city)
    before = resources()
    caller = getattr(city, who)
    for verb in (
        entry("PUT", f"Observation/{pulse['id']}", pulse),
        entry("PATCH", f"Observation/{pulse['id']}", AS_PARAMETERS),
        entry("DELETE", f"Observation/{pulse['id']}"),
        entry("POST", "Observation", observation(city.patient)),
        entry("POST", "Observation", observation("x") | {"subject": {"reference": "Patient?identifier=C-1"}}),
    ):
        assert caller.post(FHIR, bundle(verb)).status_code in (403, 404, 422)
        (answer,) = caller.post(FHIR, bundle(verb, kind="batch")).json()["entry"]
        assert answer["response"]["status"][:3] in ("403", "404", "422")
    for question in (f"Observation/{pulse['id']}", f"Observation/{pulse['id']}/_history", f"Patient/{city.patient}"):
        status = caller.post(FHIR, bundle(entry("GET", question))).status_code
        assert status == (200 if who == "citizen" else 404)
    assert resources() == before
    assert city.system.get(f"{FHIR}/Observation/{pulse['id']}")["ETag"] == 'W/"1"'
