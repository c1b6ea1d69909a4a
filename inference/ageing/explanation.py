"""What moved a result: each input's share, against the reference values that the model card states.

The shares are Shapley values of the leading output on the scale on which its equation adds up (log-odds, complementary
log-log, or the score itself), over the features in which the person differs from the reference: the average change
when the feature is set, over all orders of setting them (Shapley 1953; Lundberg and Lee 2017, arXiv 1705.07874). They
sum to the difference between the person and the reference. They are differences in the model, not causes.

A treatment counts together with what it treats: its published weight is often positive, because the treated were ill
before, and shown alone it would tell people to stop.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.runtime.base import InferenceClient

from .run import Assessment, request

TOGETHER = {
    "antihypertensive": "systolic",
    "statin": "total_cholesterol",
    "hdl_cholesterol": "total_cholesterol",
}
LARGEST = 12  # 4,096 rows, one batch


@dataclass(frozen=True, slots=True)
class Contribution:
    """`features` moved the result by `share` on the output's additive scale."""

    features: tuple[str, ...]
    share: float


def contributions(assessment: Assessment, card: Mapping[str, Any], client: InferenceClient) -> tuple[Contribution, ...]:
    """The shares of the leading output, largest first; empty where it has no value or nothing differs."""
    lead = next((output for output in assessment.outputs if output.lead), None)
    if lead is None or lead.value is None:
        return ()
    groups = _groups(assessment, card)
    if not groups or len(groups) > LARGEST:
        return ()
    own = {use.name: use.value for use in assessment.inputs}
    reference = own | {name: value for group in groups.values() for name, value in group.items()}
    subsets = list(itertools.product((False, True), repeat=len(groups)))
    rows = [_row(own, reference, groups, subset) for subset in subsets]
    scale = next(output["scale"] for output in card["outputs"] if output["name"] == lead.name)
    values = [_additive(value, scale) for value in client.infer(request(card, rows)).output(lead.name)[:, 0].tolist()]
    shares = _shapley(dict(zip(subsets, values, strict=True)), len(groups))
    found = [
        Contribution(tuple(dict.fromkeys(_feature(card, name) for name in group)), share)
        for group, share in zip(groups.values(), shares, strict=True)
    ]
    return tuple(sorted(found, key=lambda item: abs(item.share), reverse=True))


def _groups(assessment: Assessment, card: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By leading feature, the reference values of the inputs that differ from it."""
    groups: dict[str, dict[str, float]] = {}
    for use, item in zip(assessment.inputs, card["inputs"], strict=True):
        reference = item["reference"]
        if reference is not None and not math.isnan(use.value) and use.value != reference:
            groups.setdefault(TOGETHER.get(use.feature, use.feature), {})[use.name] = reference
    return groups


def _row(
    own: Mapping[str, float],
    reference: Mapping[str, float],
    groups: Mapping[str, Mapping[str, float]],
    set_groups: Sequence[bool],
) -> dict[str, float]:
    """The reference with the chosen groups at the person's own values."""
    chosen = {
        name: own[name] for group, is_set in zip(groups.values(), set_groups, strict=True) if is_set for name in group
    }
    return {**reference, **chosen}


def _feature(card: Mapping[str, Any], name: str) -> str:
    return str(next(item["feature"] for item in card["inputs"] if item["name"] == name))


def _additive(value: float, scale: str) -> float:
    if scale == "logit":
        return math.log(value / (1 - value))
    if scale == "cloglog":
        return math.log(-math.log1p(-value))
    return value


def _shapley(values: Mapping[tuple[bool, ...], float], count: int) -> list[float]:
    weights = [math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count) for size in range(count)]
    shares = [0.0] * count
    for subset, value in values.items():
        size = sum(subset)
        for position in range(count):
            if not subset[position]:
                with_it = (*subset[:position], True, *subset[position + 1 :])
                shares[position] += weights[size] * (values[with_it] - value)
    return shares
