"""ONNX Runtime in this process: a session for each model version, one intra-op thread (tabular graphs are tiny).

Two ONNX Runtime distributions share one folder and the last installed wins silently, so both together are refused.
Without a device ONNX Runtime falls back to the CPU, also silently: what ran is read from the session itself.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata

import numpy as np
import onnxruntime as ort

from inference.protocol.types import (
    DATATYPES,
    DIMENSION_FREE,
    Array,
    EngineUnavailable,
    InferenceRequest,
    InferenceResponse,
    InvalidRequest,
    ModelMetadata,
    Statistics,
    Tensor,
    TensorSpec,
)

from .model_repository import ModelRepository

ENGINE = "onnxruntime"
PLATFORM = "onnxruntime_onnx"
CPU = "CPUExecutionProvider"
ONNX_TYPES = {
    "tensor(double)": "FP64",
    "tensor(float)": "FP32",
    "tensor(float16)": "FP16",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT32",
    "tensor(int16)": "INT16",
    "tensor(int8)": "INT8",
    "tensor(uint64)": "UINT64",
    "tensor(uint32)": "UINT32",
    "tensor(uint16)": "UINT16",
    "tensor(uint8)": "UINT8",
    "tensor(bool)": "BOOL",
}


def refuse_two_distributions(installed: Sequence[str] | None = None) -> None:
    """Raises RuntimeError where `onnxruntime` and `onnxruntime-gpu` are installed side by side."""
    names = installed if installed is not None else [item.name for item in metadata.distributions()]
    found = sorted({name.lower().replace("_", "-") for name in names} & {"onnxruntime", "onnxruntime-gpu"})
    if len(found) > 1:
        raise RuntimeError(
            f"{' and '.join(found)} are both installed and overwrite each other: "
            "uninstall both, then install the one that requirements.txt names"
        )


@dataclass(slots=True)
class _Loaded:
    session: ort.InferenceSession
    metadata: ModelMetadata
    version: str
    provider: str
    names: list[str]
    usual: dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]]
    """Datatype and shape after the batch of each input, where only the batch is free: what needs no closer look."""
    requests: int = 0
    rows: int = 0
    failures: int = 0
    nanoseconds: int = 0
    failed_nanoseconds: int = 0
    last_milliseconds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, rows: int, nanoseconds: int) -> None:
        """Notes one request; 0 rows is one that was refused."""
        with self.lock:
            if rows == 0:
                self.failures += 1
                self.failed_nanoseconds += nanoseconds
                return
            self.requests += 1
            self.rows += rows
            self.nanoseconds += nanoseconds
            self.last_milliseconds = time.time_ns() // 1_000_000


class OnnxEngine:
    """`providers` in order of preference; with `demand_first` a model that did not get the first one is refused."""

    def __init__(
        self,
        repository: ModelRepository,
        providers: Sequence[str] = (CPU,),
        demand_first: bool = False,
        threads: int = 1,
    ) -> None:
        refuse_two_distributions()
        self.repository = repository
        self.providers = tuple(providers)
        self.demand_first = demand_first
        self.threads = threads
        self._loaded: dict[tuple[str, str], _Loaded] = {}
        self._newest: dict[str, str] = {}
        self._loading = threading.Lock()

    def models(self) -> list[str]:
        return self.repository.models()

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        return self._model(model, version).metadata

    def ready(self, model: str, version: str = "") -> bool:
        self._model(model, version)
        return True

    def statistics(self, model: str, version: str = "") -> Statistics:
        loaded = self._model(model, version)
        with loaded.lock:
            return Statistics(
                model, loaded.version, loaded.requests, loaded.rows, loaded.failures,
                loaded.nanoseconds, loaded.failed_nanoseconds, loaded.last_milliseconds,
            )  # fmt: skip

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse:
        loaded = self._model(request.model, request.version)
        started = time.perf_counter_ns()
        try:
            feed = _usual_feed(loaded, request) or _feed(loaded.metadata, request)
            wanted = _wanted(loaded, request)
            arrays = loaded.session.run(wanted, feed)
        except InvalidRequest:
            loaded.count(0, time.perf_counter_ns() - started)
            raise
        loaded.count(len(arrays[0]), time.perf_counter_ns() - started)
        outputs = tuple(map(Tensor, wanted, arrays))
        return InferenceResponse(
            request.model, loaded.version, outputs, engine=ENGINE, provider=loaded.provider, id=request.id
        )

    def release(self, model: str, kept: frozenset[str]) -> None:
        """Forget the sessions of a model's other versions; a request that runs on one of them ends as usual."""
        with self._loading:
            for name, version in [key for key in self._loaded if key[0] == model and key[1] not in kept]:
                del self._loaded[name, version]
            if self._newest.get(model) not in kept:
                self._newest.pop(model, None)

    def _model(self, model: str, version: str) -> _Loaded:
        known = self._loaded.get((model, version or self._newest.get(model, "")))
        return known if known is not None else self._load(model, version)

    def _load(self, model: str, version: str) -> _Loaded:
        resolved = self.repository.resolve(model, version)
        with self._loading:
            loaded = self._loaded.get((model, resolved)) or self._start(model, resolved)
            self._loaded[model, resolved] = loaded
            if not version:
                self._newest[model] = resolved
            return loaded

    def _start(self, model: str, version: str) -> _Loaded:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        graph = self.repository.graph(model, version)
        session = ort.InferenceSession(graph, options, providers=list(self.providers))
        running = session.get_providers()
        if self.demand_first and running[0] != self.providers[0]:
            raise EngineUnavailable(
                f"model '{model}' asks for {self.providers[0]}, ONNX Runtime gave {', '.join(running)}: "
                "check the device and its driver, or do not demand it"
            )
        described = ModelMetadata(
            name=model,
            versions=tuple(self.repository.versions(model)),
            platform=PLATFORM,
            inputs=tuple(_spec(item) for item in session.get_inputs()),
            outputs=tuple(_spec(item) for item in session.get_outputs()),
        )
        return _Loaded(
            session,
            described,
            version,
            provider=",".join(running),
            names=[spec.name for spec in described.outputs],
            usual={
                spec.name: (np.dtype(DATATYPES[spec.datatype]), spec.shape[1:])
                for spec in described.inputs
                if spec.shape[:1] == (DIMENSION_FREE,) and DIMENSION_FREE not in spec.shape[1:]
            },
        )


def _spec(item: ort.NodeArg) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else DIMENSION_FREE for size in item.shape)
    return TensorSpec(item.name, ONNX_TYPES[item.type], shape)


def _usual_feed(loaded: _Loaded, request: InferenceRequest) -> dict[str, Array] | None:
    """The arrays by name where they plainly fit; None asks `_feed`, which says what does not."""
    feed: dict[str, Array] = {}
    rows = len(request.inputs[0].data) if request.inputs and request.inputs[0].data.ndim else 0
    for tensor in request.inputs:
        data = tensor.data
        usual = loaded.usual.get(tensor.name)
        if usual is None or data.dtype != usual[0] or data.shape[1:] != usual[1] or len(data) != rows:
            return None
        feed[tensor.name] = data
    return feed if rows and len(feed) == len(loaded.metadata.inputs) else None


def _feed(described: ModelMetadata, request: InferenceRequest) -> dict[str, Array]:
    """The arrays by name, checked against the model. Raises InvalidRequest that names the input and the mend."""
    given = {tensor.name: tensor for tensor in request.inputs}
    expected = {spec.name for spec in described.inputs}
    for name in given:
        if name not in expected:
            raise InvalidRequest(f"unexpected inference input '{name}' for model '{described.name}'")
    feed: dict[str, Array] = {}
    for spec in described.inputs:
        tensor = given.get(spec.name)
        if tensor is None:
            raise InvalidRequest(
                f"expected {len(described.inputs)} inputs but got {len(request.inputs)} inputs for model "
                f"'{described.name}': '{spec.name}' is missing (a value that is not known is sent as NaN)"
            )
        feed[spec.name] = _checked(described.name, spec, tensor)
    rows = {array.shape[0] for array in feed.values()}
    if len(rows) > 1:
        raise InvalidRequest(f"the inputs of model '{described.name}' have different batch sizes: {sorted(rows)}")
    return feed


def _checked(model: str, spec: TensorSpec, tensor: Tensor) -> Array:
    if tensor.data.dtype != DATATYPES[spec.datatype]:
        raise InvalidRequest(
            f"inference input '{spec.name}' data-type is '{tensor.datatype}', but model '{model}' "
            f"expects '{spec.datatype}'"
        )
    fits = len(tensor.shape) == len(spec.shape) and all(
        wanted in (DIMENSION_FREE, size) for wanted, size in zip(spec.shape, tensor.shape, strict=True)
    )
    if not fits or tensor.shape[0] == 0:
        raise InvalidRequest(
            f"unexpected shape for input '{spec.name}' for model '{model}'. "
            f"Expected {list(spec.shape)}, got {list(tensor.shape)}"
        )
    return tensor.data


def _wanted(loaded: _Loaded, request: InferenceRequest) -> list[str]:
    for name in request.outputs:
        if name not in loaded.names:
            raise InvalidRequest(f"unexpected inference output '{name}' for model '{loaded.metadata.name}'")
    return list(request.outputs) or loaded.names
