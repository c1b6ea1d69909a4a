"""Results of models as the console shows them: what was calculated, why, and what a clinician made of it (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from clinics.console import terms
from clinics.console.record import When, when
from inference.services import Contribution, Input, Output, Picture, Result

Resource = Mapping[str, Any]
EXTENSION: Final = "urn:bitgoeul:StructureDefinition/"
_AGES: Final = frozenset({"age", "phenoage"})
HALF: Final = 120
"""Half the width of the chart of contributions, in the SVG's own units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A contribution as a bar from the middle: to the right it raises the result, to the left it lowers it."""

    text: str
    x: float
    width: float
    raises: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what, its value in words, and where it comes from."""

    label: str
    value: str
    date: str = ""
    origin: str = ""
    source: str = ""
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a clinician decided, with the name of the person as far as it is known."""

    overridden: bool
    name: str
    reason: str
    at: When


@dataclass(frozen=True, slots=True)
class RiskCard:
    """One result with its explanation. ``state`` is unreviewed, accepted, overridden or no-number; ``withheld`` says
    that the citizen does not see it; ``seen`` is the version that a decision is about; ``horizon_years`` belongs to a
    probability."""

    result: Result
    state: str
    headline: str
    calculated: When
    horizon_years: float | None
    others: tuple[Row, ...]
    inputs: tuple[Row, ...]
    bars: tuple[Bar, ...]
    decisions: tuple[Decision, ...]
    card: Mapping[str, Any]
    seen: str

    @property
    def withheld(self) -> bool:
        return self.result.release == "withheld"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A model that gave no result, and why not."""

    model: str
    family: str
    title: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """The results on one disease: those that say something, and the models that could not answer."""

    code: str
    title: str
    cards: tuple[RiskCard, ...]
    unanswered: tuple[Unanswered, ...]

    @property
    def first(self) -> tuple[RiskCard, ...]:
        """What is shown unfolded: the leading result and whatever is high; everything where nothing leads."""
        return tuple(card for card in self.cards if card.result.leading or card.result.high) or self.cards

    @property
    def others(self) -> tuple[RiskCard, ...]:
        return tuple(card for card in self.cards if card not in self.first)

    @property
    def open(self) -> tuple[RiskCard, ...]:
        """The results that wait for a decision."""
        return tuple(card for card in self.cards if card.state == "unreviewed")


_STATES: Final = {"final": "accepted", "amended": "overridden", "preliminary": "unreviewed"}


def card_of(result: Result, card: Mapping[str, Any], names: Mapping[str, str], zone: Any) -> RiskCard:
    """The card of a result that was told. ``card`` is that of its model, ``names`` are people by reference."""
    lead = next((output for output in result.outputs if output.lead), None)
    return RiskCard(
        result=result,
        state=_STATES.get(result.status, "unreviewed") if result.assessed else "no-number",
        headline=_headline(lead),
        calculated=when(result.at, zone),
        horizon_years=None if result.probability is None else result.horizon_years,
        others=tuple(_output(output) for output in result.outputs if output is not lead or output.value is None),
        inputs=tuple(_input(one) for one in result.inputs),
        bars=bars_of(result.contributions),
        decisions=tuple(
            Decision(
                one.decision == "override", names.get(one.clinician, one.clinician), one.reason, when(one.at, zone)
            )
            for one in reversed(result.reviews)
        ),
        card=card,
        seen=str(result.resource.get("meta", {}).get("versionId", "")),
    )


def families_of(
    picture: Picture, cards: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], zone: Any
) -> tuple[Family, ...]:
    """The results by disease, in the order of the picture, mood first where something about it is to be seen at once;
    within a disease the leading one first."""
    grouped: dict[str, list[Result]] = {"depression": []} if picture.alerts else {}
    for result in picture.results:
        grouped.setdefault(result.family, []).append(result)
    return tuple(
        Family(
            code,
            results[0].family_title,
            tuple(
                card_of(one, cards[one.model], names, zone)
                for one in sorted(results, key=lambda one: not one.leading)
                if one.id
            ),
            tuple(
                Unanswered(one.model, one.family_title, one.title, tuple(dict.fromkeys(one.reasons)))
                for one in results
                if not one.id
            ),
        )
        for code, results in grouped.items()
        if results
    )


def deciders(picture: Picture) -> set[str]:
    """The references of all who decided on a result."""
    return {review.clinician for result in picture.results for review in result.reviews}


def bars_of(contributions: Iterable[Contribution]) -> tuple[Bar, ...]:
    """The longest bar fills its half; the others are in proportion."""
    shares = list(contributions)
    most = max((abs(one.share) for one in shares), default=0.0) or 1.0
    bars = []
    for one in shares:
        width = round(abs(one.share) / most * HALF, 1)
        bars.append(Bar(one.text, HALF if one.share >= 0 else round(HALF - width, 1), width, one.share >= 0))
    return tuple(bars)


def figure(value: float) -> str:
    """A number with as many digits as a reader needs: 190, 25.7, 0.82."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percentage(percent: float) -> str:
    """``20.9 %``; below one in a thousand only that."""
    return "< 0.1 %" if percent < 0.1 else f"{percent:.1f} %"


def _headline(lead: Output | None) -> str:
    if lead is None or lead.value is None:
        return ""
    return _value(lead.name, lead.percent, lead.band, lead.value, lead.unit)


def _value(name: str, percent: float | None, band: str, value: float, unit: str) -> str:
    """A probability or a score with its class in brackets, a class alone, or a quantity."""
    if band and percent is None and unit != "{score}":
        return band
    text = _measured(name, value, unit) if percent is None else percentage(percent)
    return f"{text} ({band})" if band else text


def _measured(name: str, value: float, unit: str) -> str:
    if name in _AGES:
        return _("%(years)s years old") % {"years": figure(value)}
    if unit == "{0,1}":
        return _("yes") if value else _("no")
    if unit == "{score}" or not unit.startswith("{"):
        return f"{figure(value)} {terms.unit(unit)}".strip()
    return figure(value)


def _output(output: Output) -> Row:
    if output.value is None:
        return Row(output.label, _("not assessed"))
    return Row(output.label, _value(output.name, output.percent, output.band, output.value, output.unit))


def _short(reference: str) -> str:
    """``Observation/032c5214`` from a reference: enough to find it, short enough to read."""
    kind, _slash, id = reference.partition("/")
    return f"{kind}/{id[:8]}" if id else reference


def _input(one: Input) -> Row:
    if one.feature in ("female", "male"):
        value = _("female") if (one.feature == "female") == bool(one.value) else _("male")
    else:
        value = _measured(one.feature, one.value, one.unit)
    return Row(one.label, value, one.date.isoformat() if one.date else "", one.origin, _short(one.source), one.assumed)


@dataclass(frozen=True, slots=True)
class Lead:
    """The result by which a patient stands on the worklist, read from its RiskAssessment."""

    title: str
    headline: str
    horizon_years: int | None
    state: str
    calculated: When


def lead_of(resource: Resource, card: Mapping[str, Any], title: str, zone: Any) -> Lead:
    """Of a RiskAssessment that a model of ours wrote; ``card`` is the model's, ``title`` its name for the reader."""
    prediction, name, quantity = _leading(resource)
    percent, band = prediction.get("probabilityDecimal"), prediction.get("qualitativeRisk", {}).get("text", "")
    headline = ""
    if quantity:
        value = float(quantity["value"])
        headline = _value(name, None if percent is None else float(percent), band, value, str(quantity["unit"]))
    horizon = next((one["horizon_years"] for one in card["outputs"] if one["name"] == name), None)
    return Lead(
        title=title,
        headline=headline,
        horizon_years=horizon,
        state=_STATES.get(str(resource.get("status")), "unreviewed"),
        calculated=when(resource.get("occurrenceDateTime"), zone),
    )


def _leading(resource: Resource) -> tuple[Resource, str, Resource]:
    """The leading prediction, its output's name, and its quantity; empty ones where nothing leads."""
    for extension in resource.get("extension", []):
        if extension["url"] != f"{EXTENSION}risk-output":
            continue
        parts = {
            part["url"]: next(value for key, value in part.items() if key != "url") for part in extension["extension"]
        }
        if parts.get("lead") and "value" in parts:
            return _prediction(resource, f"{model_of(resource)}.{parts['name']}"), str(parts["name"]), parts["value"]
    return {}, "", {}


def _prediction(resource: Resource, code: str) -> Resource:
    """The prediction of the output with that code."""
    for prediction in resource.get("prediction", []):
        if any(coding.get("code") == code for coding in prediction.get("outcome", {}).get("coding", [])):
            found: Resource = prediction
            return found
    return {}


def model_of(resource: Resource) -> str:
    """The id of the model that wrote a RiskAssessment; "" for one of somebody else."""
    codings = resource.get("method", {}).get("coding", [])
    return next((str(one["code"]) for one in codings if one.get("system") == "urn:bitgoeul:CodeSystem/model"), "")
