"""The values of the Open Inference Protocol (KServe v2): tensors, requests, responses, metadata, errors.

A tensor has a name, a datatype and an array whose first axis is the batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

DATATYPES: Mapping[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
NAMES: Mapping[np.dtype[np.generic], str] = {np.dtype(dtype): name for name, dtype in DATATYPES.items()}

DIMENSION_FREE = -1


class InferenceError(Exception):
    """Something that keeps a model from answering. `status` is the HTTP status Triton gives it."""

    status = 500


class InvalidRequest(InferenceError):
    """The request does not fit the model: unknown input, wrong shape or datatype, a body that cannot be read."""

    status = 400


class ModelNotFound(InferenceError):
    """No such model, or no such version of it."""

    status = 404


class EngineUnavailable(InferenceError):
    """The engine does not answer in time, is down, or refuses the model (a changed byte, a missing device)."""

    status = 503


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    data: Array

    @property
    def datatype(self) -> str:
        return NAMES[self.data.dtype]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a model takes or gives: `shape` with -1 for the batch."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """`version` empty means the newest one; `outputs` empty means all."""

    model: str
    inputs: tuple[Tensor, ...]
    version: str = ""
    outputs: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class InferenceResponse:
    """The outputs and what computed them: `provider` as the engine itself reports it after loading the model.

    `fell_back` says why the preferred engine did not answer; empty where it did.
    """

    model: str
    version: str
    outputs: tuple[Tensor, ...]
    engine: str
    provider: str
    id: str = ""
    fell_back: str = ""

    def output(self, name: str) -> Array:
        """The tensor of one output. Raises KeyError."""
        for tensor in self.outputs:
            if tensor.name == name:
                return tensor.data
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one model version has done since the engine started; times in nanoseconds."""

    model: str
    version: str
    requests: int = 0
    rows: int = 0
    failures: int = 0
    nanoseconds: int = 0
    failed_nanoseconds: int = 0
    last_milliseconds: int = 0
