"""The machine-learning bill of materials: which models a deployment holds, in CycloneDX 1.6 (ECMA-424).

https://cyclonedx.org/docs/1.6/json/: a component of type `machine-learning-model` for each version, with the hash of
its graph and a model card made from ours. Pure.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Card = Mapping[str, Any]
_NAMESPACE = uuid.UUID("3f3b2f0e-6d53-4c8e-9a55-0f7f9f6f2f51")


def bill_of_materials(cards: Iterable[Card], now: datetime) -> dict[str, Any]:
    """The bill of the models with these cards, each with the same reference and serial number at every making."""
    components = [_component(card) for card in cards]
    content = "".join(component["bom-ref"] for component in components)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, content)}",
        "version": 1,
        "metadata": {
            "timestamp": now.astimezone(UTC).isoformat(timespec="seconds"),
            "component": {"type": "application", "name": "bitgoeul", "bom-ref": "bitgoeul"},
        },
        "components": components,
        "dependencies": [{"ref": "bitgoeul", "dependsOn": [component["bom-ref"] for component in components]}],
    }


def _component(card: Card) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{card['id']}:{card['version']}:{card['sha256']}",
        "name": card["id"],
        "version": card["version"],
        "description": card["title"],
        "hashes": [{"alg": "SHA-256", "content": card["sha256"]}],
        "licenses": [{"license": {"name": card["licence"]}}],
        "externalReferences": _references(card["source"]),
        "modelCard": {
            "modelParameters": {
                "task": card["kind"],
                "datasets": [{"type": "dataset", "name": card["population"]}],
                "inputs": [_tensor(item) for item in card["inputs"]],
                "outputs": [_tensor(item) for item in card["outputs"]],
            },
            "considerations": {"technicalLimitations": list(card["limits"])},
            "properties": [
                {"name": "bitgoeul:calibratedForKorea", "value": "true" if card["korea"]["calibrated"] else "false"},
                {"name": "bitgoeul:verification", "value": card["verification"]["state"]},
            ],
        },
    }


def _tensor(item: Mapping[str, Any]) -> dict[str, str]:
    """An input or output with its unit, or with its width where it is a row of numbers without one."""
    return {"format": f"{item['name']} [{item['unit'] if 'unit' in item else item['width']}]"}


def _references(source: Mapping[str, Any]) -> list[dict[str, str]]:
    if not source.get("doi"):
        return []
    return [{"type": "documentation", "url": f"https://doi.org/{source['doi']}"}]
