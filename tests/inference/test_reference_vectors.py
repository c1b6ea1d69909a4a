"""Every model against values that independent implementations gave, each within its own tolerance."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.training.build_models import build_models, own_and_added
from inference.training.spec import load_specs
from tests.inference.running import Run, run_with

REGRESSION_TOLERANCE = 1e-9  # vectors that come from the equation itself guard it, they prove nothing
OPTIONAL = ("gli-2012-spirometry", "qfracture-2012")


def vectors(folder: Path, model: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "vectors" / f"{model}.json").read_text(encoding="utf-8"))
    return loaded


def expectations(vector: dict[str, Any], tolerances: dict[str, float]) -> Iterator[tuple[str, str, float, float]]:
    """(who, output, value, tolerance); an oracle that gives no value for an output says nothing of it."""
    for oracle, outputs in vector.get("expected_by", {}).items():
        for name, value in outputs.items():
            if value is not None:
                yield oracle, name, value, tolerances[oracle]
    for name, value in vector.get("self_derived", {}).items():
        yield "the equation itself", name, value, REGRESSION_TOLERANCE


def disagreements(run: Run, model: str, reference: dict[str, Any]) -> tuple[list[str], int]:
    outside, compared = [], 0
    for vector in reference["vectors"]:
        got = run(model, vector["in"])
        for oracle, name, value, tolerance in expectations(vector, reference["abs_tolerance"]):
            compared += 1
            if not abs(got[name] - value) <= tolerance:
                outside.append(f"{oracle}: {name} is {got[name]!r}, expected {value!r} for {vector['in']}")
    return outside, compared


@pytest.mark.parametrize("model", sorted(load_specs()))
def test_a_model_agrees_with_every_reference_vector(model: str, run: Run, shared_models: Path) -> None:
    outside, compared = disagreements(run, model, vectors(shared_models, model))
    assert compared >= 20
    assert outside == []


@pytest.mark.parametrize("model", OPTIONAL)
def test_an_optional_model_of_a_deployment_builds_and_agrees(model: str, tmp_path: Path, shared_models: Path) -> None:
    specs = own_and_added(shared_models / "specs")
    assert model not in load_specs()
    build_models({model: specs[model]}, tmp_path)
    run = run_with(OnnxEngine(ModelRepository(tmp_path)))
    outside, compared = disagreements(run, model, vectors(shared_models, model))
    assert compared >= 20
    assert outside == []
    for example in specs[model].examples:
        got = run(model, example.inputs)
        for name, value in example.expected.items():
            assert got[name] == pytest.approx(value, abs=example.tolerance), example.source
