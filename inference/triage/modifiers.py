"""Modifiers: the condition language of rule packs, and its three-valued evaluation.

A condition about something unknown is neither true nor false: its verdict is the set of inputs that are missing to
tell. So nothing missing is ever read as normal, and the set says what to measure next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from inference.triage.case import CaseValue, CaseValues, TriageCase, derived_values, stated_values
from inference.triage.scores import Score, ScoreName, all_scores
from inference.triage.vital_signs import Age

Verdict = bool | frozenset[str]
"""True, False, or the names of the inputs that are missing to tell (never empty)."""

MONTHS_PER_YEAR = 12


class AgeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits [low, high] of a measurement for ages from `from_months` to under `until_months`; null is no limit."""

    from_months: float
    until_months: float
    normal: tuple[float | None, float | None]
    one_sd: tuple[float | None, float | None] = (None, None)
    two_sd: tuple[float | None, float | None] = (None, None)


class AgeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows by rising age. Ages between two rows take the stricter limit of both; none holds from `ends_at_months`."""

    measure: str
    ends_at_months: float
    rows: tuple[AgeRow, ...]

    def limits(self, age: Age, band: str) -> tuple[float | None, float | None]:
        """The strictest (low, high) limits for every age in the interval, (None, None) past the end of the table."""
        if age.months_low >= self.ends_at_months:
            return None, None
        pairs: list[tuple[float | None, float | None]] = [getattr(row, band) for row in self._rows(age)]
        lows = [low for low, _ in pairs if low is not None]
        highs = [high for _, high in pairs if high is not None]
        return max(lows, default=None), min(highs, default=None)

    def _rows(self, age: Age) -> Iterator[AgeRow]:
        for index, row in enumerate(self.rows):
            # A row reaches over the gaps on both sides, where its neighbour's limits hold as well.
            reach_from = self.rows[index - 1].until_months if index else 0.0
            reach_until = self.rows[index + 1].from_months if index + 1 < len(self.rows) else self.ends_at_months
            if age.months_low < reach_until and age.months_high >= reach_from:
                yield row


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions are evaluated against: inputs as stated and as derived, scores, age and the pack's age tables."""

    stated: CaseValues
    values: CaseValues
    scores: Mapping[ScoreName, Score]
    age: Age | None
    tables: Mapping[str, AgeTable]


def facts_of(case: TriageCase, tables: Mapping[str, AgeTable]) -> Facts:
    """The facts of a case: its inputs by name and all scores."""
    stated = stated_values(case)
    return Facts(stated, derived_values(case, stated), all_scores(case), case.age, tables)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a condition held: an input or score, its value, and the threshold it met."""

    name: str
    value: CaseValue
    comparator: str
    threshold: CaseValue


class _Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is", kw_only=True):
    """Common options of the condition types."""


class _Limits(_Node, frozen=True, kw_only=True):
    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None

    def _given(self) -> list[tuple[str, float]]:
        named = (("<", self.below), ("<=", self.at_most), (">", self.above), (">=", self.at_least))
        return [(sign, limit) for sign, limit in named if limit is not None]

    def _within(self, low: float, high: float) -> bool | None:
        """Whether all (True), none (False) or some (None) of [low, high] meet the limits."""
        answers = [_compare_range(low, high, sign, limit) for sign, limit in self._given()]
        if False in answers:
            return False
        return None if None in answers else True

    def _evidence(self, name: str, value: CaseValue) -> Iterator[Evidence]:
        for sign, limit in self._given():
            yield Evidence(name, value, sign, limit)


class Measure(_Limits, frozen=True, tag="measure", kw_only=True):
    """A number of the case against limits, in the unit of its `Measurement`."""

    name: str

    def verdict(self, facts: Facts) -> Verdict:
        value = facts.values[self.name]
        if value is None:
            return frozenset((self.name,))
        number = _number(value)
        return self._within(number, number) is True

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield from self._evidence(self.name, facts.values[self.name])


class ScoreLimit(_Limits, frozen=True, tag="score", kw_only=True):
    """A score, or its highest single part, against limits; false where the score does not apply."""

    name: ScoreName
    part: Literal["total", "highest"] = "total"

    def verdict(self, facts: Facts) -> Verdict:
        score = facts.scores[self.name]
        low, high = self._range(score)
        if low is None or high is None:
            return False
        holds = self._within(low, high)
        if holds is False:
            return False
        unsettled = holds is None or score.applicable is None
        return frozenset(score.lacking) if unsettled else True

    def _range(self, score: Score) -> tuple[float | None, float | None]:
        if self.part == "highest":
            return score.highest_part, score.highest_part_maximum
        return score.minimum, score.maximum

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        name = self.name.value if self.part == "total" else f"{self.name.value}.highest_part"
        yield from self._evidence(name, self._range(facts.scores[self.name])[0])


class Coded(_Node, frozen=True, tag="coded", kw_only=True):
    """A coded input is one of these codes; an input narrowed to several codes is a set of those still open."""

    name: str
    one_of: tuple[str, ...]

    def verdict(self, facts: Facts) -> Verdict:
        value = facts.values[self.name]
        still_open = value if isinstance(value, frozenset) else frozenset((value,))
        if None in still_open or not (still_open.isdisjoint(self.one_of) or still_open.issubset(self.one_of)):
            return frozenset((self.name,))
        return not still_open.isdisjoint(self.one_of)

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        value = facts.values[self.name]
        shown = next(iter(value)) if isinstance(value, frozenset) and len(value) == 1 else value
        yield Evidence(self.name, shown, "is", frozenset(self.one_of))


class Flag(_Node, frozen=True, tag="flag", kw_only=True):
    """A yes-or-no input has this answer."""

    name: str
    value: bool = True

    def verdict(self, facts: Facts) -> Verdict:
        value = facts.values[self.name]
        return frozenset((self.name,)) if value is None else value is self.value

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(self.name, facts.values[self.name], "is", self.value)


class Includes(_Node, frozen=True, tag="includes", kw_only=True):
    """A set of codes holds one of these."""

    name: str
    any_of: tuple[str, ...]

    def verdict(self, facts: Facts) -> Verdict:
        value = facts.values[self.name]
        if not isinstance(value, frozenset):
            return frozenset((self.name,))
        return not value.isdisjoint(self.any_of)

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        yield Evidence(self.name, facts.values[self.name], "includes", frozenset(self.any_of))


class AgeLimits(_Node, frozen=True, tag="age", kw_only=True):
    """Completed age from `from_months` to under `below_months`."""

    from_months: float = 0
    below_months: float = 2000

    def verdict(self, facts: Facts) -> Verdict:
        if facts.age is None:
            return frozenset(("age",))
        low, high = facts.age.months_low, facts.age.months_high
        if low >= self.below_months or high < self.from_months:
            return False
        return True if low >= self.from_months and high < self.below_months else frozenset(("age",))

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        months = None if facts.age is None else facts.age.months_low
        if self.from_months:
            yield Evidence("age_months", months, ">=", self.from_months)
        if self.below_months < 2000:
            yield Evidence("age_months", months, "<", self.below_months)


class OutsideBand(_Node, frozen=True, tag="outside_band", kw_only=True):
    """A measurement lies outside a band of an age table; false past the end of the table."""

    table: str
    band: Literal["normal", "one_sd", "two_sd"]

    def verdict(self, facts: Facts) -> Verdict:
        table = facts.tables[self.table]
        value = facts.values[table.measure]
        if facts.age is None:
            return frozenset(("age",) if value is not None else ("age", table.measure))
        limits = table.limits(facts.age, self.band)
        if limits == (None, None):
            return False
        return frozenset((table.measure,)) if value is None else bool(_outside(_number(value), limits))

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        table = facts.tables[self.table]
        value = facts.values[table.measure]
        if facts.age is None or value is None:
            return
        for sign, limit in _outside(_number(value), table.limits(facts.age, self.band)):
            yield Evidence(table.measure, value, sign, limit)


class AllOf(_Node, frozen=True, tag="all", kw_only=True):
    """Every condition holds."""

    of: tuple[Condition, ...]

    def verdict(self, facts: Facts) -> Verdict:
        verdicts = [condition.verdict(facts) for condition in self.of]
        return False if False in verdicts else _missing(verdicts) or True

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        return _evidence_of(self.of, facts)


class AnyOf(_Node, frozen=True, tag="any", kw_only=True):
    """At least one condition holds."""

    of: tuple[Condition, ...]

    def verdict(self, facts: Facts) -> Verdict:
        verdicts = [condition.verdict(facts) for condition in self.of]
        return True if True in verdicts else _missing(verdicts) or False

    def evidence(self, facts: Facts) -> Iterator[Evidence]:
        return _evidence_of(self.of, facts)


Condition = Measure | ScoreLimit | Coded | Flag | Includes | AgeLimits | OutsideBand | AllOf | AnyOf


def inputs_of(condition: Condition) -> Iterator[str]:
    """The input names that a condition reads directly (those of scores and age tables aside)."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.of:
            yield from inputs_of(part)
    elif isinstance(condition, Measure | Coded | Flag | Includes):
        yield condition.name


def _evidence_of(conditions: Iterable[Condition], facts: Facts) -> Iterator[Evidence]:
    for condition in conditions:
        if condition.verdict(facts) is True:
            yield from condition.evidence(facts)


def _missing(verdicts: Iterable[Verdict]) -> frozenset[str]:
    return frozenset[str]().union(*(verdict for verdict in verdicts if not isinstance(verdict, bool)))


def _outside(value: float, limits: tuple[float | None, float | None]) -> list[tuple[str, float]]:
    low, high = limits
    found = [("<", low)] if low is not None and value < low else []
    return found + ([(">", high)] if high is not None and value > high else [])


def _number(value: CaseValue) -> float:
    if isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} is not a number")


def _compare_range(low: float, high: float, sign: str, limit: float) -> bool | None:
    """Whether all, none or some of [low, high] compare so with `limit`."""
    first, last = (high, low) if sign.startswith("<") else (low, high)
    # `first` is the end that meets the comparison last, `last` the end that meets it first.
    if _compare(first, sign, limit):
        return True
    return None if _compare(last, sign, limit) else False


def _compare(value: float, sign: str, limit: float) -> bool:
    if sign == "<":
        return value < limit
    if sign == "<=":
        return value <= limit
    return value > limit if sign == ">" else value >= limit
