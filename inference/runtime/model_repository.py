"""The model repository on disk, in Triton's layout: `<model>/<version>/model.onnx` beside `card.json`.

A graph is handed out only while its SHA-256 is the one that its card states, and while trust.py has nothing against it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.protocol.types import EngineUnavailable, ModelNotFound
from inference.runtime.trust import refuse_unbounded, refuse_unsigned


@dataclass(frozen=True, slots=True)
class ModelRepository:
    """``keys`` are public keys (PEM files): with any, a version is handed out only when one of them has signed it."""

    folder: Path
    keys: tuple[Path, ...] = ()

    def models(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if self.versions(path.name))

    def versions(self, model: str) -> list[str]:
        """Versions of a model, oldest first; empty where there is no such model."""
        found = [path.parent.name for path in (self.folder / _safe(model)).glob("*/model.onnx")]
        return sorted((name for name in found if name.isdigit()), key=int)

    def resolve(self, model: str, version: str = "") -> str:
        """The version meant: the newest where none is named. Raises ModelNotFound."""
        versions = self.versions(model)
        if not versions:
            raise ModelNotFound(f"Request for unknown model: '{model}' is not found")
        if version and version not in versions:
            raise ModelNotFound(f"Request for unknown model: '{model}' version {version} is not found")
        return version or versions[-1]

    def card(self, model: str, version: str = "") -> dict[str, Any]:
        """The model card. Raises ModelNotFound."""
        path = self.folder / model / self.resolve(model, version) / "card.json"
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return card

    def graph(self, model: str, version: str) -> bytes:
        """The verified bytes of model.onnx. Raises ModelNotFound; EngineUnavailable where a byte has changed, where a
        demanded signature does not hold, or where the graph is not one that may run here (trust.py)."""
        expected = self.card(model, version)["sha256"]
        refuse_unsigned(self.folder / model / version, self.keys)
        graph = (self.folder / model / version / "model.onnx").read_bytes()
        found = hashlib.sha256(graph).hexdigest()
        if found != expected:
            raise EngineUnavailable(
                f"model '{model}' version {version} is not loaded: SHA-256 of model.onnx is {found}, "
                f"its card says {expected}; build the repository again or restore the file"
            )
        refuse_unbounded(graph, f"model '{model}' version {version}")
        return graph


def _safe(model: str) -> str:
    if not model or model.startswith(".") or not model.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ModelNotFound(f"Request for unknown model: '{model}' is not found")
    return model
