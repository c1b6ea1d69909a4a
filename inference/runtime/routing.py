"""Which engine answers for which model, how long it may take, and what happens when it does not.

A fall-back is never silent: the response says which engine ran and why the preferred one did not. An engine that has
failed is asked last for a while, so that a dead one costs its time-out once and not at each request.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from inference.protocol.types import (
    EngineUnavailable,
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    Statistics,
    Tensor,
)

from .base import InferenceClient, Route, Routes

REST_SECONDS = 5.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RoutingClient:
    """Engines by name (`embedded`, `remote`); `clock` counts seconds and never goes back."""

    engines: Mapping[str, InferenceClient]
    routes: Routes = field(default_factory=Routes)
    clock: Callable[[], float] = time.monotonic
    _failed: dict[str, float] = field(default_factory=dict)

    def models(self) -> Sequence[str]:
        return self._try(self.routes.default, lambda engine: engine.models())[0]

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        return self._try(self.routes.of(model), lambda engine: engine.metadata(model, version))[0]

    def ready(self, model: str, version: str = "") -> bool:
        return self._try(self.routes.of(model), lambda engine: engine.ready(model, version))[0]

    def statistics(self, model: str, version: str = "") -> Statistics:
        return self._try(self.routes.of(model), lambda engine: engine.statistics(model, version))[0]

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse:
        """Raises what the last engine raised; a request that does not fit the model is not tried elsewhere."""
        route = self.routes.of(request.model)
        allowed = route.timeout if timeout is None else min(timeout, route.timeout)
        response, why = self._try(route, lambda engine: _in_batches(engine, request, route.largest_batch, allowed))
        return replace(response, fell_back=why)

    def _try(self, route: Route, ask: Callable[[InferenceClient], Result]) -> tuple[Result, str]:
        """The first answer, and why the preferred engine did not give it (empty where it did)."""
        *others, last = self._in_order(route)
        why = [f"{name} failed within the last {REST_SECONDS:g} s" for name in (route.prefer,) if self._rests(name)]
        for name in others:
            try:
                return ask(self.engines[name]), "; ".join(why) if name != route.prefer else ""
            except EngineUnavailable as error:
                self._failed[name] = self.clock()
                why.append(f"{name}: {error}")
        return ask(self.engines[last]), "; ".join(why) if last != route.prefer else ""

    def _in_order(self, route: Route) -> list[str]:
        if route.prefer not in self.engines:
            raise EngineUnavailable(f"no engine {route.prefer!r} is configured")
        if not route.fall_back:
            return [route.prefer]
        names = [route.prefer, *(name for name in self.engines if name != route.prefer)]
        return sorted(names, key=self._rests)

    def _rests(self, name: str) -> bool:
        return name in self._failed and self.clock() - self._failed[name] < REST_SECONDS


def _in_batches(engine: InferenceClient, request: InferenceRequest, largest: int, timeout: float) -> InferenceResponse:
    rows = len(request.inputs[0].data) if request.inputs and request.inputs[0].data.ndim else 0
    if rows <= largest:
        return engine.infer(request, timeout)
    parts = [engine.infer(part, timeout) for part in _parts(request, rows, largest)]
    outputs = tuple(
        Tensor(tensor.name, np.concatenate([part.output(tensor.name) for part in parts])) for tensor in parts[0].outputs
    )
    return replace(parts[0], outputs=outputs)


def _parts(request: InferenceRequest, rows: int, largest: int) -> Iterator[InferenceRequest]:
    for start in range(0, rows, largest):
        inputs = tuple(Tensor(tensor.name, tensor.data[start : start + largest]) for tensor in request.inputs)
        yield replace(request, inputs=inputs)
