"""What the citizens' histories look like in FHIR: valid R4, KR Core's rules, gaps and slips included."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from health_platform.demo.city import codes
from health_platform.demo.city.city import City
from health_platform.fhir import body
from health_platform.fhir.validation import validate
from tests.demo.conftest import TODAY, Sample, sample_of

Resource = dict[str, Any]
PLAUSIBLE = {"height": (120, 210), "weight": (25, 200), "bmi": (12, 60), "waist": (40, 180)}
BY_CODE = {(measure.system, measure.code): name for name, measure in codes.MEASURES.items()}


def of_type(resources: list[Resource], resource_type: str) -> list[Resource]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def with_profile(resources: list[Resource], name: str) -> list[Resource]:
    found = [each for each in resources if codes.profile(name) in each.get("meta", {}).get("profile", ())]
    assert found, name
    return found


def code_of(resource: Resource) -> tuple[str, str]:
    coding = resource["code"]["coding"][0]
    return coding["system"], coding["code"]


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_resource_is_valid_r4(resources: list[Resource]) -> None:
    for resource in resources[: len(resources) // 3]:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_the_platform_s_own_validation_finds_no_error(resources: list[Resource]) -> None:
    for resource in resources:
        issues = validate(resource, body.serialise(resource))
        assert [issue.diagnostics for issue in issues if issue.is_error] == []


def test_a_citizen_has_60_to_120_resources_on_average(sample: list[Sample]) -> None:
    assert 60 < sum(len(each.resources) for each in sample) / len(sample) < 120
    assert max(len(bundle["entry"]) for each in sample for _, bundle in each.bundles) < 300


def test_patients_have_what_kr_core_demands(resources: list[Resource]) -> None:
    patients = with_profile(resources, "krcore-patient")
    assert patients == of_type(resources, "Patient")
    for patient in patients:
        assert patient["identifier"][0]["system"] == "urn:bitgoeul:citizen"
        assert patient["identifier"][0]["value"]
        assert re.fullmatch("[가-힣]{3}", patient["name"][0]["text"])
        assert patient["gender"] in ("male", "female")
        assert date.fromisoformat(patient["birthDate"]) < TODAY
        parts = [each["url"] for each in patient["address"][0]["extension"][0]["extension"]]
        assert parts[:3] == ["district", "roadName", "detailedAddress"]


def test_a_patient_points_at_every_institution_that_writes_about_it(sample: list[Sample]) -> None:
    for each in sample:
        patient = each.resources[0]
        cared = {entry["reference"].partition("|")[2] for entry in patient["generalPractitioner"]}
        assert cared == {key for key, _ in each.bundles}
        assert patient["managingOrganization"]["reference"].endswith(each.bundles[0][0])


def test_encounters_have_what_kr_core_demands(resources: list[Resource]) -> None:
    for encounter in with_profile(resources, "krcore-encounter"):
        assert (encounter["status"], encounter["class"]["code"]) == ("finished", "AMB")
        start, end = (datetime.fromisoformat(encounter["period"][name]) for name in ("start", "end"))
        assert start < end
        assert TODAY - timedelta(days=3700) < start.date() < TODAY
        assert encounter["serviceProvider"]["reference"].startswith("Organization?identifier=")


def test_diagnoses_are_kcd_8_with_category_and_recorded_date(resources: list[Resource]) -> None:
    category = {"system": f"{codes.KR_CORE}/CodeSystem/krcore-condition-category-types", "code": "진단"}
    for condition in with_profile(resources, "krcore-condition-encounter-diagnosis"):
        assert condition["category"] == [{"coding": [category]}]
        assert condition["code"]["coding"][0]["system"] == "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
        assert datetime.fromisoformat(condition["recordedDate"]).tzinfo is not None
        assert condition["onsetDateTime"] <= condition["recordedDate"]


def test_prescriptions_have_what_kr_core_demands(resources: list[Resource]) -> None:
    for request in with_profile(resources, "krcore-medicationrequest"):
        medication = request["medicationCodeableConcept"]
        assert medication["extension"][0]["url"] == codes.profile("krcore-medicationIngredient")
        assert medication["extension"][0]["valueCodeableConcept"]["coding"][0]["system"] == codes.ATC
        assert all(medication["coding"][0][name] for name in ("system", "code", "display"))
        (dosage,) = request["dosageInstruction"]
        assert dosage["text"]
        assert dosage["timing"]["repeat"].keys() == {"frequency", "period", "periodUnit"}
        assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 1
        assert request["dispenseRequest"]["expectedSupplyDuration"]["code"] == "d"


def test_observations_have_what_kr_core_demands(resources: list[Resource]) -> None:
    for result in with_profile(resources, "krcore-observation-laboratory-result"):
        assert result["category"][0]["coding"][0]["code"] == "laboratory"
        assert result["issued"] == result["effectiveDateTime"]
    for test in with_profile(resources, "krcore-observation-function-test"):
        assert test["category"][0]["coding"][0]["code"] == "exam"
    for pressure in with_profile(resources, "krcore-bloodpressure"):
        assert [part["code"]["coding"][0]["code"] for part in pressure["component"]] == ["8480-6", "8462-4"]
        assert {part["valueQuantity"]["code"] for part in pressure["component"]} == {"mm[Hg]"}
    for observation in of_type(resources, "Observation"):
        has_value = any(name.startswith("value") for name in observation) or "component" in observation
        assert has_value != ("dataAbsentReason" in observation)


@pytest.mark.parametrize(
    ("profile", "code", "unit"),
    [
        ("krcore-bodyheight", "8302-2", "cm"),
        ("krcore-bodyweight", "29463-7", "kg"),
        ("krcore-heartrate", "8867-4", "/min"),
        ("krcore-bodytemperature", "8310-5", "Cel"),
        ("krcore-pulseoximetry", "2708-6", "%"),
    ],
)
def test_vital_signs_have_the_code_and_unit_of_their_profile(
    resources: list[Resource], profile: str, code: str, unit: str
) -> None:
    for observation in with_profile(resources, profile):
        assert code_of(observation) == (codes.LOINC, code)
        assert observation.get("valueQuantity", {"code": unit})["code"] == unit


def test_references_within_a_bundle_lead_to_an_entry_before(sample: list[Sample]) -> None:
    for each in sample:
        for _, bundle in each.bundles:
            seen: set[str] = set()
            for entry in bundle["entry"]:
                inside = {reference for reference in references(entry["resource"]) if reference.startswith("urn:")}
                assert inside <= seen
                assert entry["fullUrl"] not in seen
                seen.add(entry["fullUrl"])


def test_full_urls_are_unique_over_all_bundles(sample: list[Sample]) -> None:
    counts = Counter(entry["fullUrl"] for each in sample for _, bundle in each.bundles for entry in bundle["entry"])
    assert max(counts.values()) == 1


def test_only_the_home_clinic_creates_the_patient_and_only_if_it_is_new(sample: list[Sample]) -> None:
    for each in sample:
        (_, home), *others = each.bundles
        identifier = each.history.person.identifier
        assert home["entry"][0]["request"]["ifNoneExist"] == f"identifier=urn:bitgoeul:citizen|{identifier}"
        types = {entry["resource"]["resourceType"] for _, bundle in others for entry in bundle["entry"]}
        assert "Patient" not in types


def test_some_values_are_missing_implausible_in_another_unit_or_entered_in_error(resources: list[Resource]) -> None:
    observations = of_type(resources, "Observation")
    found: Counter[str] = Counter()
    for each in observations:
        found["absent"] += "dataAbsentReason" in each
        found["error"] += each["status"] == "entered-in-error"
        name = BY_CODE.get(code_of(each))
        unit = each.get("valueQuantity", {}).get("code")
        found["other unit"] += unit is not None and (name is None or unit != codes.MEASURES[name].unit)
        value = each.get("valueQuantity", {}).get("value")
        low, high = PLAUSIBLE.get(name or "", (float("-inf"), float("inf")))
        found["implausible"] += value is not None and not low <= value <= high
    assert 0.001 < found["absent"] / len(observations) < 0.02
    assert 0.001 < found["error"] / len(observations) < 0.01
    assert 0.01 < found["other unit"] / len(observations) < 0.06
    body = [each for each in observations if BY_CODE.get(code_of(each)) in PLAUSIBLE]
    assert 0.002 < found["implausible"] / len(body) < 0.012


def test_other_units_carry_the_same_quantity() -> None:
    hba1c = codes.MEASURES["hba1c"].others[0]
    assert 6.5 * hba1c.factor + hba1c.shift == pytest.approx(47.5, abs=0.1)
    uacr = codes.MEASURES["uacr"].others[0]
    assert 30 * uacr.factor == pytest.approx(3.39, abs=0.01)
    glucose = codes.MEASURES["fasting_glucose"].others[0]
    assert 126 * glucose.factor == pytest.approx(6.99, abs=0.01)


def test_a_reviewed_problem_list_stands_for_some_and_names_all_known_problems(sample: list[Sample]) -> None:
    reviewed = 0
    for each in sample:
        lists = [entry for entry in of_type(each.resources, "List") if code_of(entry)[1] == "11450-4"]
        reviewed += len(lists)
        home = each.bundles[0][1]["entry"]
        problems = [entry["fullUrl"] for entry in home if _is_problem(entry["resource"])]
        for entry in lists:
            listed = [item["item"]["reference"] for item in entry.get("entry", ())]
            assert sorted(listed) == sorted(problems)
            assert ("emptyReason" in entry) == (not listed)
    assert 0.3 * len(sample) < reviewed < 0.9 * len(sample)


def _is_problem(resource: Resource) -> bool:
    return resource["resourceType"] == "Condition" and code_of(resource)[1] != "J06.9"


def test_an_active_prescription_is_the_last_of_its_medicine(sample: list[Sample]) -> None:
    for each in sample:
        by_medicine = defaultdict(list)
        for request in of_type(each.resources, "MedicationRequest"):
            by_medicine[request["medicationCodeableConcept"]["coding"][0]["code"]].append(request)
        for requests in by_medicine.values():
            last = max(requests, key=lambda request: request["authoredOn"])
            assert all(request["status"] == "completed" for request in requests if request is not last)


def test_the_elder_has_every_measurement_and_none_in_doubt(city: City) -> None:
    elder = sample_of(city, 0)
    observations = of_type(elder.resources, "Observation")
    names = {BY_CODE[code_of(each)] for each in observations if code_of(each) in BY_CODE}
    assert names >= set(codes.MEASURES) - {"pulse", "temperature", "oxygen_saturation"}
    assert all(each["status"] == "final" and "dataAbsentReason" not in each for each in observations)
    questions = {code_of(each)[1] for each in observations if "valueBoolean" in each}
    assert questions >= {code for code, _, _ in codes.YES_NO.values()}
    assert len(of_type(elder.resources, "List")) == 2


def test_the_elder_s_values_lie_where_every_model_gives_a_result(city: City) -> None:
    elder = sample_of(city, 0)
    values = defaultdict(list)
    for each in of_type(elder.resources, "Observation"):
        if code_of(each) in BY_CODE:
            values[BY_CODE[code_of(each)]].append((each["effectiveDateTime"], each["valueQuantity"]["value"]))
    last = {name: max(found)[1] for name, found in values.items()}
    assert 130 <= last["total_cholesterol"] <= 320
    assert 27 <= last["hdl_cholesterol"] <= 97
    assert 18.5 <= last["bmi"] <= 39.9
    assert 4 <= last["sppb"] <= 9
    assert last["grip_right"] < 18
    rates = [142 * (value / 0.7) ** -1.2 * 0.9938**69 * 1.012 for _, value in values["creatinine"]]
    assert 15 < rates[-1] < 60
    first, final = min(values["creatinine"])[0], max(values["creatinine"])[0]
    assert datetime.fromisoformat(final) - datetime.fromisoformat(first) > timedelta(days=90)
    assert not any(code_of(each)[1].startswith("E11") for each in of_type(elder.resources, "Condition"))


def test_the_personas_are_treated_at_one_clinic_and_not_at_the_other(city: City) -> None:
    personas, history = city.personas, city.history(0)
    assert history.person == personas.elder
    assert history.care.home == personas.clinic
    assert personas.centre in history.others
    assert personas.other_clinic not in (personas.clinic, *history.others)
    assert any(member.identifier == personas.clinician for member in city.staff[personas.clinic])
    assert any(member.identifier == personas.other_clinician for member in city.staff[personas.other_clinic])
