"""What a citizen writes. Whatever an address or a body names is first read with the citizen's own rights; only then is
something written on her behalf, with her as its author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from citizen_app_api.disclosure import may_be_shown
from citizen_app_api.mydata.consent import Given, Purpose, consent_of, given_of, purpose_of, withdrawn
from citizen_app_api.people import on_behalf_of
from citizen_app_api.plain_language.clinics import clinic_references
from citizen_app_api.plain_language.plans import activities, exercise_title
from citizen_app_api.resources.bundle import creations, request_identifier
from citizen_app_api.resources.exercise import DoneExercise, Trouble, exercise_observation
from citizen_app_api.resources.question import QUESTION, TROUBLE, Message, message_bundle, message_entries
from citizen_app_api.selectors import own_patient
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.outcome import Gone, NotFound
from health_platform.fhir.repository import Repository

Resource = dict[str, Any]
MOST_OPEN_QUESTIONS: Final = 20
LOG_WITHIN: Final = timedelta(days=31)
_LOG: Final = "urn:uuid:0a9f4a3e-0d53-4a3b-8f0e-9a7c50a2c101"


class FieldError(Exception):
    """A field of the request cannot be taken as it is; ``message`` says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class NoClinic(Exception):
    """No institution is recorded as caring for the citizen, so nobody would read a message."""


class TooManyQuestions(Exception):
    """As many questions wait for an answer as may wait at a time."""


class Advice(StrEnum):
    """What to do after an exercise."""

    GOOD = "good"
    TELL_CLINIC = "tell-clinic"
    CALL_119 = "call-119"


@dataclass(frozen=True, slots=True)
class Logged:
    """A logged exercise. ``created`` is False when the same request had been taken before; ``clinic_told`` when trouble
    was passed on to the home clinic."""

    id: str
    created: bool
    advice: Advice
    text: str
    clinic_told: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way. ``created`` is False when the same request had been taken before."""

    id: str
    created: bool


def ask_question(access: AccessContext, text: str, about: str | None, key: str | None, now: datetime) -> Asked:
    """Send a question to the home clinic. Raises FieldError, NoClinic or TooManyQuestions."""
    patient = own_patient(access)
    own = Repository(access)
    clinic = _home_clinic(own, patient)
    if about is not None:
        _own_resource(own, about)
    open_tasks = own.search("Task", {"patient": patient, "status": "requested", "_count": str(MOST_OPEN_QUESTIONS)})
    if len(open_tasks.matches) >= MOST_OPEN_QUESTIONS:
        raise TooManyQuestions
    message = Message(text=text, code=QUESTION, patient=patient, clinic=clinic, about=about)
    identifier = request_identifier(patient, key) if key else None
    answer = Repository(on_behalf_of(access)).transaction(message_bundle(message, now, identifier))
    id, created = _result(answer, 0)
    return Asked(id, created)


def _own_resource(own: Repository, reference: str) -> None:
    """Raise FieldError unless ``reference`` leads to something of the citizen's own that she may read."""
    kind, _slash, id = reference.partition("/")
    try:
        found = own.read(kind, id).resource()
    except (NotFound, Gone):
        found = None
    if found is None or not may_be_shown(found):
        raise FieldError("about", _("This is not in your record. Leave it out, or open the question from its page."))


def _home_clinic(own: Repository, patient: str) -> str:
    references = clinic_references(own.read("Patient", patient).resource())
    if not references:
        raise NoClinic
    return references[0].removeprefix("Organization/")


def log_exercise(access: AccessContext, plan_id: str, done: DoneExercise, key: str | None, now: datetime) -> Logged:
    """Log a done exercise of a signed plan; the clinic is told of trouble. Raises NotFound for a plan that is not
    the citizen's own or not signed, and FieldError."""
    patient = own_patient(access)
    own = Repository(access)
    plan = own.read("CarePlan", plan_id).resource()
    if plan.get("status") != "active" or not may_be_shown(plan):
        raise NotFound("%(type)s/%(id)s is not known.", type="CarePlan", id=plan_id)
    detail = activities(plan).get(done.exercise)
    if detail is None:
        raise FieldError("exercise", _("Your plan has no such exercise."))
    _check_day(done.on, now)
    identifier = request_identifier(patient, key) if key else None
    title = exercise_title(detail)
    entries = [(_LOG, exercise_observation(done, title, patient, plan_id, identifier))]
    if done.trouble:
        entries += _report(own, patient, plan_id, done, title, now, identifier)
    id, created = _result(Repository(on_behalf_of(access)).transaction(creations(entries)), 0)
    advice, text = _advice(done.trouble)
    return Logged(id, created, advice, text, clinic_told=len(entries) > 1)


def _check_day(on: date, now: datetime) -> None:
    today = now.date()
    if on > today:
        raise FieldError("done_on", _("This day is still to come."))
    if today - on > LOG_WITHIN:
        raise FieldError("done_on", _("This day is more than a month ago."))


def _report(
    own: Repository, patient: str, plan: str, done: DoneExercise, title: str, now: datetime, identifier: Resource | None
) -> list[tuple[str, Resource]]:
    """A message to the home clinic about trouble; none where no clinic is recorded: the advice says whom to call."""
    try:
        clinic = _home_clinic(own, patient)
    except NoClinic:
        return []
    text = f"{title} {done.on.isoformat()}: {', '.join(done.trouble)}. {done.note}".strip()
    urgent = bool({Trouble.CHEST_PAIN, Trouble.FALL} & set(done.trouble))
    message = Message(text, TROUBLE, patient, clinic, about=f"CarePlan/{plan}", urgent=urgent)
    return message_entries(message, now, identifier)


def _advice(trouble: tuple[Trouble, ...]) -> tuple[Advice, str]:
    if Trouble.CHEST_PAIN in trouble:
        text = _(
            "Stop and rest. If the chest pain is still there, call 119 now. "
            "Do not exercise before a doctor has seen you."
        )
        return Advice.CALL_119, text
    if trouble:
        text = _(
            "Stop this exercise for now and talk to your clinic. If you feel very unwell or cannot get up, call 119."
        )
        return Advice.TELL_CLINIC, text
    return Advice.GOOD, _("Well done. It is written down.")


def give_consent(access: AccessContext, purpose: Purpose, end: date | None, now: datetime) -> tuple[Given, bool]:
    """Give a consent; the one that holds already is returned with False. Raises FieldError."""
    if end is not None and end <= now.date():
        raise FieldError("end", _("The end has to be a day to come."))
    patient = own_patient(access)
    own = Repository(access)
    held = own.search("Consent", {"patient": patient, "status": "active", "_count": "100"})
    for consent in held.resources():
        if purpose_of(consent) is purpose:
            return given_of(consent), False
    references = clinic_references(own.read("Patient", patient).resource())
    organization = references[0].removeprefix("Organization/") if references else None
    stored = own.create(consent_of(purpose, patient, organization, now, end))
    return given_of(stored.resource()), True


def withdraw_consent(access: AccessContext, id: str, now: datetime) -> None:
    """End a consent that was given here; one that has ended stays as it is. Raises NotFound for every other."""
    own = Repository(access)
    stored = own.read("Consent", id)
    consent = stored.resource()
    if purpose_of(consent) is None:
        raise NotFound("%(type)s/%(id)s is not known.", type="Consent", id=id)
    if consent.get("status") == "active":
        own.update(withdrawn(consent, now), if_match=stored.version)


def _result(answer: Resource, place: int) -> tuple[str, bool]:
    """The id in the answer to a transaction's entry, and whether it was created by it."""
    response = answer["entry"][place]["response"]
    return response["location"].split("/")[1], response["status"].startswith("201")
