"""What the models' features make of the city's records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from health_platform.demo.city import codes
from health_platform.demo.city.city import City
from inference.features.quantities import QUANTITIES, QUESTIONS
from inference.features.record import Record
from inference.features.vector import FeatureVector, features
from tests.demo.conftest import TODAY, Sample, sample_of


def vector_of(sample: Sample) -> FeatureVector:
    """The features of a citizen whose resources have been stored under the ids of their fullUrls."""
    stored: dict[str, list[dict[str, Any]]] = {}
    for _, bundle in sample.bundles:
        targets = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            text = json.dumps(entry["resource"])
            for full_url, kind in targets.items():
                text = text.replace(full_url, f"{kind}/{full_url.removeprefix('urn:uuid:')}")
            resource = {"id": entry["fullUrl"].removeprefix("urn:uuid:"), **json.loads(text)}
            stored.setdefault(resource["resourceType"], []).append(resource)
    record = Record(
        patient=stored["Patient"][0],
        observations=stored.get("Observation", ()),
        conditions=stored.get("Condition", ()),
        medications=stored.get("MedicationRequest", ()),
        encounters=stored.get("Encounter", ()),
        lists=stored.get("List", ()),
    )
    return features(record, TODAY)


@pytest.fixture(scope="module")
def vectors(sample: list[Sample]) -> list[FeatureVector]:
    return [vector_of(each) for each in sample[:60]]


def test_the_codes_of_the_project_s_own_system_are_those_of_the_features() -> None:
    own = {measure.code for measure in codes.MEASURES.values() if measure.system == codes.ASSESSMENT}
    assert {code.replace("-", "_") for code in own} <= set(QUANTITIES)
    asked = set(codes.YES_NO) - {"antihypertensive_ever", "high_glucose_ever"}
    assert asked <= set(QUESTIONS)
    assert all(code == name.replace("_", "-") for name, (code, _, _) in codes.YES_NO.items())


def test_the_elder_s_features_are_all_known(city: City) -> None:
    vector = vector_of(sample_of(city, 0))
    needed = (
        *("systolic", "total_cholesterol", "hdl_cholesterol", "creatinine", "uacr", "hba1c", "fasting_glucose"),
        *(
            "albumin",
            "crp",
            "lymphocytes",
            "mcv",
            "rdw",
            "leukocytes",
            "alkaline_phosphatase",
            "bmi",
            "waist",
            "weight",
        ),
        *("grip", "gait_speed", "chair_stands", "sppb", "sppb_balance", "tug", "falls_12_months", "fallen_past_year"),
        *("sarc_f_strength", "sarc_f_walking", "sarc_f_chair", "sarc_f_stairs", "sarc_f_falls"),
        *("smoking", "active_30_minutes_daily", "vegetables_daily", "diabetes_family_history", "education_years"),
        *("parent_dementia", "lives_alone", "material_deprivation", "antihypertensive_ever", "high_glucose_ever"),
        *("diabetes", "hypertension", "high_cholesterol", "stroke_tia", "depression", "antihypertensive", "statin"),
    )
    assert [name for name in needed if name not in vector.known] == []
    said = {
        name: vector.says(name) for name in ("diabetes", "hypertension", "antihypertensive", "statin", "stroke_tia")
    }
    assert said == {
        "diabetes": False,
        "hypertension": True,
        "antihypertensive": True,
        "statin": True,
        "stroke_tia": False,
    }


def test_no_unit_of_the_city_is_unknown_to_the_features(vectors: list[FeatureVector]) -> None:
    gaps = [gap for vector in vectors for gap in (*vector.gaps.values(), *vector.passed_over)]
    assert [gap for gap in gaps if str(gap.reason) == "unit"] == []


def test_for_some_diabetes_is_known_and_for_others_it_is_not(vectors: list[FeatureVector]) -> None:
    says = [vector.says("diabetes") for vector in vectors]
    assert {True, False, None} <= set(says)
