"""The level that a model trained on Korean triage gives: it may raise the rules' level and never lowers it.

The model reads what the crew measured, the concepts in the chief complaint, injury and how the patient came. Sex, name,
place and hospital are no inputs. It was trained on people from 16 years; for younger ones it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import nan
from types import MappingProxyType
from typing import Any

import numpy as np

from inference.protocol.types import InferenceRequest, Tensor
from inference.runtime.base import InferenceClient
from inference.triage.case import ArrivalMode, TriageCase
from inference.triage.complaint_text import Lexicon
from inference.triage.vital_signs import Acvpu, responsiveness

MODEL = "ktas-level"
FROM_YEARS = 16
MEASUREMENTS = (
    "age", "systolic_blood_pressure", "diastolic_blood_pressure", "heart_rate", "respiratory_rate",
    "body_temperature", "oxygen_saturation", "pain", "responsiveness", "ambulance_119", "ambulance_private", "walking",
    "injury",
)  # fmt: skip
# Values at the edge of what the model was trained on: how far an unknown sign could move its level.
EXTREMES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "systolic_blood_pressure": (70, 190),
        "heart_rate": (45, 130),
        "respiratory_rate": (30,),
        "body_temperature": (35, 39),
        "oxygen_saturation": (88,),
        "pain": (7,),
        "responsiveness": (3,),
    }
)
_DEPTH = {Acvpu.ALERT: 0.0, Acvpu.CONFUSION: 1.0, Acvpu.VOICE: 1.0, Acvpu.PAIN: 2.0, Acvpu.UNRESPONSIVE: 3.0}


class NoOpinion(StrEnum):
    """Why the model says nothing."""

    UNAVAILABLE = "model_unavailable"
    AGE_UNKNOWN = "model_needs_age"
    UNDER_16 = "model_from_16_years"
    NO_COMPLAINT = "model_needs_complaint"


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much (log odds) a finding moved the answer; positive is towards a more severe level."""

    name: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class LevelOpinion:
    """The model's answer. `at_most[k]` is the probability that experts give level k+1 or a more severe one.

    `emergent` is that of level 1-2 with its 95 % interval. `threshold` is the probability from which the level counts;
    `could_become` holds unknown signs and the most severe level that a value of each could give.
    """

    model: str
    version: str
    checksum: str
    training_n: int
    level: int
    at_most: tuple[float, float, float, float]
    emergent: tuple[float, float, float]
    threshold: float
    contributions: tuple[Contribution, ...]
    could_become: Mapping[str, int]


def opinion(
    case: TriageCase, text: str | None, lexicon: Lexicon, client: InferenceClient, card: Mapping[str, Any]
) -> LevelOpinion | NoOpinion:
    """What the model says of a case; `text` is the chief complaint as typed. Raises InferenceError."""
    silent = _silent(case, text)
    if silent is not None:
        return silent
    if card["lexicon_sha256"] != lexicon.checksum:
        return NoOpinion.UNAVAILABLE
    known = measurements_of(case)
    unknown = [name for name in EXTREMES if np.isnan(known[MEASUREMENTS.index(name)])]
    variants = [(name, value) for name in unknown for value in EXTREMES[name]]
    rows = [known, *(_with(known, name, value) for name, value in variants)]
    concepts = concepts_of(lexicon, lexicon.found(text, case.complaint))
    answer = _infer(client, np.array(rows), np.repeat(concepts[None], len(rows), axis=0), card["version"])
    return _opinion(answer, [name for name, _value in variants], card)


def measurements_of(case: TriageCase) -> list[float]:
    """The numbers of the model's first input, NaN where unknown.

    A patient of a 119 device came by 119 unless the request says otherwise.
    """
    signs, arrival = case.vital_signs, case.arrival_mode or ArrivalMode.AMBULANCE_119
    open_codes = responsiveness(signs)
    depths = {_DEPTH[code] for code in open_codes}
    values = [
        case.age.months_low / 12 if case.age else None,
        signs.systolic_blood_pressure,
        signs.diastolic_blood_pressure,
        signs.heart_rate,
        signs.respiratory_rate,
        signs.body_temperature,
        signs.oxygen_saturation,
        signs.pain,
        min(depths) if len(open_codes) <= 2 else None,
        arrival is ArrivalMode.AMBULANCE_119,
        arrival is ArrivalMode.AMBULANCE_PRIVATE,
        arrival in (ArrivalMode.WALKING, ArrivalMode.PUBLIC_TRANSPORT),
        case.injury,
    ]
    return [nan if value is None else float(value) for value in values]


def concepts_of(lexicon: Lexicon, found: frozenset[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The numbers of the model's second input: 1 for each concept of the lexicon that was found."""
    return np.array([float(name in found) for name in lexicon.names])


def _silent(case: TriageCase, text: str | None) -> NoOpinion | None:
    if case.age is None:
        return NoOpinion.AGE_UNKNOWN
    if case.age.years < FROM_YEARS:
        return NoOpinion.UNDER_16
    return NoOpinion.NO_COMPLAINT if not (text or "").strip() and case.complaint is None else None


def _with(known: Sequence[float], name: str, value: float) -> list[float]:
    row = list(known)
    row[MEASUREMENTS.index(name)] = value
    return row


def _infer(client: InferenceClient, rows: Any, concepts: Any, version: str) -> dict[str, Any]:
    inputs = (Tensor("measurements", rows), Tensor("concepts", concepts))
    response = client.infer(InferenceRequest(MODEL, inputs, version=version))
    return {tensor.name: tensor.data for tensor in response.outputs}


def _opinion(answer: Mapping[str, Any], variants: Sequence[str], card: Mapping[str, Any]) -> LevelOpinion:
    levels = answer["level"][:, 0].astype(int)
    level = int(levels[0])
    at_most = tuple(float(p) for p in answer["at_most"][0])
    could: dict[str, int] = {}
    for name, other in zip(variants, levels[1:], strict=True):
        if other < level:
            could[name] = min(int(other), could.get(name, level))
    return LevelOpinion(
        model=card["id"],
        version=card["version"],
        checksum=card["sha256"],
        training_n=card["training"]["n"],
        level=level,
        at_most=(at_most[0], at_most[1], at_most[2], at_most[3]),
        emergent=(at_most[1], float(answer["emergent_low"][0, 0]), float(answer["emergent_high"][0, 0])),
        threshold=card["thresholds"][level - 1] if level < 5 else 1 - card["thresholds"][3],
        contributions=_contributions(answer["contributions"][0], card["terms"]),
        could_become=could,
    )


def _contributions(values: Any, terms: Sequence[Mapping[str, Any]], most: int = 5) -> tuple[Contribution, ...]:
    """The findings that moved the answer most; the steps of one measurement count together."""
    by_finding: dict[str, float] = {}
    for value, term in zip(values, terms, strict=True):
        by_finding[term["finding"]] = by_finding.get(term["finding"], 0.0) + float(value)
    moved = [Contribution(name, round(value, 3)) for name, value in by_finding.items() if abs(value) >= 0.05]
    return tuple(sorted(moved, key=lambda c: (-abs(c.log_odds), c.name))[:most])
