"""Which models this deployment serves, and the one client through which everything here runs them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings

from inference.models import ModelVersion
from inference.runtime.base import InferenceClient, Route, Routes
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.remote import RemoteEngine
from inference.runtime.routing import RoutingClient


@cache
def model_repository() -> ModelRepository:
    """The folder of settings.MODEL_REPOSITORY; the same folder can be served by Triton."""
    return ModelRepository(settings.MODEL_REPOSITORY)


def embedded_engine() -> OnnxEngine:
    """ONNX Runtime in this process. Raises RuntimeError where two of its distributions are installed."""
    return OnnxEngine(
        model_repository(), settings.INFERENCE_PROVIDERS, demand_first=settings.INFERENCE_PROVIDER_DEMANDED
    )


def refuse_to_start_without_provider() -> None:
    """Raises EngineUnavailable where the settings demand a provider that this machine does not give."""
    if settings.INFERENCE_PROVIDER_DEMANDED:
        embedded_engine().ready(model_repository().models()[0])


@cache
def inference_client() -> InferenceClient:
    """The engine in this process, or the one of settings.INFERENCE_URL with this process as fall-back."""
    engines: dict[str, InferenceClient] = {"embedded": embedded_engine()}
    if not settings.INFERENCE_URL:
        return RoutingClient(engines)
    engines["remote"] = RemoteEngine(settings.INFERENCE_URL)
    return RoutingClient(engines, Routes(Route(prefer="remote")))


@cache
def _card(model: str, version: str) -> Mapping[str, Any]:
    repository = model_repository()
    repository.graph(model, version)  # refuses a changed graph
    return repository.card(model, version)


def card(model: str) -> Mapping[str, Any]:
    """The card of the version that serves. Raises ModelNotFound, EngineUnavailable for a changed graph."""
    return _card(model, model_repository().resolve(model))


def model_version(card: Mapping[str, Any]) -> ModelVersion:
    """The row of a card's version, entered when it is first used; from then on it is the one that serves."""
    known = ModelVersion.objects.filter(model=card["id"], version=card["version"]).first()
    if known is not None and known.sha256 == card["sha256"] and known.serving:
        return known
    ModelVersion.objects.filter(model=card["id"], serving=True).exclude(version=card["version"]).update(serving=False)
    row, _created = ModelVersion.objects.update_or_create(
        model=card["id"],
        version=card["version"],
        defaults={"sha256": card["sha256"], "card": dict(card), "serving": True},
    )
    return row
