"""Specs to a model repository in Triton's layout: `<id>/<version>/model.onnx` and `card.json`, `<id>/config.pbtxt`.

The same specs give the same bytes.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .card import card_json, index_page, page, triton_config
from .compiler import compile_model
from .interchange import load_interchange
from .spec import ModelSpec, SpecError, load_specs

REPOSITORY = Path(__file__).parents[1] / "model_repository"
PAGES = Path(__file__).parents[2] / "docs" / "models"


def own_and_added(added: Path | None = None) -> dict[str, ModelSpec]:
    """The project's specs and those of a folder (our TOML or `modelspec/1` JSON); an id of the project stays ours."""
    specs = load_specs()
    if added is None:
        return specs
    if not added.is_dir():
        raise SpecError(f"{added} is not a folder")
    return load_specs(added) | load_interchange(added) | specs


def build_models(specs: Mapping[str, ModelSpec], repository: Path = REPOSITORY) -> dict[str, str]:
    """Writes each model; returns the SHA-256 of its model.onnx by id. Raises SpecError."""
    return {name: _build(spec, repository) for name, spec in specs.items()}


def _build(spec: ModelSpec, repository: Path) -> str:
    graph = compile_model(spec).SerializeToString(deterministic=True)
    checksum = hashlib.sha256(graph).hexdigest()
    folder = repository / spec.id
    version = folder / spec.version
    version.mkdir(parents=True, exist_ok=True)
    (version / "model.onnx").write_bytes(graph)
    (folder / "config.pbtxt").write_text(triton_config(spec), encoding="utf-8")
    (version / "card.json").write_text(card_json(spec, checksum), encoding="utf-8")
    return checksum


def write_pages(specs: Mapping[str, ModelSpec], folder: Path = PAGES) -> None:
    """The cards as pages for readers."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, spec in specs.items():
        (folder / f"{name}.md").write_text(page(spec), encoding="utf-8")
    (folder / "README.md").write_text(index_page(list(specs.values())), encoding="utf-8")
