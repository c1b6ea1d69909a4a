"""A signed plan (FHIR CarePlan) and what was done of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from citizen_app_api.plain_language.coding import codings, first_code, text_of
from citizen_app_api.plain_language.records import name_of
from citizen_app_api.plain_language.values import day_of, number_text, quantity_text, unit_text, with_unit

Resource = dict[str, Any]
EXERCISE_ACTIVITY: Final = "73985-4"
EXERCISE_DURATION: Final = "55411-3"
DONE: Final = "urn:bitgoeul:CodeSystem:exercise-log"
WORDS: Final = {
    "aerobic": gettext_noop("Walking and endurance"),
    "resistance": gettext_noop("Strength"),
    "strength": gettext_noop("Strength"),
    "balance": gettext_noop("Balance"),
    "flexibility": gettext_noop("Stretching"),
}
_PERIODS: Final = {"d": gettext_noop("a day"), "wk": gettext_noop("a week"), "mo": gettext_noop("a month")}


@dataclass(frozen=True, slots=True)
class Exercise:
    """One activity of a plan. ``id`` names it when it is logged."""

    id: str
    title: str
    description: str | None
    how_often: str | None
    cautions: list[str]
    done_recently: int
    last_done: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that a clinician has signed. Dates as in the record."""

    id: str
    title: str
    description: str | None
    signed_by: str | None
    start: str | None
    end: str | None
    goals: list[str]
    exercises: list[Exercise]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Done:
    """An exercise that was done, as it was logged."""

    exercise: str
    on: str | None


def plan_of(plan: Resource, names: Mapping[str, Resource], done: Sequence[Resource]) -> Plan:
    """A CarePlan with the Observations that tell what was done of it, newest first."""
    period = plan.get("period", {})
    logged = [_done(entry) for entry in done if _belongs(entry, plan["id"])]
    return Plan(
        id=plan["id"],
        title=plan.get("title") or _("My plan"),
        description=plan.get("description"),
        signed_by=name_of(plan.get("author"), names),
        start=day_of(period.get("start")),
        end=day_of(period.get("end")),
        goals=[text for goal in plan.get("goal", []) if (text := _goal(goal, names))],
        exercises=[_exercise(key, detail, logged) for key, detail in activities(plan).items()],
        notes=[note["text"] for note in plan.get("note", []) if note.get("text")],
    )


def activities(plan: Resource) -> dict[str, Resource]:
    """The details of the plan's activities under the id by which each is logged: its first code, else its place."""
    found: dict[str, Resource] = {}
    for place, activity in enumerate(plan.get("activity", []), start=1):
        detail = activity.get("detail")
        if not detail or detail.get("doNotPerform") or detail.get("status") in ("cancelled", "stopped"):
            continue
        code = next((code for _system, code in codings(detail.get("code")) if code), "")
        found[code if code and code not in found else str(place)] = detail
    return found


def _belongs(done: Resource, plan: str) -> bool:
    return any(entry.get("reference") == f"CarePlan/{plan}" for entry in done.get("basedOn", []))


def _done(observation: Resource) -> Done:
    value = observation.get("valueCodeableConcept")
    code = next((code for system, code in codings(value) if system == DONE), "")
    return Done(code, day_of(observation.get("effectiveDateTime")))


def _goal(reference: Resource, names: Mapping[str, Resource]) -> str | None:
    goal = names.get(reference.get("reference", ""), {})
    return text_of(goal.get("description")) or reference.get("display")


def _exercise(key: str, detail: Resource, logged: Sequence[Done]) -> Exercise:
    own = [entry for entry in logged if entry.exercise == key]
    return Exercise(
        id=key,
        title=exercise_title(detail),
        description=detail.get("description"),
        how_often=how_often(detail),
        cautions=[concept for reason in detail.get("reasonCode", []) if (concept := text_of(reason))],
        done_recently=len(own),
        last_done=own[0].on if own else None,
    )


def exercise_title(detail: Resource) -> str:
    """The plan's own words, else the kind of exercise."""
    words = text_of(detail.get("code"))
    kind = first_code(detail.get("code"))
    return words or (_(WORDS[kind]) if kind in WORDS else _("Exercise"))


def how_often(detail: Resource) -> str | None:
    """How often and how long, from the plan's words or its timing."""
    if detail.get("scheduledString"):
        return str(detail["scheduledString"])
    timing = detail.get("scheduledTiming", {})
    repeat = timing.get("repeat", {})
    texts = [text_of(timing.get("code")), _frequency(repeat), _duration(repeat)]
    texts.append(quantity_text(detail.get("quantity")))
    return ", ".join(text for text in texts if text) or None


def _frequency(repeat: Resource) -> str | None:
    count, period, unit = repeat.get("frequency"), repeat.get("period", 1), repeat.get("periodUnit")
    if count is None or unit not in _PERIODS:
        return None
    if period == 1:
        times = ngettext("%(count)s time %(period)s", "%(count)s times %(period)s", int(count))
        return times % {"count": count, "period": _(_PERIODS[unit])}
    words = _("%(count)s times in %(period)s %(unit)s")
    return words % {"count": count, "period": number_text(period), "unit": unit_text(unit)}


def _duration(repeat: Resource) -> str | None:
    if repeat.get("duration") is None:
        return None
    return _("%(duration)s at a time") % {
        "duration": with_unit(number_text(repeat["duration"]), unit_text(repeat.get("durationUnit", "min")))
    }
