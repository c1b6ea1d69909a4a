"""The facade, as a citizen, a stranger, a clinician of the right clinic and one of another use it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from health_platform.fhir.outcome import BadRequest, Forbidden, NotFound
from health_platform.fhir.repository import Repository
from inference import services
from tests.inference.people import LOINC, answered, check_up, coded, condition, in_care, measured, observation
from tests.inference.stored import NOW, OPERATOR, add, assess, citizen, clinician, organization, store

pytestmark = pytest.mark.django_db
SELF_HARM = observation("44260-8", valueCodeableConcept=coded(LOINC, "LA6569-3"))
OWN = "urn:bitgoeul:CodeSystem/observation"


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def clinic() -> str:
    return organization()


@pytest.fixture
def assessed(clinic: str) -> str:
    patient = store(*check_up(), *in_care(), organization=clinic)
    assess(patient)
    return patient


def of(results: list[services.Result], model: str) -> services.Result:
    return next(item for item in results if item.model == model)


def results(repository: Repository, patient: str) -> list[services.Result]:
    return services.results_for(repository, patient)


def phq9(*points: int) -> list[dict[str, Any]]:
    codes = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
    return [observation(code, valueInteger=value) for code, value in zip(codes, points, strict=True)]


def dementia_answers() -> list[dict[str, Any]]:
    known = {"parent-dementia": False, "lives-alone": True, "material-deprivation": False, "education-years": 9}
    return [answered(name, value) for name, value in known.items()]


def test_a_citizen_reads_her_own_risk_in_plain_words(assessed: str) -> None:
    risk = of(results(citizen(assessed), assessed), "prevent-base-10y")
    assert (risk.leading, risk.status, risk.unreviewed, risk.release) == (True, "preliminary", True, "open")
    assert risk.sentence.startswith("Of 100 people like you where the formula was made: ")
    assert risk.sentence.endswith("Heart attack, stroke or heart failure within 10 years.")
    assert risk.probability == pytest.approx(risk.outputs[0].percent / 100)  # type: ignore[operator]
    assert risk.horizon_years == 10
    assert not risk.calibrated_for_korea
    assert any("Not checked in Koreans" in note for note in risk.notes)
    assert any("Never stop a medicine" in note for note in risk.notes)


def test_the_basis_of_a_result_is_shown_with_dates_and_what_is_assumed(assessed: str) -> None:
    risk = of(results(citizen(assessed), assessed), "prevent-base-10y")
    pressure = next(item for item in risk.inputs if item.feature == "systolic")
    assert (pressure.label, pressure.value, pressure.unit, pressure.assumed) == ("blood pressure", 150, "mm[Hg]", False)
    assert pressure.source.startswith("Observation/")
    assumed = next(item for item in risk.inputs if item.feature == "diabetes")
    assert (assumed.value, assumed.assumed, assumed.origin) == (0, True, "assumed")


def test_contributions_never_show_a_treatment_alone(clinic: str) -> None:
    drug = {
        "resourceType": "MedicationRequest", "status": "active", "intent": "order",
        "medicationCodeableConcept": coded("http://www.whocc.no/atc", "C09AA02"), "authoredOn": "2026-09-01",
    }  # fmt: skip
    patient = store(*check_up(), drug, *in_care())
    assess(patient)
    risk = of(results(citizen(patient), patient), "prevent-base-10y")
    assert any(item.label == "blood pressure and its treatment" for item in risk.contributions)
    assert not any("medicine" in item.label for item in risk.contributions)
    assert not any(item.label in ("age", "sex") for item in risk.contributions)


def test_a_model_without_a_cited_region_shows_no_number_to_anybody(assessed: str, clinic: str) -> None:
    for repository in (citizen(assessed), clinician(clinic)):
        risk = of(results(repository, assessed), "score2-asia-pacific")
        assert (risk.outcome, risk.outputs, risk.probability, risk.assessed) == ("no-number", (), None, False)
        assert risk.reasons == (
            "No number is given: which risk region holds for Korea has not been read at the source yet.",
        )


def test_what_is_missing_says_what_would_help(assessed: str) -> None:
    risk = of(results(citizen(assessed), assessed), "findrisc")
    assert risk.outcome == "not-assessed"
    assert "waist is not in the record" in risk.reasons
    assert "waist" in risk.needed


def test_a_model_that_does_not_apply_is_left_out(assessed: str) -> None:
    assert "cha2ds2-vasc" not in {item.model for item in results(citizen(assessed), assessed)}


def test_a_dementia_result_waits_for_its_release(clinic: str) -> None:
    patient = store(*dementia_answers(), *in_care(), organization=clinic, person={"birthDate": "1960-01-01"})
    assess(patient)
    families = {item.family for item in results(citizen(patient), patient)}
    assert not families & {"dementia", "depression"}
    seen = of(results(clinician(clinic), patient), "ukb-drs")
    assert (seen.release, seen.assessed) == ("withheld", True)
    services.release(clinician(clinic), seen.id, "Practitioner/kim", NOW)
    released = of(results(citizen(patient), patient), "ukb-drs")
    assert (released.release, released.probability) == ("released", seen.probability)
    with pytest.raises(BadRequest, match="does not wait"):
        services.release(clinician(clinic), seen.id, "Practitioner/kim", NOW)


def test_an_answer_of_self_harm_is_shown_at_once_with_the_crisis_line() -> None:
    patient = store(*phq9(1, 1, 0, 0, 0, 0, 0, 0, 1))
    assess(patient)
    picture = services.picture_of(citizen(patient), patient)
    assert picture.alerts == ("Thoughts of self-harm were answered. Call 109 now, day or night.",)
    assert "phq9" not in {item.model for item in picture.results}


def test_a_clinician_accepts_a_result(assessed: str, clinic: str) -> None:
    before = of(results(clinician(clinic), assessed), "prevent-base-10y")
    services.override(clinician(clinic), before.id, "Practitioner/kim", "accept", "", NOW)
    after = of(results(citizen(assessed), assessed), "prevent-base-10y")
    assert (after.status, after.unreviewed, after.probability) == ("final", False, before.probability)
    assert [(item.decision, item.clinician) for item in after.reviews] == [("accept", "Practitioner/kim")]


def test_an_override_stands_beside_the_number_and_never_over_it(assessed: str, clinic: str) -> None:
    before = of(results(clinician(clinic), assessed), "prevent-base-10y")
    services.override(clinician(clinic), before.id, "Practitioner/kim", "override", "가족력이 있어 더 높게 봄", NOW)
    after = of(results(citizen(assessed), assessed), "prevent-base-10y")
    assert (after.status, after.probability, after.outputs) == ("amended", before.probability, before.outputs)
    assert after.reviews[0].reason == "가족력이 있어 더 높게 봄"
    assert after.resource["prediction"] == before.resource["prediction"]


@pytest.mark.parametrize(("decision", "reason"), [("override", ""), ("override", "  "), ("reject", "why"), ("", "")])
def test_a_decision_without_its_reason_is_refused_and_changes_nothing(
    assessed: str, clinic: str, decision: str, reason: str
) -> None:
    risk = of(results(clinician(clinic), assessed), "prevent-base-10y")
    with pytest.raises(BadRequest):
        services.override(clinician(clinic), risk.id, "Practitioner/kim", decision, reason, NOW)
    after = of(results(clinician(clinic), assessed), "prevent-base-10y")
    assert (after.status, after.reviews) == ("preliminary", ())


def test_a_review_survives_the_next_assessment(assessed: str, clinic: str) -> None:
    risk = of(results(clinician(clinic), assessed), "prevent-base-10y")
    services.override(clinician(clinic), risk.id, "Practitioner/kim", "accept", "", NOW)
    add(assessed, condition("M17.9"))
    assess(assessed, "v2")
    assert of(results(citizen(assessed), assessed), "prevent-base-10y").status == "final"
    add(assessed, measured("8480-6", 120, "mm[Hg]", "2026-11-20"))
    assess(assessed, "v3")
    assert of(results(citizen(assessed), assessed), "prevent-base-10y").status == "preliminary"


def test_others_neither_read_nor_decide(assessed: str, clinic: str) -> None:
    risk = of(results(clinician(clinic), assessed), "prevent-base-10y").id
    stranger, foreign = citizen(store()), clinician(organization())
    for repository in (stranger, foreign):
        with pytest.raises(NotFound):
            services.results_for(repository, assessed)
    with pytest.raises(NotFound):
        services.override(foreign, risk, "Practitioner/lee", "accept", "", NOW)
    with pytest.raises(Forbidden):
        services.override(citizen(assessed), risk, "Practitioner/kim", "accept", "", NOW)
    with pytest.raises(Forbidden):
        services.release(citizen(assessed), risk, "Practitioner/kim", NOW)
    assert of(results(clinician(clinic), assessed), "prevent-base-10y").status == "preliminary"


def function_measurements() -> list[dict[str, Any]]:
    return [
        measured("sppb", 5, "{score}", system=OWN), measured("83172-7", 0.7, "m/s"),
        measured("tug", 16, "s", system=OWN), answered("falls-12-months", 0),
    ]  # fmt: skip


@pytest.fixture
def drafted(clinic: str) -> str:
    patient = store(*function_measurements(), *in_care(), organization=clinic, person={"birthDate": "1950-01-01"})
    assess(patient)
    return patient


def test_a_plan_is_the_citizens_only_when_signed(drafted: str, clinic: str) -> None:
    (draft,) = services.plans_for(clinician(clinic), drafted)
    assert draft["status"] == "draft"
    assert services.plans_for(citizen(drafted), drafted) == []
    services.sign_plan(clinician(clinic), draft["id"], "Practitioner/kim", NOW)
    (plan,) = services.plans_for(citizen(drafted), drafted)
    assert (plan["status"], plan["author"]) == ("active", {"reference": "Practitioner/kim"})
    with pytest.raises(BadRequest, match="only a draft can be signed"):
        services.sign_plan(clinician(clinic), draft["id"], "Practitioner/kim", NOW)
    with pytest.raises(Forbidden):
        services.sign_plan(citizen(drafted), draft["id"], "Practitioner/kim", NOW)


def test_a_plan_is_declined_with_a_reason(drafted: str, clinic: str) -> None:
    (draft,) = services.plans_for(clinician(clinic), drafted)
    with pytest.raises(BadRequest):
        services.decline_plan(clinician(clinic), draft["id"], "Practitioner/kim", " ", NOW)
    declined = services.decline_plan(clinician(clinic), draft["id"], "Practitioner/kim", "수술 예정", NOW)
    assert (declined["status"], declined["note"][-1]["text"]) == ("revoked", "수술 예정")
    assert services.plans_for(citizen(drafted), drafted) == []


def test_what_is_known_of_a_plan_is_told_in_words(drafted: str, clinic: str) -> None:
    found = services.picture_of(clinician(clinic), drafted).rehabilitation
    assert found is not None
    assert (found.programme, found.gate) == ("B+", "measure")
    assert found.gate_text == "Not known: measure before the session."
    assert "upper blood pressure" in found.barriers


def test_readings_that_were_passed_over_are_told(clinic: str) -> None:
    patient = store(measured("8480-6", 1310, "mm[Hg]"), measured("8480-6", 128, "mm[Hg]", "2026-01-01"))
    assess(patient)
    assert services.picture_of(citizen(patient), patient).passed_over == (
        "blood pressure: 1310 mm[Hg] cannot be right and was not used",
    )


def test_before_the_first_assessment_there_is_nothing_to_tell() -> None:
    patient = store()
    picture = services.picture_of(citizen(patient), patient)
    assert (picture.assessed, picture.results, picture.rehabilitation) == (None, (), None)


def test_an_assessment_on_request_runs_at_once(clinic: str) -> None:
    patient = store(*check_up(), *in_care())
    operator = Repository(OPERATOR)
    assert services.assess_now(operator, patient, NOW)
    assert services.assess_now(operator, patient, NOW + timedelta(hours=1)) == []


def test_korean_is_spoken_where_korean_is_active(assessed: str) -> None:
    with translation.override("ko"):
        risk = of(results(citizen(assessed), assessed), "prevent-base-10y")
    assert "100명 가운데" in risk.sentence
    assert risk.family_title == "심장과 혈관"


def test_cards_of_all_models_can_be_read() -> None:
    assert len(services.model_cards()) == 35
    assert services.model_card("kfre-4v")["source"]["doi"] == "10.1001/jama.2015.18202"
