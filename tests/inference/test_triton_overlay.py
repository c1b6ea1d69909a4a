"""The overlay for a Triton without an ONNX Runtime backend: what it holds, and what does not get into it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inference.protocol.types import EngineUnavailable
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.triton_overlay import write_overlay


def test_the_overlay_serves_the_very_same_files(engine: OnnxEngine, tmp_path: Path) -> None:
    models = write_overlay(engine.repository, tmp_path)
    assert models == engine.models()
    for model in models:
        config = (tmp_path / model / "config.pbtxt").read_text()
        assert 'backend: "python"' in config
        assert "platform" not in config
        graph = tmp_path / model / "1" / "model.onnx"
        assert graph.samefile(engine.repository.folder / model / "1" / "model.onnx")


def test_it_can_be_written_again(engine: OnnxEngine, tmp_path: Path) -> None:
    assert write_overlay(engine.repository, tmp_path) == write_overlay(engine.repository, tmp_path)


def test_a_changed_graph_is_not_given_to_triton(engine: OnnxEngine, tmp_path: Path) -> None:
    copy = tmp_path / "models"
    shutil.copytree(engine.repository.folder / "osta", copy / "osta")
    graph = copy / "osta" / "1" / "model.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(EngineUnavailable, match="SHA-256"):
        write_overlay(ModelRepository(copy), tmp_path / "overlay")
