"""A changed record, the real store: results with their basis, written once, immutable, and seen by the right people."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from health_platform.fhir.access.session import open_session
from health_platform.fhir.outcome import NotFound
from health_platform.fhir.repository import Repository
from inference import registry
from inference.models import AssessmentState, InferenceRun, ModelVersion
from inference.tasks import patient_changed, record_version
from tests.inference.people import answered, check_up, condition, in_care, measured, observation
from tests.inference.stored import NOW, OPERATOR, add, assess, citizen, store

pytestmark = pytest.mark.django_db
SPPB = "urn:bitgoeul:CodeSystem/observation"


def parts(resource: dict[str, Any], name: str) -> list[dict[str, list[Any]]]:
    found = []
    for item in resource["extension"]:
        if item["url"] == f"urn:bitgoeul:StructureDefinition/{name}":
            values: dict[str, list[Any]] = {}
            for part in item["extension"]:
                values.setdefault(part["url"], []).append(next(v for key, v in part.items() if key != "url"))
            found.append(values)
    return found


def runs() -> list[InferenceRun]:
    with open_session(OPERATOR):
        return list(InferenceRun.objects.order_by("pk"))


def test_a_health_check_becomes_a_preliminary_risk_with_its_basis() -> None:
    patient = store(*in_care())
    ids = add(patient, *check_up())
    risk = assess(patient)["prevent-base-10y"]
    assert (risk["status"], risk["subject"]["reference"]) == ("preliminary", f"Patient/{patient}")
    assert {f"Observation/{id}" for id in ids} <= {item["reference"] for item in risk["basis"]}
    lead = risk["prediction"][0]
    assert lead["outcome"]["coding"][0]["code"] == "prevent-base-10y.risk_10y_total_cvd"
    output = parts(risk, "risk-output")[0]
    assert output["name"] == ["risk_10y_total_cvd"]
    assert float(lead["probabilityDecimal"]) == pytest.approx(100 * float(output["value"][0]["value"]), abs=0.005)
    assert [lead["whenRange"][end]["value"] for end in ("low", "high")] == [50, 60]
    model = parts(risk, "risk-model")[0]
    card = registry.card("prevent-base-10y")
    assert (model["sha256"], model["calibratedForKorea"], model["horizon"][0]["value"]) == (
        [card["sha256"]],
        [False],
        10,
    )
    assert (model["engine"], model["provider"]) == (["onnxruntime"], ["CPUExecutionProvider"])


def test_what_is_taken_for_granted_is_named() -> None:
    risk = assess(store(*check_up(), *in_care()))["prevent-base-10y"]
    named = {item["feature"][0] for item in parts(risk, "risk-assumption")}
    assert named == {"diabetes", "antihypertensive", "statin", "cardiovascular_disease"}


def test_provenance_names_model_version_and_checksum() -> None:
    patient = store(*check_up(), *in_care())
    risk = assess(patient)["prevent-base-10y"]
    found = Repository(OPERATOR).search("Provenance", {"target": f"RiskAssessment/{risk['id']}"}).resources()
    assert len(found) == 1
    models = {item["what"].get("identifier", {}).get("value") for item in found[0]["entity"]}
    assert f"prevent-base-10y|1|{registry.card('prevent-base-10y')['sha256']}" in models


def test_score2_asia_pacific_says_not_given_with_its_reason() -> None:
    risk = assess(store(*check_up(), *in_care()))["score2-asia-pacific"]
    status = [item["valueCode"] for item in risk["extension"] if item["url"].endswith("risk-status")]
    assert status == ["no-number"]
    assert "probabilityDecimal" not in json.dumps(risk, default=str)
    assert "prediction" not in risk
    assert len(risk["note"]) >= 2


def test_the_same_version_of_a_record_is_assessed_once() -> None:
    patient = store(*check_up(), *in_care())
    assert assess(patient, "v1")
    count = len(runs())
    assert assess(patient, "v1") == {}
    assert len(runs()) == count


def test_a_change_that_moves_no_input_writes_no_new_result() -> None:
    patient = store(*check_up(), *in_care())
    assert assess(patient, "v1")
    add(patient, condition("M17.9"), measured("718-7", 13.1, "g/dL"))
    assert assess(patient, "v2") == {}


def test_a_changed_input_writes_one_new_result_and_keeps_the_old() -> None:
    patient = store(*check_up(), *in_care())
    first = assess(patient, "v1")["prevent-base-10y"]
    add(patient, measured("8480-6", 120, "mm[Hg]", "2026-11-20"))
    changed = assess(patient, "v2")
    assert set(changed) == {"prevent-base-10y", "prevent-base-30y", "score2-asia-pacific"}
    assert (
        changed["prevent-base-10y"]["prediction"][0]["probabilityDecimal"]
        < first["prediction"][0]["probabilityDecimal"]
    )
    kept = Repository(OPERATOR).read("RiskAssessment", first["id"]).resource()
    assert kept["prediction"] == first["prediction"]


def test_a_late_event_of_an_old_version_does_no_harm() -> None:
    patient = store(*check_up(), *in_care())
    assess(patient, "v1")
    add(patient, measured("8480-6", 120, "mm[Hg]", "2026-11-20"))
    assert assess(patient, "v2")
    assert assess(patient, "v1") == {}


def test_a_result_comes_back_when_its_input_does() -> None:
    """A value entered in error and then withdrawn: the earlier result stands again, not the wrong one."""
    patient = store(*check_up(), *in_care())
    first = assess(patient, "v1")["prevent-base-10y"]
    (wrong,) = add(patient, measured("8480-6", 175, "mm[Hg]", "2026-11-20"))
    assert assess(patient, "v2")["prevent-base-10y"]["id"] != first["id"]
    operator = Repository(OPERATOR)
    operator.update({**operator.read("Observation", wrong).resource(), "status": "entered-in-error"})
    assess(patient, "v3")
    with open_session(OPERATOR):
        picture = AssessmentState.objects.get(patient=patient).picture
    current = next(item for item in picture["families"][0]["models"] if item["model"] == "prevent-base-10y")
    told = operator.read("RiskAssessment", current["risk"]).resource()
    assert told["prediction"] == first["prediction"]


def test_runs_hold_inputs_and_outputs_and_cannot_be_changed() -> None:
    patient = store(*check_up(), *in_care())
    assess(patient)
    run = next(item for item in runs() if item.model_version.model == "prevent-base-10y")
    assert {item["name"]: item["value"] for item in run.inputs}["sbp"] == 150
    assert run.outputs["risk_10y_total_cvd"] > 0
    for statement in ("UPDATE inference_inferencerun SET outputs = '{}'", "DELETE FROM inference_inferencerun"):
        with pytest.raises(DatabaseError), transaction.atomic(), open_session(OPERATOR), connection.cursor() as cursor:
            cursor.execute(statement)


def test_runs_of_others_are_invisible_to_a_citizen() -> None:
    patient, stranger = store(*check_up(), *in_care()), store()
    assess(patient)
    with open_session(citizen(stranger).access):
        assert InferenceRun.objects.count() == 0
        assert AssessmentState.objects.count() == 0
    with open_session(citizen(patient).access):
        assert InferenceRun.objects.filter(patient=patient).count() > 0
    assert AssessmentState.objects.count() == 0


def test_one_version_of_a_model_serves() -> None:
    assess(store(*check_up(), *in_care()))
    row = ModelVersion.objects.get(model="prevent-base-10y")
    assert (row.version, row.serving, row.sha256) == ("1", True, registry.card("prevent-base-10y")["sha256"])


def test_an_answer_of_self_harm_is_an_alert_at_once() -> None:
    patient = store(
        observation("44260-8", valueCodeableConcept={"coding": [{"system": "http://loinc.org", "code": "LA6569-3"}]})
    )
    assess(patient)
    with open_session(OPERATOR):
        assert AssessmentState.objects.get(patient=patient).picture["alerts"] == ["self-harm"]


def function_measurements(gait: float = 0.7) -> list[dict[str, Any]]:
    return [
        measured("sppb", 5, "{score}", system=SPPB), measured("83172-7", gait, "m/s"),
        measured("tug", 16, "s", system=SPPB), answered("falls-12-months", 0),
    ]  # fmt: skip


def drafts(patient: str) -> list[dict[str, Any]]:
    return Repository(OPERATOR).search("CarePlan", {"patient": patient}).resources()


def test_measured_function_becomes_one_draft_plan() -> None:
    patient = store(*function_measurements(), *in_care(), person={"birthDate": "1950-01-01"})
    assess(patient, "v1")
    assess(patient, "v2", NOW + timedelta(hours=1))
    assert [plan["status"] for plan in drafts(patient)] == ["draft"]


def test_new_measurements_replace_a_draft_but_never_a_signed_plan() -> None:
    patient = store(*function_measurements(), *in_care(), person={"birthDate": "1950-01-01"})
    assess(patient, "v1")
    add(patient, measured("83172-7", 0.4, "m/s", "2026-11-21"))
    assess(patient, "v2")
    assert sorted(plan["status"] for plan in drafts(patient)) == ["draft", "revoked"]
    (draft,) = [plan for plan in drafts(patient) if plan["status"] == "draft"]
    Repository(OPERATOR).update({**draft, "status": "active"})
    add(patient, measured("83172-7", 1.2, "m/s", "2026-11-22"))
    assess(patient, "v3")
    assert sorted(plan["status"] for plan in drafts(patient)) == ["active", "draft", "revoked"]


def test_a_forbidding_blood_pressure_drafts_nothing() -> None:
    alarm = measured("8480-6", 190, "mm[Hg]", "2026-11-20")
    patient = store(*function_measurements(), alarm, *in_care(), person={"birthDate": "1950-01-01"})
    assess(patient)
    assert drafts(patient) == []
    with open_session(OPERATOR):
        assert AssessmentState.objects.get(patient=patient).picture["rehabilitation"]["gate"] == "stop"


def test_an_unknown_patient_is_not_assessed() -> None:
    with pytest.raises(NotFound):
        assess("nobody")
    patient_changed({"patient": "nobody", "changed": [["Patient", "nobody", 1]]})


def test_an_event_of_our_own_results_starts_nothing() -> None:
    patient = store(*check_up(), *in_care())
    patient_changed({"patient": patient, "changed": [["RiskAssessment", "r", 1], ["CarePlan", "c", 1]]})
    with open_session(OPERATOR):
        assert not AssessmentState.objects.filter(patient=patient).exists()
    patient_changed({"patient": patient, "changed": [["Observation", "o", 1]]})
    with open_session(OPERATOR):
        assert AssessmentState.objects.filter(patient=patient).exists()


def test_the_version_of_a_record_is_what_changed_in_any_order() -> None:
    first = {"patient": "p", "changed": [["Observation", "a", 1], ["Condition", "b", 2]]}
    second = {"patient": "p", "changed": [["Condition", "b", 2], ["Observation", "a", 1]]}
    third = {"patient": "p", "changed": [["Condition", "b", 3], ["Observation", "a", 1]]}
    assert record_version(first) == record_version(second) != record_version(third)


def test_synthea_patients_are_assessed_from_the_store(unpacked: Callable[[str], list[Path]]) -> None:
    """Six of the hundred bundles, as clinics would send them."""
    given = 0
    for path in unpacked("fhir/synthea_r4_100_patients.tar.xz")[:6]:
        answer = Repository(OPERATOR).transaction(json.loads(path.read_text(encoding="utf-8")))
        places = [entry["response"]["location"] for entry in answer["entry"]]
        patient = next(place.split("/")[-3] for place in places if "Patient/" in place)
        given += len(assess(patient))
    assert given >= 5
