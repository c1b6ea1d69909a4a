"""Who looked at a record, in plain words. Of an entry only the kinds of information are told, never the references:
one request of an institution can concern several people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.records import human_name
from health_platform.fhir.access.audit import AuditEntry

Resource = dict[str, Any]
Numbered = tuple[int, AuditEntry]
EMERGENCY: Final = "emergency-access"
ONE_LOOK: Final = timedelta(minutes=1)
ACTIONS: Final = {
    "create": gettext_noop("wrote"),
    "read": gettext_noop("read"),
    "vread": gettext_noop("read"),
    "history-instance": gettext_noop("read earlier versions of"),
    "search-type": gettext_noop("read"),
    "update": gettext_noop("changed"),
    "delete": gettext_noop("removed"),
    "transaction": gettext_noop("read or wrote"),
    "export": gettext_noop("took a copy of the record"),
    "consent": gettext_noop("changed who may see the record"),
    "emergency-access": gettext_noop("opened the record in an emergency"),
    "login": gettext_noop("signed in"),
    "logout": gettext_noop("signed out"),
}
ROLES: Final = {
    "clinician": gettext_noop("Clinician"),
    "ambulance": gettext_noop("Ambulance crew"),
    "system": gettext_noop("Computer of an institution"),
    "service": gettext_noop("This platform's own calculation"),
    "operator": gettext_noop("Operator of this platform"),
}
PURPOSES: Final = {
    "TREAT": gettext_noop("for your treatment"),
    "ETREAT": gettext_noop("in an emergency"),
    "BTG": gettext_noop("in an emergency"),
    "PATRQT": gettext_noop("at your request"),
    "FAMRQT": gettext_noop("for you"),
    "HRESCH": gettext_noop("for research"),
    "HSYSADMIN": gettext_noop("to run this platform"),
    "HCOMPL": gettext_noop("to check that the rules are kept"),
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
    """Requests about my record by one person for one purpose, one right after the other: what a reader calls a look.

    ``number`` is that of its oldest entry, ``count`` how many there are, ``at`` the time of the newest.
    """

    number: int
    count: int
    at: datetime
    who: str
    institution: str | None
    own: bool
    action: str
    what: list[str]
    purpose: str
    sentence: str


def looks_of(entries: Sequence[Numbered], patient: str, names: Mapping[str, Resource]) -> list[Look]:
    """Entries of the access log of ``patient``, newest first, as looks; ``names`` holds institutions and people."""
    looks: list[list[Numbered]] = []
    for numbered in entries:
        if looks and _goes_on(looks[-1][-1][1], numbered[1]):
            looks[-1].append(numbered)
        else:
            looks.append([numbered])
    return [_look(look, patient, names) for look in looks]


def _goes_on(newer: AuditEntry, older: AuditEntry) -> bool:
    same = (newer.actor, newer.organization, newer.purpose) == (older.actor, older.organization, older.purpose)
    return same and newer.recorded - older.recorded < ONE_LOOK


def _look(entries: Sequence[Numbered], patient: str, names: Mapping[str, Resource]) -> Look:
    entry = entries[0][1]
    own = entry.actor == f"Patient/{patient}"
    who = _("You") if own else _who(entry, names)
    institution = names.get(f"Organization/{entry.organization}", {}).get("name")
    what = _what(entity for _number, one in entries for entity in one.entities)
    actions = {ACTIONS.get(one.interaction, "read") for _number, one in entries}
    action = _(actions.pop() if len(actions) == 1 else ACTIONS["transaction"])
    if any(one.interaction == EMERGENCY for _number, one in entries):
        action, what = _(ACTIONS[EMERGENCY]), []
    purpose = _(PURPOSES[entry.purpose]) if entry.purpose in PURPOSES else entry.purpose
    form = _("%(who)s %(action)s: %(what)s (%(purpose)s)") if what else _("%(who)s: %(action)s")
    sentence = form % {
        "who": f"{who}, {institution}" if institution else who,
        "action": action,
        "what": ", ".join(what),
        "purpose": purpose,
    }
    number = entries[-1][0]
    return Look(number, len(entries), entry.recorded, who, institution, own, action, what, purpose, sentence)


def references_in(entries: Iterable[AuditEntry]) -> set[str]:
    """The institutions and people whose names the log needs."""
    references: set[str] = set()
    for entry in entries:
        references |= {f"Organization/{entry.organization}"} if entry.organization else set()
        references |= {entry.actor} if entry.actor.startswith("Practitioner/") else set()
    return references


def _who(entry: AuditEntry, names: Mapping[str, Resource]) -> str:
    if entry.actor.startswith("Patient/"):
        role = _("Your carer or parent")
    else:
        role = _(ROLES.get(entry.role, "Operator of this platform"))
    person = human_name(names.get(entry.actor, {}).get("name", []))
    return f"{role} {person}" if person else role


def _what(entities: Iterable[str]) -> list[str]:
    types = dict.fromkeys(entity.partition("/")[0] for entity in entities)
    named = dict.fromkeys(_(KINDS[kind]) if kind in KINDS else _("other entries") for kind in types if kind)
    return list(named)
