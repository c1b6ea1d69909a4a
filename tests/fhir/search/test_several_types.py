"""Search of the system and of a patient's compartment."""

from __future__ import annotations

from tests.builders import FHIR
from tests.fhir.search.test_chains import Ward, found, ward
from tests.fhir.search.test_includes import modes

__all__ = ["ward"]


def test_a_compartment_holds_what_is_about_the_patient(ward: Ward) -> None:
    own = f"Patient/{ward.city.patient}"
    everything = sorted([ward.city.patient, ward.encounter, ward.pulse, ward.weight, ward.report])
    for caller in (ward.city.system, ward.city.clinician, ward.city.citizen):
        assert found(caller, f"{own}/Observation?_count=50") == sorted([ward.pulse, ward.weight])
        assert found(caller, f"{own}/Observation?code=8867-4") == [ward.pulse]
        assert found(caller, f"{own}/Encounter?status=finished") == [ward.encounter]
        assert found(caller, f"{own}/*?_count=50") == everything
        assert found(caller, f"{own}/*?_type=Observation,Encounter") == sorted(
            [ward.pulse, ward.weight, ward.encounter]
        )
    for caller in (ward.city.other_system, ward.city.other_clinician, ward.city.stranger):
        assert found(caller, f"{own}/Observation?_count=50") == []
        assert found(caller, f"{own}/*?_count=50") == []


def test_a_compartment_is_searched_by_post_and_pages_on_at_its_own_address(ward: Ward) -> None:
    own = f"{FHIR}/Patient/{ward.city.patient}"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    bundle = ward.city.system.send("POST", f"{own}/Observation/_search", b"_count=1", **form).json()
    assert len(bundle["entry"]) == 1
    links = {link["relation"]: link["url"] for link in bundle["link"]}
    assert f"{own}/Observation?" in links["self"]
    following = ward.city.system.get(links["next"].partition("testserver")[2]).json()
    assert {bundle["entry"][0]["resource"]["id"], following["entry"][0]["resource"]["id"]} == {ward.pulse, ward.weight}


def test_a_type_outside_the_compartment_is_refused(ward: Ward) -> None:
    answer = ward.city.system.get(f"{FHIR}/Patient/{ward.city.patient}/Organization")
    assert answer.status_code == 404
    assert "Observation" in answer.json()["issue"][0]["diagnostics"]


def test_several_types_are_one_answer_in_one_order(ward: Ward) -> None:
    asked = "?_type=Observation,Encounter&_sort=-_lastUpdated&_count=2"
    seen: list[str] = []
    address: str | None = f"{FHIR}{asked}"
    while address:
        bundle = ward.city.system.get(address).json()
        seen += [entry["resource"]["id"] for entry in bundle.get("entry", [])]
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        address = address and address.partition("testserver")[2]
    assert seen == [ward.weight, ward.pulse, ward.encounter]
    assert found(ward.city.other_system, asked) == []
    assert ward.city.system.get(f"{FHIR}?_type=Observation,Encounter&_sort=code").status_code == 400


def test_the_system_is_searched_by_parameters_that_the_types_share(ward: Ward) -> None:
    asked = f"?_type=Observation,Encounter&patient={ward.city.patient}&_include=Observation:performer"
    assert modes(ward.city.system, asked) == {
        "match": sorted([f"Observation/{ward.pulse}", f"Observation/{ward.weight}", f"Encounter/{ward.encounter}"]),
        "include": [f"Practitioner/{ward.doctor}"],
    }
    for query, word in (("", "_type"), ("?_type=Planet", "Planet"), ("?_type=Patient,Observation&code=x", "code")):
        refused = ward.city.system.get(f"{FHIR}{query}")
        assert refused.status_code == 400
        assert word in str(refused.json())
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    posted = ward.city.system.send("POST", f"{FHIR}/_search", b"_type=Observation&code=8867-4", **form)
    assert [entry["resource"]["id"] for entry in posted.json()["entry"]] == [ward.pulse]
