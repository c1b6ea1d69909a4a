"""An assessment as a FHIR R4 RiskAssessment (https://hl7.org/fhir/R4/riskassessment.html).

`status` is preliminary until a clinician acts. `prediction.probabilityDecimal` is a percentage, as R4 says of it
("decimals are expressed as percentages", at most 100 by invariant ras-1); the extension `risk-output` carries the
number with its unit. What FHIR has no element for stands in extensions under urn:bitgoeul:StructureDefinition/.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from health_platform.fhir.disclosure import withhold
from inference import wording
from inference.features.vector import Feature

from .explanation import Contribution
from .run import Assessment, InputUse, Outcome, OutputValue
from .sentences import another_engine

EXTENSION = "urn:bitgoeul:StructureDefinition/"
MODEL_SYSTEM = "urn:bitgoeul:CodeSystem/model"
FAMILY_SYSTEM = "urn:bitgoeul:CodeSystem/model-family"
OUTPUT_SYSTEM = "urn:bitgoeul:CodeSystem/model-output"
RESULT = "urn:bitgoeul:result"
UCUM = "http://unitsofmeasure.org"

Resource = dict[str, Any]


def risk_assessment(
    patient: str,
    at: datetime,
    assessment: Assessment,
    card: Mapping[str, Any],
    shares: Sequence[Contribution],
    key: str,
) -> Resource:
    """`patient` is a logical id, `key` the identifier under which the same result is never written twice."""
    resource: Resource = {
        "resourceType": "RiskAssessment",
        "identifier": [{"system": RESULT, "value": key}],
        "extension": _extensions(assessment, card, shares),
        "status": "preliminary",
        "method": _concept(MODEL_SYSTEM, assessment.model, wording.model_title(card)),
        "code": _concept(FAMILY_SYSTEM, card["family"], str(wording.FAMILIES.get(card["family"], card["family"]))),
        "subject": {"reference": f"Patient/{patient}"},
        "occurrenceDateTime": at.isoformat(),
        "performer": {"display": f"{assessment.model} {assessment.version}"},
        "basis": _basis(assessment),
        "prediction": _predictions(assessment, card),
        "note": [{"text": text} for text in _notes(assessment, card)],
    }
    told = {name: value for name, value in resource.items() if value}
    return withhold(told) if card["release"]["citizen"] == "withheld" else told


def _concept(system: str, code: str, text: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _basis(assessment: Assessment) -> list[Resource]:
    sources = [source for feature in assessment.stands_on for source in feature.sources if "/" in source]
    return [{"reference": source} for source in dict.fromkeys(sources) if not source.startswith("Patient/")]


def _predictions(assessment: Assessment, card: Mapping[str, Any]) -> list[Resource]:
    """The probabilities; what is a score, a class or an age is no prediction and stands in `risk-output` alone."""
    shown = [output for output in assessment.outputs if not output.hidden and _is_probability(output, card)]
    return [_prediction(output, assessment) for output in shown if output.value is not None]


def _prediction(output: OutputValue, assessment: Assessment) -> Resource:
    title = wording.output_title(assessment.model, output.name)
    prediction: Resource = {
        "outcome": _concept(OUTPUT_SYSTEM, f"{assessment.model}.{output.name}", title),
        "probabilityDecimal": _decimal(100 * (output.value or 0.0), 2),
    }
    if output.horizon and (age := _age(assessment)) is not None:
        prediction["whenRange"] = {"low": _years(age), "high": _years(age + output.horizon)}
    return prediction


def _is_probability(output: OutputValue, card: Mapping[str, Any]) -> bool:
    return output.unit == "1" and card["kind"] in ("risk", "score")


def _age(assessment: Assessment) -> float | None:
    return next((use.value for use in assessment.inputs if use.feature == "age"), None)


def _years(value: float) -> Resource:
    return {"value": _decimal(value, 0), "unit": "a", "system": UCUM, "code": "a"}


def _decimal(value: float, places: int) -> Decimal:
    return Decimal(f"{value:.{places}f}")


def _output(output: OutputValue) -> Resource:
    parts = [_part("name", valueCode=output.name), _part("lead", valueBoolean=output.lead)]
    if output.value is not None:
        parts.append(_part("value", valueQuantity=_quantity(output.value, output.unit)))
    if output.band is not None:
        parts.append(_part("band", valueCode=output.band))
    parts += [_part("dependsOn", valueCode=name) for name in output.depends_on]
    return _group("risk-output", *parts)


def _quantity(value: float, unit: str) -> Resource:
    return {"value": Decimal(f"{value:.9g}"), "unit": unit, "system": UCUM, "code": "1" if " " in unit else unit}


def _extensions(assessment: Assessment, card: Mapping[str, Any], shares: Sequence[Contribution]) -> list[Resource]:
    release = card["release"]["citizen"]
    found = [
        _model(assessment, card),
        _extension("risk-status", valueCode=assessment.outcome.value),
        _extension("risk-release", valueCode="withheld" if release == "withheld" else "open"),
    ]
    if assessment.reason:
        found.append(_extension("risk-reason", valueString=assessment.reason))
    found += [_output(output) for output in assessment.outputs if not output.hidden]
    found += [_input(use) for use in assessment.inputs if use.known is not None]
    found += [_dated_feature("risk-assumption", feature) for feature in assessment.assumed]
    found += [_dated_feature("risk-old", feature) for feature in assessment.old]
    found += [
        _group(
            "risk-contribution",
            *(_part("feature", valueCode=name) for name in share.features),
            _part("share", valueDecimal=_decimal(share.share, 6)),
        )
        for share in shares
    ]
    return found


def _model(assessment: Assessment, card: Mapping[str, Any]) -> Resource:
    parts = [
        _part("id", valueCode=assessment.model),
        _part("version", valueString=assessment.version),
        _part("sha256", valueString=assessment.checksum),
        _part("population", valueString=card["population"]),
        _part("calibratedForKorea", valueBoolean=card["korea"]["calibrated"]),
        _part("source", valueUri=f"https://doi.org/{card['source']['doi']}"),
    ]
    if card["horizon_years"]:
        parts.append(_part("horizon", valueQuantity=_quantity(card["horizon_years"], "a")))
    if assessment.engine:
        parts += [_part("engine", valueString=assessment.engine), _part("provider", valueString=assessment.provider)]
    if assessment.fell_back:
        parts.append(_part("fellBack", valueString=assessment.fell_back))
    return _group("risk-model", *parts)


def _input(use: InputUse) -> Resource:
    known = use.known
    assert known is not None  # noqa: S101  only known inputs are listed
    parts = [
        _part("name", valueCode=use.name),
        _part("feature", valueCode=use.feature),
        _part("value", valueQuantity=_quantity(use.value, use.unit)),
        _part("origin", valueCode=known.origin.value),
        *_dated(known),
    ]
    return _group("risk-input", *parts)


def _dated_feature(name: str, feature: Feature) -> Resource:
    when = [_part("date", valueDate=feature.when.isoformat())] if feature.when else []
    return _group(name, _part("feature", valueCode=feature.name), *when)


def _dated(known: Feature) -> list[Resource]:
    parts = [_part("date", valueDate=known.when.isoformat())] if known.when else []
    return parts + [_part("source", valueReference={"reference": source}) for source in known.sources]


def _notes(assessment: Assessment, card: Mapping[str, Any]) -> list[str]:
    notes = [str(wording.NOT_A_DEVICE)]
    if not card["korea"]["calibrated"]:
        notes.append(wording.not_calibrated(card))
    notes += [wording.assumption(feature.name, feature.when) for feature in assessment.assumed]
    notes += [wording.old_value(feature.name, feature.when) for feature in assessment.old]
    if assessment.outcome is Outcome.NO_NUMBER:
        notes.append(wording.no_number(assessment.reason))
    if assessment.fell_back:
        notes.append(another_engine(assessment.fell_back))
    return notes


def _extension(name: str, **value: Any) -> Resource:
    return {"url": EXTENSION + name, **value}


def _part(name: str, **value: Any) -> Resource:
    return {"url": name, **value}


def _group(name: str, *parts: Resource) -> Resource:
    return {"url": EXTENSION + name, "extension": list(parts)}
