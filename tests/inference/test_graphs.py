"""The graphs against formulas written by hand from the papers, and the rules that hold for every graph."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.runtime.base import InferenceRequest, Tensor
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.training.build_models import REPOSITORY
from inference.training.spec import load_specs

ENGINE = OnnxEngine(ModelRepository(REPOSITORY))
CARDS = {model: ENGINE.repository.card(model) for model in load_specs()}
MISSING, OUT_OF_RANGE, OPTIONAL_MISSING = 1, 2, 4


def infer(model: str, row: dict[str, float]) -> dict[str, float]:
    tensors = tuple(Tensor(name, np.array([[value]], dtype=np.float64)) for name, value in row.items())
    return {tensor.name: tensor.data[0, 0].item() for tensor in ENGINE.infer(InferenceRequest(model, tensors)).outputs}


def rows(model: str) -> st.SearchStrategy[dict[str, float]]:
    def values(item: dict[str, object]) -> st.SearchStrategy[float]:
        low, high = float(str(item["minimum"])), float(str(item["maximum"]))
        if item["kind"] == "number":
            return st.floats(low, high)
        return st.integers(int(low), int(high)).map(float)

    return st.fixed_dictionaries({item["name"]: values(item) for item in CARDS[model]["inputs"]})


def ckd_epi_2021(x: dict[str, float]) -> dict[str, float]:
    """Inker 2021, the equation of the abstract."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if x["female"] else (0.9, -0.302, 1.0)
    over = x["creatinine"] / kappa
    return {"egfr": 142 * min(over, 1) ** alpha * max(over, 1) ** -1.200 * 0.9938 ** x["age"] * factor}


def kfre_4v(x: dict[str, float]) -> dict[str, float]:
    """Tangri 2016, baseline for outside North America."""
    score = (
        -0.2201 * (x["age"] / 10 - 7.036)
        + 0.2467 * (x["male"] - 0.5642)
        - 0.5567 * (x["egfr"] / 5 - 7.222)
        + 0.4510 * (math.log(x["uacr"]) - 5.137)
    )
    return {
        "risk_2y_non_na": 1 - 0.9832 ** math.exp(score),
        "risk_5y_non_na": 1 - 0.9365 ** math.exp(score),
    }


def sarc_f(x: dict[str, float]) -> dict[str, float]:
    points = sum(x.values())
    return {"score": points, "positive": float(points >= 4)}


def findrisc(x: dict[str, float]) -> dict[str, float]:
    """The printed form: age 2/3/4 from 45/55/65, BMI 1 to 30 and 3 above, waist 3 and 4, and the six questions."""
    points = 0.0
    points += 4 if x["age"] >= 65 else 3 if x["age"] >= 55 else 2 if x["age"] >= 45 else 0
    points += 3 if x["bmi"] > 30 else 1 if x["bmi"] >= 25 else 0
    least, most = (94, 102) if x["male"] else (80, 88)
    points += 4 if x["waist"] > most else 3 if x["waist"] >= least else 0
    points += 0 if x["active"] else 2
    points += 0 if x["veg_daily"] else 1
    points += 2 if x["bp_tx"] else 0
    points += 5 if x["high_glucose"] else 0
    points += {0: 0, 1: 3, 2: 5}[int(x["family_history"])]
    return {"score": points}


def osta(x: dict[str, float]) -> dict[str, float]:
    index = math.trunc(0.2 * (x["weight"] - x["age"]))
    return {"osta": index, "band": 0 if index > -1 else 2 if index < -4 else 1}


def score2_asia_pacific(x: dict[str, float]) -> dict[str, float]:
    """The linear predictor of SCORE2, then the scale of the low-risk region."""
    age, sbp = (x["age"] - 60) / 5, (x["sbp"] - 120) / 20
    total, hdl = x["total_c_mmol"] - 6, (x["hdl_c_mmol"] - 1.3) / 0.5
    terms = [age, x["smoking"], sbp, x["dm"], total, hdl]
    terms += [age * x["smoking"], age * sbp, age * total, age * hdl, age * x["dm"]]
    if x["female"]:
        weights = [0.4648, 0.7744, 0.3131, 0.8096, 0.1002, -0.2606, -0.1088, -0.0277, -0.0226, 0.0613, -0.1272]
        base, shift, scale = 0.9776, -0.986572446, 0.536743779
    else:
        weights = [0.3742, 0.6012, 0.2777, 0.6457, 0.1458, -0.2698, -0.0755, -0.0255, -0.0281, 0.0426, -0.0983]
        base, shift, scale = 0.9605, -0.375229965, 0.62020875
    predictor = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    uncalibrated = 1 - base ** math.exp(predictor)
    return {"risk_10y_cvd_low": 1 - math.exp(-math.exp(shift + scale * math.log(-math.log(1 - uncalibrated))))}


def phenoage(x: dict[str, float]) -> dict[str, float]:
    """Levine 2018, table 1: weights, then the Gompertz mortality of 120 months turned into an age."""
    weights = {
        "albumin": -0.03359355, "creatinine": 0.009506491, "glucose": 0.1953192, "lymphocyte_pct": -0.01199984,
        "mcv": 0.02676401, "rdw": 0.3306156, "alp": 0.001868778, "wbc": 0.05542406, "age": 0.08035356,
    }  # fmt: skip
    xb = -19.90667 + 0.09536762 * math.log(x["crp"]) + sum(weight * x[name] for name, weight in weights.items())
    hazard = 1.51714 * math.exp(xb) / 0.007692696
    return {"phenoage": 141.50225 + math.log(0.0055305 * hazard) / 0.090165}


HAND_WRITTEN: dict[str, Callable[[dict[str, float]], dict[str, float]]] = {
    "ckd-epi-2021": ckd_epi_2021,
    "kfre-4v": kfre_4v,
    "sarc-f": sarc_f,
    "findrisc": findrisc,
    "osta": osta,
    "score2-asia-pacific": score2_asia_pacific,
    "phenoage-2018": phenoage,
}


@pytest.mark.parametrize("model", HAND_WRITTEN)
def test_a_graph_equals_the_formula_written_by_hand(model: str) -> None:
    @settings(max_examples=120, deadline=None)
    @given(rows(model))
    def check(row: dict[str, float]) -> None:
        got = infer(model, row)
        assert got["status"] == 0
        for name, value in HAND_WRITTEN[model](row).items():
            assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-12)

    check()


def middle(model: str) -> dict[str, float]:
    return {item["name"]: float(round((item["minimum"] + item["maximum"]) / 2)) for item in CARDS[model]["inputs"]}


@pytest.mark.parametrize("model", sorted(CARDS))
def test_a_missing_required_input_sets_bit_1_and_a_missing_optional_one_bit_4(model: str) -> None:
    complete = middle(model)
    assert infer(model, complete)["status"] == 0
    for item in CARDS[model]["inputs"]:
        got = infer(model, complete | {item["name"]: math.nan})
        numbers = [value for name, value in got.items() if name != "status"]
        assert got["status"] == (OPTIONAL_MISSING if item["optional"] else MISSING)
        if not item["optional"]:
            assert all(math.isnan(value) for value in numbers)


@pytest.mark.parametrize("model", sorted(CARDS))
def test_a_value_outside_its_range_sets_bit_2_and_gives_no_number(model: str) -> None:
    complete = middle(model)
    for item in CARDS[model]["inputs"]:
        outside = [math.nextafter(item["maximum"], math.inf), math.nextafter(item["minimum"], -math.inf)]
        outside += [math.inf, -math.inf]
        if item["kind"] != "number":
            outside.append(0.5)
        for value in outside:
            got = infer(model, complete | {item["name"]: value})
            assert got["status"] == OUT_OF_RANGE, (item["name"], value)
            assert all(math.isnan(number) for name, number in got.items() if name != "status")
        for value in (item["minimum"], item["maximum"]):
            assert infer(model, complete | {item["name"]: value})["status"] == 0


def test_bits_add_up() -> None:
    got = infer("awgs-2019", middle("awgs-2019") | {"male": math.nan, "grip": 91.0, "sppb": math.nan})
    assert got["status"] == MISSING + OUT_OF_RANGE + OPTIONAL_MISSING


@pytest.mark.parametrize("model", sorted(CARDS))
def test_a_batch_gives_each_row_what_it_gets_alone(model: str) -> None:
    random = np.random.default_rng(20261122)
    items = CARDS[model]["inputs"]
    columns = {item["name"]: random.uniform(item["minimum"], item["maximum"], (64, 1)) for item in items}
    for item in items:
        if item["kind"] != "number":
            columns[item["name"]] = np.round(columns[item["name"]])
        columns[item["name"]][random.random(64) < 0.03] = np.nan
    together = ENGINE.infer(InferenceRequest(model, tuple(Tensor(name, data) for name, data in columns.items())))
    for row in (0, 17, 63):
        alone = infer(model, {name: data[row, 0].item() for name, data in columns.items()})
        for tensor in together.outputs:
            assert tensor.data[row, 0].item() == pytest.approx(alone[tensor.name], rel=1e-12, nan_ok=True)
