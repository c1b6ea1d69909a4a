"""A stored RiskAssessment of ours as values again: the other direction of risk_assessment.py. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

EXTENSION = "urn:bitgoeul:StructureDefinition/"

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToldOutput:
    """`value` None where the output is not assessed, because of what `depends_on` names. `band` is a code."""

    name: str
    value: float | None
    unit: str
    band: str
    lead: bool
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldInput:
    feature: str
    value: float
    unit: str
    origin: str
    when: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a RiskAssessment says. `shares` are (features, share) of the leading output, largest first.

    `assumed` and `old` are (feature, date) of what the result takes for granted, and of what is old.
    """

    id: str
    model: str
    status: str
    release: str
    at: str
    outputs: tuple[ToldOutput, ...]
    inputs: tuple[ToldInput, ...]
    shares: tuple[tuple[tuple[str, ...], float], ...]
    assumed: tuple[tuple[str, date | None], ...]
    old: tuple[tuple[str, date | None], ...]
    fell_back: str
    resource: Resource

    @property
    def lead(self) -> ToldOutput | None:
        """The leading output, whether or not it has a value."""
        return next((output for output in self.outputs if output.lead), None)


def model_of(resource: Resource) -> str | None:
    """The id of the model that made it; None for a RiskAssessment of somebody else."""
    for item in _named(resource, "risk-model"):
        return str(_parts(item)["id"][0])
    return None


def release_of(resource: Resource) -> str:
    """open, withheld or released."""
    return next((str(item["valueCode"]) for item in _named(resource, "risk-release")), "open")


def read(resource: Resource) -> Told:
    """Raises ValueError for a RiskAssessment that was not calculated here."""
    model = model_of(resource)
    if model is None:
        raise ValueError("not a RiskAssessment of this project")
    return Told(
        id=resource["id"],
        model=model,
        status=resource["status"],
        release=release_of(resource),
        at=resource["occurrenceDateTime"],
        outputs=tuple(_output(item) for item in _named(resource, "risk-output")),
        inputs=tuple(_input(item) for item in _named(resource, "risk-input")),
        shares=tuple(_share(item) for item in _named(resource, "risk-contribution")),
        assumed=tuple(_dated_feature(item) for item in _named(resource, "risk-assumption")),
        old=tuple(_dated_feature(item) for item in _named(resource, "risk-old")),
        fell_back=str(_parts(_named(resource, "risk-model")[0]).get("fellBack", [""])[0]),
        resource=resource,
    )


def _named(resource: Resource, name: str) -> list[Mapping[str, Any]]:
    return [item for item in resource.get("extension", ()) if item["url"] == EXTENSION + name]


def _parts(item: Mapping[str, Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in item["extension"]:
        found.setdefault(part["url"], []).append(next(value for key, value in part.items() if key != "url"))
    return found


def _output(item: Mapping[str, Any]) -> ToldOutput:
    parts = _parts(item)
    quantity = parts.get("value", [None])[0]
    return ToldOutput(
        name=parts["name"][0],
        value=None if quantity is None else float(quantity["value"]),
        unit="" if quantity is None else quantity["unit"],
        band=parts.get("band", [""])[0],
        lead=bool(parts["lead"][0]),
        depends_on=tuple(parts.get("dependsOn", ())),
    )


def _dated_feature(item: Mapping[str, Any]) -> tuple[str, date | None]:
    parts = _parts(item)
    when = parts.get("date", [None])[0]
    return str(parts["feature"][0]), date.fromisoformat(when) if when else None


def _input(item: Mapping[str, Any]) -> ToldInput:
    parts = _parts(item)
    when = parts.get("date", [None])[0]
    sources = parts.get("source", [])
    return ToldInput(
        feature=parts["feature"][0],
        value=float(parts["value"][0]["value"]),
        unit=parts["value"][0]["unit"],
        origin=parts["origin"][0],
        when=date.fromisoformat(when) if when else None,
        source=sources[0]["reference"] if sources else "",
    )


def _share(item: Mapping[str, Any]) -> tuple[tuple[str, ...], float]:
    parts = _parts(item)
    return tuple(parts["feature"]), float(parts["share"][0])
