"""The one interface that every engine has, and how a model is routed to one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference.protocol.types import (
    EngineUnavailable,
    InferenceError,
    InferenceRequest,
    InferenceResponse,
    InvalidRequest,
    ModelMetadata,
    ModelNotFound,
    Statistics,
    Tensor,
    TensorSpec,
)

__all__ = [
    "EngineUnavailable",
    "InferenceClient",
    "InferenceError",
    "InferenceRequest",
    "InferenceResponse",
    "InvalidRequest",
    "ModelMetadata",
    "ModelNotFound",
    "Route",
    "Routes",
    "Statistics",
    "Tensor",
    "TensorSpec",
]


class InferenceClient(Protocol):
    """One engine, or several behind a router."""

    def models(self) -> Sequence[str]:
        """Ids of the models that can be asked."""

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        """Raises ModelNotFound, EngineUnavailable."""

    def ready(self, model: str, version: str = "") -> bool:
        """True where the model is loaded, or loads now."""

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse:
        """Raises InvalidRequest, ModelNotFound, EngineUnavailable. `timeout` in seconds."""

    def statistics(self, model: str, version: str = "") -> Statistics:
        """What the model has done since the engine started. Raises ModelNotFound, EngineUnavailable."""


@dataclass(frozen=True, slots=True)
class Route:
    """How one model is run: the preferred engine, seconds to wait for it, another engine after that, rows a call."""

    prefer: str = "embedded"
    timeout: float = 2.0
    fall_back: bool = True
    largest_batch: int = 4096


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes as data: `default` for every model that `by_model` does not name."""

    default: Route = field(default_factory=Route)
    by_model: Mapping[str, Route] = field(default_factory=dict)

    def of(self, model: str) -> Route:
        return self.by_model.get(model, self.default)
