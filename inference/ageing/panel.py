"""All families for one person: features, the filtration rate that other models need, then every model."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from inference.features import record as records
from inference.features.record import Record
from inference.features.vector import Feature, FeatureVector, Origin, completed_years, features
from inference.runtime.base import InferenceClient, InferenceError

from .families import FAMILIES
from .kidney import CONFIRMED, EGFR_MODEL, Egfr, confirmed_below_60
from .run import Assessment, Outcome, assess, request

Cards = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """`leading` is the model whose answer stands for the family; None where none answers."""

    code: str
    assessments: tuple[Assessment, ...]
    leading: str | None


@dataclass(frozen=True, slots=True)
class Panel:
    vector: FeatureVector
    families: tuple[FamilyResult, ...]

    @property
    def assessments(self) -> tuple[Assessment, ...]:
        return tuple(item for family in self.families for item in family.assessments)


def assess_panel(record: Record, at: date, cards: Cards, client: InferenceClient) -> Panel:
    """Runs what can be run. A person who has died is not assessed. Raises InferenceError."""
    vector = features(record, at)
    if vector.deceased:
        return Panel(vector, ())
    vector = with_egfr(vector, record, cards, client)
    return Panel(vector, tuple(_family(family.code, family.candidates, vector, cards, client) for family in FAMILIES))


def _family(
    code: str, candidates: Sequence[Any], vector: FeatureVector, cards: Cards, client: InferenceClient
) -> FamilyResult:
    found = tuple(assess(candidate, cards(candidate.model), vector, client) for candidate in candidates)
    answering = [item.model for item in found if item.outcome is Outcome.GIVEN]
    return FamilyResult(code, found, answering[0] if answering else None)


def shadow_assessments(
    vector: FeatureVector, card_of: Callable[[str], Mapping[str, Any] | None], client: InferenceClient
) -> list[Assessment]:
    """What each challenger in the shadow says of the person; one that fails says nothing and holds nobody up."""
    found: list[Assessment] = []
    for candidate in (candidate for family in FAMILIES for candidate in family.candidates):
        card = card_of(candidate.model)
        if card is None or vector.deceased:
            continue
        with suppress(InferenceError, RuntimeError):
            found.append(assess(candidate, card, vector, client))
    return [one for one in found if one.outcome is Outcome.GIVEN]


def with_egfr(vector: FeatureVector, record: Record, cards: Cards, client: InferenceClient) -> FeatureVector:
    """Adds `egfr` (newest) and, where it is so, that it was below 60 twice, 90 days or more apart."""
    series = egfr_series(vector, record, cards, client)
    if not series:
        return vector
    newest = max(series, key=lambda item: (item.when, item.source))
    reading = vector.known.get("creatinine") or vector.known.get("reported_egfr")
    vector = vector.with_feature(
        Feature("egfr", newest.value, "mL/min/{1.73_m2}", Origin.CALCULATED, newest.when, (newest.source,),
                old=reading is not None and reading.old)
    )  # fmt: skip
    pair = confirmed_below_60(series)
    if pair is None:
        return vector
    sources = tuple(item.source for item in pair)
    return vector.with_feature(Feature(CONFIRMED, 1.0, "{0,1}", Origin.CALCULATED, pair[0].when, sources))


def egfr_series(vector: FeatureVector, record: Record, cards: Cards, client: InferenceClient) -> list[Egfr]:
    """Every filtration rate of the record by CKD-EPI 2021: calculated from creatinine, or reported as such."""
    reported = [
        Egfr(item.value, item.when.date(), item.source)
        for item in records.readings(record).get("reported_egfr", ())
        if not item.problem and item.when.date() <= vector.at
    ]
    born = records.moment(record.patient.get("birthDate"))
    female = vector.value("female")
    if born is None or female is None or vector.value("age") is None or not vector.creatinine:
        return reported
    rows = [
        {"female": female, "age": float(completed_years(born.date(), item.when.date())), "creatinine": item.value}
        for item in vector.creatinine
    ]
    values = client.infer(request(cards(EGFR_MODEL), rows)).output("egfr")[:, 0]
    calculated = [
        Egfr(float(value), item.when.date(), item.source)
        for item, value in zip(vector.creatinine, values, strict=True)
        if not math.isnan(value)  # a child, or a value beyond the equation's range
    ]
    return reported + calculated
