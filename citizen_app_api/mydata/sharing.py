"""Who may see my record: a decision of a citizen as a FHIR Consent of the scope patient-privacy, and back (pure).

The policy keeps to it from the next request on (health_platform.fhir.access.consent). One Consent is one decision:
permit or deny, to whom, which kinds, which sensitive classes, for what, from when to when. A carer is a person whom one
permits and who accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings
from citizen_app_api.plain_language.values import day_of
from health_platform.fhir.access.consent import (
    ACT_CODE,
    ACT_REASON,
    PRIVACY,
    SCOPE_SYSTEM,
    TYPE_SYSTEM,
    accepted_by,
    is_privacy,
)

Resource = dict[str, Any]
POLICY: Final = "urn:bitgoeul:CodeSystem:consent-policy"
POLICY_VERSION: Final = "sharing-2026-11"
LOINC: Final = "http://loinc.org"


class Who(StrEnum):
    """To whom a decision applies."""

    ANYONE = "anyone"
    INSTITUTION = "institution"
    PERSON = "person"
    CARER = "carer"


_TYPE_OF: Final = {"Organization": Who.INSTITUTION, "Practitioner": Who.PERSON, "Patient": Who.CARER}
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "visits": ("Encounter",),
    "diagnoses": ("Condition",),
    "prescriptions": ("MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration"),
    "measurements": ("Observation", "DiagnosticReport"),
    "immunisations": ("Immunization",),
    "allergies": ("AllergyIntolerance",),
    "procedures": ("Procedure",),
    "documents": ("DocumentReference", "Composition"),
    "images": ("ImagingStudy", "Media"),
    "risks": ("RiskAssessment",),
    "plans": ("CarePlan", "Goal"),
}
CLASSES: Final = {"psychiatry": "PSY", "hiv": "HIV", "reproductive": "SEX"}
PURPOSES: Final = {"treatment": "TREAT", "emergency": "ETREAT", "payment": "HPAYMT", "research": "HRESCH"}
# Without the personal details nobody could tell whose entries they are.
_ALWAYS: Final = "Patient"
WORDS: Final = {
    "visits": gettext_noop("visits"),
    "diagnoses": gettext_noop("diagnoses"),
    "prescriptions": gettext_noop("prescriptions"),
    "measurements": gettext_noop("measurements and test results"),
    "immunisations": gettext_noop("vaccinations"),
    "allergies": gettext_noop("allergies"),
    "procedures": gettext_noop("treatments and operations"),
    "documents": gettext_noop("documents"),
    "images": gettext_noop("images"),
    "risks": gettext_noop("calculated risks"),
    "plans": gettext_noop("plans"),
    "psychiatry": gettext_noop("mental health"),
    "hiv": gettext_noop("HIV"),
    "reproductive": gettext_noop("sexual and reproductive health"),
    "treatment": gettext_noop("for your treatment"),
    "emergency": gettext_noop("in an emergency"),
    "payment": gettext_noop("for payment"),
    "research": gettext_noop("for research"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a citizen decides. ``names`` is the id of an Organization, a Practitioner or (a carer) a Patient; empty
    lists mean all kinds, no sensitive class, any purpose; days are the first and the last one that it holds."""

    permit: bool
    who: Who
    names: str = ""
    name: str = ""
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    purpose: str = ""
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A decision as it stands in the record. ``accepted``: a carer has accepted; None where nobody has to."""

    id: str
    active: bool
    permit: bool
    who: str
    name: str
    kinds: list[str]
    classes: list[str]
    purpose: str | None
    start: str | None
    end: str | None
    decided_on: str | None
    accepted: bool | None
    sentence: str
    person: str
    person_name: str


def consent_of(decision: Decision, patient: str, patient_name: str, performer: str, now: datetime) -> Resource:
    """The Consent that says so; ``performer`` is the reference of who decides: the person, or a child's guardian."""
    days = {"start": decision.start, "end": decision.end}
    provision: Resource = {"type": "permit" if decision.permit else "deny"}
    if any(days.values()):
        provision["period"] = {name: day.isoformat() for name, day in days.items() if day}
    if decision.who is not Who.ANYONE:
        kind = next(kind for kind, who in _TYPE_OF.items() if who is decision.who)
        role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
        reference = {"reference": f"{kind}/{decision.names}", "display": decision.name}
        provision["actor"] = [{"role": role, "reference": reference}]
    if decision.purpose:
        provision["purpose"] = [{"system": ACT_REASON, "code": PURPOSES[decision.purpose]}]
    if decision.classes:
        provision["securityLabel"] = [{"system": ACT_CODE, "code": CLASSES[one]} for one in decision.classes]
    if decision.kinds:
        types = [kind for one in decision.kinds for kind in KINDS[one]] + ([_ALWAYS] if decision.permit else [])
        provision["class"] = [{"system": TYPE_SYSTEM, "code": kind} for kind in types]
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": SCOPE_SYSTEM, "code": PRIVACY}]},
        "category": [{"coding": [{"system": LOINC, "code": "59284-0", "display": "Consent Document"}]}],
        "patient": {"reference": f"Patient/{patient}", "display": patient_name},
        "dateTime": now.isoformat(),
        "performer": [{"reference": performer}],
        "policyRule": {"coding": [{"system": POLICY, "code": POLICY_VERSION}]},
        "provision": provision,
    }


def is_shared(consent: Resource) -> bool:
    """Whether the Consent is such a decision; others are read elsewhere."""
    return is_privacy(consent) and (POLICY, POLICY_VERSION) in codings(consent.get("policyRule"))


def is_carers(consent: Resource) -> bool:
    return str(_actor(consent).get("reference", "")).startswith("Patient/")


def shared_of(consent: Resource, today: date) -> Shared:
    """A decision in plain words."""
    provision = consent.get("provision", {})
    actor = _actor(consent)
    who = _TYPE_OF.get(actor.get("reference", "").partition("/")[0], Who.ANYONE)
    types = {one.get("code") for one in provision.get("class", ())}
    labels = {one.get("code") for one in provision.get("securityLabel", ())}
    purposes = {one.get("code") for one in provision.get("purpose", ())}
    decision = Decision(
        permit=provision.get("type") == "permit",
        who=who,
        name=actor.get("display", ""),
        kinds=tuple(kind for kind, wanted in KINDS.items() if set(wanted) <= types),
        classes=tuple(one for one, code in CLASSES.items() if code in labels),
        purpose=next((one for one, code in PURPOSES.items() if code in purposes), ""),
    )
    period = provision.get("period", {})
    end = day_of(period.get("end"))
    return Shared(
        id=consent["id"],
        active=consent.get("status") == "active" and (end is None or end >= today.isoformat()),
        permit=decision.permit,
        who=str(who),
        name=decision.name,
        kinds=list(decision.kinds),
        classes=list(decision.classes),
        purpose=decision.purpose or None,
        start=day_of(period.get("start")),
        end=end,
        decided_on=day_of(consent.get("dateTime")),
        accepted=_accepted(consent, actor.get("reference", "")) if who is Who.CARER else None,
        sentence=sentence_of(decision),
        person=consent.get("patient", {}).get("reference", "").removeprefix("Patient/"),
        person_name=consent.get("patient", {}).get("display", ""),
    )


def _accepted(consent: Resource, carer: str) -> bool:
    return carer in accepted_by(consent)


def sentence_of(decision: Decision) -> str:
    """Such as: City Clinic may see: diagnoses, plans; mental health too (for your treatment)."""
    who = decision.name or _("Everybody who works for an institution")
    what = ", ".join(_(WORDS[one]) for one in decision.kinds) or _("everything that is not sensitive")
    if not decision.permit and not decision.kinds:
        what = _("everything")
    if decision.classes and not decision.kinds and not decision.permit:
        what = ", ".join(_(WORDS[one]) for one in decision.classes)
    form = _("%(who)s may see: %(what)s") if decision.permit else _("%(who)s may not see: %(what)s")
    text = form % {"who": who, "what": what}
    if decision.classes and decision.permit:
        text += ". " + _("Sensitive entries too: %(classes)s") % {
            "classes": ", ".join(_(WORDS[one]) for one in decision.classes)
        }
    return f"{text} ({_(WORDS[decision.purpose])})" if decision.purpose else text


def _actor(consent: Resource) -> Resource:
    actors = consent.get("provision", {}).get("actor") or [{}]
    found: Resource = actors[0].get("reference", {})
    return found
