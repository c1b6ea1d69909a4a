"""Pre-arrival notices: what an ambulance's triage wrote of a person who is on the way (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from clinics.console import terms

Resource = Mapping[str, Any]
_LEVEL: Final = f"{terms.TRIAGE}|triage-level"
_AGE: Final = f"{terms.LOINC}|30525-0"


@dataclass(frozen=True, slots=True)
class Sign:
    """A vital sign or a score as it was told, at most two decimals: what is not listed was not told. A score has no
    unit."""

    name: Any
    value: Any
    unit: Any


@dataclass(frozen=True, slots=True)
class Level:
    """The preliminary level, 1 the most urgent, and the levels that stay possible until all is known."""

    number: int
    name: Any
    worst: int | None
    best: int | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One person on the way: ``told`` is the complaint in the crew's words. ``level`` is None where triage gave none,
    ``patient`` where the person is not known."""

    encounter: str
    at: datetime | None
    patient: str | None
    gender: str
    age: Any
    complaint: Any
    told: str
    level: Level | None
    signs: tuple[Sign, ...]


def notices_of(encounters: Iterable[Resource], observations: Iterable[Resource]) -> tuple[Notice, ...]:
    """The notices in the order of the encounters."""
    of_encounter: dict[str, list[Resource]] = defaultdict(list)
    for observation in observations:
        of_encounter[observation.get("encounter", {}).get("reference", "")].append(observation)
    return tuple(_notice(one, of_encounter[f"Encounter/{one['id']}"]) for one in encounters)


def _notice(encounter: Resource, observations: list[Resource]) -> Notice:
    by_code = {terms.key_of(one.get("code", {})): one for one in observations}
    level, age = by_code.pop(_LEVEL, None), by_code.pop(_AGE, None)
    start = encounter.get("period", {}).get("start")
    subject = encounter.get("subject", {}).get("reference", "")
    contained: Resource = next((one for one in encounter.get("contained", []) if one["resourceType"] == "Patient"), {})
    return Notice(
        encounter=str(encounter["id"]),
        at=datetime.fromisoformat(start.replace("Z", "+00:00")) if start and len(start) > 10 else None,
        patient=subject.removeprefix("Patient/") if subject.startswith("Patient/") else None,
        gender=str(contained.get("gender", "unknown")),
        age=age["valueQuantity"]["value"] if age else None,
        complaint=_complaint(encounter),
        told=next((str(one["text"]) for one in encounter.get("reasonCode", []) if one.get("text")), ""),
        level=_level(level) if level else None,
        signs=tuple(_sign(one) for _, one in sorted(by_code.items(), key=lambda item: terms.position(item[0]))),
    )


def _complaint(encounter: Resource) -> Any:
    """The name of the coded complaint; what was told in words stands beside it."""
    coded = [{"coding": one["coding"]} for one in encounter.get("reasonCode", []) if one.get("coding")]
    return terms.name_of(coded[0]) if coded else ""


def _level(observation: Resource) -> Level | None:
    number = int(observation.get("valueInteger", 0))
    if number not in terms.LEVELS:
        return None
    range_: Resource = next(iter(observation.get("referenceRange", [])), {})
    low, high = (range_.get(side, {}).get("value") for side in ("low", "high"))
    return Level(number, terms.LEVELS[number], None if low is None else int(low), None if high is None else int(high))


def _sign(observation: Resource) -> Sign:
    name = terms.name_of(observation.get("code", {}))
    if "valueQuantity" in observation:
        quantity = observation["valueQuantity"]
        unit = quantity.get("code") or quantity.get("unit", "")
        value = round(Decimal(quantity["value"]), 2).normalize() if "value" in quantity else ""
        return Sign(name, f"{value:f}" if value != "" else "", "" if unit == "{score}" else terms.unit(unit))
    if "valueCodeableConcept" in observation:
        return Sign(name, terms.name_of(observation["valueCodeableConcept"]), "")
    return Sign(name, observation.get("valueBoolean", observation.get("valueInteger", "")), "")
