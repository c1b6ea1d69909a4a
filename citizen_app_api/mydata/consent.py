"""A citizen's consent as a FHIR Consent (R4, consent.html): one purpose each, given and withdrawn separately (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings, text_of
from citizen_app_api.plain_language.values import day_of

Resource = dict[str, Any]
POLICY: Final = "urn:bitgoeul:CodeSystem:consent-policy"
SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
LOINC: Final = "http://loinc.org"


class Purpose(StrEnum):
    """What a citizen can consent to here. A purpose is offered when something is done with it, not before."""

    RESEARCH = "research"


# The version of the text that was read goes with the consent: another text needs another consent.
POLICY_VERSION: Final = {Purpose.RESEARCH: "research-2026-11"}
_PURPOSE_OF_USE: Final = {Purpose.RESEARCH: "HRESCH"}
TITLES: Final = {
    Purpose.RESEARCH: gettext_noop("Giving my record to research, without my name"),
}
_STATUS: Final = {
    "active": gettext_noop("given"),
    "inactive": gettext_noop("withdrawn"),
    "proposed": gettext_noop("not yet decided"),
    "draft": gettext_noop("not yet decided"),
    "rejected": gettext_noop("declined"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A consent as it stands in the record. ``end`` None has no end."""

    id: str
    purpose: str | None
    title: str
    status: str
    status_text: str
    given_on: str | None
    end: str | None
    may_withdraw: bool


def consent_of(purpose: Purpose, patient: str, organization: str | None, now: datetime, end: date | None) -> Resource:
    """The Consent that a citizen gives for ``purpose``; ``organization`` is the home clinic's logical id."""
    period = {"start": now.isoformat()} | ({"end": end.isoformat()} if end else {})
    person = {"reference": f"Patient/{patient}"}
    consent: Resource = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": SCOPE, "code": "research"}]},
        "category": [{"coding": [{"system": LOINC, "code": "59284-0", "display": "Consent Document"}]}],
        "patient": person,
        "dateTime": now.isoformat(),
        "performer": [person],
        "policyRule": {"coding": [{"system": POLICY, "code": POLICY_VERSION[purpose]}]},
        "provision": {
            "type": "permit",
            "period": period,
            "purpose": [{"system": ACT_REASON, "code": _PURPOSE_OF_USE[purpose]}],
        },
    }
    if organization:
        consent["organization"] = [{"reference": f"Organization/{organization}"}]
    return consent


def withdrawn(consent: Resource, now: datetime) -> Resource:
    """The same Consent, ended now: the record keeps that it was given, and when it ended."""
    provision = consent.get("provision", {})
    period = {**provision.get("period", {}), "end": now.isoformat()}
    return {**consent, "status": "inactive", "provision": {**provision, "period": period}}


def purpose_of(consent: Resource) -> Purpose | None:
    """The purpose of a consent that was given here; None for every other Consent."""
    for system, code in codings(consent.get("policyRule")):
        if system == POLICY:
            return next((purpose for purpose in Purpose if code.startswith(f"{purpose}-")), None)
    return None


def given_of(consent: Resource) -> Given:
    """A Consent in plain words."""
    purpose = purpose_of(consent)
    status = consent.get("status", "")
    title = _(TITLES[purpose]) if purpose else text_of(consent.get("scope")) or _("A consent")
    return Given(
        id=consent["id"],
        purpose=str(purpose) if purpose else None,
        title=title,
        status=status,
        status_text=_(_STATUS[status]) if status in _STATUS else status,
        given_on=day_of(consent.get("dateTime")),
        end=day_of(consent.get("provision", {}).get("period", {}).get("end")),
        may_withdraw=purpose is not None and status == "active",
    )
