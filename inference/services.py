"""What other apps may ask of inference; nothing else of it may be imported by them.

Everything is read and written through the caller's Repository, so a caller sees and does here what the record allows.
Texts come in the language that is active. A citizen never gets a result that waits for its release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from health_platform.fhir.access.context import Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.disclosure import disclose, withhold
from health_platform.fhir.outcome import BadRequest, Forbidden, NotFound
from health_platform.fhir.repository import Repository
from inference import registry, wording
from inference.ageing import reading, sentences
from inference.ageing.assess import assess_ageing
from inference.ageing.gather import gather
from inference.ageing.panel import with_egfr
from inference.ageing.pressing import is_high
from inference.ageing.reading import Told
from inference.ageing.run import Outcome, OutputValue
from inference.ageing.what_if import NotChangeable, Supposed, changeable
from inference.ageing.what_if import what_if as ageing_what_if
from inference.features.vector import Gap, Origin, Reason, features
from inference.models import AssessmentState
from inference.rehabilitation import texts as plan_texts
from inference.rehabilitation.care_plan import PLAN, sign

Resource = dict[str, Any]
WITHHELD_FAMILIES = frozenset({"dementia", "depression"})
REVIEW = "urn:bitgoeul:review"
EXTENSION = "urn:bitgoeul:StructureDefinition/"
ACCEPT, OVERRIDE = "accept", "override"
CRISIS_LINE = "109"
NO_OUTPUT = OutputValue("", None, "", None)


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a result, as people read it. `origin` in words."""

    feature: str
    label: str
    value: float
    unit: str
    date: date | None
    source: str
    origin: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Output:
    """`value` None where it is not assessed. `percent` only for probabilities."""

    name: str
    label: str
    value: float | None
    unit: str
    percent: float | None
    band: str
    lead: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much a feature moved the result in the model, in words and as a share of the additive scale."""

    label: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a clinician decided on a result, kept beside it."""

    decision: str
    clinician: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a model for a person.

    `id` is that of its RiskAssessment, empty where the model says nothing; `outcome` is given, no-number, not-assessed
    or not-applicable; `reasons` say in words why there is no number; `needed` is what would let it answer.
    """

    id: str
    model: str
    version: str
    family: str
    family_title: str
    title: str
    outcome: str
    leading: bool
    status: str = ""
    release: str = "open"
    at: str = ""
    sentence: str = ""
    probability: float | None = None
    horizon_years: float | None = None
    high: bool = False
    calibrated_for_korea: bool = False
    outputs: tuple[Output, ...] = ()
    inputs: tuple[Input, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    resource: Resource = field(default_factory=dict, repr=False, compare=False)

    @property
    def assessed(self) -> bool:
        return self.outcome == Outcome.GIVEN

    @property
    def unreviewed(self) -> bool:
        """Calculated, and no clinician has acted on it."""
        return self.assessed and self.status == "preliminary"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The leading output ``before`` and ``after`` what was supposed; None where there is no number. ``caution`` stands
    beside it wherever it is shown. ``changeable`` are (feature, label) of what can be supposed of this model."""

    model: str
    version: str
    title: str
    label: str
    unit: str
    before: float | None
    after: float | None
    sentence: str
    caution: str
    changeable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rehabilitation:
    """What is known of a plan: programme (`B+`, empty while not assessed), gate and what is missing, in words."""

    programme: str
    title: str
    fall_risk: str
    gate: str
    gate_text: str
    barriers: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a person stands. `assessed` None while no assessment has run; `alerts` are to be shown at once."""

    patient: str
    assessed: datetime | None
    results: tuple[Result, ...]
    rehabilitation: Rehabilitation | None
    alerts: tuple[str, ...]
    passed_over: tuple[str, ...]


def picture_of(repository: Repository, patient: str) -> Picture:
    """Everything current about a person. Raises NotFound for a patient who is not within reach."""
    repository.read("Patient", patient)
    with open_session(repository.access):
        state = AssessmentState.objects.filter(patient=patient).first()
    if state is None:
        return Picture(patient, None, (), None, (), ())
    found = state.picture
    return Picture(
        patient=patient,
        assessed=state.assessed,
        results=tuple(_results(repository, patient, found["families"])),
        rehabilitation=_rehabilitation(found["rehabilitation"]),
        alerts=tuple(_alert(code) for code in found["alerts"]),
        passed_over=tuple(wording.gap(_gap(item)) for item in found["passed_over"]),
    )


def results_for(repository: Repository, patient: str) -> list[Result]:
    """The current result of each model that has something to say about the person, the leading ones marked."""
    return list(picture_of(repository, patient).results)


def assess_now(repository: Repository, patient: str, now: datetime) -> list[Resource]:
    """Assesses at once, whether or not the record has changed; returns the RiskAssessments that are new."""
    return assess_ageing(repository, patient, f"now/{now.isoformat()}", now, registry.inference_client())


def what_if(
    repository: Repository, patient: str, model: str, supposed: Sequence[Mapping[str, Any]], now: datetime
) -> WhatIf:
    """What ``model`` would say of the person if what is ``supposed`` (feature, value, unit) were so. Nothing is stored.

    Only for a result that the caller can see. Raises NotFound without one, BadRequest for what cannot be supposed.
    """
    if not any(result.model == model and result.assessed for result in results_for(repository, patient)):
        raise NotFound("There is no result of the model '%(model)s' here.", model=model)
    at = timezone.localdate(now)
    client, card = registry.inference_client(), registry.card(model, patient)
    record = gather(repository, patient, at)
    vector = with_egfr(features(record, at), record, registry.card, client)
    try:
        found = ageing_what_if(vector, card, {one["feature"]: Supposed(**one) for one in supposed}, client)
    except NotChangeable as error:
        raise BadRequest("%(why)s", why=sentences.not_changeable(error)) from error
    return WhatIf(
        model=found.model,
        version=found.version,
        title=wording.model_title(card),
        label=sentences.lead_label(card, found.before or found.after),
        unit=(found.before or found.after or NO_OUTPUT).unit,
        before=found.before.value if found.before else None,
        after=found.after.value if found.after else None,
        sentence=sentences.difference(card, found),
        caution=sentences.only_in_the_model(),
        changeable=tuple((name, wording.feature(name)) for name in changeable(card)),
    )


def model_card(model: str) -> Mapping[str, Any]:
    """The card of the version that serves. Raises ModelNotFound (inference.protocol.types)."""
    return registry.card(model)


def model_cards() -> list[Mapping[str, Any]]:
    """The cards of all models."""
    return [registry.card(model) for model in registry.model_repository().models()]


def override(repository: Repository, risk: str, clinician: str, decision: str, reason: str, now: datetime) -> Resource:
    """Records what a clinician decided on a result, beside it; returns the review.

    `decision` accept makes the result final; override, which needs a reason, makes it amended: the number stays as it
    was calculated, the review stands next to it. Raises Forbidden, BadRequest, NotFound.
    """
    _require_clinician(repository)
    reason = reason.strip()
    if decision not in (ACCEPT, OVERRIDE):
        raise BadRequest("'%(decision)s' is no decision: accept or override.", decision=decision)
    if decision == OVERRIDE and not reason:
        raise BadRequest("An override needs a reason.")
    stored = repository.read("RiskAssessment", risk)
    resource = stored.resource()
    if reading.model_of(resource) is None:
        raise BadRequest("RiskAssessment/%(id)s was not calculated here.", id=risk)
    status = "final" if decision == ACCEPT else "amended"
    repository.update({**resource, "status": status}, if_match=stored.version)
    return repository.create(_review(resource, clinician, decision, reason, now)).resource()


def release(repository: Repository, risk: str, clinician: str, now: datetime) -> Resource:
    """Lets the citizen see a result that waited (dementia, depression). Raises Forbidden, BadRequest, NotFound."""
    _require_clinician(repository)
    stored = repository.read("RiskAssessment", risk)
    resource = stored.resource()
    if reading.release_of(resource) != "withheld":
        raise BadRequest("RiskAssessment/%(id)s does not wait for a release.", id=risk)
    kept = [item for item in resource["extension"] if item["url"] != f"{EXTENSION}risk-release"]
    released = [
        {"url": f"{EXTENSION}risk-release", "valueCode": "released"},
        {
            "url": f"{EXTENSION}risk-released",
            "extension": [
                {"url": "clinician", "valueReference": {"reference": clinician}},
                {"url": "at", "valueDateTime": now.isoformat()},
            ],
        },
    ]
    shown = disclose({**resource, "extension": [*kept, *released]})
    return repository.update(shown, if_match=stored.version).resource()


def plans_for(repository: Repository, patient: str) -> list[Resource]:
    """The person's CarePlans of rehabilitation, newest first; a citizen gets those that were signed."""
    found = repository.search("CarePlan", {"patient": patient, "identifier": f"{PLAN}|"}).resources()
    if repository.access.role is Role.CITIZEN:
        found = [
            plan for plan in found if any(item["url"] == f"{EXTENSION}plan-signature" for item in plan["extension"])
        ]
    return sorted(found, key=lambda plan: str(plan["created"]), reverse=True)


def sign_plan(repository: Repository, plan: str, clinician: str, now: datetime) -> Resource:
    """Makes a draft an active plan in the clinician's name. Raises Forbidden, BadRequest, NotFound."""
    _require_clinician(repository)
    stored = repository.read("CarePlan", plan)
    try:
        signed = sign(stored.resource(), clinician, now)
    except ValueError as error:
        raise BadRequest("CarePlan/%(id)s cannot be signed: %(why)s.", id=plan, why=str(error)) from error
    return repository.update(signed, if_match=stored.version).resource()


def decline_plan(repository: Repository, plan: str, clinician: str, reason: str, now: datetime) -> Resource:
    """Revokes a plan or a draft with a reason. Raises Forbidden, BadRequest, NotFound."""
    _require_clinician(repository)
    if not reason.strip():
        raise BadRequest("A plan is declined with a reason.")
    stored = repository.read("CarePlan", plan)
    resource = stored.resource()
    note = {"authorReference": {"reference": clinician}, "time": now.isoformat(), "text": reason.strip()}
    changed = {**resource, "status": "revoked", "note": [*resource.get("note", ()), note]}
    return repository.update(changed, if_match=stored.version).resource()


def _require_clinician(repository: Repository) -> None:
    if repository.access.role not in (Role.CLINICIAN, Role.OPERATOR):
        raise Forbidden("Only a clinician may do this, not the role '%(role)s'.", role=str(repository.access.role))


def _review(risk: Resource, clinician: str, decision: str, reason: str, now: datetime) -> Resource:
    review: Resource = {
        "resourceType": "RiskAssessment",
        "identifier": [{"system": REVIEW, "value": risk["id"]}],
        "extension": [{"url": f"{EXTENSION}risk-review", "valueCode": decision}],
        "parent": {"reference": f"RiskAssessment/{risk['id']}"},
        "status": "final",
        "subject": risk["subject"],
        "occurrenceDateTime": now.isoformat(),
        "performer": {"reference": clinician},
    }
    if "code" in risk:
        review["code"] = risk["code"]
    if reading.release_of(risk) == "withheld":
        review["extension"].append({"url": f"{EXTENSION}risk-release", "valueCode": "withheld"})
        review = withhold(review)
    if reason:
        review["note"] = [{"authorReference": {"reference": clinician}, "time": now.isoformat(), "text": reason}]
    return review


def _results(repository: Repository, patient: str, families: Sequence[Mapping[str, Any]]) -> list[Result]:
    ids = [entry["risk"] for family in families for entry in family["models"] if entry["risk"]]
    told = _told(repository, patient, ids)
    reviews = _reviews(repository, patient, ids)
    found = [
        _result(family, entry, told.get(entry["risk"]), reviews.get(entry["risk"], ()))
        for family in families
        for entry in family["models"]
        if entry["outcome"] != Outcome.NOT_APPLICABLE
    ]
    if repository.access.role is Role.CITIZEN:
        return [item for item in found if item.release != "withheld"]
    return found


def _told(repository: Repository, patient: str, ids: Sequence[str]) -> dict[str, Told]:
    if not ids:
        return {}
    page = repository.search("RiskAssessment", {"patient": patient, "_id": ",".join(ids), "_count": "100"})
    return {resource["id"]: reading.read(resource) for resource in page.resources()}


def _reviews(repository: Repository, patient: str, ids: Sequence[str]) -> dict[str, tuple[Review, ...]]:
    if not ids:
        return {}
    query = {"patient": patient, "identifier": ",".join(f"{REVIEW}|{id}" for id in ids), "_count": "100"}
    found: dict[str, list[Review]] = {}
    for resource in repository.search("RiskAssessment", query).resources():
        decision = next(item["valueCode"] for item in resource["extension"] if item["url"] == f"{EXTENSION}risk-review")
        reason = " ".join(note["text"] for note in resource.get("note", ()))
        review = Review(decision, resource["performer"]["reference"], reason, resource["occurrenceDateTime"])
        found.setdefault(resource["identifier"][0]["value"], []).append(review)
    return {id: tuple(sorted(items, key=lambda item: item.at)) for id, items in found.items()}


def _result(
    family: Mapping[str, Any], entry: Mapping[str, Any], told: Told | None, reviews: Sequence[Review]
) -> Result:
    card = registry.card(entry["model"])
    blank = Result(
        id=entry["risk"],
        model=entry["model"],
        version=entry["version"],
        family=family["code"],
        family_title=str(wording.FAMILIES.get(family["code"], family["code"])),
        title=wording.model_title(card),
        outcome=entry["outcome"],
        leading=family["leading"] == entry["model"],
        release=_release(family["code"], told),
        calibrated_for_korea=card["korea"]["calibrated"],
        reasons=tuple(_reasons(entry)),
        needed=tuple(wording.feature(name) for name, _reason, _given in entry["missing"]),
    )
    return blank if told is None else _filled(blank, card, told, reviews)


def _release(family: str, told: Told | None) -> str:
    if told is not None:
        return told.release
    return "withheld" if family in WITHHELD_FAMILIES else "open"


def _filled(blank: Result, card: Mapping[str, Any], told: Told, reviews: Sequence[Review]) -> Result:
    lead = told.lead
    values = {output.name: output.value for output in told.outputs}
    return replace(
        blank,
        status=told.status,
        at=told.at,
        sentence=sentences.sentence(card, told),
        probability=lead.value if lead is not None and sentences.percent(card, lead) is not None else None,
        horizon_years=_horizon(card, lead.name) if lead is not None else None,
        high=is_high(told.model, values),
        outputs=tuple(_output(card, item) for item in told.outputs),
        inputs=tuple(_input(item) for item in told.inputs),
        contributions=tuple(_contribution(features, share) for features, share in told.shares),
        notes=tuple(sentences.notes(card, told)),
        reviews=tuple(reviews),
        resource=dict(told.resource),
    )


def _horizon(card: Mapping[str, Any], output: str) -> float | None:
    return next((item["horizon_years"] for item in card["outputs"] if item["name"] == output), None)


def _output(card: Mapping[str, Any], told: reading.ToldOutput) -> Output:
    label = wording.output_title(card["id"], told.name)
    band = str(wording.BANDS.get(told.band, told.band))
    return Output(told.name, label, told.value, told.unit, sentences.percent(card, told), band, told.lead)


def _input(told: reading.ToldInput) -> Input:
    return Input(
        feature=told.feature,
        label=wording.feature(told.feature),
        value=told.value,
        unit=told.unit,
        date=told.when,
        source=told.source,
        origin=wording.origin(Origin(told.origin)),
        assumed=told.origin == Origin.ASSUMED,
    )


def _contribution(features: tuple[str, ...], share: float) -> Contribution:
    label, text = sentences.contribution(features, share)
    return Contribution(label, share, text)


def _reasons(entry: Mapping[str, Any]) -> list[str]:
    """Why there is no number, in words."""
    if entry["outcome"] == Outcome.GIVEN:
        return []
    if entry["outcome"] == Outcome.NO_NUMBER:
        return [wording.no_number(entry["reason"])]
    found = [wording.gap(_gap(item)) for item in entry["missing"]]
    return found + [wording.outside(feature, value, unit) for feature, value, unit in entry["outside"]]


def _gap(item: Sequence[str]) -> Gap:
    name, reason, given = item
    return Gap(name, Reason(reason), given)


def _alert(code: str) -> str:
    if code == "self-harm":
        return _("Thoughts of self-harm were answered. Call %(line)s now, day or night.") % {"line": CRISIS_LINE}
    return code


def _rehabilitation(found: Mapping[str, Any] | None) -> Rehabilitation | None:
    if found is None:
        return None
    letter = found["programme"][:1]
    return Rehabilitation(
        programme=found["programme"],
        title=str(plan_texts.PROGRAMMES[letter]) if letter else "",
        fall_risk=str(plan_texts.FALL_RISKS[found["fall_risk"]]) if found["fall_risk"] else "",
        gate=found["gate"],
        gate_text=str(plan_texts.DECISIONS[found["gate"]]),
        barriers=tuple(str(plan_texts.BARRIERS.get(name, name)) for name, *_rest in found["barriers"]),
        missing=tuple(str(plan_texts.MEASURES.get(name, name)) for name in found["missing"]),
    )
