"""When a record changes: features, models, runs, and RiskAssessments with their Provenance.

Idempotent by (patient, record version, model version): the same event twice writes nothing the second time, and a
change that moves no input of a model writes no new result of it.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation

from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import patient_key
from health_platform.fhir.repository import Repository
from inference import registry
from inference.models import AssessmentState, InferenceRun, ModelVersion
from inference.rehabilitation.drafting import draft_plan
from inference.runtime.base import InferenceClient

from .explanation import contributions
from .gather import gather
from .panel import FamilyResult, Panel, assess_panel, shadow_assessments
from .risk_assessment import RESULT, risk_assessment
from .run import Assessment, Outcome

Resource = dict[str, Any]
TOLD = (Outcome.GIVEN, Outcome.NO_NUMBER)
SELF_HARM = "phq9_9"  # the ninth answer of the PHQ-9: any answer above "not at all" is told at once


def assess_ageing(
    repository: Repository, patient_id: str, record_version: str, now: datetime, client: InferenceClient
) -> list[Resource]:
    """Writes what is new and returns the RiskAssessments that it wrote.

    Raises FhirError where the patient is not within reach, InferenceError where no engine answers: nothing is
    written then.
    """
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        _lock(patient_id)
        if _is_current(repository, patient_id, record_version):
            return []
        at = timezone.localdate(now)
        panel = assess_panel(gather(repository, patient_id, at), at, partial(registry.card, key=patient_id), client)
        writer = _Writer(repository, patient_id, record_version, now, client)
        writer.write(panel)
        return writer.written


def _lock(patient_id: str) -> None:
    """One assessment of a person at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [patient_key(f"assessment/{patient_id}")])


def _is_current(repository: Repository, patient_id: str, record_version: str) -> bool:
    """Whether this version of the record, or a later one after it, has been assessed by the models that serve."""
    with open_session(repository.access):
        state = AssessmentState.objects.filter(patient=patient_id).first()
        seen = InferenceRun.objects.filter(patient=patient_id, record_version=record_version).exists()
    if state is None or not (seen or state.record_version == record_version):
        return False
    families = state.picture["families"]
    versions = {entry["model"]: entry["version"] for family in families for entry in family["models"]}
    return all(registry.card(model, patient_id)["version"] == version for model, version in versions.items())


class _Writer:
    def __init__(
        self, repository: Repository, patient_id: str, record_version: str, now: datetime, client: InferenceClient
    ) -> None:
        self.repository = repository
        self.patient = patient_id
        self.record_version = record_version
        self.now = now
        self.client = client
        self.written: list[Resource] = []

    def write(self, panel: Panel) -> None:
        picture = {
            "families": [self.family(family) for family in panel.families],
            "passed_over": [_gap(gap) for gap in panel.vector.passed_over],
            "alerts": ["self-harm"] if (panel.vector.value(SELF_HARM) or 0) > 0 else [],
            "rehabilitation": draft_plan(self.repository, self.patient, panel.vector, self.now)[0],
        }
        with open_session(self.repository.access):
            AssessmentState.objects.update_or_create(
                patient=self.patient,
                defaults={
                    "compartment": patient_key(self.patient),
                    "record_version": self.record_version,
                    "assessed": self.now,
                    "picture": picture,
                },
            )
        self.shadows(panel)
        if self.written:
            self.repository.create(_provenance(self.written, self.now))

    def family(self, family: FamilyResult) -> dict[str, Any]:
        models = [self.model(item) for item in family.assessments]
        return {"code": family.code, "leading": family.leading, "models": models}

    def model(self, assessment: Assessment) -> dict[str, Any]:
        risk = self.result(assessment) if assessment.outcome in TOLD else ""
        return {
            "model": assessment.model,
            "version": assessment.version,
            "outcome": assessment.outcome.value,
            "reason": assessment.reason,
            "risk": risk,
            "missing": [_gap(gap) for gap in assessment.missing],
            "outside": [[use.feature, use.value, use.unit] for use in assessment.outside],
        }

    def result(self, assessment: Assessment) -> str:
        """The logical id of the RiskAssessment that tells this, an earlier one where the inputs are the same."""
        card = registry.card_of(assessment.model, assessment.version)
        version = registry.model_version(card)
        with open_session(self.repository.access):
            newest = (
                InferenceRun.objects.filter(patient=self.patient, model_version=version)
                .order_by("-created", "-pk")
                .first()
            )
        if newest is not None and newest.feature_hash == assessment.feature_hash:
            return newest.risk_assessment
        key = hashlib.sha256(f"{self.patient}|{self.record_version}|{assessment.feature_hash}".encode()).hexdigest()
        shares = contributions(assessment, card, self.client)
        told = risk_assessment(self.patient, self.now, assessment, card, shares, key)
        stored = self.repository.create(told, if_none_exist=f"identifier={RESULT}|{key}")
        with open_session(self.repository.access):
            self.run(assessment, version, stored.id).save()
        self.written.append(stored.resource())
        return stored.id

    def run(self, assessment: Assessment, version: ModelVersion, told: str) -> InferenceRun:
        """The row of an answer; ``told`` is the id of the RiskAssessment that tells it, empty for none."""
        return InferenceRun(
            compartment=patient_key(self.patient),
            patient=self.patient,
            record_version=self.record_version,
            model_version=version,
            feature_hash=assessment.feature_hash,
            outcome=assessment.outcome.value,
            inputs=_inputs(assessment),
            outputs={output.name: output.value for output in assessment.outputs},
            engine=assessment.engine,
            provider=assessment.provider,
            risk_assessment=told,
            created=self.now,
        )

    def shadows(self, panel: Panel) -> None:
        """What challengers in the shadow would have said: kept as runs, told to nobody."""
        rows = [
            self.run(found, registry.model_version(registry.card_of(found.model, found.version)), "")
            for found in shadow_assessments(panel.vector, registry.shadow_card, self.client)
        ]
        if rows:
            with open_session(self.repository.access):
                InferenceRun.objects.bulk_create(rows)


def _gap(gap: Any) -> list[str]:
    return [gap.name, gap.reason.value, gap.given]


def _inputs(assessment: Assessment) -> list[dict[str, Any]]:
    return [
        {
            "name": use.name,
            "value": None if math.isnan(use.value) else use.value,
            "unit": use.unit,
            "origin": use.known.origin.value if use.known else None,
            "date": use.known.when.isoformat() if use.known and use.known.when else None,
            "sources": list(use.known.sources) if use.known else [],
        }
        for use in assessment.inputs
    ]


def _provenance(risks: Sequence[Resource], now: datetime) -> Resource:
    """Which models made these results, and from what: https://hl7.org/fhir/R4/provenance.html."""
    models = {_identity(risk) for risk in risks}
    basis = {item["reference"] for risk in risks for item in risk.get("basis", ())}
    entities = [
        {"role": "derivation", "what": {"identifier": identifier}} for identifier in map(json.loads, sorted(models))
    ]
    entities += [{"role": "source", "what": {"reference": reference}} for reference in sorted(basis)]
    return {
        "resourceType": "Provenance",
        "target": [{"reference": f"RiskAssessment/{risk['id']}"} for risk in risks],
        "recorded": now.isoformat(),
        "activity": {"text": "assess_ageing"},
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                            "code": "assembler",
                        }
                    ]
                },
                "who": {"display": "Bitgoeul inference"},
            }
        ],
        "entity": entities,
    }


def _identity(risk: Mapping[str, Any]) -> str:
    """System and value of the model that made a result: id, version and SHA-256."""
    model = next(item for item in risk["extension"] if item["url"].endswith("/risk-model"))
    parts = {
        part["url"]: next(iter(value for key, value in part.items() if key != "url")) for part in model["extension"]
    }
    value = f"{parts['id']}|{parts['version']}|{parts['sha256']}"
    return json.dumps({"system": "urn:bitgoeul:model", "value": value})
