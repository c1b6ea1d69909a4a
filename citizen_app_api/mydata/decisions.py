"""Deciding who may see my record, and caring for others: read and written with the citizen's own rights."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from citizen_app_api.mydata.consent import withdrawn
from citizen_app_api.mydata.sharing import Decision, Shared, Who, consent_of, is_carers, is_shared, shared_of
from citizen_app_api.people import acting_for, on_behalf_of
from citizen_app_api.plain_language.records import human_name, not_valid
from citizen_app_api.selectors import own_patient
from citizen_app_api.services import FieldError
from health_platform.accounts.models import CarerCode
from health_platform.fhir import carers
from health_platform.fhir.access import ages
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.outcome import FhirError, NotFound
from health_platform.fhir.repository import Repository

Resource = dict[str, Any]
CODE_LASTS: Final = timedelta(minutes=30)
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """Who decides about the record at this age, and what changes next; ``self_decides``: the person herself."""

    self_decides: bool
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An institution or a person that a decision can name."""

    id: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A person whose record the citizen sees as carer or parent."""

    patient: str
    name: str
    guardian: bool
    until: str | None


@dataclass(frozen=True, slots=True)
class Care:
    """My carers, what others offer me, and whose records I see now."""

    carers: list[Shared]
    offers: list[Shared]
    people: list[Charge]


def my_sharing(access: AccessContext, today: date) -> list[Shared]:
    """What I decided about institutions and people who work there, newest first."""
    return [shared_of(one, today) for one in _decisions(access) if not is_carers(one)]


def _decisions(access: AccessContext) -> list[Resource]:
    page = Repository(access).search("Consent", {"patient": own_patient(access), "_count": str(MOST)})
    return [one for one in page.resources() if is_shared(one) and not not_valid(one)]


def rule_of(access: AccessContext, today: date) -> Rule:
    """Who decides at this age (PIPA 22-2 and the Civil Act: health_platform.fhir.access.ages)."""
    patient = Repository(access).read("Patient", own_patient(access)).resource()
    born, own = str(patient.get("birthDate", "")), access.launch_patient is None
    decides, of_age = ages.birthday(born, ages.DECIDES_AT), ages.birthday(born, ages.OF_AGE_AT)
    if decides is not None and today < decides:
        day = _spoken(decides)
        if own:
            text = _("Until %(day)s, your 14th birthday, your parent or guardian decides. From then on you decide.")
        else:
            text = _("You decide for the child until %(day)s, the 14th birthday. From then on the child decides.")
        return Rule(not own, text % {"day": day})
    if of_age is not None and today < of_age:
        day = _spoken(of_age)
        if own:
            text = _(
                "You decide. Until %(day)s, your 19th birthday, your parents see what is not sensitive; "
                "you can deny them that. Then they see nothing unless you make them carers."
            )
        else:
            text = _(
                "The young person decides. Until %(day)s, the 19th birthday, parents see what is not sensitive and was "
                "not denied."
            )
        return Rule(own, text % {"day": day})
    return Rule(own, "")


def _spoken(day: date) -> str:
    return _("%(year)s-%(month)s-%(day)s") % {"year": day.year, "month": day.month, "day": day.day}


def choices(access: AccessContext, who: Who, name: str) -> list[Choice]:
    """Institutions or people who work at one, by the beginning of their name: at most 20."""
    kind = "Organization" if who is Who.INSTITUTION else "Practitioner"
    found = Repository(access).search(kind, {"name": name, "_count": "20"}).resources()
    return [Choice(one["id"], _name(one), _detail(one)) for one in found]


def _name(resource: Resource) -> str:
    name = resource.get("name")
    return (human_name(name) if isinstance(name, list) else name) or ""


def _detail(resource: Resource) -> str:
    address = resource.get("address") or [{}]
    return str(address[0].get("text", "")) if isinstance(address, list) else ""


def decide(access: AccessContext, decision: Decision, now: datetime) -> Shared:
    """Write a decision down; it holds from the next request on. Raises FieldError."""
    _check_days(decision, now.date())
    named = replace(decision, name=_named(access, decision)) if decision.names else decision
    patient = own_patient(access)
    person = Repository(access).read("Patient", patient).resource()
    consent = consent_of(named, patient, _name(person), access.actor, now)
    return shared_of(Repository(_deciding(access)).create(consent).resource(), now.date())


def _named(access: AccessContext, decision: Decision) -> str:
    """The name of whom the decision names. Raises FieldError for whom nobody knows."""
    kind = "Organization" if decision.who is Who.INSTITUTION else "Practitioner"
    try:
        return _name(Repository(access).read(kind, decision.names).resource())
    except FhirError:
        raise FieldError("names", _("Choose one from the list.")) from None


def _check_days(decision: Decision, today: date) -> None:
    if decision.end is not None and decision.end < today:
        raise FieldError("end", _("The end has to be a day to come."))
    if decision.start is not None and decision.end is not None and decision.end < decision.start:
        raise FieldError("end", _("The end is before the beginning."))


def _deciding(access: AccessContext) -> AccessContext:
    """The citizen's rights without the narrowing to one record: whether she may decide there, the record says."""
    return replace(access, launch_patient=None)


def end(access: AccessContext, id: str, now: datetime) -> None:
    """End a decision. Raises NotFound for what is none of mine."""
    stored = Repository(access).read("Consent", id)
    consent = stored.resource()
    mine = consent.get("patient", {}).get("reference") == f"Patient/{own_patient(access)}"
    if not mine or not is_shared(consent):
        raise NotFound("%(type)s/%(id)s is not known.", type="Consent", id=id)
    if consent.get("status") == "active":
        Repository(_deciding(access)).update(withdrawn(consent, now), if_match=stored.version)


# ---- carers


def my_care(access: AccessContext, today: date) -> Care:
    """Who cares for me, and for whom I care."""
    own = [shared_of(one, today) for one in _decisions(access) if is_carers(one)]
    offers = [shared_of(stored.resource(), today) for stored in carers.offers(access)]
    return Care(own, offers, [_charge(access, one) for one in carers.charges(access)])


def _charge(access: AccessContext, found: carers.Charge) -> Charge:
    person = Repository(acting_for(access, found.patient)).read("Patient", found.patient).resource()
    until = found.until.astimezone().date().isoformat() if found.until else None
    return Charge(found.patient, _name(person), found.guardian, until)


def carer_code(access: AccessContext, now: datetime) -> str:
    """A code that I tell a person who wants me as her carer: eight digits, good for half an hour and once."""
    patient = own_patient(access)
    code = f"{secrets.randbelow(10**8):08d}"
    CarerCode.objects.filter(patient=patient).delete()
    CarerCode.objects.create(digest=_digest(code), patient=patient, expires=now + CODE_LASTS)
    return code


def make_carer(access: AccessContext, code: str, decision: Decision, now: datetime) -> Shared:
    """Let the person behind the code see my record once she accepts. Raises FieldError."""
    _check_days(decision, now.date())
    digits = "".join(one for one in code if one.isdigit())
    found = CarerCode.objects.filter(digest=_digest(digits), expires__gt=now).first()
    patient = own_patient(access)
    if found is None or found.patient == patient:
        raise FieldError("code", _("This code is not right, or too old. Ask for a new one."))
    person = Repository(access).read("Patient", patient).resource()
    carer = Repository(on_behalf_of(access)).read("Patient", found.patient).resource()
    named = replace(decision, permit=True, who=Who.CARER, names=found.patient, name=_name(carer))
    stored = Repository(access).create(consent_of(named, patient, _name(person), access.actor, now))
    found.delete()
    return shared_of(stored.resource(), now.date())


def accept(access: AccessContext, id: str) -> None:
    """Raises NotFound for what was not offered to me."""
    carers.accept(access, id)


def leave(access: AccessContext, id: str) -> None:
    """Decline, or care no longer. Raises NotFound."""
    carers.leave(access, id)


def _digest(code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"carer code {code}".encode(), hashlib.sha256).hexdigest()
