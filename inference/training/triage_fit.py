"""Fitting the level model: four logistic regressions, "level k or more severe", calibrated, and their thresholds.

Ridge-penalised likelihood by Newton's method in float64, so that the same data give the same numbers. Thresholds are
chosen by cost on predictions of inner folds, never on the rows that they judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Folds = Callable[[Integers, npt.NDArray[np.str_], int, int], Integers]

RIDGE = 1.0
CUTS = (1, 2, 3, 4)
UNDER_TRIAGE_COST = 1.5  # an error towards too mild against one towards too severe
GRID = np.arange(0.10, 0.75, 0.05).round(2)
INNER_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights [terms, 4] and intercepts [4] after calibration, thresholds [4], covariance of cut 2 (intercept last)."""

    weights: Matrix
    intercepts: Matrix
    thresholds: Matrix
    covariance: Matrix

    def at_most(self, terms: Matrix) -> Matrix:
        """P(level <= k) for k = 1 to 4, never falling with k."""
        return at_most(terms, self.weights, self.intercepts)


def fit(terms: Matrix, levels: Integers, rules: Integers, groups: npt.NDArray[np.str_], folds: Folds, seed: int) -> Fit:
    """Fit on rows of `terms` with experts' `levels`; `rules` are the rule engine's, under which no answer goes."""
    weights, intercepts = _regressions(terms, levels)
    inner = _held_out(terms, levels, groups, folds, seed)
    slopes, shifts = _calibration(inner, levels)
    calibrated = at_most_of_odds(inner * slopes + shifts)
    return Fit(
        weights * slopes,
        intercepts * slopes + shifts,
        best_thresholds(calibrated, levels, rules),
        _covariance(terms, weights[:, 1], intercepts[1]) * slopes[1] ** 2,
    )


def at_most(terms: Matrix, weights: Matrix, intercepts: Matrix) -> Matrix:
    return at_most_of_odds(terms @ weights + intercepts)


def at_most_of_odds(log_odds: Matrix) -> Matrix:
    return np.maximum.accumulate(_probability(log_odds), axis=1)


def level_of(at_most: Matrix, thresholds: Matrix) -> Integers:
    """The most severe level whose probability reaches its threshold."""
    reached = at_most >= thresholds
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 5).astype(np.int64)


def best_thresholds(probabilities: Matrix, levels: Integers, rules: Integers) -> Matrix:
    """Thresholds of the smallest cost for the whole answer, one after the other, twice around."""
    thresholds = np.full(len(CUTS), 0.5)
    for _round in range(2):
        for cut in range(len(CUTS)):
            costs = [_cost_at(value, cut, thresholds, probabilities, levels, rules) for value in GRID]
            thresholds[cut] = GRID[int(np.argmin(costs))]
    return thresholds


def _cost_at(
    value: float, cut: int, thresholds: Matrix, probabilities: Matrix, levels: Integers, rules: Integers
) -> float:
    trial = thresholds.copy()
    trial[cut] = value
    return cost(np.minimum(level_of(probabilities, trial), rules), levels)


def cost(answer: Integers, levels: Integers) -> float:
    """Mean of (steps squared + 1) over the wrong answers, too mild ones weighted."""
    steps = (answer - levels).astype(np.float64)
    return float(np.where(steps > 0, UNDER_TRIAGE_COST, 1.0) @ (steps**2 + (steps != 0)) / len(levels))


def stratified(levels: Integers, groups: npt.NDArray[np.str_], count: int, seed: int) -> Integers:
    """The fold of each row, every level spread evenly; `groups` play no part."""
    random = np.random.default_rng(seed)
    folds = np.empty(len(levels), dtype=np.int64)
    for level in np.unique(levels):
        rows = random.permutation(np.flatnonzero(levels == level))
        folds[rows] = (np.arange(len(rows)) + random.integers(count)) % count
    return folds


def grouped(levels: Integers, groups: npt.NDArray[np.str_], count: int, seed: int) -> Integers:
    """The fold of each row, rows of one group together: large groups first, each to the fold that needs it most."""
    random = np.random.default_rng(seed)
    names, of_row = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), 6))
    np.add.at(table, (of_row, levels), 1)
    filled, place = np.zeros((count, 6)), np.zeros(len(names), dtype=np.int64)
    share = np.maximum(table.sum(axis=0), 1)
    for group in sorted(random.permutation(len(names)), key=lambda g: -table[g].sum()):
        trials = [_unevenness(filled, fold, table[group], share) for fold in range(count)]
        place[group] = int(np.argmin(trials))
        filled[place[group]] += table[group]
    return place[of_row]


def _unevenness(filled: Matrix, fold: int, added: Matrix, share: Matrix) -> float:
    trial = filled.copy()
    trial[fold] += added
    return float(((trial / share).std(axis=0)).sum())


def splits(folds: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Rows to learn from and rows held out, for each fold."""
    for fold in range(int(folds.max()) + 1):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def _held_out(terms: Matrix, levels: Integers, groups: npt.NDArray[np.str_], folds: Folds, seed: int) -> Matrix:
    """Log odds of each row by a model that has not seen it."""
    odds = np.zeros((len(levels), len(CUTS)))
    for learn, held in splits(folds(levels, groups, INNER_FOLDS, seed)):
        weights, intercepts = _regressions(terms[learn], levels[learn])
        odds[held] = terms[held] @ weights + intercepts
    return odds


def _regressions(terms: Matrix, levels: Integers) -> tuple[Matrix, Matrix]:
    fitted = [_regression(terms, (levels <= cut).astype(np.float64), RIDGE) for cut in CUTS]
    return np.column_stack([beta[:-1] for beta in fitted]), np.array([beta[-1] for beta in fitted])


def _regression(terms: Matrix, happened: Matrix, ridge: float) -> Matrix:
    """Weights with the intercept last. The intercept is hardly penalised."""
    with_one = np.column_stack([terms, np.ones(len(terms))])
    penalty = np.full(with_one.shape[1], ridge)
    penalty[-1] = 1e-6
    beta = np.zeros(with_one.shape[1])
    for _step in range(60):
        probability = _probability(with_one @ beta)
        gradient = with_one.T @ (happened - probability) - penalty * beta
        curvature = (with_one * (probability * (1 - probability))[:, None]).T @ with_one + np.diag(penalty)
        move = np.linalg.solve(curvature, gradient)
        beta = beta + move * min(1.0, 3.0 / max(float(np.abs(move).max()), 1e-12))
        if np.abs(move).max() < 1e-9:
            break
    return beta


def _calibration(odds: Matrix, levels: Integers) -> tuple[Matrix, Matrix]:
    """Slope and shift of each cut's log odds (Platt), drawn towards slope 1 where there are few events."""
    slopes, shifts = np.ones(len(CUTS)), np.zeros(len(CUTS))
    for index, cut in enumerate(CUTS):
        happened = (levels <= cut).astype(np.float64)
        slopes[index], shifts[index] = _line(odds[:, index], happened)
    return slopes, shifts


def _line(odds: Matrix, happened: Matrix, pull: float = 4.0) -> tuple[float, float]:
    both = np.column_stack([odds, np.ones(len(odds))])
    beta, rest = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _step in range(60):
        probability = _probability(both @ beta)
        gradient = both.T @ (happened - probability) - pull * (beta - rest)
        curvature = (both * (probability * (1 - probability))[:, None]).T @ both + pull * np.eye(2)
        move = np.linalg.solve(curvature, gradient)
        beta = beta + move
        if np.abs(move).max() < 1e-10:
            break
    return max(float(beta[0]), 0.2), float(beta[1])


def _covariance(terms: Matrix, weights: Matrix, intercept: float) -> Matrix:
    """Normal approximation of the coefficients' spread under the penalised likelihood."""
    with_one = np.column_stack([terms, np.ones(len(terms))])
    probability = _probability(terms @ weights + intercept)
    penalty = np.full(with_one.shape[1], RIDGE)
    penalty[-1] = 1e-6
    curvature = (with_one * (probability * (1 - probability))[:, None]).T @ with_one + np.diag(penalty)
    return np.linalg.inv(curvature)


def _probability(log_odds: Matrix) -> Matrix:
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -40, 40)))
