"""A recommended programme as a FHIR R4 CarePlan (https://hl7.org/fhir/R4/careplan.html).

`status` draft until a clinician signs, then active: who signed and when stands in the extension `plan-signature`. A
signed plan is never rewritten by a calculation; new measurements make a new draft.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from health_platform.fhir.disclosure import disclose, withhold
from inference import wording
from inference.features.vector import Feature

from . import texts
from .catalogue import WEEKS, Exercise, exercises
from .contraindications import Gate, highest_heart_rate
from .function_tests import AWGS_EDITION
from .recommend import FallAssessment, Finding, Function, Programme, Recommendation

EXTENSION = "urn:bitgoeul:StructureDefinition/"
PLAN = "urn:bitgoeul:plan"
PROGRAMME_SYSTEM = "urn:bitgoeul:CodeSystem/rehabilitation-programme"
EXERCISE_SYSTEM = "urn:bitgoeul:CodeSystem/exercise"
CATEGORY = ("http://snomed.info/sct", "229065009", "Exercise therapy")

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan is made of. `sources` are references to the measurements, by measure."""

    patient: str
    age: int
    function: Function
    programme: Recommendation
    falls: FallAssessment
    gate: Gate
    sources: Mapping[str, str]
    grip_is_weak: bool | None = None
    assumed: tuple[Feature, ...] = ()

    @property
    def key(self) -> str:
        """The same measurements and the same gate make the same plan."""
        barriers = [[item.name, item.decision.value, item.value] for item in self.gate.barriers]
        parts = [self.patient, self.programme.name, self.falls.risk, barriers, sorted(self.sources.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def care_plan(draft: Draft, at: datetime) -> Resource:
    """The draft. Raises ValueError where no programme is assessed or the gate forbids exercise."""
    programme = draft.programme.programme
    if programme is None:
        raise ValueError(f"no programme is assessed: {', '.join(draft.programme.missing)} missing")
    if not draft.gate.plan_possible:
        raise ValueError(f"the no-exercise gate says {draft.gate.decision}")
    resource: Resource = {
        "resourceType": "CarePlan",
        "identifier": [{"system": PLAN, "value": draft.key}],
        "extension": _extensions(draft),
        "status": "draft",
        "intent": "plan",
        "category": [{"coding": [dict(zip(("system", "code", "display"), CATEGORY, strict=True))]}],
        "title": title(draft.programme),
        "subject": {"reference": f"Patient/{draft.patient}"},
        "created": at.isoformat(),
        "supportingInfo": [{"reference": source} for source in dict.fromkeys(draft.sources.values())],
        "activity": [_activity(item) for item in exercises(programme, bool(draft.programme.plus))],
        "note": [{"text": str(text)} for text in _notes(draft)],
    }
    return withhold({name: value for name, value in resource.items() if value})


def title(programme: Recommendation) -> str:
    if programme.programme is None:
        return ""
    name = str(texts.PROGRAMMES[programme.programme.value])
    return f"{name}, {texts.PLUS}" if programme.plus else name


def sign(plan: Resource, clinician: str, now: datetime) -> Resource:
    """The plan as an active one. `clinician` is a reference. Raises ValueError unless the plan is a draft."""
    if plan.get("status") != "draft":
        raise ValueError(f"the plan is {plan.get('status')}, only a draft can be signed")
    end = now.date() + timedelta(weeks=WEEKS)
    signature = {
        "url": f"{EXTENSION}plan-signature",
        "extension": [
            {"url": "clinician", "valueReference": {"reference": clinician}},
            {"url": "signed", "valueDateTime": now.isoformat()},
        ],
    }
    notes = [note for note in plan.get("note", ()) if note.get("text") != str(texts.NOT_SIGNED)]
    return {
        **disclose(plan),
        "status": "active",
        "author": {"reference": clinician},
        "period": {"start": now.date().isoformat(), "end": end.isoformat()},
        "extension": [*plan.get("extension", ()), signature],
        "note": notes,
    }


def _activity(exercise: Exercise) -> Resource:
    description = [str(texts.INTENSITY)] if exercise.code in ("leg-strength", "arm-strength", "walking") else []
    if exercise.support:
        description.append(str(texts.SUPPORTED))
    text = str(texts.EXERCISES[exercise.code])
    detail: Resource = {
        "kind": "ServiceRequest",
        "code": {"coding": [{"system": EXERCISE_SYSTEM, "code": exercise.code, "display": text}], "text": text},
        "status": "not-started",
        "scheduledTiming": {
            "repeat": {
                "boundsDuration": _duration(WEEKS, "wk"),
                "frequency": exercise.days,
                "period": 1,
                "periodUnit": "wk",
                "duration": exercise.minutes,
                "durationUnit": "min",
            }
        },
    }
    if description:
        detail["description"] = " ".join(description)
    return {"detail": detail}


def _duration(value: int, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _extensions(draft: Draft) -> list[Resource]:
    programme = draft.programme.programme or Programme.A
    found: list[Resource] = [
        {
            "url": f"{EXTENSION}plan-programme",
            "valueCoding": {"system": PROGRAMME_SYSTEM, "code": draft.programme.name, "display": programme.value},
        },
        {"url": f"{EXTENSION}plan-gate", "valueCode": draft.gate.decision.value},
        {
            "url": f"{EXTENSION}plan-fall-risk",
            "valueCode": draft.falls.risk.value if draft.falls.risk else "not-assessed",
        },
        *(_finding(item) for item in (*draft.programme.reasons, *draft.falls.reasons)),
        *({"url": f"{EXTENSION}plan-missing", "valueCode": name} for name in _missing(draft)),
        *({"url": f"{EXTENSION}plan-barrier", "valueCode": item.name} for item in draft.gate.barriers),
    ]
    if draft.grip_is_weak is not None:
        found.append(
            {
                "url": f"{EXTENSION}plan-weak-grip",
                "extension": [
                    {"url": "weak", "valueBoolean": draft.grip_is_weak},
                    {"url": "edition", "valueString": AWGS_EDITION},
                ],
            }
        )
    return found


def _missing(draft: Draft) -> list[str]:
    return list(dict.fromkeys([*draft.programme.missing, *draft.falls.missing]))


def _finding(item: Finding) -> Resource:
    return {
        "url": f"{EXTENSION}plan-finding",
        "extension": [
            {"url": "measure", "valueCode": item.measure},
            {"url": "value", "valueDecimal": Decimal(f"{item.value:.6g}")},
            {"url": "means", "valueCode": item.means},
        ],
    }


def _notes(draft: Draft) -> list[Any]:
    notes: list[Any] = [texts.NOT_SIGNED, texts.DOSES]
    notes.append(texts.DECISIONS[draft.gate.decision.value])
    notes += [
        _("Before the session: %(name)s") % {"name": texts.BARRIERS.get(item.name, item.name)}
        for item in draft.gate.barriers
    ]
    notes.append(str(texts.STOP_SIGNS) % {"beats": highest_heart_rate(draft.age)})
    if draft.falls.risk is not None:
        notes.append(texts.GUIDANCE)
    notes += [wording.assumption(feature.name, feature.when) for feature in draft.assumed]
    missing = [str(texts.MEASURES.get(name, name)) for name in _missing(draft)]
    if missing:
        notes.append(_("Not assessed, because it is not measured: %(names)s") % {"names": ", ".join(missing)})
    return notes
