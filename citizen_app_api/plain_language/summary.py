"""A citizen's record on one page. What the record does not hold is said to be unknown; nothing is filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language import conditions as diagnosis
from citizen_app_api.plain_language import measures
from citizen_app_api.plain_language.coding import codes_of
from citizen_app_api.plain_language.records import (
    NO_KNOWN_ALLERGY,
    Detail,
    Entry,
    Names,
    entry_of,
    human_name,
    medicine_concept,
    not_valid,
)
from citizen_app_api.plain_language.values import completed_years, full_day

Resource = dict[str, Any]
LASTING: Final = frozenset({"active", "recurrence", "relapse"})
MOST_CONDITIONS: Final = 500
# LOINC codes of reviewed lists: problems, medicines, allergies.
PROBLEM_LIST, MEDICINE_LIST, ALLERGY_LIST = "11450-4", "10160-0", "48765-2"
SEX: Final = {
    "female": gettext_noop("woman"),
    "male": gettext_noop("man"),
    "other": gettext_noop("other"),
    "unknown": gettext_noop("not known"),
}


class Knowledge(StrEnum):
    """What an empty or filled list means."""

    LISTED = "listed"
    NONE_KNOWN = "none-known"
    """Somebody asked, and there was none."""
    NOT_RECORDED = "not-recorded"
    """Nobody wrote anything down: this says nothing about the person."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who I am. ``age`` is in completed years."""

    id: str
    name: str | None
    birth_date: str | None
    age: int | None
    sex: str
    sex_text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A list of the summary, and what it means when it is empty."""

    state: Knowledge
    note: str
    items: list[Entry]


@dataclass(frozen=True, slots=True)
class Measurement:
    """The newest value of one measurement; without a ``value`` the record holds none."""

    title: str
    value: str | None
    note: str | None
    usual_range: str | None
    date: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """My record on one page."""

    person: Person
    conditions: Section
    medicines: Section
    allergies: Section
    vital_signs: list[Measurement]
    laboratory: list[Measurement]


@dataclass(frozen=True, slots=True)
class Material:
    """The resources of which a summary is made; each list newest first."""

    patient: Resource
    conditions: Sequence[Resource]
    prescriptions: Sequence[Resource]
    allergies: Sequence[Resource]
    lists: Sequence[Resource]
    observations: Sequence[Resource]
    names: Names


def summary_of(material: Material, today: date) -> Summary:
    """The summary as of ``today``."""
    return Summary(
        person=person_of(material.patient, today),
        conditions=_conditions(material),
        medicines=_medicines(material, today),
        allergies=_allergies(material),
        vital_signs=[_measurement(codes, material) for codes in measures.VITAL_SIGNS],
        laboratory=[_measurement(codes, material) for codes in measures.LABORATORY],
    )


def person_of(patient: Resource, today: date) -> Person:
    """Of a Patient."""
    sex = patient.get("gender", "unknown")
    return Person(
        id=patient["id"],
        name=human_name(patient.get("name", [])),
        birth_date=patient.get("birthDate"),
        age=completed_years(patient.get("birthDate"), today),
        sex=sex,
        sex_text=_(SEX.get(sex, SEX["unknown"])),
    )


def missing_codes(observations: Sequence[Resource]) -> list[str]:
    """The codes of summary lines for which ``observations`` hold no value yet."""
    lines = (*measures.VITAL_SIGNS, *measures.LABORATORY)
    return [code for codes in lines if _newest(codes, observations) is None for code in codes]


def _conditions(material: Material) -> Section:
    newest = _newest_by(material.conditions, lambda entry: diagnosis.key_of(entry.get("code")))
    lasting = [entry for entry in newest if codes_of(entry.get("clinicalStatus")) <= LASTING]
    items = [entry_of("diagnoses", entry, material.names) for entry in lasting]
    note = _("These illnesses are recorded as ongoing.")
    if len(material.conditions) >= MOST_CONDITIONS:
        note += " " + _("Very old entries are not looked through here.")
    return _section(items, note, _none_known(material, PROBLEM_LIST), _("No ongoing illness is known."))


def _medicines(material: Material, today: date) -> Section:
    newest = _newest_by(material.prescriptions, lambda entry: diagnosis.key_of(medicine_concept(entry, material.names)))
    items = [_medicine(entry, material.names, today) for entry in newest]
    note = _("These medicines are recorded as being in use. Do not stop one without asking your clinic.")
    return _section(items, note, _none_known(material, MEDICINE_LIST), _("No medicine is known to be in use."))


def _medicine(prescription: Resource, names: Names, today: date) -> Entry:
    entry = entry_of("prescriptions", prescription, names)
    end = _supply_end(prescription)
    if end is None:
        return entry
    details = [*entry.details, Detail(_("Supply until"), end.isoformat())]
    late = _("The prescribed supply is used up by now. Ask your clinic whether you still take it.")
    return replace(entry, details=details, value_note=late if end < today else None)


def _supply_end(prescription: Resource) -> date | None:
    start = full_day(prescription.get("authoredOn"))
    supply = prescription.get("dispenseRequest", {}).get("expectedSupplyDuration", {})
    if start is None or supply.get("code") != "d" or supply.get("value") is None:
        return None
    return start + timedelta(days=int(supply["value"]))


def _allergies(material: Material) -> Section:
    valid = [entry for entry in material.allergies if not not_valid(entry)]
    current = [entry for entry in valid if codes_of(entry.get("clinicalStatus")) <= {"active"}]
    found = [entry for entry in current if not codes_of(entry.get("code")) & NO_KNOWN_ALLERGY]
    none_known = len(found) < len(current) or _none_known(material, ALLERGY_LIST)
    items = [entry_of("allergies", entry, material.names) for entry in found]
    note = _("Tell every doctor and pharmacist about these.")
    return _section(items, note, none_known, _("No allergy is known."))


def _section(items: list[Entry], listed: str, none_known: bool, none_text: str) -> Section:
    if items:
        return Section(Knowledge.LISTED, listed, items)
    if none_known:
        return Section(Knowledge.NONE_KNOWN, none_text, [])
    unknown = _("Nothing is recorded here. This does not mean that there is none.")
    return Section(Knowledge.NOT_RECORDED, unknown, [])


def _none_known(material: Material, list_code: str) -> bool:
    """Whether the newest reviewed list of this kind says that there was none."""
    for entry in material.lists:
        if list_code in codes_of(entry.get("code")) and entry.get("status") == "current":
            return "nilknown" in codes_of(entry.get("emptyReason"))
    return False


def _newest_by(resources: Sequence[Resource], key: Callable[[Resource], str]) -> list[Resource]:
    """The newest valid entry under each key."""
    newest: dict[str, Resource] = {}
    for resource in resources:
        if not not_valid(resource):
            newest.setdefault(key(resource) or resource["id"], resource)
    return list(newest.values())


def _newest(codes: Sequence[str], observations: Sequence[Resource]) -> Resource | None:
    """The newest Observation with a value under one of ``codes``."""
    for observation in observations:
        measured = observation.get("component") or "dataAbsentReason" not in observation
        if measured and codes_of(observation.get("code")) & set(codes) and not not_valid(observation):
            return observation
    return None


def _measurement(codes: Sequence[str], material: Material) -> Measurement:
    observation = _newest(codes, material.observations)
    if observation is None:
        title = measures.name_of(codes[0]) or codes[0]
        return Measurement(title, None, _("Not in your record."), None, None, None)
    entry = entry_of("labs", observation, material.names)
    usual = next((detail.text for detail in entry.details if detail.label == _("Usual range")), None)
    return Measurement(entry.title, entry.value, entry.value_note, usual, entry.date, entry.place)
