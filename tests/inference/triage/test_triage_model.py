"""The level model: what it may do in an answer, what cannot move it, and how it is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.protocol.types import InferenceRequest, Tensor
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.training.triage_data import LEAKING, NEVER_INPUTS, read_visits
from inference.training.triage_design import Design
from inference.training.triage_evaluation import alarm, auroc, held_out, kappa
from inference.training.triage_fit import at_most, grouped, level_of, splits, stratified
from inference.training.triage_model import table_of, train, write_model
from inference.triage.complaint_text import lexicon, parse_lexicon
from inference.triage.level_model import MEASUREMENTS, MODEL, LevelOpinion, NoOpinion, concepts_of
from inference.triage.request_body import parse_request
from inference.triage.views import model_opinion
from tests.inference.triage.conftest import Endpoint

CALM: dict[str, Any] = {
    "age": {"value": 66, "unit": "a"},
    "complaint_text": "chest pain",
    "injury": False,
    "vital_signs": {
        "respiratory_rate": 18, "oxygen_saturation": 98, "oxygen_given": False, "systolic_blood_pressure": 132,
        "diastolic_blood_pressure": 80, "heart_rate": 78, "body_temperature": 36.6, "acvpu": "A", "pain": 5,
    },
}  # fmt: skip
PEOPLE = ("김영희", "이철수", "박민준", "John Smith", "광산구 수완동", "북구 용봉동", "서구 역 앞", "동구 충장로")


@pytest.fixture(scope="session")
def visits_file(shared: Path) -> Path:
    path = shared / "data" / "ktas" / "ktas_dev.csv"
    if not path.is_file():
        pytest.skip("the emergency visits are not beside the checkout")
    return path


def said(body: dict[str, Any]) -> LevelOpinion:
    opinion = model_opinion(parse_request(json.dumps(body).encode()))
    assert isinstance(opinion, LevelOpinion)
    return opinion


def test_a_raised_level_names_the_model_and_its_probability(endpoint: Endpoint) -> None:
    answer = json.loads(endpoint(CALM).content)
    model = answer["model"]
    assert (answer["level"]["number"], model["level"], model["raised"]) == (2, 2, True)
    first = answer["reasons"][0]
    assert (first["rule"], first["level"], first["verified"]) == (MODEL, 2, False)
    assert "10.1371/journal.pone.0216972" in first["source"]["citation"]
    assert first["evidence"][0]["value"] == model["at_most"][1] >= first["evidence"][0]["threshold"]
    emergent = model["emergent"]
    assert emergent["low"] < emergent["probability"] < emergent["high"]
    assert emergent["n"] == 886
    assert "chest_pain" in {item["name"] for item in model["contributions"]}
    assert answer["range"]["worst"] <= 2


def test_the_model_never_lowers_a_level(endpoint: Endpoint) -> None:
    silent = replace(endpoint, opinion=lambda _request: NoOpinion.UNAVAILABLE)
    signs = product((88, 93, 99), (80, 130), (60, 130), ("A", "V", "P"))
    for number, (saturation, pressure, pulse, awake) in enumerate(signs):
        vital = {**CALM["vital_signs"], "oxygen_saturation": saturation, "systolic_blood_pressure": pressure}
        body = {**CALM, "vital_signs": {**vital, "heart_rate": pulse, "acvpu": awake}, "complaint_text": "ct film copy"}
        key = f"never-lower-{number}"
        with_model, rules = (json.loads(e(body, key=key).content) for e in (endpoint, silent))
        assert with_model["level"]["number"] <= rules["level"]["number"]
        assert [r for r in with_model["reasons"] if r["rule"] != MODEL] == rules["reasons"]
        assert with_model["model"]["applied"] is True


def test_without_the_model_the_rules_answer_and_say_so(endpoint: Endpoint, tmp_path: Path, settings: Any) -> None:
    from inference import registry

    def clear() -> None:
        for cached in (registry.model_repository, registry._embedded, registry._card):
            cached.cache_clear()

    settings.MODEL_REPOSITORY = tmp_path
    clear()
    try:
        answer = json.loads(endpoint(CALM).content)
    finally:
        settings.MODEL_REPOSITORY = Path(__file__).parents[3] / "inference" / "model_repository"
        clear()
    assert answer["model"]["reason"]["code"] == "model_unavailable"
    assert (answer["degraded"], [r["code"] for r in answer["degraded_reasons"]]) == (True, ["model_unavailable"])
    assert answer["level"]["number"] >= 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": None}, "model_needs_age"),
        ({"age": {"value": 15, "unit": "a"}}, "model_from_16_years"),
        ({"complaint_text": " "}, "model_needs_complaint"),
    ],
)
def test_the_model_says_nothing_of_whom_it_does_not_know(
    endpoint: Endpoint, change: dict[str, Any], reason: str
) -> None:
    answer = json.loads(endpoint({**CALM, **change}).content)
    assert answer["model"] == {"applied": False, "reason": answer["model"]["reason"]}
    assert answer["model"]["reason"]["code"] == reason
    assert answer["degraded"] is False


def test_no_answer_changes_with_sex_name_or_district(endpoint: Endpoint) -> None:
    def answer(**change: Any) -> Any:
        return json.loads(endpoint({**CALM, **change}).content)

    usual = answer()
    for text in ("chest pain", "흉통"):
        for who in PEOPLE:
            assert answer(complaint_text=f"{who} {text}") == answer(complaint_text=f"{text}, {who}")
            assert answer(complaint_text=f"{who} {text}")["level"] == usual["level"]
    for sex in ("male", "female", "other", "unknown"):
        assert answer(sex=sex) == usual


@pytest.mark.parametrize(
    ("korean", "english"),
    [("흉통", "chest pain"), ("호흡 곤란", "dyspnea"), ("의식저하", "mental change"),
     ("복통과 구토", "abd pain, vomiting"),
     ("갑자기 어지러움", "sudden dizziness"), ("편마비", "Lt. hemiparesis"), ("발열 38도", "fever")],
)  # fmt: skip
def test_korean_and_english_complaints_are_read_alike(korean: str, english: str) -> None:
    apart = frozenset({"pain_word"})
    assert lexicon().found(korean) - apart == lexicon().found(english) - apart != frozenset()


@pytest.mark.parametrize("text", ["no chest pain", "denies chest pain", "흉통 없음", "흉통(-)", "서구 역 앞"])
def test_what_is_denied_or_no_complaint_counts_for_nothing(text: str) -> None:
    assert lexicon().found(text) <= {"pain_word"}
    assert "chest_pain" not in lexicon().found(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert lexicon().found(text) <= set(lexicon().names)


def test_unknown_signs_say_what_they_could_change() -> None:
    body = {**CALM, "complaint_text": "fever", "vital_signs": {"acvpu": "A"}}
    opinion = said(body)
    assert {"heart_rate", "body_temperature"} <= opinion.could_become.keys()
    for name, level in opinion.could_become.items():
        assert level < opinion.level
        assert name in MEASUREMENTS
    assert said(CALM).could_become == {}


def test_probabilities_rise_with_the_level_and_the_threshold_decides() -> None:
    for text in ("chest pain", "fever", "laceration", "post cpr", "dyspnea"):
        opinion = said({**CALM, "complaint_text": text})
        assert list(opinion.at_most) == sorted(opinion.at_most)


def test_another_lexicon_than_the_models_is_refused() -> None:
    from inference import registry
    from inference.triage import level_model

    request = parse_request(json.dumps(CALM).encode())
    other = parse_lexicon(
        b'{"id":"x","version":"1","negations":[],"complaints":{},"concepts":{"a":{"en":["a"],"ko":[]}}}'
    )
    client, card = registry.embedded_client(), registry.card_of(MODEL)
    found = level_model.opinion(request.case, "chest pain", other, client, card)
    assert found is NoOpinion.UNAVAILABLE


def test_the_graph_equals_the_terms_and_weights_written_in_numpy(repository: ModelRepository) -> None:
    card = repository.card(MODEL)
    random = np.random.default_rng(3)
    rows: Any = np.column_stack(
        [random.uniform(16, 96, 400), *(random.uniform(30, 220, 400) for _ in range(4)),
         random.uniform(33, 41, 400), random.uniform(80, 100, 400), random.integers(0, 11, 400),
         random.integers(0, 4, 400), *(random.integers(0, 2, 400) for _ in range(4))]
    ).astype(np.float64)  # fmt: skip
    unknown = random.random(rows.shape) < 0.2
    unknown[:, 0] = False
    rows[unknown] = np.nan
    concepts = random.integers(0, 2, (400, len(lexicon().names))).astype(np.float64)
    tensors = (Tensor("measurements", rows), Tensor("concepts", concepts))
    answer: dict[str, Any] = {
        t.name: t.data for t in OnnxEngine(repository).infer(InferenceRequest(MODEL, tensors)).outputs
    }
    terms = Design(lexicon().names).matrix(rows, concepts)
    weights = np.array([term["log_odds"] for term in card["terms"]])
    cut = np.minimum(answer["level"][:, 0].astype(int), 4) - 1
    assert np.allclose(answer["contributions"], terms * weights[:, cut].T, atol=1e-5)
    assert (answer["level"][:, 0] == level_of(answer["at_most"], np.array(card["thresholds"]))).all()
    assert (answer["emergent_low"] <= answer["emergent_high"]).all()


def test_an_age_beyond_the_data_gives_no_number(repository: ModelRepository) -> None:
    rows = np.full((2, len(MEASUREMENTS)), 50.0)
    rows[0, 0], rows[1, 0] = np.nan, 12.0
    concepts = np.repeat(concepts_of(lexicon(), frozenset({"fever"}))[None], 2, axis=0)
    tensors = (Tensor("measurements", rows), Tensor("concepts", concepts))
    answer: dict[str, Any] = {
        t.name: t.data for t in OnnxEngine(repository).infer(InferenceRequest(MODEL, tensors)).outputs
    }
    assert answer["status"][:, 0].tolist() == [1, 2]
    assert np.isnan(answer["at_most"]).all()


def test_the_measures_of_the_evaluation_on_worked_examples() -> None:
    levels = np.array([1, 2, 3, 4, 5])
    assert kappa(levels, levels) == 1.0
    assert kappa(levels, levels[::-1]) == pytest.approx(-1.0)
    assert auroc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])) == 0.875
    severe = np.tile(np.array([0.0, 0.9, 0.95, 1.0]), (20, 1))
    severe[2:, 1] = 0.1
    nurse, expert = np.full(20, 3), np.full(20, 3)
    expert[:2] = 2
    assert alarm(severe, nurse, expert) == 1.0
    assert (np.diff(at_most(np.eye(3), np.ones((3, 4)), np.array([0.0, -1, 2, 1]))) >= 0).all()


@pytest.mark.parametrize("folds", [stratified, grouped])
def test_folds_hold_every_row_once_and_groups_together(folds: Callable[..., Any]) -> None:
    levels = np.tile(np.array([1, 2, 3, 4, 5]), 40)
    groups = np.array([f"complaint {row // 4}" for row in range(200)])
    found = folds(levels, groups, 5, 1)
    assert sorted(row for _learn, held in splits(found) for row in held) == list(range(200))
    if folds is grouped:
        assert all(len(set(found[groups == name])) == 1 for name in set(groups))


def test_what_is_known_later_changes_nothing(visits_file: Path, tmp_path: Path) -> None:
    lines = visits_file.read_text(encoding="utf-8-sig").splitlines()
    names = lines[0].split(";")
    blind = [names.index(name) for name in (*LEAKING, *NEVER_INPUTS) if name not in ("KTAS_RN", "Sex")]
    rows = [line.split(";") for line in lines[1:]]
    plain = [row for row in rows if len(row) == len(names)]
    for row in plain:
        for place in blind:
            row[place] = "1"
        row[names.index("Sex")] = "2"
    changed, usual = tmp_path / "changed.csv", tmp_path / "usual.csv"
    changed.write_text("\n".join([lines[0], *(";".join(row) for row in reversed(plain))]), encoding="utf-8")
    usual.write_text("\n".join([lines[0], *(x for x in lines[1:] if x.count(";") == len(names) - 1)]), encoding="utf-8")
    first, second = (table_of(read_visits(path), lexicon()) for path in (usual, changed))
    assert len(first.expert) > 800
    assert (first.terms == second.terms).all()
    assert (first.expert == second.expert).all()


def test_training_gives_the_committed_model(visits_file: Path, tmp_path: Path, repository: ModelRepository) -> None:
    table = table_of(read_visits(visits_file), lexicon())
    write_model(train(table), table, {}, "", tmp_path)
    again, committed = (r.card(MODEL) for r in (ModelRepository(tmp_path), repository))
    weights = [np.array([term["log_odds"] for term in card["terms"]]) for card in (again, committed)]
    assert np.allclose(weights[0], weights[1], atol=2e-6)
    assert again["thresholds"] == committed["thresholds"]


def test_the_whole_answer_keeps_its_figures_on_visits_it_has_not_seen(visits_file: Path) -> None:
    table = table_of(read_visits(visits_file), lexicon())
    held = held_out(table, stratified, 1)
    assert kappa(table.expert, held.answer) >= 0.62
    assert (held.answer > table.expert).mean() <= 0.12
    assert (held.answer < table.expert).mean() <= 0.28
    assert auroc(held.at_most[:, 1], table.expert <= 2) >= 0.88
    assert alarm(held.at_most, table.nurse, table.expert) >= 0.35
    assert (held.answer <= table.rules).all()
