"""What a clinician does at the console: decide on results, release them, correct and sign plans.

Each is one database transaction, with the patient's place on the worklist worked out anew in it. Nothing is changed
when it is refused; a decision about a version that is no longer the current one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override as language

from clinics.console import plans, worklist
from clinics.console.access import Clinician
from clinics.console.record import person_of
from health_platform.accounts.proofing import binding
from health_platform.fhir.access import audit
from health_platform.fhir.access.context import service
from health_platform.fhir.outcome import BadRequest, Conflict, NotFound, PreconditionFailed, UnprocessableEntity
from health_platform.fhir.repository import Repository
from inference import services as inference

LONGEST_REASON = 1000


class Refused(Exception):
    """The action was not carried out; the text says why, and how to mend it, in the language of the reader."""


def accept(clinician: Clinician, patient: str, risk: str, seen: str, reason: str, now: datetime) -> None:
    """Take a result over as it was calculated. Raises Refused, NotFound."""
    _decide(clinician, patient, [(risk, seen)], inference.ACCEPT, reason, now)


def override(clinician: Clinician, patient: str, risk: str, seen: str, reason: str, now: datetime) -> None:
    """Judge otherwise than the model, for a reason; its number stays beside. Raises Refused, NotFound."""
    if not reason.strip():
        raise Refused(_("Write why you judge otherwise: without a reason nothing is recorded."))
    _decide(clinician, patient, [(risk, seen)], inference.OVERRIDE, reason, now)


def accept_all(
    clinician: Clinician, patient: str, risks: Sequence[tuple[str, str]], reason: str, now: datetime
) -> None:
    """Take over several results (id, version seen) at once: all or none. Raises Refused, NotFound."""
    if not risks:
        raise Refused(_("There is nothing to accept."))
    _decide(clinician, patient, risks, inference.ACCEPT, reason, now)


def _decide(
    clinician: Clinician, patient: str, risks: Sequence[tuple[str, str]], decision: str, reason: str, now: datetime
) -> None:
    if len(reason) > LONGEST_REASON:
        raise Refused(_("The reason is too long: at most %(most)s characters.") % {"most": LONGEST_REASON})
    with _acting(clinician) as repository:
        for risk, seen in risks:
            if _current(repository, "RiskAssessment", risk, patient, seen)["status"] != "preliminary":
                raise Refused(_("Somebody has decided on this result already. Look at the decision below."))
        with transaction.atomic():
            for risk, _seen in risks:
                inference.override(repository, risk, clinician.access.actor, decision, reason, now)
            worklist.refresh(service("worklist"), patient)


def release(clinician: Clinician, patient: str, risk: str, seen: str, now: datetime) -> None:
    """Let the citizen see a result that waits for it. It has to be reviewed before. Raises Refused, NotFound."""
    with _acting(clinician) as repository:
        resource = _current(repository, "RiskAssessment", risk, patient, seen)
        if resource["status"] == "preliminary":
            raise Refused(_("Accept or override the result first; then it can be released."))
        inference.release(repository, risk, clinician.access.actor, now)


def sign_plan(clinician: Clinician, patient: str, plan: str, seen: str, now: datetime) -> None:
    """Make a draft the plan that the citizen sees. Raises Refused, NotFound."""
    with _acting(clinician) as repository:
        _draft(repository, plan, patient, seen)
        with language(settings.LANGUAGE_CODE):  # a plan is written in the language of the record
            inference.sign_plan(repository, plan, clinician.access.actor, now)


def decline_plan(clinician: Clinician, patient: str, plan: str, seen: str, reason: str, now: datetime) -> None:
    """Take a plan back, for a reason. Raises Refused, NotFound."""
    if not reason.strip():
        raise Refused(_("Write why the plan does not fit: without a reason it stays."))
    with _acting(clinician) as repository:
        _current(repository, "CarePlan", plan, patient, seen)
        inference.decline_plan(repository, plan, clinician.access.actor, reason, now)


def correct_plan(
    clinician: Clinician,
    patient: str,
    plan: str,
    seen: str,
    doses: Sequence[tuple[int, int] | None],
    precaution: str,
    now: datetime,
) -> None:
    """Change the doses of a draft (days a week, minutes; None leaves the exercise out) and add a precaution. The draft
    as it was calculated stays in the history. Raises Refused, NotFound."""
    if not any(doses):
        raise Refused(_("A plan needs at least one exercise. Decline it if none fits."))
    with _acting(clinician) as repository:
        resource = _draft(repository, plan, patient, seen)
        if len(doses) != len(resource["activity"]):
            raise Refused(_changed())
        changed = plans.corrected(resource, doses)
        texts = [precaution.strip()[:LONGEST_REASON]] if precaution.strip() else []
        if changed["activity"] != resource["activity"]:
            with language(settings.LANGUAGE_CODE):
                texts.append(_("Corrected by a clinician before signing."))
        author = {"authorReference": {"reference": clinician.access.actor}, "time": now.isoformat()}
        changed["note"] = [*resource.get("note", []), *({**author, "text": text} for text in texts)]
        repository.update(changed, if_match=int(seen))


@contextmanager
def _acting(clinician: Clinician) -> Iterator[Repository]:
    """The record with the clinician's rights; what it refuses becomes words for the person."""
    if not clinician.access.actor.startswith("Practitioner/"):
        raise Refused(_("Your account is not linked to a practitioner of the record. Ask your administrator."))
    try:
        yield Repository(clinician.access)
    except (PreconditionFailed, Conflict) as error:
        raise Refused(_changed()) from error
    except (BadRequest, UnprocessableEntity) as error:
        raise Refused(" ".join(issue.text(_) for issue in error.issues)) from error


def _current(repository: Repository, kind: str, id: str, patient: str, seen: str) -> dict[str, Any]:
    """The resource of this patient, if it is still the version that was seen."""
    stored = repository.read(kind, id)
    resource = stored.resource()
    if resource.get("subject", {}).get("reference") != f"Patient/{patient}":
        raise NotFound("%(type)s/%(id)s is not known.", type=kind, id=id)
    if str(stored.version) != seen:
        raise Refused(_changed())
    return resource


def _draft(repository: Repository, plan: str, patient: str, seen: str) -> dict[str, Any]:
    resource = _current(repository, "CarePlan", plan, patient, seen)
    if resource["status"] != "draft":
        raise Refused(_("Only a draft can be changed or signed; this plan is one no longer."))
    return resource


def _changed() -> str:
    return _("This was changed while you were reading. Nothing was recorded: look at the state below and decide again.")


def account_code(clinician: Clinician, patient: str, now: datetime) -> str | None:
    """A code for the patient's own account; None when the record has no full day of birth. Raises NotFound."""
    person = person_of(Repository(clinician.access).read("Patient", patient).resource())
    if person.born.day is None or len(person.born.text) < 10:
        return None
    audit.note(clinician.access, "account-code", [patient], [f"Patient/{patient}"])
    return binding.code_for(patient, person.name, person.born.day, now)
