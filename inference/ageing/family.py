"""A family of models for one disease: which of them apply to a person, and which one leads."""

from dataclasses import dataclass
from typing import Protocol

from inference.features.vector import Feature, FeatureVector


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The model says nothing about this person: `code` names the reason (inference.wording gives its text)."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether the model applies is not known: `feature` would tell."""

    feature: str


Verdict = NotApplicable | Unknown | None


class Rule(Protocol):
    """`premises` are the features on which the rule's answer stands."""

    @property
    def premises(self) -> tuple[str, ...]: ...

    def __call__(self, vector: FeatureVector) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and the rules that all have to pass before it may say anything."""

    model: str
    rules: tuple[Rule, ...] = ()

    def verdict(self, vector: FeatureVector) -> Verdict:
        """The first rule that does not pass: one that excludes comes before one that cannot tell."""
        verdicts = [verdict for rule in self.rules if (verdict := rule(vector)) is not None]
        excluded = [verdict for verdict in verdicts if isinstance(verdict, NotApplicable)]
        return (excluded or verdicts or [None])[0]

    def premises(self, vector: FeatureVector) -> tuple[Feature, ...]:
        """What is known of the features on which the rules stand."""
        named = dict.fromkeys(name for rule in self.rules for name in rule.premises)
        return tuple(vector.known[name] for name in named if name in vector.known)


@dataclass(frozen=True, slots=True)
class Family:
    """`candidates` in the order of preference: the first one that answers leads."""

    code: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Only for people who do not have it."""

    feature: str

    @property
    def premises(self) -> tuple[str, ...]:
        return (self.feature,)

    def __call__(self, vector: FeatureVector) -> Verdict:
        answer = vector.says(self.feature)
        if answer is None:
            return Unknown(self.feature)
        return NotApplicable(f"has-{self.feature}") if answer else None


@dataclass(frozen=True, slots=True)
class Having:
    """Only for people who have it; where nothing is known of it, they do not count as having it."""

    feature: str

    @property
    def premises(self) -> tuple[str, ...]:
        return (self.feature,)

    def __call__(self, vector: FeatureVector) -> Verdict:
        return None if vector.says(self.feature) else NotApplicable(f"no-{self.feature}")


@dataclass(frozen=True, slots=True)
class FromAge:
    """Only from that age on; an unknown age is the model's own missing input."""

    years: int
    premises: tuple[str, ...] = ()

    def __call__(self, vector: FeatureVector) -> Verdict:
        age = vector.value("age")
        return NotApplicable(f"below-{self.years}") if age is not None and age < self.years else None
