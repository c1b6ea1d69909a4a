"""The bill names every model that is there, with the hash that its file has."""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from inference.runtime.model_repository import ModelRepository


def _bill() -> dict[str, Any]:
    out = StringIO()
    call_command("ml_bom", stdout=out)
    bill: dict[str, Any] = json.loads(out.getvalue())
    return bill


def test_every_version_is_in_it_with_the_hash_of_its_graph(repository: ModelRepository) -> None:
    bill = _bill()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    found = {(one["name"], one["version"]): one["hashes"][0]["content"] for one in bill["components"]}
    there = {
        (model, version): hashlib.sha256((repository.folder / model / version / "model.onnx").read_bytes()).hexdigest()
        for model in repository.models()
        for version in repository.versions(model)
    }
    assert found == there
    assert {one["type"] for one in bill["components"]} == {"machine-learning-model"}


def test_it_says_of_each_whether_it_is_calibrated_and_what_its_limits_are(repository: ModelRepository) -> None:
    for component in _bill()["components"]:
        card = repository.card(component["name"], component["version"])
        properties = {item["name"]: item["value"] for item in component["modelCard"]["properties"]}
        assert properties["bitgoeul:calibratedForKorea"] == str(card["korea"]["calibrated"]).lower()
        assert component["modelCard"]["considerations"]["technicalLimitations"] == card["limits"]


def test_the_same_models_have_the_same_serial_number() -> None:
    first, second = _bill(), _bill()
    assert first["serialNumber"] == second["serialNumber"]
    assert first["components"] == second["components"]
