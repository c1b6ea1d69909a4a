"""Which models this deployment serves, and the one client through which everything here runs them."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from inference.models import ModelVersion, ServingDecision
from inference.protocol.types import ModelNotFound
from inference.runtime.base import InferenceClient, Route, Routes
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.remote import RemoteEngine
from inference.runtime.routing import RoutingClient
from inference.runtime.serving import Mode, PlanBoard, ServingPlan

log = logging.getLogger(__name__)


@cache
def model_repository() -> ModelRepository:
    """The folder of settings.MODEL_REPOSITORY; the same folder can be served by Triton."""
    return ModelRepository(settings.MODEL_REPOSITORY, tuple(map(Path, settings.MODEL_PUBLIC_KEYS)))


def embedded_engine() -> OnnxEngine:
    """ONNX Runtime in this process. Raises RuntimeError where two of its distributions are installed."""
    return OnnxEngine(
        model_repository(), settings.INFERENCE_PROVIDERS, demand_first=settings.INFERENCE_PROVIDER_DEMANDED
    )


@cache
def _embedded() -> OnnxEngine:
    return embedded_engine()


def refuse_to_start_without_provider() -> None:
    """Raises EngineUnavailable where the settings demand a provider that this machine does not give."""
    if settings.INFERENCE_PROVIDER_DEMANDED:
        embedded_engine().ready(model_repository().models()[0])


def embedded_client() -> InferenceClient:
    """The engine in this process, for what must answer without a network."""
    return _embedded()


@cache
def inference_client() -> InferenceClient:
    """The engine in this process, or the one of settings.INFERENCE_URL with this process as fall-back."""
    engines: dict[str, InferenceClient] = {"embedded": _embedded()}
    if not settings.INFERENCE_URL:
        return RoutingClient(engines)
    engines["remote"] = RemoteEngine(settings.INFERENCE_URL)
    return RoutingClient(engines, Routes(Route(prefer="remote")))


@cache
def _card(model: str, version: str) -> Mapping[str, Any]:
    repository = model_repository()
    repository.graph(model, version)  # refuses a changed graph
    return repository.card(model, version)


def card(model: str, key: str = "") -> Mapping[str, Any]:
    """The card of the version that answers for ``key`` (a person). Raises ModelNotFound, EngineUnavailable for a
    changed graph."""
    return card_of(model, serving_version(model, key))


def card_of(model: str, version: str = "") -> Mapping[str, Any]:
    """The card of one version, the newest where none is named. Raises as `card`."""
    return _card(model, model_repository().resolve(model, version))


@cache
def _board() -> PlanBoard:
    return PlanBoard(_decided_plans, inference_client().ready, _embedded().release)


def serving_plan(model: str) -> ServingPlan | None:
    """What was decided for ``model``; None where nobody has decided, and the newest version serves."""
    return _board().plan(model)


def serving_version(model: str, key: str = "") -> str:
    """The version that answers for ``key``; empty where nobody has decided."""
    plan = serving_plan(model)
    return plan.version_for(key) if plan is not None else ""


def shadow_card(model: str) -> Mapping[str, Any] | None:
    """The card of the challenger that runs in the shadow of ``model``; None without one."""
    plan = serving_plan(model)
    if plan is None or plan.mode is not Mode.SHADOW:
        return None
    return card_of(model, plan.challenger)


def _decided_plans() -> dict[str, ServingPlan] | None:
    newest = ServingDecision.objects.order_by("model", "-id").distinct("model")
    try:
        return {row.model: ServingPlan(row.champion, row.challenger, Mode(row.mode), row.share) for row in newest}
    except DatabaseError as error:
        log.error("decisions about models cannot be read: %s", type(error).__name__)
        return None


def decide(model: str, plan: ServingPlan, by: str, reason: str) -> ServingDecision:
    """Let ``plan`` count from now on, in every process within FRESH_SECONDS.

    Raises ModelNotFound and EngineUnavailable where a version that it names cannot be loaded: nothing changes then.
    """
    for version in sorted(plan.versions):
        inference_client().ready(model, version)
    return ServingDecision.objects.create(
        model=model,
        champion=plan.champion,
        challenger=plan.challenger,
        mode=plan.mode.value,
        share=plan.share,
        decided_by=by,
        reason=reason,
    )


def roll_back(model: str, by: str, reason: str) -> ServingDecision:
    """Let the champion before this one answer for everybody. Raises ModelNotFound where there was none."""
    decided = list(ServingDecision.objects.filter(model=model).order_by("-id").values_list("champion", flat=True))
    current = decided[0] if decided else ""
    before = next((champion for champion in decided if champion != current), "")
    if not before:
        raise ModelNotFound(f"model '{model}' has no champion before version {current or 'the newest'}")
    return decide(model, ServingPlan(before), by, reason)


def model_version(card: Mapping[str, Any]) -> ModelVersion:
    """The row of a card's version, entered when it is first used; the champion's row says that it serves."""
    champion = card_of(card["id"], _champion(card["id"]))["version"]
    serving = card["version"] == champion
    known = ModelVersion.objects.filter(model=card["id"], version=card["version"]).first()
    if known is not None and known.sha256 == card["sha256"] and known.serving == serving:
        return known
    if serving:
        others = ModelVersion.objects.filter(model=card["id"], serving=True).exclude(version=card["version"])
        others.update(serving=False)
    row, _created = ModelVersion.objects.update_or_create(
        model=card["id"],
        version=card["version"],
        defaults={"sha256": card["sha256"], "card": dict(card), "serving": serving},
    )
    return row


def _champion(model: str) -> str:
    plan = serving_plan(model)
    return plan.champion if plan is not None else ""
