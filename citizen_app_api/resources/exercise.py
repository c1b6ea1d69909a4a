"""A done exercise as an Observation of the category activity, by the person who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from citizen_app_api.plain_language.measures import LOINC
from citizen_app_api.plain_language.plans import DONE, EXERCISE_ACTIVITY, EXERCISE_DURATION

Resource = dict[str, Any]
UCUM: Final = "http://unitsofmeasure.org"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
EFFORT, TROUBLE = "effort", "trouble"


class Trouble(StrEnum):
    """What can go wrong while exercising."""

    PAIN = "pain"
    DIZZY = "dizzy"
    BREATHLESS = "breathless"
    CHEST_PAIN = "chest-pain"
    FALL = "fall"


@dataclass(frozen=True, slots=True)
class DoneExercise:
    """One exercise of a plan, done on a day. ``effort`` runs from 0 (none) to 10 (the most possible)."""

    exercise: str
    on: date
    minutes: int | None = None
    effort: int | None = None
    trouble: tuple[Trouble, ...] = ()
    note: str = ""


def exercise_observation(
    done: DoneExercise, title: str, patient: str, plan: str, identifier: Resource | None
) -> Resource:
    """The Observation of ``done``, an exercise called ``title`` of the CarePlan ``plan``."""
    person = {"reference": f"Patient/{patient}"}
    components = [*_duration(done), *_effort(done), *(_trouble(entry) for entry in done.trouble)]
    return {
        "resourceType": "Observation",
        **({"identifier": [identifier]} if identifier else {}),
        "basedOn": [{"reference": f"CarePlan/{plan}"}],
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "activity"}]}],
        "code": {"coding": [{"system": LOINC, "code": EXERCISE_ACTIVITY, "display": "Exercise activity"}]},
        "subject": person,
        "effectiveDateTime": done.on.isoformat(),
        "performer": [person],
        "valueCodeableConcept": {"coding": [{"system": DONE, "code": done.exercise}], "text": title},
        **({"note": [{"text": done.note}]} if done.note else {}),
        **({"component": components} if components else {}),
    }


def _duration(done: DoneExercise) -> list[Resource]:
    if done.minutes is None:
        return []
    code = {"coding": [{"system": LOINC, "code": EXERCISE_DURATION, "display": "Exercise duration"}]}
    return [{"code": code, "valueQuantity": {"value": done.minutes, "unit": "min", "system": UCUM, "code": "min"}}]


def _effort(done: DoneExercise) -> list[Resource]:
    if done.effort is None:
        return []
    return [{"code": {"coding": [{"system": DONE, "code": EFFORT}]}, "valueInteger": done.effort}]


def _trouble(trouble: Trouble) -> Resource:
    return {
        "code": {"coding": [{"system": DONE, "code": TROUBLE}]},
        "valueCodeableConcept": {"coding": [{"system": DONE, "code": str(trouble)}]},
    }
