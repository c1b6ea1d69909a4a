"""A model as its paper states it: inputs, equations, outputs and where they come from.

The specs are TOML files of this package, one a model. `inputs.toml` holds what the inputs of several models have in
common; `extends` names a spec whose tables a file takes over and changes (its worked examples are never inherited).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

InputKind = Literal["number", "binary", "grade"]
Scale = Literal["identity", "logit", "cloglog"]

SPECS = Path(__file__).parent / "specs"


class SpecError(ValueError):
    """A spec that cannot be built: names the model and what to mend."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input tensor: `unit` is a UCUM code, `minimum` and `maximum` the closed range in that unit.

    `reference` is the value from which an explanation counts; None keeps the person's own value.
    """

    name: str
    feature: str
    kind: InputKind
    unit: str
    minimum: float
    maximum: float
    optional: bool
    loinc: str | None
    reference: float | None


@dataclass(frozen=True, slots=True)
class Output:
    """One output tensor: `expression` over inputs and lets; `scale` is where the equation is additive."""

    name: str
    expression: str
    unit: str
    horizon: float | None
    scale: Scale
    lead: bool
    loinc: str | None
    bands: tuple[tuple[float, str], ...]
    hidden: str | None


@dataclass(frozen=True, slots=True)
class Linear:
    """A table of linear predictors: each column is `intercept + sum(term * coefficient)`."""

    terms: tuple[str, ...]
    columns: tuple[str, ...]
    intercepts: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A case printed in the source, with the precision that its print allows."""

    source: str
    inputs: Mapping[str, float]
    expected: Mapping[str, float]
    tolerance: float


@dataclass(frozen=True, slots=True)
class ModelSpec:
    id: str
    version: str
    inputs: tuple[Input, ...]
    lets: Mapping[str, str]
    linear: Linear | None
    outputs: tuple[Output, ...]
    facts: Mapping[str, Any]
    tables: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()


FACTS = ("title", "family", "kind", "population", "licence", "limits", "source", "verification", "korea")


def load_specs(folder: Path = SPECS) -> dict[str, ModelSpec]:
    """All specs of `folder` by id, in the order of their names. Raises SpecError."""
    common = _read(SPECS / "inputs.toml")
    raw = {path.stem: _read(path) for path in sorted(folder.glob("*.toml")) if path.stem != "inputs"}
    return {name: _spec(name, _resolve(name, raw), common) for name in raw}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path.name}: {error}") from error


def _resolve(name: str, raw: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    own = raw[name]
    parent = own.get("extends")
    if parent is None:
        return own
    if parent not in raw:
        raise SpecError(f"{name}: extends {parent!r}, which is not in the same folder")
    inherited = {key: value for key, value in _resolve(parent, raw).items() if key != "examples"}
    return _merge(inherited, own)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _spec(name: str, data: dict[str, Any], common: Mapping[str, dict[str, Any]]) -> ModelSpec:
    if data.get("id") != name:
        raise SpecError(f"{name}: id is {data.get('id')!r}, the file's name says {name!r}")
    absent = [key for key in (*FACTS, "version", "inputs", "outputs") if key not in data]
    if absent:
        raise SpecError(f"{name}: lacks {', '.join(absent)}")
    horizon = data.get("horizon")
    facts = {key: data[key] for key in FACTS} | {"horizon": horizon, "release": data.get("release")}
    outputs = {key.format(horizon=horizon): value for key, value in data["outputs"].items()}
    return ModelSpec(
        id=name,
        version=data["version"],
        inputs=tuple(_input(name, key, common.get(key, {}) | value) for key, value in data["inputs"].items()),
        lets=data.get("let", {}),
        linear=_linear(name, data["linear"]["table"]) if "linear" in data else None,
        outputs=tuple(_output(key, value, horizon) for key, value in outputs.items()),
        facts=facts,
        examples=tuple(Example(**example) for example in data.get("examples", ())),
    )


def _input(model: str, name: str, data: Mapping[str, Any]) -> Input:
    kind: InputKind = data.get("kind", "number")
    binary = kind == "binary"
    if not binary and not {"unit", "min", "max"} <= data.keys():
        raise SpecError(f"{model}: input {name} needs unit, min and max")
    reference = data.get("reference", "own")
    return Input(
        name=name,
        feature=data.get("feature", name),
        kind=kind,
        unit=data.get("unit", "{0,1}"),
        minimum=float(data.get("min", 0)),
        maximum=float(data.get("max", 1)),
        optional=data.get("optional", False),
        loinc=data.get("loinc"),
        reference=None if reference == "own" else float(reference),
    )


def _output(name: str, data: Mapping[str, Any], horizon: float | None) -> Output:
    return Output(
        name=name,
        expression=data["is"],
        unit=data.get("unit", "1"),
        horizon=data.get("horizon", horizon),
        scale=data.get("scale", "identity"),
        lead=data.get("lead", False),
        loinc=data.get("loinc"),
        bands=tuple((float(least), label) for least, label in data.get("bands", ())),
        hidden=data.get("hidden"),
    )


def _linear(model: str, table: str) -> Linear:
    head, *rows = (line.split() for line in table.strip().splitlines())
    short = [row[0] for row in rows if len(row) != len(head) + 1]
    if short or rows[0][0] != "intercept":
        raise SpecError(f"{model}: linear table: rows {short} do not fit the head, or the first is not 'intercept'")
    numbers = [tuple(float(cell) for cell in row[1:]) for row in rows]
    return Linear(tuple(row[0] for row in rows[1:]), tuple(head), numbers[0], tuple(numbers[1:]))
