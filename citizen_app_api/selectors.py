"""What a citizen reads, through the Repository with the citizen's own rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from citizen_app_api.disclosure import may_be_shown
from citizen_app_api.mydata.consent import Given, given_of
from citizen_app_api.mydata.sharing import is_carers, is_shared
from citizen_app_api.people import citizen_of
from citizen_app_api.plain_language import access as access_words
from citizen_app_api.plain_language.access import Look, looks_of
from citizen_app_api.plain_language.clinics import Clinic, clinic_references, clinics_of
from citizen_app_api.plain_language.measures import LOINC
from citizen_app_api.plain_language.plans import EXERCISE_ACTIVITY, Plan, plan_of
from citizen_app_api.plain_language.questions import Question, questions_of
from citizen_app_api.plain_language.records import Entry, entry_of, not_valid
from citizen_app_api.plain_language.risks import Risk, risk_of
from citizen_app_api.plain_language.summary import MOST_CONDITIONS, Material, Summary, missing_codes, summary_of
from health_platform.fhir.access import audit
from health_platform.fhir.access.audit import AuditEntry
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.compartment import PUBLIC_TYPES
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.repository import Repository
from health_platform.fhir.search.registry import parameter
from health_platform.fhir.stored import Stored
from inference.services import WhatIf, model_card, picture_of, what_if

Resource = dict[str, Any]
ASSESSMENTS: Final = "exam,survey,social-history,procedure,imaging,therapy,activity"
# kind: the type, its criteria, and what to fetch beside each match so that places and medicines have names.
_KINDS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "visits": ("Encounter", {"_include": "Encounter:service-provider"}),
    "diagnoses": ("Condition", {}),
    "prescriptions": ("MedicationRequest", {"_include": "MedicationRequest:medication"}),
    "labs": ("Observation", {"category": "laboratory", "_include": "Observation:performer"}),
    "vitals": ("Observation", {"category": "vital-signs", "_include": "Observation:performer"}),
    "tests": ("Observation", {"category": ASSESSMENTS, "_include": "Observation:performer"}),
    "immunisations": ("Immunization", {"_include": "Immunization:performer"}),
    "allergies": ("AllergyIntolerance", {}),
    "procedures": ("Procedure", {"_include": "Procedure:performer"}),
    "documents": ("DocumentReference", {"_include": "DocumentReference:custodian"}),
}
# Decisions of the no-exercise gate that hold for a plan which was signed before.
SPEAKS_AGAINST: Final = frozenset({"refer", "stop", "postpone"})
NOTICES_FOR: Final = timedelta(days=31)
_MEASUREMENTS: Final = 200
_DATA_PAGE: Final = 500
_LOG_STEP: Final = 200
_LOG_STEPS: Final = 10
# Every type that can stand in a patient's record; the Patient leads.
_OWN_TYPES: Final = tuple(
    kind for kind in RESOURCE_TYPES if kind not in PUBLIC_TYPES and parameter(kind, "patient") is not None
)


class UnknownCursor(Exception):
    """The cursor is not one that this server gave for these entries."""


@dataclass(frozen=True, slots=True)
class Records:
    """One page of entries, newest first. ``next`` continues it; None at the end."""

    kind: str
    items: list[Entry]
    next: str | None


@dataclass(frozen=True, slots=True)
class Risks:
    """What was calculated, the leading result of each topic first. ``alerts`` are to be shown at once; ``passed_over``
    are values of the record that cannot be right and were not used."""

    items: list[Risk]
    alerts: list[str]
    passed_over: list[str]
    assessed: datetime | None


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans that hold. ``caution`` speaks against exercise now; ``missing`` keeps a plan from being made."""

    items: list[Plan]
    caution: str | None
    missing: list[str]


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One page of the access log, newest first. ``next`` continues it; None at the end."""

    items: list[Look]
    next: int | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What the record tells its person: when, what, the reason that was given, and by which institution."""

    id: str
    at: datetime | None
    text: str
    reason: str | None
    institution: str | None


def own_patient(access: AccessContext) -> str:
    """The citizen's own Patient. Raises ValueError for anybody else: the views have refused them before."""
    patient = citizen_of(access)
    if patient is None:
        raise ValueError("only a citizen reads here")
    return patient


def my_records(access: AccessContext, kind: str, limit: int, cursor: str | None) -> Records:
    """The entries of one kind. Raises UnknownCursor."""
    resource_type, criteria = _KINDS[kind]
    query = {"patient": own_patient(access), "_count": str(limit), **criteria}
    if cursor:
        query["_cursor"] = cursor
    try:
        page = Repository(access).search(resource_type, query)
    except BadRequest as error:
        if cursor and any("_cursor" in issue.expression for issue in error.issues):
            raise UnknownCursor from error
        raise
    names = {match.stored.reference: match.stored.resource() for match in page.included}
    items = [entry_of(kind, resource, names) for resource in page.resources() if not not_valid(resource)]
    return Records(kind, items, page.next)


def my_summary(access: AccessContext, today: date) -> Summary:
    """Who I am, and what the record holds of me today."""
    patient = own_patient(access)
    repository = Repository(access)
    people, conditions, prescriptions, allergies, lists, observations = _read_together(
        repository,
        f"Patient/{patient}",
        _url("Condition", patient=patient, _count=MOST_CONDITIONS),
        _url("MedicationRequest", patient=patient, status="active", _count=200,
             _include="MedicationRequest:medication"),
        _url("AllergyIntolerance", patient=patient, _count=100),
        _url("List", patient=patient, code="11450-4,10160-0,48765-2", _count=50),
        _measurements_url(patient, missing_codes([])),
    )  # fmt: skip
    material = Material(
        patient=people[0],
        conditions=conditions,
        prescriptions=_of_type("MedicationRequest", prescriptions),
        allergies=allergies,
        lists=lists,
        observations=_with_rare_ones(repository, patient, _of_type("Observation", observations)),
        names=_by_reference((*prescriptions, *observations)),
    )
    return summary_of(material, today)


def _measurements_url(patient: str, codes: list[str]) -> str:
    coded = ",".join(f"{LOINC}|{code}" for code in codes)
    return _url("Observation", patient=patient, code=coded, _count=_MEASUREMENTS, _include="Observation:performer")


def _with_rare_ones(repository: Repository, patient: str, found: list[Resource]) -> list[Resource]:
    """``found`` with the newest of what a full page of frequent measurements has pushed off it."""
    page = found
    while len(page) == _MEASUREMENTS and (missing := missing_codes(found)):
        (answer,) = _read_together(repository, _measurements_url(patient, missing))
        page = _of_type("Observation", answer)
        if len(missing_codes([*found, *page])) == len(missing):
            break
        found = [*found, *page]
    return found


def my_risks(access: AccessContext) -> Risks:
    """What models say about me. Results that a clinician first talks over are not among it."""
    picture = picture_of(Repository(access), own_patient(access))
    results = sorted(picture.results, key=lambda result: not result.leading)
    items = [risk_of(result, model_card(result.model)) for result in results]
    return Risks(items, list(picture.alerts), list(picture.passed_over), picture.assessed)


def my_what_if(access: AccessContext, model: str, supposed: list[dict[str, Any]], now: datetime) -> WhatIf:
    """What a model would say of me if something were so. Raises NotFound, BadRequest."""
    return what_if(Repository(access), own_patient(access), model, supposed, now)


def my_alerts(access: AccessContext) -> list[str]:
    """What must be read at once, whatever else waits."""
    return list(picture_of(Repository(access), own_patient(access)).alerts)


def my_plans(access: AccessContext) -> Plans:
    """The plans that a clinician has signed and that hold now."""
    patient = own_patient(access)
    repository = Repository(access)
    plans, done = _read_together(
        repository,
        _url("CarePlan", patient=patient, status="active", _count=20, _include="CarePlan:goal"),
        _url("Observation", patient=patient, code=f"{LOINC}|{EXERCISE_ACTIVITY}", _count=200),
    )
    shown = [plan for plan in _of_type("CarePlan", plans) if may_be_shown(plan) and plan.get("status") == "active"]
    authors = sorted({plan["author"]["reference"] for plan in shown if plan.get("author", {}).get("reference")})
    names = _by_reference(plans) | _named(repository, authors)
    known = picture_of(repository, patient).rehabilitation
    caution = known.gate_text if known and known.gate in SPEAKS_AGAINST else None
    return Plans([plan_of(plan, names, done) for plan in shown], caution, list(known.missing) if known else [])


def my_questions(access: AccessContext) -> list[Question]:
    """What I asked my clinic, newest first, with the answers."""
    patient = own_patient(access)
    communications, tasks = _read_together(
        Repository(access),
        _url("Communication", patient=patient, _count=200),
        _url("Task", patient=patient, _count=200),
    )
    return questions_of(communications, tasks, patient)


def my_clinics(access: AccessContext) -> list[Clinic]:
    """Who cares for me, the home clinic first."""
    repository = Repository(access)
    patient = repository.read("Patient", own_patient(access)).resource()
    return clinics_of(patient, _named(repository, clinic_references(patient)))


def my_notices(access: AccessContext, now: datetime) -> list[Notice]:
    """What I am told of my record, for a month: that it was opened in an emergency. Newest first."""
    repository = Repository(access)
    since = (now - NOTICES_FOR).date().isoformat()
    asked = {"patient": own_patient(access), "category": "notification", "sent": f"ge{since}", "_count": "50"}
    found = repository.search("Communication", asked).resources()
    senders = {one["sender"]["reference"] for one in found if one.get("sender", {}).get("reference")}
    return [_notice(one, _named(repository, sorted(senders))) for one in found]


def _notice(communication: Resource, names: dict[str, Resource]) -> Notice:
    sender = names.get(communication.get("sender", {}).get("reference", ""), {})
    texts = [part["contentString"] for part in communication.get("payload", []) if part.get("contentString")]
    reasons = [reason["text"] for reason in communication.get("reasonCode", []) if reason.get("text")]
    sent = communication.get("sent")
    return Notice(
        id=communication["id"],
        at=datetime.fromisoformat(sent.replace("Z", "+00:00")) if sent else None,
        text=" ".join(texts),
        reason=next(iter(reasons), None),
        institution=sender.get("name"),
    )


def my_consents(access: AccessContext) -> list[Given]:
    """The consents that stand in my record, newest first."""
    page = Repository(access).search("Consent", {"patient": own_patient(access), "_count": "100"})
    return [given_of(one) for one in page.resources() if not not_valid(one) and not is_shared(one)]


def my_access_log(access: AccessContext, before: int | None, limit: int, *, others_only: bool = False) -> AccessLog:
    """Who looked at my record, newest first, older than entry number ``before``."""
    patient = own_patient(access)
    repository = Repository(access)
    page, following = _looks(repository, patient, before, limit, others_only)
    names = _named(repository, sorted(access_words.references_in(entry for _number, entry in page)))
    if any(entry.actor.startswith("Patient/") and entry.actor != f"Patient/{patient}" for _number, entry in page):
        names |= _carers_named(repository, patient)
    return AccessLog(looks_of(page, patient, names), following)


def _carers_named(repository: Repository, patient: str) -> dict[str, Resource]:
    """The names of carers, as the consents that made them carers hold them."""
    page = repository.search("Consent", {"patient": patient, "_count": "100"})
    shared = [one for one in page.resources() if is_shared(one) and is_carers(one)]
    actors = [one["provision"]["actor"][0]["reference"] for one in shared]
    return {one["reference"]: {"name": [{"text": one.get("display", "")}]} for one in actors}


def _looks(
    repository: Repository, patient: str, before: int | None, limit: int, others_only: bool
) -> tuple[list[tuple[int, AuditEntry]], int | None]:
    """Entries for one page, and the number after which the next one begins. Of a log that is full of the citizen's own
    looks so much is read at a time; a page can then be short while ``next`` leads on."""
    kept: list[tuple[int, AuditEntry]] = []
    for _step in range(_LOG_STEPS if others_only else 1):
        size = _LOG_STEP if others_only else limit
        found = repository.access_log(patient, before, size + 1)
        for number, entry in found[:size]:
            before = number
            if not others_only or entry.actor != f"Patient/{patient}":
                kept.append((number, entry))
            if len(kept) == limit:
                return kept, number if number != found[-1][0] else None
        if len(found) <= size:
            return kept, None
    return kept, before


def my_data(access: AccessContext, base: str) -> Iterator[bytes]:
    """My record as a FHIR Bundle of type collection, in pieces. ``base`` is the address of the FHIR server.

    Results that wait for a person, and plans that nobody has signed, are left out.
    """
    patient = own_patient(access)
    audit.note(access, "export", [patient])
    yield b'{"resourceType":"Bundle","type":"collection","entry":['
    separator = b""
    for stored in _own_resources(Repository(access), patient):
        yield separator + b'{"fullUrl":"%s/%s","resource":' % (base.encode(), stored.reference.encode())
        yield stored.body + b"}"
        separator = b","
    yield b"]}"


def _own_resources(repository: Repository, patient: str) -> Iterator[Stored]:
    yield repository.read("Patient", patient)
    for kind in _OWN_TYPES:
        cursor: str | None = ""
        while cursor is not None:
            query = {"patient": patient, "_count": str(_DATA_PAGE)} | ({"_cursor": cursor} if cursor else {})
            page = repository.search(kind, query)
            yield from (match.stored for match in page.matches if _disclosed(match.stored))
            cursor = page.next


def _disclosed(stored: Stored) -> bool:
    return stored.resource_type != "CarePlan" or may_be_shown(stored.resource())


def _named(repository: Repository, references: Iterable[str]) -> dict[str, Resource]:
    """What ``references`` lead to, as far as it is within reach."""
    ids: dict[str, list[str]] = {}
    for reference in references:
        kind, _slash, id = reference.partition("/")
        ids.setdefault(kind, []).append(id)
    answers = _read_together(
        repository, *(_url(kind, _id=",".join(found), _count=len(found)) for kind, found in ids.items())
    )
    return _by_reference(resource for answer in answers for resource in answer)


def _read_together(repository: Repository, *urls: str) -> list[list[Resource]]:
    """The answers to several GETs in one request to the record: one transaction, one line in the access log."""
    if not urls:
        return []
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = repository.transaction({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    return [_resources(entry["resource"]) for entry in answer["entry"]]


def _resources(answer: Resource) -> list[Resource]:
    if answer["resourceType"] != "Bundle":
        return [answer]
    return [entry["resource"] for entry in answer.get("entry", [])]


def _url(resource_type: str, **criteria: object) -> str:
    return f"{resource_type}?{urlencode(criteria)}"


def _of_type(kind: str, resources: Iterable[Resource]) -> list[Resource]:
    return [resource for resource in resources if resource["resourceType"] == kind]


def _by_reference(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {f"{resource['resourceType']}/{resource['id']}": resource for resource in resources}
