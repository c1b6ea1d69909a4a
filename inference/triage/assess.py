"""From a case and a rule pack to a triage assessment: a pure function of both, so that a repeat gives the same answer.

The worst finding wins. What is missing widens the range of levels that stay possible; it never counts as normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from inference.triage.case import TriageCase
from inference.triage.modifiers import Evidence, Facts, Verdict, facts_of
from inference.triage.rule_pack import Mark, RedFlag, Rule, RulePack, Text, Unmeasured
from inference.triage.scores import Score
from inference.triage.vital_signs import Age, age_from_quantity

Verdicts = list[tuple[Rule, Verdict]]

PRESUMED_ADULT = age_from_quantity(40, "a")
NON_URGENT = 5


@dataclass(frozen=True, slots=True)
class Level:
    """One of the five levels: code, colour and the minutes within which a physician should see the patient (KTAS)."""

    number: int
    code: str
    colour: str
    target_minutes: int


LEVELS: Mapping[int, Level] = MappingProxyType(
    {
        level.number: level
        for level in (
            Level(1, "resuscitation", "blue", 0),
            Level(2, "emergent", "red", 15),
            Level(3, "urgent", "yellow", 30),
            Level(4, "less_urgent", "green", 60),
            Level(5, "non_urgent", "white", 120),
        )
    }
)


class Assumption(StrEnum):
    """What was assumed where an input is missing; an assumption can only raise the level."""

    AGE_PRESUMED_ADULT = "age_presumed_adult"
    PREGNANCY_PRESUMED_NONE = "pregnancy_presumed_none"
    SATURATION_SCALE_1 = "saturation_scale_1"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that held: at least as severe as `level`, with what it saw and where it comes from.

    `source` is one of the pack's sources unless `citation` names another.
    """

    rule: str
    level: int
    evidence: tuple[Evidence, ...]
    source: str
    mark: Mark
    own_level: bool
    text: Text
    citation: str = ""

    @property
    def verified(self) -> bool:
        """Whether the threshold was read in its source."""
        return self.mark is Mark.READ


@dataclass(frozen=True, slots=True)
class MissingInput:
    """An unknown input and the most severe level that knowing it, alone or with other missing ones, could lead to."""

    name: str
    worst_level: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A red flag: suspected (`missing` empty) or not excluded because of what is missing."""

    code: str
    pathway: str
    needs: tuple[str, ...]
    source: str
    mark: Mark
    evidence: tuple[Evidence, ...]
    missing: tuple[str, ...]
    text: Text


@dataclass(frozen=True, slots=True)
class TriageAssessment:
    """The answer of the engine. `best` and `worst` bound the level once everything missing is known."""

    level: Level
    best: int
    worst: int
    reasons: tuple[Reason, ...]
    missing: tuple[MissingInput, ...]
    assumptions: tuple[Assumption, ...]
    scores: tuple[Score, ...]
    red_flags: tuple[Suspicion, ...]
    not_excluded: tuple[Suspicion, ...]
    pack_id: str
    pack_version: str
    pack_checksum: str


def assess(case: TriageCase, pack: RulePack) -> TriageAssessment:
    """Assess `case` by `pack`. Pure: neither clock nor store nor model takes part.

    A patient of unknown age is assessed by the adult rules; the range then covers what a child's rules could add or
    take away.
    """
    strict = facts_of(case, pack.tables)
    certain = _verdicts(strict, pack)
    presumed = strict if case.age else facts_of(replace(case, age=PRESUMED_ADULT), pack.tables)
    likely = certain if case.age else _verdicts(presumed, pack)
    reasons = [_reason(rule, presumed) for rule, verdict in likely if verdict is True]
    reasons += _unmeasured(presumed, pack)
    reasons = sorted(reasons, key=lambda reason: reason.level) or _non_urgent(presumed, pack)
    level = reasons[0].level if reasons else pack.document.baseline
    missing = _missing_inputs(certain, level)
    suspicions = [s for s in (_suspicion(flag, presumed) for flag in pack.document.red_flags) if s]
    return TriageAssessment(
        level=LEVELS[level],
        best=max(level, _best(certain, strict, pack)),
        worst=min([level, *(item.worst_level for item in missing)]),
        reasons=tuple(reasons),
        missing=missing,
        assumptions=_assumptions(case),
        scores=tuple(strict.scores.values()),
        red_flags=tuple(s for s in suspicions if not s.missing),
        not_excluded=tuple(s for s in suspicions if s.missing),
        pack_id=pack.id,
        pack_version=pack.version,
        pack_checksum=pack.checksum,
    )


def _verdicts(facts: Facts, pack: RulePack) -> Verdicts:
    return [(rule, rule.when.verdict(facts)) for rule in pack.document.rules]


def _reason(rule: Rule, facts: Facts) -> Reason:
    return Reason(
        rule=rule.id,
        level=rule.level,
        evidence=tuple(rule.when.evidence(facts)),
        source=rule.source,
        mark=rule.mark,
        own_level=rule.own_level,
        text=rule.text,
    )


def _unmeasured(facts: Facts, pack: RulePack) -> Iterable[Reason]:
    for rule in pack.document.unmeasured:
        unknown = _unknown_of(rule, facts)
        if unknown and rule.applies.verdict(facts) is True:
            evidence = tuple(Evidence(name, None, "is", "known") for name in unknown)
            yield Reason(rule.id, rule.level, evidence, rule.source, Mark.OWN, True, rule.text)


def _unknown_of(rule: Unmeasured, facts: Facts) -> list[str]:
    return [names[0] for names in rule.one_of_each if all(facts.stated[name] is None for name in names)]


def _non_urgent(facts: Facts, pack: RulePack) -> list[Reason]:
    """When no rule held: why the case is non-urgent, with everything that takes known; empty where it is not."""
    return [_reason(rule, facts) for rule in pack.document.non_urgent if rule.when.verdict(facts) is True]


def _best(certain: Verdicts, facts: Facts, pack: RulePack) -> int:
    """The least severe level that is still possible: what certainly holds, whatever the missing inputs are."""
    held = [rule.level for rule, verdict in certain if verdict is True]
    if held:
        return min(held)
    possible = any(rule.when.verdict(facts) is not False for rule in pack.document.non_urgent)
    return NON_URGENT if possible else pack.document.baseline


def _missing_inputs(certain: Verdicts, level: int) -> tuple[MissingInput, ...]:
    worst: dict[str, int] = {}
    for rule, verdict in certain:
        if rule.level < level and isinstance(verdict, frozenset):
            for name in verdict:
                worst[name] = min(rule.level, worst.get(name, rule.level))
    return tuple(MissingInput(name, worst[name]) for name in sorted(worst, key=lambda name: (worst[name], name)))


def _suspicion(flag: RedFlag, facts: Facts) -> Suspicion | None:
    verdict = flag.when.verdict(facts)
    if verdict is False:
        return None
    evidence = tuple(flag.when.evidence(facts)) if verdict is True else ()
    missing = () if verdict is True else tuple(sorted(verdict))
    return Suspicion(flag.code, flag.pathway, flag.needs, flag.source, flag.mark, evidence, missing, flag.text)


def _assumptions(case: TriageCase) -> tuple[Assumption, ...]:
    assumed = (
        (Assumption.AGE_PRESUMED_ADULT, case.age is None),
        (Assumption.PREGNANCY_PRESUMED_NONE, case.pregnancy is None and _may_be_pregnant(case.age)),
        (Assumption.SATURATION_SCALE_1, case.vital_signs.hypercapnic_target is None),
    )
    return tuple(assumption for assumption, holds in assumed if holds)


def _may_be_pregnant(age: Age | None) -> bool:
    return age is None or 10 <= age.years < 60
