"""Which version of a model answers: the champion for everybody, a challenger beside it or for a share of the people.

A process takes up a new plan only after it has loaded the versions that the plan names, and lets go of the others
afterwards: nobody waits for a change, and a version that cannot be loaded changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from inference.protocol.types import (
    InferenceError,
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    Statistics,
)
from inference.runtime.base import InferenceClient

log = logging.getLogger(__name__)
FRESH_SECONDS: Final = 2.0
_WHOLE: Final = 2**64


class Mode(StrEnum):
    """What a challenger does."""

    NONE = ""
    SHADOW = "shadow"
    """It runs beside the champion; its answers are kept and never told."""
    CANARY = "canary"
    """It answers for a share of the people instead of the champion."""


@dataclass(frozen=True, slots=True)
class ServingPlan:
    """``share`` is the part of the people, 0 to 1, for whom a canary answers."""

    champion: str
    challenger: str = ""
    mode: Mode = Mode.NONE
    share: float = 0.0

    def version_for(self, key: str) -> str:
        """The version that answers for ``key`` (a person): always the same one under the same plan."""
        if self.mode is not Mode.CANARY:
            return self.champion
        place = int.from_bytes(hashlib.sha256(f"{self.challenger}|{key}".encode()).digest()[:8], "big") / _WHOLE
        return self.challenger if place < self.share else self.champion

    @property
    def versions(self) -> frozenset[str]:
        return frozenset({self.champion, self.challenger} - {""})


Plans = Mapping[str, ServingPlan]


@dataclass(slots=True)
class PlanBoard:
    """The plans as this process has taken them up. ``read`` gets the decided ones, None while nobody can tell; ``load``
    makes a version ready and raises InferenceError where it cannot; ``release`` forgets all versions of a model but
    those named."""

    read: Callable[[], Plans | None]
    load: Callable[[str, str], object]
    release: Callable[[str, frozenset[str]], None]
    clock: Callable[[], float] = time.monotonic
    _plans: dict[str, ServingPlan] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, model: str) -> ServingPlan | None:
        """The plan for ``model``; None where nobody has decided. At most FRESH_SECONDS old."""
        if self.clock() - self._read_at >= FRESH_SECONDS and self._reading.acquire(blocking=not self._plans):
            try:
                self.refresh()
            finally:
                self._reading.release()
        return self._plans.get(model)

    def refresh(self) -> None:
        for model, plan in (self.read() or {}).items():
            if self._plans.get(model) != plan:
                self._take_up(model, plan)
        self._read_at = self.clock()

    def _take_up(self, model: str, plan: ServingPlan) -> None:
        try:
            for version in sorted(plan.versions):
                self.load(model, version)
        except InferenceError as error:
            log.error("model %s stays as it is: %s", model, error)
            return
        self._plans[model] = plan
        self.release(model, plan.versions)


@dataclass(frozen=True, slots=True)
class ServedVersions:
    """An engine in which a request that names no version gets the one that the plan names."""

    engine: InferenceClient
    version_of: Callable[[str, str], str]
    """Version by model and the request's id; empty leaves it to the engine."""

    def models(self) -> list[str]:
        return list(self.engine.models())

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        return self.engine.metadata(model, version or self.version_of(model, ""))

    def ready(self, model: str, version: str = "") -> bool:
        return self.engine.ready(model, version or self.version_of(model, ""))

    def infer(self, request: InferenceRequest, timeout: float | None = None) -> InferenceResponse:
        version = request.version or self.version_of(request.model, request.id)
        return self.engine.infer(replace(request, version=version), timeout)

    def statistics(self, model: str, version: str = "") -> Statistics:
        return self.engine.statistics(model, version or self.version_of(model, ""))
