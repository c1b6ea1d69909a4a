"""Who looked at a record, in plain words. Of an entry only the kinds of information are told, never the references:
one request of an institution can concern several people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

from citizen_app_api.plain_language.records import human_name
from health_platform.fhir.access.audit import AuditEntry

Resource = dict[str, Any]
ACTIONS: Final = {
    "create": word("wrote"),
    "read": word("read"),
    "vread": word("read"),
    "history-instance": word("read earlier versions of"),
    "search-type": word("read"),
    "update": word("changed"),
    "delete": word("removed"),
    "transaction": word("read or wrote"),
}
ROLES: Final = {
    "citizen": word("You"),
    "clinician": word("Clinician"),
    "ambulance": word("Ambulance crew"),
    "system": word("Computer of an institution"),
    "service": word("This platform's own calculation"),
    "operator": word("Operator of this platform"),
}
PURPOSES: Final = {
    "TREAT": word("for your treatment"),
    "ETREAT": word("in an emergency"),
    "PATRQT": word("at your request"),
    "HRESCH": word("for research"),
    "HSYSADMIN": word("to run this platform"),
    "HPAYMT": word("for payment"),
    "HOPERAT": word("for the running of the institution"),
}
KINDS: Final = {
    "Patient": word("personal details"),
    "Encounter": word("visits"),
    "Condition": word("diagnoses"),
    "MedicationRequest": word("prescriptions"),
    "MedicationStatement": word("medicines"),
    "Observation": word("measurements and test results"),
    "DiagnosticReport": word("test reports"),
    "Immunization": word("vaccinations"),
    "AllergyIntolerance": word("allergies"),
    "Procedure": word("treatments and operations"),
    "DocumentReference": word("documents"),
    "ImagingStudy": word("images"),
    "RiskAssessment": word("calculated risks"),
    "CarePlan": word("plans"),
    "Consent": word("consents"),
    "Communication": word("messages"),
    "Task": word("requests"),
    "List": word("lists"),
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
        "what": ", ".join(what) or _("nothing was found"),
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
