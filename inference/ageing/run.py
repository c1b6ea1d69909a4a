"""One model on one person: inputs from the features, the graph, and what of its answer may be believed."""

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from inference.features.units import UnknownUnit
from inference.features.vector import Feature, FeatureVector, Gap, Origin, in_unit
from inference.runtime.base import InferenceClient, InferenceRequest, Tensor

from .family import Candidate, NotApplicable, Unknown

Card = Mapping[str, Any]
STATUS_MISSING, STATUS_RANGE = 1, 2
CHANGED = 1e-9
# Terms that a model has for other places: no Korean city knows a value, and the paper's own rule is to leave them out.
NEVER_KNOWN_HERE = {"white_european": 0.0}


class Outcome(StrEnum):
    """What became of a model for a person."""

    GIVEN = "given"
    NO_NUMBER = "no-number"
    NOT_ASSESSED = "not-assessed"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class InputUse:
    """An input as it went into the model, in the model's unit."""

    name: str
    feature: str
    value: float
    unit: str
    known: Feature | None


@dataclass(frozen=True, slots=True)
class OutputValue:
    """`value` is None where a missing optional input could change it: `depends_on` names those inputs."""

    name: str
    value: float | None
    unit: str
    horizon: float | None
    band: str | None = None
    lead: bool = False
    hidden: bool = False
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """`missing` are the gaps that keep the model from answering, `outside` the inputs beyond its range."""

    model: str
    version: str
    checksum: str
    outcome: Outcome
    reason: str = ""
    inputs: tuple[InputUse, ...] = ()
    outputs: tuple[OutputValue, ...] = ()
    missing: tuple[Gap, ...] = ()
    outside: tuple[InputUse, ...] = ()
    engine: str = ""
    provider: str = ""
    fell_back: str = ""
    premises: tuple[Feature, ...] = ()

    @property
    def feature_hash(self) -> str:
        """SHA-256 of the inputs with their sources: the same inputs need no second result."""
        rows = [[item.name, _number(item.value), *(item.known.sources if item.known else ())] for item in self.inputs]
        return hashlib.sha256(json.dumps([self.model, self.version, rows]).encode()).hexdigest()

    @property
    def stands_on(self) -> tuple[Feature, ...]:
        """Everything known that the answer stands on: the inputs and what makes the model apply."""
        used = [item.known for item in self.inputs if item.known is not None]
        return tuple(dict.fromkeys([*used, *self.premises]))

    @property
    def assumed(self) -> tuple[Feature, ...]:
        """What nobody stated or measured, and the answer takes for granted."""
        return tuple(item for item in self.stands_on if item.origin is Origin.ASSUMED)

    @property
    def old(self) -> tuple[Feature, ...]:
        return tuple(item for item in self.stands_on if item.old)


def assess(candidate: Candidate, card: Card, vector: FeatureVector, client: InferenceClient) -> Assessment:
    """Raises InferenceError where the engine does not answer."""
    blank = Assessment(card["id"], card["version"], card["sha256"], Outcome.NOT_APPLICABLE)
    verdict = candidate.verdict(vector)
    if isinstance(verdict, NotApplicable):
        return replace(blank, reason=verdict.code)
    uses = tuple(_use(item, vector) for item in card["inputs"])
    outside = tuple(use for item, use in zip(card["inputs"], uses, strict=True) if _outside(item, use.value))
    blank = replace(blank, inputs=uses, outside=outside, premises=candidate.premises(vector))
    if any(use.feature == "age" for use in outside):
        return replace(blank, reason="age")
    missing = _missing(card, uses, vector, verdict)
    if missing:
        return replace(blank, outcome=Outcome.NOT_ASSESSED, reason="missing", missing=missing)
    if outside:
        return replace(blank, outcome=Outcome.NOT_ASSESSED, reason="outside")
    if card["release"]["citizen"] == "no-number":
        return replace(blank, outcome=Outcome.NO_NUMBER, reason=card["release"]["reason"])
    return _run(card, blank, vector, client)


def _missing(card: Card, uses: tuple[InputUse, ...], vector: FeatureVector, verdict: Unknown | None) -> tuple[Gap, ...]:
    """What has to be known before the model may answer, each once."""
    names = [
        item["feature"]
        for item, use in zip(card["inputs"], uses, strict=True)
        if math.isnan(use.value) and not item["optional"]
    ]
    if verdict is not None:
        names.append(verdict.feature)
    return tuple(vector.gap(name) for name in dict.fromkeys(names))


def _use(item: Mapping[str, Any], vector: FeatureVector) -> InputUse:
    known = vector.known.get(item["feature"])
    value = math.nan
    if known is not None:
        try:
            value = in_unit(known, item["unit"])
        except UnknownUnit:
            known = None
    elif item["feature"] in NEVER_KNOWN_HERE:
        value = NEVER_KNOWN_HERE[item["feature"]]
        known = Feature(item["feature"], value, item["unit"], Origin.ASSUMED)
    return InputUse(item["name"], item["feature"], value, item["unit"], known)


def _outside(item: Mapping[str, Any], value: float) -> bool:
    fraction = item["kind"] != "number" and value != math.floor(value) if math.isfinite(value) else False
    return value < item["minimum"] or value > item["maximum"] or fraction


def _run(card: Card, blank: Assessment, vector: FeatureVector, client: InferenceClient) -> Assessment:
    row = {use.name: use.value for use in blank.inputs}
    open_inputs = [item for item in card["inputs"] if math.isnan(row[item["name"]])]
    response = client.infer(request(card, _with_extremes(row, open_inputs)))
    status = int(response.output("status")[0, 0])
    if status & (STATUS_MISSING | STATUS_RANGE):
        raise RuntimeError(f"{card['id']}: the graph refuses with status {status} what the card allows")
    outputs = tuple(_output(item, response.output(item["name"])[:, 0], open_inputs) for item in card["outputs"])
    answered = any(output.value is not None for output in outputs if not output.hidden)
    return replace(
        blank,
        outcome=Outcome.GIVEN if answered else Outcome.NOT_ASSESSED,
        reason="" if answered else "optional",
        outputs=outputs,
        missing=tuple(vector.gap(item["feature"]) for item in open_inputs),
        engine=response.engine,
        provider=response.provider,
        fell_back=response.fell_back,
    )


def request(card: Card, rows: Sequence[Mapping[str, float]]) -> InferenceRequest:
    """Rows of inputs by name as one request."""
    names = [item["name"] for item in card["inputs"]]
    tensors = tuple(Tensor(name, np.array([[row[name]] for row in rows], dtype=np.float64)) for name in names)
    return InferenceRequest(card["id"], tensors, version=card["version"])


def _with_extremes(row: Mapping[str, float], open_inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """The row itself, then every combination of the ends of the range, and absence, of what is missing."""
    choices = [(math.nan, item["minimum"], item["maximum"]) for item in open_inputs]
    names = [item["name"] for item in open_inputs]
    return [{**row, **dict(zip(names, values, strict=True))} for values in itertools.product(*choices)]


def _output(
    item: Mapping[str, Any], values: np.ndarray[Any, Any], open_inputs: Sequence[Mapping[str, Any]]
) -> OutputValue:
    own = float(values[0])
    settled = bool(np.all(np.abs(values - own) <= CHANGED))
    return OutputValue(
        name=item["name"],
        value=own if settled else None,
        unit=item["unit"],
        horizon=item["horizon_years"],
        band=_band(item["bands"], own) if settled else None,
        lead=item["lead"],
        hidden=item["hidden"] is not None,
        depends_on=() if settled else tuple(str(entry["feature"]) for entry in open_inputs),
    )


def _band(bands: Sequence[tuple[float, str]], value: float) -> str | None:
    reached = [label for least, label in bands if value >= least]
    return reached[-1] if reached else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
