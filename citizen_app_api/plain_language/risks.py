"""What models say about a citizen, as she reads it: the result, what a person did with it, what it stands on, and what
is missing. Results that wait for a talk with the clinic do not come this far (inference.services)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.summary import SEX
from citizen_app_api.plain_language.values import day_of, number_text, unit_text, with_unit
from inference.services import Input, Output, Result


class Standing(StrEnum):
    """Where a result stands."""

    CALCULATED = "calculated"
    """No clinician has acted on it."""
    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"
    WITHOUT_NUMBER = "without-number"


_STANDING: Final = {
    Standing.CALCULATED: gettext_noop("calculated, not yet reviewed by a clinician"),
    Standing.ACCEPTED: gettext_noop("a clinician has looked at it and agrees"),
    Standing.OVERRIDDEN: gettext_noop("a clinician has looked at it and sees it differently"),
    Standing.WITHOUT_NUMBER: gettext_noop("no number"),
}
_YES_NO_UNIT: Final = "{0,1}"
_UNITS_OF_SCORES: Final = frozenset({"{score}", "{index}", "1", "a"})


@dataclass(frozen=True, slots=True)
class Value:
    """The leading number of a result. ``number`` is a percentage where ``unit`` is %."""

    number: float
    unit: str
    text: str
    band: str | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a clinician decided."""

    decision: str
    on: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class UsedInput:
    """A value that went into the result. ``assumed``: nobody measured or stated it."""

    name: str
    value: str
    date: str | None
    origin: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model it was. ``horizon_years`` None for what is no prediction."""

    id: str
    version: str
    checksum: str
    population: str
    source: str
    horizon_years: float | None
    calibrated_for_korea: bool


@dataclass(frozen=True, slots=True)
class Risk:
    """A result as a citizen reads it; without a ``value``, ``why_no_value`` says why."""

    id: str | None
    topic: str
    title: str
    leading: bool
    standing: Standing
    standing_text: str
    value: Value | None
    why_no_value: str | None
    explanation: list[str]
    inputs: list[UsedInput]
    missing: list[str]
    notes: list[str]
    calculated_on: str | None
    reviews: list[Reviewed]
    model: ModelFacts


def risk_of(result: Result, card: Mapping[str, Any]) -> Risk:
    """A result with the card of its model."""
    value = _value(result)
    standing = _standing(result, value)
    return Risk(
        id=result.id or None,
        topic=result.family_title,
        title=result.title,
        leading=result.leading,
        standing=standing,
        standing_text=_(_STANDING[standing]),
        value=value,
        why_no_value=None if value else _why(result),
        explanation=_explanation(result) if value else [],
        inputs=[_input(used) for used in result.inputs],
        missing=list(result.needed),
        notes=list(result.notes),
        calculated_on=day_of(result.at),
        reviews=[_review(review.decision, review.at, review.reason) for review in result.reviews],
        model=_model(result, card),
    )


def _standing(result: Result, value: Value | None) -> Standing:
    if value is None:
        return Standing.WITHOUT_NUMBER
    known = {"final": Standing.ACCEPTED, "amended": Standing.OVERRIDDEN}
    return known.get(result.status, Standing.CALCULATED)


def _value(result: Result) -> Value | None:
    known = [output for output in result.outputs if output.value is not None]
    lead = next((output for output in known if output.lead), next(iter(known), None))
    if not result.assessed or lead is None or lead.value is None:
        return None
    if lead.percent is not None:
        return Value(lead.percent, "%", _percent(lead.percent), lead.band or None)
    band = lead.band or next((output.band for output in known if output.band), "")
    return Value(lead.value, lead.unit, _measured(lead, lead.value, band), band or None)


def _percent(percent: float) -> str:
    shown = "<1" if percent < 1 else f"{percent:.0f}"
    return _("%(number)s out of 100 people") % {"number": shown}


def _yes_or_no(value: float) -> str:
    return _("Yes") if value else _("No")


def _measured(lead: Output, value: float, band: str) -> str:
    if lead.unit == _YES_NO_UNIT:
        return band or _yes_or_no(value)
    text = with_unit(number_text(round(value, 1)).removesuffix(".0"), unit_text(lead.unit))
    if not band:
        return text
    return f"{band} ({text})" if lead.unit in _UNITS_OF_SCORES else band


def _why(result: Result) -> str:
    return " ".join(result.reasons) or _("The record does not hold enough for it.")


def _explanation(result: Result) -> list[str]:
    return [text for text in (result.sentence, *(part.text for part in result.contributions)) if text]


def _input(used: Input) -> UsedInput:
    return UsedInput(
        name=used.label,
        value=_input_value(used),
        date=used.date.isoformat() if isinstance(used.date, date) else None,
        origin=used.origin,
        assumed=used.assumed,
    )


def _input_value(used: Input) -> str:
    if used.feature in ("female", "male"):
        return _(SEX["female" if (used.feature == "female") == bool(used.value) else "male"])
    if used.unit == _YES_NO_UNIT:
        return _yes_or_no(used.value)
    number = number_text(round(used.value, 2)).removesuffix(".0")
    if used.feature == "age":
        return _("%(age)s years") % {"age": number}
    return with_unit(number, unit_text(used.unit))


def _review(decision: str, at: str, reason: str) -> Reviewed:
    return Reviewed(decision, day_of(at), reason or None)


def _model(result: Result, card: Mapping[str, Any]) -> ModelFacts:
    source = card["source"]
    return ModelFacts(
        id=result.model,
        version=result.version,
        checksum=card["sha256"],
        population=card["population"],
        source=f"{source['journal']}, doi {source['doi']}",
        horizon_years=result.horizon_years or card["horizon_years"],
        calibrated_for_korea=result.calibrated_for_korea,
    )
