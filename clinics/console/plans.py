"""Rehabilitation plans as the console shows and corrects them (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinics.console.record import When, when

Resource = Mapping[str, Any]
EXTENSION: Final = "urn:bitgoeul:StructureDefinition/"
DAYS, MINUTES = range(1, 8), range(1, 121)
EXERCISES: Final[Mapping[str, Any]] = {
    "leg-strength": _("Leg strength"),
    "arm-strength": _("Arm strength"),
    "balance": pgettext_lazy("console", "Balance"),
    "walking": pgettext_lazy("console", "Walking"),
    "stretching": pgettext_lazy("console", "Stretching"),
}
MEASURES: Final[Mapping[str, Any]] = {
    "sppb": pgettext_lazy("console", "SPPB points"),
    "gait_speed": _("Gait speed (m/s)"),
    "tug": _("Timed up and go (s)"),
    "dementia": pgettext_lazy("console", "Dementia"),
    "falls_12_months": _("Falls in 12 months"),
    "fall_with_injury": _("Fall with injury"),
    "fall_unable_to_rise": _("Fall without being able to rise"),
    "fall_with_faint": _("Fall with fainting"),
}


@dataclass(frozen=True, slots=True)
class Activity:
    """An exercise: how many days a week, how many minutes each time. ``place`` is its place in the CarePlan."""

    place: int
    name: Any
    days: int | None
    minutes: int | None
    directions: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A CarePlan of rehabilitation. ``signer`` is a reference; ``seen`` the version that an action is about."""

    id: str
    seen: str
    title: str
    programme: str
    status: str
    created: When
    signer: str
    signed: When
    period: tuple[str, str]
    activities: tuple[Activity, ...]
    findings: tuple[tuple[Any, str, str], ...]
    notes: tuple[str, ...]

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"


def plan_of(resource: Resource, zone: Any = None) -> Plan:
    signature = _parts(resource, "plan-signature")
    period = resource.get("period", {})
    return Plan(
        id=str(resource["id"]),
        seen=str(resource.get("meta", {}).get("versionId", "")),
        title=str(resource.get("title", "")),
        programme=next((str(one["valueCoding"]["code"]) for one in _named(resource, "plan-programme")), ""),
        status=str(resource["status"]),
        created=when(resource.get("created"), zone),
        signer=str(signature.get("clinician", {}).get("reference", "")),
        signed=when(signature.get("signed"), zone),
        period=(str(period.get("start", "")), str(period.get("end", ""))),
        activities=tuple(_activity(place, one) for place, one in enumerate(resource.get("activity", []))),
        findings=tuple(_findings(resource)),
        notes=tuple(str(note["text"]) for note in resource.get("note", [])),
    )


def corrected(resource: Resource, doses: Sequence[tuple[int, int] | None]) -> dict[str, Any]:
    """The plan with ``doses`` (days a week, minutes) in place of those of its activities; None leaves one out."""
    activities = [
        _dosed(activity, dose) for activity, dose in zip(resource["activity"], doses, strict=True) if dose is not None
    ]
    return {**resource, "activity": activities}


def _dosed(activity: Resource, dose: tuple[int, int]) -> dict[str, Any]:
    detail = activity["detail"]
    timing = detail.get("scheduledTiming", {})
    repeat = {**timing.get("repeat", {}), "frequency": dose[0], "period": 1, "periodUnit": "wk"}
    repeat |= {"duration": dose[1], "durationUnit": "min"}
    return {**activity, "detail": {**detail, "scheduledTiming": {**timing, "repeat": repeat}}}


def _activity(place: int, activity: Resource) -> Activity:
    detail = activity.get("detail", {})
    repeat = detail.get("scheduledTiming", {}).get("repeat", {})
    code = next((str(one.get("code")) for one in detail.get("code", {}).get("coding", [])), "")
    return Activity(
        place=place,
        name=EXERCISES.get(code) or detail.get("code", {}).get("text", code),
        days=_whole(repeat.get("frequency")),
        minutes=_whole(repeat.get("duration")),
        directions=str(detail.get("description", "")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _findings(resource: Resource) -> list[tuple[Any, str, str]]:
    found = []
    for one in _named(resource, "plan-finding"):
        parts = _values(one)
        measure = str(parts.get("measure", ""))
        found.append((MEASURES.get(measure, measure), f"{parts.get('value', '')}", str(parts.get("means", ""))))
    return list(dict.fromkeys(found))


def _named(resource: Resource, name: str) -> list[Resource]:
    return [one for one in resource.get("extension", []) if one["url"] == EXTENSION + name]


def _parts(resource: Resource, name: str) -> dict[str, Any]:
    return next((_values(one) for one in _named(resource, name)), {})


def _values(extension: Resource) -> dict[str, Any]:
    return {
        part["url"]: next((value for key, value in part.items() if key != "url"), None)
        for part in extension.get("extension", [])
    }
