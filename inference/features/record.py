"""What a record says, taken out of its FHIR resources: readings, diagnoses, drugs, visits, reviewed problem lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from .histories import ATC, ICD10, RXNORM, SNOMED, Drugs, History
from .quantities import DOES_NOT_SMOKE, LOINC, NO, OWN, POINTS, QUANTITIES, QUESTIONS, SMOKES_NOW, YES
from .units import UnknownUnit, to_canonical

Resource = Mapping[str, Any]
UCUM = "http://unitsofmeasure.org"
USABLE_OBSERVATION = frozenset({"final", "amended", "corrected"})
VISIT_CLASSES = frozenset({"AMB", "HH", "VR", "IMP", "ACUTE", "NONAC", "SS", "OBSENC", "PRENC"})
MEDICATION_IN_USE_DAYS = 180  # a finished prescription counts as in use for as long as the longest usual supply


@dataclass(frozen=True, slots=True)
class Record:
    """One person's resources as parsed JSON; `medications` are prescriptions and statements of use.

    `drugs` are the Medication resources that prescriptions refer to, by reference.
    """

    patient: Resource
    observations: Sequence[Resource] = ()
    conditions: Sequence[Resource] = ()
    medications: Sequence[Resource] = ()
    encounters: Sequence[Resource] = ()
    lists: Sequence[Resource] = ()
    drugs: Mapping[str, Resource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One statement of a feature's value in its canonical unit; a reading with a `problem` is not used.

    `given` is the value with its unit as it was sent.
    """

    feature: str
    value: float
    when: datetime
    source: str
    given: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A diagnosis or a drug of the record; `certain` is None while it is only suspected, False when refuted."""

    when: datetime | None
    source: str
    codes: frozenset[tuple[str, str]]
    certain: bool | None
    in_use: bool = False


def _by_code() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for name, quantity in QUANTITIES.items():
        found.update({(LOINC, code): name for code in quantity.loinc})
    for name, codes in QUESTIONS.items():
        found.update({(LOINC, code): name for code in codes})
    return found


FEATURE_OF_LOINC = _by_code()
LOINC_CODES = tuple(sorted(code for _system, code in FEATURE_OF_LOINC))


def moment(text: object) -> datetime | None:
    """A FHIR dateTime, date or instant; a partial date is its first moment; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    whole = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    try:
        parsed = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else datetime.combine(parsed.date(), parsed.time(), UTC)


def end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def codings(concept: object) -> list[tuple[str, str]]:
    """(system, code) of a CodeableConcept."""
    if not isinstance(concept, Mapping):
        return []
    return [(str(item.get("system", "")), str(item.get("code", ""))) for item in concept.get("coding", ())]


def reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}" if "id" in resource else str(resource["resourceType"])


def readings(record: Record) -> dict[str, list[Reading]]:
    """All readings by feature, newest first."""
    found: dict[str, list[Reading]] = {}
    for observation in record.observations:
        for reading in _of_observation(observation):
            found.setdefault(reading.feature, []).append(reading)
    for series in found.values():
        series.sort(key=lambda reading: (reading.when, reading.source), reverse=True)
    return found


def _of_observation(observation: Resource) -> Iterator[Reading]:
    when = _effective(observation)
    if observation.get("status") not in USABLE_OBSERVATION or when is None:
        return
    source = reference(observation)
    for part in (observation, *observation.get("component", ())):
        feature = _feature(part.get("code"))
        if feature is not None:
            reading = _reading(feature, part, when, source)
            if reading is not None:
                yield reading


def _effective(observation: Resource) -> datetime | None:
    period = observation.get("effectivePeriod") or {}
    texts = (
        observation.get("effectiveDateTime"),
        observation.get("effectiveInstant"),
        period.get("end") or period.get("start"),
        observation.get("issued"),
    )
    return next((found for text in texts if (found := moment(text)) is not None), None)


def _feature(concept: object) -> str | None:
    for system, code in codings(concept):
        if system == OWN:
            name = code.replace("-", "_")
            return name
        if (system, code) in FEATURE_OF_LOINC:
            return FEATURE_OF_LOINC[system, code]
    return None


def _reading(feature: str, part: Resource, when: datetime, source: str) -> Reading | None:
    if feature in QUANTITIES and "valueQuantity" in part:
        return _quantity(feature, part["valueQuantity"], when, source)
    answer = _answer(feature, part)
    if answer is None:
        return None
    value, given = answer
    quantity = QUANTITIES.get(feature)
    problem = "impossible" if quantity and not quantity.possible[0] <= value <= quantity.possible[1] else ""
    return Reading(feature, value, when, source, given, problem)


def _quantity(feature: str, given: Resource, when: datetime, source: str) -> Reading | None:
    if "value" not in given:
        return None
    quantity = QUANTITIES[feature]
    number = float(given["value"])
    unit = str(given.get("code") or given.get("unit") or "")
    text = f"{given.get('comparator', '')}{given['value']} {unit}".strip()
    try:
        value = to_canonical(quantity.kind, number, unit)
    except UnknownUnit:
        return Reading(feature, float("nan"), when, source, text, "unit")
    low, high = quantity.possible
    problem = "limit" if given.get("comparator") else "" if low <= value <= high else "impossible"
    return Reading(feature, value, when, source, text, problem)


def _answer(feature: str, part: Resource) -> tuple[float, str] | None:
    """(value, as given) of a whole number, a boolean or a coded answer; None where it says nothing."""
    if "valueInteger" in part:
        return float(part["valueInteger"]), str(part["valueInteger"])
    if "valueBoolean" in part:
        return float(part["valueBoolean"]), "yes" if part["valueBoolean"] else "no"
    for system, code in codings(part.get("valueCodeableConcept")):
        value = _coded(feature, system, code)
        if value is not None:
            return value, code
    return None


def _coded(feature: str, system: str, code: str) -> float | None:
    if feature == "smoking" and system in (SNOMED, LOINC):
        return 1.0 if code in SMOKES_NOW else 0.0 if code in DOES_NOT_SMOKE else None
    if feature.startswith("phq9_"):
        return POINTS.get(code)
    return 1.0 if (system, code) in YES else 0.0 if (system, code) in NO else None


def diagnoses(record: Record) -> list[Entry]:
    """Every Condition that was not entered in error."""
    return [entry for condition in record.conditions if (entry := _diagnosis(condition)) is not None]


def _diagnosis(condition: Resource) -> Entry | None:
    verification = {code for _system, code in codings(condition.get("verificationStatus"))}
    if "entered-in-error" in verification:
        return None
    certain: bool | None = True
    if "refuted" in verification:
        certain = False
    elif verification & {"unconfirmed", "provisional", "differential"}:
        certain = None
    texts = (
        condition.get("recordedDate"),
        condition.get("onsetDateTime"),
        (condition.get("onsetPeriod") or {}).get("start"),
    )
    when = next((found for text in texts if (found := moment(text)) is not None), None)
    return Entry(when, reference(condition), frozenset(codings(condition.get("code"))), certain)


def names(entry: Entry, history: History) -> bool:
    """Whether a diagnosis is one of those that the history asks for."""
    return any(
        (system in ICD10 and code.replace(".", "").startswith(history.icd10))
        or (system == SNOMED and code in history.snomed)
        for system, code in entry.codes
    )


def prescriptions(record: Record, at: date) -> list[Entry]:
    """Prescriptions and statements of use; `in_use` at that day."""
    return [entry for item in record.medications if (entry := _prescription(item, record.drugs, at)) is not None]


def _prescription(item: Resource, drugs: Mapping[str, Resource], at: date) -> Entry | None:
    status = item.get("status")
    if status in ("entered-in-error", "cancelled", "draft", "not-taken", "intended") or item.get("doNotPerform"):
        return None
    period = item.get("effectivePeriod") or {}
    texts = (item.get("authoredOn"), item.get("effectiveDateTime"), period.get("start"), item.get("dateAsserted"))
    when = next((found for text in texts if (found := moment(text)) is not None), None)
    recent = when is not None and 0 <= (end_of(at) - when).days <= MEDICATION_IN_USE_DAYS
    return Entry(
        when,
        reference(item),
        frozenset(_drug_codes(item, drugs)),
        True,
        in_use=status == "active" or (status == "completed" and recent),
    )


def _drug_codes(item: Resource, drugs: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    concept = item.get("medicationCodeableConcept")
    yield from codings(concept)
    if isinstance(concept, Mapping):
        for extension in concept.get("extension", ()):
            yield from codings(extension.get("valueCodeableConcept"))
    target = (item.get("medicationReference") or {}).get("reference", "")
    medication = drugs.get(target)
    if medication is not None:
        yield from codings(medication.get("code"))
        for ingredient in medication.get("ingredient", ()):
            yield from codings(ingredient.get("itemCodeableConcept"))


def is_one_of(entry: Entry, drugs: Drugs) -> bool:
    """Whether a prescription is for one of those drugs."""
    return any(
        (system == ATC and code.startswith(drugs.atc)) or (system == RXNORM and code in drugs.rxnorm)
        for system, code in entry.codes
    )


def visits(record: Record) -> list[tuple[datetime, str]]:
    """(time, reference) of the visits that took place, newest first; emergencies alone make no ongoing care."""
    found = [
        (when, reference(encounter))
        for encounter in record.encounters
        if encounter.get("status") == "finished"
        and (encounter.get("class") or {}).get("code") in VISIT_CLASSES
        and (when := moment((encounter.get("period") or {}).get("start"))) is not None
    ]
    return sorted(found, reverse=True)


def reviewed_problem_lists(record: Record) -> list[tuple[datetime, str, frozenset[str]]]:
    """(time, reference, references listed) of the problem lists that someone has reviewed, newest first.

    A List of LOINC 11450-4 that is current and either names its entries or says that there are none (nilknown).
    """
    found = []
    for item in record.lists:
        when = moment(item.get("date"))
        empty = {code for _system, code in codings(item.get("emptyReason"))}
        listed = frozenset(entry.get("item", {}).get("reference", "") for entry in item.get("entry", ()))
        is_problem_list = (LOINC, "11450-4") in codings(item.get("code"))
        if is_problem_list and item.get("status") == "current" and when and (listed or "nilknown" in empty):
            found.append((when, reference(item), listed))
    return sorted(found, reverse=True, key=lambda entry: entry[:2])
