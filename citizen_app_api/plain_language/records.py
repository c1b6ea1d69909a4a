"""Entries of the record as a citizen reads them: one row a resource, the same form for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language import conditions, measures, medicines
from citizen_app_api.plain_language.coding import codes_of, text_of
from citizen_app_api.plain_language.values import (
    absent_text,
    day_of,
    number_text,
    quantity_text,
    range_text,
    value_text,
)

Resource = dict[str, Any]
Names = Mapping[str, Resource]
"""What references lead to: `Organization/7` -> the resource."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A line below an entry."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the record. ``date`` has the precision of the record: a day, a month or a year; None is unknown."""

    id: str
    date: str | None
    title: str
    recorded_as: str | None
    value: str | None
    value_note: str | None
    place: str | None
    details: list[Detail]


_ENCOUNTER_CLASS: Final = {
    "AMB": gettext_noop("Visit to a clinic"),
    "EMER": gettext_noop("Emergency room"),
    "IMP": gettext_noop("Stay in hospital"),
    "ACUTE": gettext_noop("Stay in hospital"),
    "NONAC": gettext_noop("Stay in hospital"),
    "OBSENC": gettext_noop("Observation in hospital"),
    "SS": gettext_noop("Day surgery"),
    "HH": gettext_noop("Visit at home"),
    "VR": gettext_noop("Visit by phone or video"),
}
_CLINICAL_STATUS: Final = {
    "active": gettext_noop("ongoing"),
    "recurrence": gettext_noop("came back"),
    "relapse": gettext_noop("came back"),
    "inactive": gettext_noop("quiet at the moment"),
    "remission": gettext_noop("quiet at the moment"),
    "resolved": gettext_noop("over"),
}
_PRESCRIPTION_STATUS: Final = {
    "active": gettext_noop("in use"),
    "on-hold": gettext_noop("paused"),
    "cancelled": gettext_noop("cancelled"),
    "completed": gettext_noop("finished"),
    "stopped": gettext_noop("stopped"),
    "draft": gettext_noop("not yet ordered"),
}
_CRITICALITY: Final = {"low": gettext_noop("low"), "high": gettext_noop("high: can be dangerous")}
_INTERPRETATION: Final = {
    "L": gettext_noop("low"),
    "LL": gettext_noop("very low"),
    "H": gettext_noop("high"),
    "HH": gettext_noop("very high"),
    "N": gettext_noop("within the range"),
    "A": gettext_noop("not as expected"),
    "AA": gettext_noop("not at all as expected"),
    "POS": gettext_noop("positive"),
    "NEG": gettext_noop("negative"),
}


def not_valid(resource: Resource) -> bool:
    """Whether the entry was recorded by mistake or the diagnosis ruled out: it is no fact about the person."""
    verification = codes_of(resource.get("verificationStatus"))
    return resource.get("status") == "entered-in-error" or bool(verification & {"entered-in-error", "refuted"})


def entry_of(kind: str, resource: Resource, names: Names) -> Entry:
    """The row of a resource of ``kind``."""
    return _READERS[kind](resource, names)


def _details(*pairs: tuple[str, str | None]) -> list[Detail]:
    return [Detail(label, text) for label, text in pairs if text]


def _entry(resource: Resource, date: str | None, title: str, **members: Any) -> Entry:
    known = {"recorded_as": None, "value": None, "value_note": None, "place": None, "details": []} | members
    if known["recorded_as"] == title:
        known["recorded_as"] = None
    return Entry(id=resource["id"], date=day_of(date), title=title, **known)


def name_of(reference: Resource | None, names: Names) -> str | None:
    """The name of whom or what a reference leads to; None when that is not known here."""
    if not reference:
        return None
    target = names.get(reference.get("reference", ""), {})
    name = target.get("name")
    if isinstance(name, list):
        name = human_name(name)
    return name or reference.get("display")


def human_name(names: list[Resource]) -> str | None:
    """A person's name as it is spoken: the text, else the parts, the family first."""
    for name in names:
        if name.get("text"):
            return str(name["text"])
        parts = [name.get("family", ""), *name.get("given", [])]
        if any(parts):
            return " ".join(part for part in parts if part)
    return None


def _first_name(references: list[Resource], names: Names) -> str | None:
    return next((name for reference in references if (name := name_of(reference, names))), None)


def _visit(resource: Resource, names: Names) -> Entry:
    code = resource.get("class", {}).get("code", "")
    title = _(_ENCOUNTER_CLASS[code]) if code in _ENCOUNTER_CLASS else _("Visit")
    period = resource.get("period", {})
    start, end = day_of(period.get("start")), day_of(period.get("end"))
    reasons = ", ".join(filter(None, (conditions.title_of(reason) for reason in resource.get("reasonCode", []))))
    until = (_("Until"), end if end != start else None)
    place = name_of(resource.get("serviceProvider"), names)
    department = (_("Department"), text_of(resource.get("serviceType")))
    return _entry(resource, period.get("start"), title, place=place,
                  details=_details((_("Reason"), reasons), department, until))  # fmt: skip


def _diagnosis(resource: Resource, names: Names) -> Entry:
    status = next(iter(codes_of(resource.get("clinicalStatus"))), "")
    since = resource.get("onsetDateTime") or resource.get("onsetPeriod", {}).get("start")
    return _entry(
        resource,
        resource.get("recordedDate") or since,
        conditions.title_of(resource.get("code")),
        recorded_as=text_of(resource.get("code")),
        value=_(_CLINICAL_STATUS[status]) if status in _CLINICAL_STATUS else None,
        details=_details((_("Since"), day_of(since)), (_("Over since"), day_of(resource.get("abatementDateTime")))),
    )


def medicine_concept(resource: Resource, names: Names) -> Resource | None:
    """The coded medicine of a prescription, whether it stands in it or in a Medication of its own."""
    concept: Resource | None = resource.get("medicationCodeableConcept")
    if concept is not None:
        return concept
    reference = resource.get("medicationReference", {})
    medicine = names.get(reference.get("reference", ""), {})
    return medicine.get("code") or ({"text": reference["display"]} if reference.get("display") else None)


def dosage_text(resource: Resource) -> str | None:
    """How a medicine is to be taken, as the prescription says it."""
    texts = [entry.get("text") or entry.get("patientInstruction") for entry in resource.get("dosageInstruction", [])]
    return " / ".join(text for text in texts if text) or None


def _prescription(resource: Resource, names: Names) -> Entry:
    concept = medicine_concept(resource, names)
    supply = resource.get("dispenseRequest", {}).get("expectedSupplyDuration")
    purpose = medicines.purpose_of(concept)
    status = resource.get("status", "")
    return _entry(
        resource,
        resource.get("authoredOn"),
        medicines.title_of(concept),
        recorded_as=text_of(concept),
        value=_(_PRESCRIPTION_STATUS[status]) if status in _PRESCRIPTION_STATUS else None,
        place=name_of(resource.get("requester"), names),
        details=_details(
            (_("How to take it"), dosage_text(resource)),
            (_("Usually for"), purpose),
            (_("Supply for"), quantity_text(supply)),
        ),
    )


def observation_value(resource: Resource) -> tuple[str | None, str | None]:
    """The value of an Observation, and what has to be said beside it: why it is missing, or how it compares."""
    components = resource.get("component", [])
    if "valueQuantity" not in resource and components:
        return _component_values(components), _note(resource)
    value = value_text(resource)
    return value, _note(resource) if value is not None else absent_text(resource) or _("No value was recorded")


def _component_values(components: list[Resource]) -> str | None:
    pressure = _blood_pressure(components)
    if pressure is not None:
        return pressure
    values = [(measures.title_of(part.get("code")), value_text(part)) for part in components]
    return ", ".join(f"{name} {value}" for name, value in values if value) or None


def _blood_pressure(components: list[Resource]) -> str | None:
    found = {
        code: part["valueQuantity"]
        for part in components
        for code in codes_of(part.get("code"))
        if part.get("valueQuantity", {}).get("value") is not None
    }
    if "8480-6" not in found or "8462-4" not in found:
        return None
    upper, lower = number_text(found["8480-6"]["value"]), number_text(found["8462-4"]["value"])
    return f"{upper} / {lower} mmHg"


def _note(resource: Resource) -> str | None:
    """How the value compares, only where the record itself says so: its interpretation, or its reference range."""
    notes = [
        _(_INTERPRETATION[code])
        for interpretation in resource.get("interpretation", [])
        for code in codes_of(interpretation)
        if code in _INTERPRETATION
    ] or [note for note in [_against_range(resource)] if note]
    if resource.get("status") in ("preliminary", "registered"):
        notes.append(_("not yet final"))
    return ", ".join(notes) or None


def _against_range(resource: Resource) -> str | None:
    quantity, ranges = resource.get("valueQuantity", {}), resource.get("referenceRange", [])
    value = quantity.get("value")
    if value is None or quantity.get("comparator") or len(ranges) != 1:
        return None
    for bound, text in (("low", _("below the range")), ("high", _("above the range"))):
        limit = ranges[0].get(bound, {})
        if limit.get("value") is None:
            continue
        if (limit.get("code") or limit.get("unit")) != (quantity.get("code") or quantity.get("unit")):
            return None
        if (value < limit["value"]) if bound == "low" else (value > limit["value"]):
            return text
    return _("within the range") if ranges[0].keys() & {"low", "high"} else None


def _observation(resource: Resource, names: Names) -> Entry:
    value, note = observation_value(resource)
    ranges = resource.get("referenceRange", [])
    details = _details(
        (_("Usual range"), range_text(ranges[0]) if len(ranges) == 1 else None),
        *((_("Note"), entry.get("text")) for entry in resource.get("note", [])),
    )
    return _entry(
        resource,
        resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start") or resource.get("issued"),
        measures.title_of(resource.get("code")),
        recorded_as=text_of(resource.get("code")),
        value=value,
        value_note=note,
        place=_first_name(resource.get("performer", []), names),
        details=details,
    )


def _immunisation(resource: Resource, names: Names) -> Entry:
    doses = [str(entry.get("doseNumberPositiveInt") or entry.get("doseNumberString") or "")
             for entry in resource.get("protocolApplied", [])]  # fmt: skip
    not_done = _("not given") if resource.get("status") == "not-done" else None
    return _entry(
        resource,
        resource.get("occurrenceDateTime"),
        text_of(resource.get("vaccineCode")) or _("A vaccination without a name"),
        value=not_done,
        place=_first_name([entry["actor"] for entry in resource.get("performer", []) if entry.get("actor")], names),
        details=_details((_("Dose number"), ", ".join(filter(None, doses)))),
    )


NO_KNOWN_ALLERGY: Final = frozenset({"716186003", "409137002", "429625007", "428607008"})
"""SNOMED CT: no known allergy; to drugs; to food; to the environment."""


def _allergy(resource: Resource, names: Names) -> Entry:
    reactions = [text for reaction in resource.get("reaction", []) for concept in reaction.get("manifestation", [])
                 if (text := text_of(concept))]  # fmt: skip
    none_known = bool(codes_of(resource.get("code")) & NO_KNOWN_ALLERGY)
    words = text_of(resource.get("code"))
    criticality = resource.get("criticality", "")
    return _entry(
        resource,
        resource.get("recordedDate") or resource.get("onsetDateTime"),
        _("No allergy known") if none_known else words or _("An allergy without a name"),
        recorded_as=words,
        value=_(_CRITICALITY[criticality]) if criticality in _CRITICALITY else None,
        details=_details((_("Reaction"), ", ".join(reactions))),
    )


def _procedure(resource: Resource, names: Names) -> Entry:
    performers = [entry["actor"] for entry in resource.get("performer", []) if entry.get("actor")]
    status = _("not done") if resource.get("status") == "not-done" else None
    return _entry(
        resource,
        resource.get("performedDateTime") or resource.get("performedPeriod", {}).get("start"),
        text_of(resource.get("code")) or _("A treatment without a name"),
        value=status,
        place=_first_name(performers, names),
        details=_details((_("Reason"), ", ".join(map(conditions.title_of, resource.get("reasonCode", []))))),
    )


def _document(resource: Resource, names: Names) -> Entry:
    titles = [content.get("attachment", {}).get("title") for content in resource.get("content", [])]
    return _entry(
        resource,
        resource.get("date") or resource.get("context", {}).get("period", {}).get("start"),
        text_of(resource.get("type")) or resource.get("description") or _("A document without a name"),
        place=name_of(resource.get("custodian"), names),
        details=_details((_("About"), resource.get("description")), (_("File"), ", ".join(filter(None, titles)))),
    )


_READERS: Final[dict[str, Callable[[Resource, Names], Entry]]] = {
    "visits": _visit,
    "diagnoses": _diagnosis,
    "prescriptions": _prescription,
    "labs": _observation,
    "vitals": _observation,
    "tests": _observation,
    "immunisations": _immunisation,
    "allergies": _allergy,
    "procedures": _procedure,
    "documents": _document,
}
KINDS: Final = tuple(_READERS)
