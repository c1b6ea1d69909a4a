"""Who looked at a record, in plain words. Of an entry only the kinds of information are told, never the references:
one request of an institution can concern several people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.records import human_name
from health_platform.fhir.access.audit import AuditEntry

Resource = dict[str, Any]
ACTIONS: Final = {
    "create": gettext_noop("wrote"),
    "read": gettext_noop("read"),
    "vread": gettext_noop("read"),
    "history-instance": gettext_noop("read earlier versions of"),
    "search-type": gettext_noop("read"),
    "update": gettext_noop("changed"),
    "delete": gettext_noop("removed"),
    "transaction": gettext_noop("read or wrote"),
}
ROLES: Final = {
    "citizen": gettext_noop("You"),
    "clinician": gettext_noop("Clinician"),
    "ambulance": gettext_noop("Ambulance crew"),
    "system": gettext_noop("Computer of an institution"),
    "service": gettext_noop("This platform's own calculation"),
    "operator": gettext_noop("Operator of this platform"),
}
PURPOSES: Final = {
    "TREAT": gettext_noop("for your treatment"),
    "ETREAT": gettext_noop("in an emergency"),
    "PATRQT": gettext_noop("at your request"),
    "HRESCH": gettext_noop("for research"),
    "HSYSADMIN": gettext_noop("to run this platform"),
    "HPAYMT": gettext_noop("for payment"),
    "HOPERAT": gettext_noop("for the running of the institution"),
}
KINDS: Final = {
    "Patient": gettext_noop("personal details"),
    "Encounter": gettext_noop("visits"),
    "Condition": gettext_noop("diagnoses"),
    "MedicationRequest": gettext_noop("prescriptions"),
    "MedicationStatement": gettext_noop("medicines"),
    "Observation": gettext_noop("measurements and test results"),
    "DiagnosticReport": gettext_noop("test reports"),
    "Immunization": gettext_noop("vaccinations"),
    "AllergyIntolerance": gettext_noop("allergies"),
    "Procedure": gettext_noop("treatments and operations"),
    "DocumentReference": gettext_noop("documents"),
    "ImagingStudy": gettext_noop("images"),
    "RiskAssessment": gettext_noop("calculated risks"),
    "CarePlan": gettext_noop("plans"),
    "Consent": gettext_noop("consents"),
    "Communication": gettext_noop("messages"),
    "Task": gettext_noop("requests"),
    "List": gettext_noop("lists"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """One request about my record. ``number`` orders the log."""

    number: int
    at: datetime
    who: str
    institution: str | None
    own: bool
    action: str
    what: list[str]
    purpose: str
    sentence: str


def look_of(number: int, entry: AuditEntry, patient: str, names: Mapping[str, Resource]) -> Look:
    """An entry of the access log of ``patient``; ``names`` holds the institutions and people by reference."""
    own = entry.actor == f"Patient/{patient}"
    who = _("You") if own else _who(entry, names)
    institution = names.get(f"Organization/{entry.organization}", {}).get("name")
    what = _what(entry.entities)
    action = _(ACTIONS.get(entry.interaction, "read"))
    purpose = _(PURPOSES[entry.purpose]) if entry.purpose in PURPOSES else entry.purpose
    sentence = _("%(who)s %(action)s: %(what)s (%(purpose)s)") % {
        "who": f"{who}, {institution}" if institution else who,
        "action": action,
        "what": ", ".join(what),
        "purpose": purpose,
    }
    return Look(number, entry.recorded, who, institution, own, action, what, purpose, sentence)


def references_in(entries: Iterable[AuditEntry]) -> set[str]:
    """The institutions and people whose names the log needs."""
    references: set[str] = set()
    for entry in entries:
        references |= {f"Organization/{entry.organization}"} if entry.organization else set()
        references |= {entry.actor} if entry.actor.startswith("Practitioner/") else set()
    return references


def _who(entry: AuditEntry, names: Mapping[str, Resource]) -> str:
    role = _(ROLES.get(entry.role, "Operator of this platform"))
    person = human_name(names.get(entry.actor, {}).get("name", []))
    return f"{role} {person}" if person else role


def _what(entities: Iterable[str]) -> list[str]:
    types = dict.fromkeys(entity.partition("/")[0] for entity in entities)
    named = dict.fromkeys(_(KINDS[kind]) if kind in KINDS else _("other entries") for kind in types if kind)
    return list(named)
