"""A Triton that has no ONNX Runtime backend serves the same graphs through its python backend: the overlay it needs.

The overlay holds, for each version of each model, a link to the graph of the model repository and a small program that
runs it with ONNX Runtime; names, types and shapes are those of the model's own `config.pbtxt`. A Triton with the
ONNX Runtime backend reads the model repository itself and needs none of this.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from inference.runtime.model_repository import ModelRepository

_PLATFORM: Final = re.compile(r'^platform: "onnxruntime_onnx"$', re.MULTILINE)

# What Triton's python backend runs: rows of many requests become one call of the graph.
PROGRAM: Final = '''\
"""Runs model.onnx beside this file. Generated."""
import os

import numpy as np
import onnxruntime
import triton_python_backend_utils as backend


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [item.name for item in self.session.get_inputs()]
        self.outputs = [item.name for item in self.session.get_outputs()]

    def execute(self, requests):
        given = [[backend.get_input_tensor_by_name(one, name).as_numpy() for name in self.inputs] for one in requests]
        feed = {name: np.concatenate([each[at] for each in given]) for at, name in enumerate(self.inputs)}
        arrays = self.session.run(self.outputs, feed)
        answers, start = [], 0
        for each, request in zip(given, requests):
            end = start + len(each[0])
            wanted = set(request.requested_output_names())
            tensors = [
                backend.Tensor(name, array[start:end])
                for name, array in zip(self.outputs, arrays)
                if not wanted or name in wanted
            ]
            answers.append(backend.InferenceResponse(output_tensors=tensors))
            start = end
        return answers
'''


def write_overlay(repository: ModelRepository, folder: Path) -> list[str]:
    """Write the overlay into ``folder`` (made where it is missing); the models in it.

    Graphs are verified against their cards first. Raises EngineUnavailable for a changed graph.
    """
    models = repository.models()
    for model in models:
        for version in repository.versions(model):
            repository.graph(model, version)
            _write_version(repository.folder / model / version, folder / model / version)
        config = (repository.folder / model / "config.pbtxt").read_text(encoding="utf-8")
        (folder / model / "config.pbtxt").write_text(_for_python_backend(config), encoding="utf-8")
    return models


def _write_version(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    graph = target / "model.onnx"
    graph.unlink(missing_ok=True)
    graph.symlink_to((source / "model.onnx").resolve())
    (target / "model.py").write_text(PROGRAM, encoding="utf-8")


def _for_python_backend(config: str) -> str:
    return _PLATFORM.sub('backend: "python"', config)
