"""Which model says what about a person, on records in memory and the real graphs."""

from datetime import date
from functools import cache
from typing import Any

import pytest

from inference.ageing.explanation import contributions
from inference.ageing.family import Candidate
from inference.ageing.kidney import Egfr, confirmed_below_60
from inference.ageing.panel import Panel, assess_panel
from inference.ageing.run import Assessment, Outcome, assess
from inference.features.vector import features
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from tests.inference.people import (
    AT,
    answered,
    check_up,
    condition,
    in_care,
    measured,
    patient,
    prescription,
    record,
)


@pytest.fixture(scope="module")
def cards(repository: ModelRepository) -> Any:
    return cache(repository.card)


@pytest.fixture
def panel(cards: Any, engine: OnnxEngine) -> Any:
    def make(*resources: dict[str, Any], at: date = AT, **person: Any) -> Panel:
        return assess_panel(record(*resources, person=patient(**person)), at, cards, engine)

    return make


def of(found: Panel, model: str) -> Assessment:
    return next(item for item in found.assessments if item.model == model)


def test_a_health_check_gives_the_published_risk(panel: Any) -> None:
    """The example of the PREVENT supplement: a treated woman of 50 with diabetes has 14.7 %."""
    resources = [
        measured("2093-3", 200, "mg/dL"), measured("2085-9", 45, "mg/dL"), measured("8480-6", 160, "mm[Hg]"),
        measured("39156-5", 35, "kg/m2"), measured("2160-0", 0.793, "mg/dL"), answered("smoking", False),
        condition("E11"), prescription("C09AA02"), *in_care(),
    ]  # fmt: skip
    found = of(panel(*resources, born="1976-05-10"), "prevent-base-10y")
    assert found.outcome is Outcome.GIVEN
    lead = next(output for output in found.outputs if output.lead)
    assert lead.value == pytest.approx(0.147, abs=0.0006)
    assert {item.name for item in found.assumed} == {"statin", "cardiovascular_disease"}


def test_a_leading_model_is_the_one_that_knows_more(panel: Any) -> None:
    base = [*check_up(), *in_care()]
    assert panel(*base).families[0].leading == "prevent-base-10y"
    more = panel(*base, measured("4548-4", 5.6, "%"))
    assert more.families[0].leading == "prevent-hba1c-10y"


def test_what_is_missing_is_named_and_nothing_is_guessed(panel: Any) -> None:
    found = of(panel(*[item for item in check_up() if item["code"]["coding"][0]["code"] != "2085-9"], *in_care()),
               "prevent-base-10y")  # fmt: skip
    assert (found.outcome, found.reason, found.outputs) == (Outcome.NOT_ASSESSED, "missing", ())
    assert [gap.name for gap in found.missing] == ["hdl_cholesterol"]


def test_an_empty_record_gets_no_number_from_any_model(panel: Any) -> None:
    assert {item.outcome for item in panel().assessments} <= {Outcome.NOT_ASSESSED, Outcome.NOT_APPLICABLE}


def test_the_dead_are_not_assessed(panel: Any) -> None:
    assert panel(*check_up(), *in_care(), deceasedBoolean=True).families == ()


def test_a_value_beyond_the_range_gives_a_reason_and_no_number(panel: Any) -> None:
    resources = [item for item in check_up() if item["code"]["coding"][0]["code"] != "8480-6"]
    found = of(panel(*resources, measured("8480-6", 181, "mm[Hg]"), *in_care()), "prevent-base-10y")
    assert (found.outcome, found.reason) == (Outcome.NOT_ASSESSED, "outside")
    assert [(use.feature, use.value) for use in found.outside] == [("systolic", 181)]


@pytest.mark.parametrize(
    ("born", "applies"), [("1996-11-22", True), ("1996-11-23", False), ("1946-11-23", True), ("1946-11-22", False)]
)
def test_age_decides_by_completed_years(panel: Any, born: str, applies: bool) -> None:
    found = of(panel(*check_up(), *in_care(), born=born), "prevent-base-10y")
    assert found.outcome is (Outcome.GIVEN if applies else Outcome.NOT_APPLICABLE)


def test_people_with_the_disease_get_no_risk_of_it(panel: Any) -> None:
    found = panel(*check_up(), *in_care(), condition("I25.2"))
    assert (of(found, "prevent-base-10y").outcome, of(found, "prevent-base-10y").reason) == (
        Outcome.NOT_APPLICABLE,
        "has-cardiovascular_disease",
    )
    assert of(panel(condition("E11"), *in_care()), "findrisc").reason == "has-diabetes"
    assert of(panel(condition("F03"), *in_care()), "ukb-drs").reason == "has-dementia"


def test_score2_asia_pacific_gives_no_number(panel: Any) -> None:
    found = of(panel(*check_up(), *in_care()), "score2-asia-pacific")
    assert (found.outcome, found.outputs) == (Outcome.NO_NUMBER, ())
    assert "region" in found.reason


def creatinine(value: float, when: str) -> dict[str, Any]:
    return measured("2160-0", value, "mg/dL", when)


KIDNEY = [measured("9318-7", 300, "mg/g"), *in_care()]


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ([creatinine(2.0, "2026-10-01")], "missing"),
        ([creatinine(2.0, "2026-10-01"), creatinine(2.0, "2026-07-04")], "missing"),
        ([creatinine(2.0, "2026-10-01"), creatinine(2.0, "2026-07-03")], ""),
        ([creatinine(2.0, "2026-10-01"), creatinine(0.6, "2026-08-01"), creatinine(2.0, "2026-01-01")], "missing"),
        ([creatinine(0.6, "2026-10-01"), creatinine(2.0, "2026-01-01")], "kidney-function-kept"),
    ],
)
def test_kidney_failure_wants_two_low_values_90_days_apart(panel: Any, series: list[Any], reason: str) -> None:
    assert of(panel(*series, *KIDNEY), "kfre-4v").reason == reason


def test_kidney_failure_names_both_values(panel: Any) -> None:
    pair = [creatinine(2.0, "2026-10-01"), creatinine(1.9, "2026-01-01")]
    found = of(panel(*pair, *KIDNEY), "kfre-4v")
    sources = {source for feature in found.stands_on for source in feature.sources}
    assert {f"Observation/{item['id']}" for item in pair} <= sources
    assert of(panel(*pair, condition("Z99.2"), *KIDNEY), "kfre-4v").reason == "has-dialysis_or_transplant"


def test_egfr_90_days_apart_is_counted_in_days() -> None:
    def series(*values: tuple[float, date]) -> list[Egfr]:
        return [Egfr(value, when, f"o{number}") for number, (value, when) in enumerate(values)]

    assert confirmed_below_60([]) is None
    assert confirmed_below_60(series((59.9, date(2026, 4, 1)), (59.9, date(2026, 1, 1)))) is not None
    assert confirmed_below_60(series((59.9, date(2026, 3, 31)), (59.9, date(2026, 1, 1)))) is None
    assert confirmed_below_60(series((59.9, date(2026, 4, 1)), (60.0, date(2026, 1, 1)))) is None


def test_filtration_uses_the_age_at_the_day_of_the_blood_test(panel: Any, engine: OnnxEngine) -> None:
    found = panel(creatinine(1.2, "2018-01-01"), *in_care()).vector.known["egfr"]
    assert found.value == pytest.approx(142 * (1.2 / 0.7) ** -1.2 * 0.9938**53 * 1.012, rel=1e-12)


GRIP = measured("83174-3", 25, "kg")


def test_a_class_that_a_missing_measurement_could_change_is_not_assessed(panel: Any) -> None:
    strong = of(panel(GRIP, *in_care(), born="1950-01-01"), "awgs-2019")
    assert {output.name: output.value for output in strong.outputs} == {
        "possible_sarcopenia": None, "category": None, "functional_sarcopenia_kwgs2023": 0.0,
    }  # fmt: skip
    assert next(output for output in strong.outputs if output.lead).depends_on


def test_a_class_that_nothing_missing_can_change_is_given(panel: Any) -> None:
    weak = of(panel(measured("83174-3", 15, "kg"), *in_care(), born="1950-01-01"), "awgs-2019")
    outputs = {output.name: output.value for output in weak.outputs}
    assert (outputs["possible_sarcopenia"], outputs["category"]) == (1.0, None)
    assert weak.outcome is Outcome.GIVEN
    depends = next(output for output in weak.outputs if output.name == "category").depends_on
    assert set(depends) >= {"muscle_mass_index", "gait_speed"}


def test_with_everything_measured_the_class_is_given(panel: Any) -> None:
    resources = [
        GRIP, measured("83172-7", 1.1, "m/s"), answered("sppb", 11),
        measured("chair-stands", 10, "s", system="urn:bitgoeul:CodeSystem/observation"),
        measured("muscle-mass-index", 6.2, "kg/m2", system="urn:bitgoeul:CodeSystem/observation"),
        answered("muscle-mass-by-dxa", False),
    ]  # fmt: skip
    found = of(panel(*resources, *in_care(), born="1950-01-01"), "awgs-2019")
    assert next(output for output in found.outputs if output.lead).value == 0.0
    assert next(output for output in found.outputs if output.lead).band == "none"


def test_a_risk_that_a_missing_optional_value_could_change_is_not_given(cards: Any, engine: OnnxEngine) -> None:
    """PREVENT's full model has weights for what is missing; here such a number is not believed."""
    vector = features(record(*check_up(), measured("98979-8", 90, "mL/min/{1.73_m2}"), *in_care()), AT)
    egfr = vector.known["reported_egfr"]
    vector = vector.with_feature(type(egfr)("egfr", 90.0, egfr.unit, egfr.origin, egfr.when, egfr.sources))
    found = assess(Candidate("prevent-full-10y"), cards("prevent-full-10y"), vector, engine)
    assert (found.outcome, found.reason) == (Outcome.NOT_ASSESSED, "optional")
    assert {gap.name for gap in found.missing} == {"uacr", "hba1c", "us_social_deprivation"}


def test_contributions_add_up_to_the_difference_from_the_reference(panel: Any, cards: Any, engine: OnnxEngine) -> None:
    from math import log

    from inference.ageing.run import request

    found = of(panel(*check_up(), *in_care(), prescription("C09AA02"), condition("E11")), "prevent-base-10y")
    card = cards("prevent-base-10y")
    shares = contributions(found, card, engine)
    own = {use.name: use.value for use in found.inputs}
    reference = {
        item["name"]: own[item["name"]] if item["reference"] is None else item["reference"] for item in card["inputs"]
    }
    mine, theirs = engine.infer(request(card, [own, reference])).output("risk_10y_total_cvd")[:, 0]
    difference = log(mine / (1 - mine)) - log(theirs / (1 - theirs))
    assert sum(item.share for item in shares) == pytest.approx(difference, rel=1e-9)
    assert {item.features for item in shares[:2]} == {("diabetes",), ("systolic", "antihypertensive")}
    assert {name for item in shares for name in item.features}.isdisjoint({"age", "female"})


def test_a_treatment_counts_with_what_it_treats(panel: Any, cards: Any, engine: OnnxEngine) -> None:
    found = of(panel(*check_up(), *in_care(), prescription("C09AA02")), "prevent-base-10y")
    shares = contributions(found, cards("prevent-base-10y"), engine)
    together = [item.features for item in shares if "antihypertensive" in item.features]
    assert together == [("systolic", "antihypertensive")]


def test_a_single_difference_carries_it_all(panel: Any, cards: Any, engine: OnnxEngine) -> None:
    questions = [answered(f"sarc-f-{name}", 0) for name in ("strength", "walking", "stairs", "falls")]
    found = of(panel(*questions, answered("sarc-f-chair", 2), *in_care(), born="1950-01-01"), "sarc-f")
    assert [(item.features, item.share) for item in contributions(found, cards("sarc-f"), engine)] == [
        (("sarc_f_chair",), 2.0)
    ]


def test_the_same_inputs_have_the_same_hash_and_other_sources_another(panel: Any) -> None:
    resources = [*check_up(), *in_care()]
    first, second = (of(panel(*resources), "prevent-base-10y").feature_hash for _ in range(2))
    assert first == second
    other = [*resources, measured("8480-6", 150, "mm[Hg]", "2026-11-02")]
    assert of(panel(*other), "prevent-base-10y").feature_hash != first
