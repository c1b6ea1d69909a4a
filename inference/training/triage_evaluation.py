"""Evaluation of rules, model and whole answer by nested cross-validation, with bootstrap intervals; the page of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.training.triage_fit import Folds, fit, grouped, level_of, splits, stratified
from inference.training.triage_model import Table

Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Measure = Callable[[Integers], float]

OUTER_FOLDS = 5
SEEDS = (1, 2, 3)
RESAMPLES = 1000
ALARM_SHARE = 0.10
SCHEMES: dict[str, Folds] = {"stratified": stratified, "grouped": grouped}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What each row was given by a model and thresholds that had not seen it."""

    at_most: Matrix
    model: Integers
    answer: Integers


def held_out(table: Table, folds: Folds, seed: int) -> HeldOut:
    """Five outer folds; calibration and thresholds come from inner folds of the rows learnt from."""
    at_most, levels = np.zeros((len(table.expert), 4)), np.zeros(len(table.expert), dtype=np.int64)
    for learn, held in splits(folds(table.expert, table.groups, OUTER_FOLDS, seed)):
        rules, groups = table.rules[learn], table.groups[learn]
        fitted = fit(table.terms[learn], table.expert[learn], rules, groups, folds, seed)
        at_most[held] = fitted.at_most(table.terms[held])
        levels[held] = level_of(at_most[held], fitted.thresholds)
    return HeldOut(at_most, levels, np.minimum(levels, table.rules))


def evaluate(table: Table) -> dict[str, Any]:
    """All figures of the page, each as [value, low, high] with the bootstrap's 95 % interval."""
    figures: dict[str, Any] = {"rules": _agreement(table.expert, table.rules)}
    for name, folds in SCHEMES.items():
        figures[name] = {str(seed): _figures(table, held_out(table, folds, seed)) for seed in SEEDS}
    first = held_out(table, stratified, SEEDS[0])
    figures["subgroups"] = _subgroups(table, first)
    figures["calibration"] = _calibration(first.at_most[:, 1], table.expert <= 2)
    return figures


def _figures(table: Table, held: HeldOut) -> dict[str, Any]:
    severe = table.expert <= 2
    return {
        "model": _agreement(table.expert, held.model),
        "answer": _agreement(table.expert, held.answer),
        "auroc_levels_1_2": _interval(lambda rows: auroc(held.at_most[rows, 1], severe[rows]), len(severe)),
        "nurse_under_triage_found_at_10_percent": _interval(
            lambda rows: alarm(held.at_most[rows], table.nurse[rows], table.expert[rows]), len(severe)
        ),
    }


def _agreement(expert: Integers, answer: Integers) -> dict[str, list[float]]:
    n = len(expert)
    return {
        "kappa": _interval(lambda rows: kappa(expert[rows], answer[rows]), n),
        "under_triage": _interval(lambda rows: float((answer[rows] > expert[rows]).mean()), n),
        "over_triage": _interval(lambda rows: float((answer[rows] < expert[rows]).mean()), n),
    }


def _subgroups(table: Table, held: HeldOut) -> dict[str, Any]:
    by_119 = table.measurements[:, 9] == 1
    age = table.measurements[:, 0]
    groups = {"by 119": by_119, "not by 119": ~by_119, "16-64 years": age < 65, "65 years and over": age >= 65}
    return {
        name: {"n": int(rows.sum())} | _agreement(table.expert[rows], held.answer[rows])
        for name, rows in groups.items()
    }


def kappa(expert: Integers, answer: Integers) -> float:
    """Cohen's kappa with quadratic weights over the levels 1-5."""
    observed = np.zeros((5, 5))
    np.add.at(observed, (expert - 1, answer - 1), 1)
    weights = (np.arange(5)[:, None] - np.arange(5)) ** 2
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    return float(1 - (weights * observed).sum() / (weights * expected).sum())


def auroc(score: Matrix, positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties counted half."""
    order = np.argsort(score, kind="stable")
    _values, of_row, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    ranks = np.empty(len(score))
    ranks[order] = mean_rank[of_row]
    events = positive.sum()
    return float((ranks[positive].sum() - events * (events + 1) / 2) / (events * (~positive).sum()))


def alarm(at_most: Matrix, nurse: Integers, expert: Integers) -> float:
    """Share of the nurse's under-triage among the tenth of patients whose level is most likely more severe."""
    below = np.column_stack([np.zeros(len(nurse)), at_most])[np.arange(len(nurse)), nurse - 1]
    alarms = np.argsort(-below, kind="stable")[: int(ALARM_SHARE * len(nurse))]
    under = nurse > expert
    return float(under[alarms].sum() / max(int(under.sum()), 1))


def _calibration(probability: Matrix, happened: npt.NDArray[np.bool_]) -> dict[str, Any]:
    tenths = np.array_split(np.argsort(probability, kind="stable"), 10)
    rows = [[round(float(probability[t].mean()), 3), round(float(happened[t].mean()), 3)] for t in tenths]
    error = sum(len(t) * abs(probability[t].mean() - happened[t].mean()) for t in tenths) / len(happened)
    brier = float(((probability - happened) ** 2).mean())
    return {"brier": round(brier, 4), "expected_calibration_error": round(float(error), 4), "tenths": rows}


def _interval(measure: Measure, n: int) -> list[float]:
    """The value on all rows and the percentile interval over resampled rows."""
    random = np.random.default_rng(7)
    drawn = [measure(random.integers(0, n, n)) for _resample in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [round(float(value), 3) for value in (measure(np.arange(n)), low, high)]


def page(card: dict[str, Any]) -> str:
    """docs/models/ktas-level.md."""
    figures = card["figures"]
    head = [
        f"# {card['title']}",
        "",
        f"`{card['id']}` version {card['version']}. Data: {card['source']['authors'].split(' (')[0]}, "
        f"{card['source']['journal'].split(' (')[0]}, doi {card['source']['doi']}.",
        "",
        "Not a cleared medical device. It may raise the level that the rules give and never lowers it.",
        "",
        f"- Population: {card['population']}.",
        f"- Method: {card['method']}",
        f"- Licence: {card['licence']}",
        *(f"- Limit: {limit}" for limit in card["limits"]),
        "",
        "Traps of the data: the first 186 rows of the published table are exactly the mistriaged ones; seven columns",
        "are known only after triage; oxygen saturation is missing in more than half; decimal commas, `??`, `#BOŞ!`.",
        "",
        "Train again: `manage.py train_triage_model PATH/ktas_dev.csv` (half a minute on one core; the same file gives",
        "the same bytes on the same machine).",
        "",
        "## Agreement with the experts' level",
        "",
        "Nested five-fold cross-validation on the development part: weights, calibration and thresholds of a fold come",
        "from the other four. *Stratified*: by level. *Grouped*: equal complaints stay in one fold. In brackets the",
        f"95 % interval of {RESAMPLES} bootstrap samples of the visits.",
        "",
        "| folds, seed | whose level | weighted kappa | under-triage | over-triage |",
        "|---|---|--:|--:|--:|",
        _row("-", "rules alone", figures["rules"]),
    ]
    rows = []
    more = []
    for scheme in SCHEMES:
        for seed, found in figures[scheme].items():
            rows.append(_row(f"{scheme}, {seed}", "model alone", found["model"]))
            rows.append(_row(f"{scheme}, {seed}", "whole answer", found["answer"]))
            auc, found_at = found["auroc_levels_1_2"], found["nurse_under_triage_found_at_10_percent"]
            more.append(f"| {scheme}, {seed} | {_number(auc)} | {_percent(found_at)} |")
    return "\n".join([*head, *rows, "", *_more(more, figures), ""])


def _more(rows: list[str], figures: dict[str, Any]) -> list[str]:
    calibration = figures["calibration"]
    return [
        "| folds, seed | AUROC of levels 1-2 | nurse's under-triage found at 10 % alarms |",
        "|---|--:|--:|",
        *rows,
        "",
        f"Whole answer by group (stratified, seed {SEEDS[0]}):",
        "",
        "| group | n | weighted kappa | under-triage | over-triage |",
        "|---|--:|--:|--:|--:|",
        *(_row(name, str(found["n"]), found) for name, found in figures["subgroups"].items()),
        "",
        f"Probability of level 1-2: Brier score {calibration['brier']}, expected calibration error "
        f"{calibration['expected_calibration_error']} over tenths.",
    ]


def _row(first: str, second: str, found: dict[str, Any]) -> str:
    cells = [_number(found["kappa"]), _percent(found["under_triage"]), _percent(found["over_triage"])]
    return f"| {first} | {second} | {' | '.join(cells)} |"


def _number(value: list[float]) -> str:
    return f"{value[0]:.3f} ({value[1]:.3f}-{value[2]:.3f})"


def _percent(value: list[float]) -> str:
    return f"{100 * value[0]:.1f} % ({100 * value[1]:.1f}-{100 * value[2]:.1f})"
