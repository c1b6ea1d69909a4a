"""Which models this deployment serves, and the one client through which everything here runs them."""

from functools import cache

from django.conf import settings

from inference.runtime.base import InferenceClient, Route, Routes
from inference.runtime.model_repository import ModelRepository
from inference.runtime.onnx import OnnxEngine
from inference.runtime.remote import RemoteEngine
from inference.runtime.routing import RoutingClient


@cache
def model_repository() -> ModelRepository:
    """The folder of settings.MODEL_REPOSITORY; the same folder can be served by Triton."""
    return ModelRepository(settings.MODEL_REPOSITORY)


@cache
def inference_client() -> InferenceClient:
    """The engine in this process, or the one of settings.INFERENCE_URL with this process as fall-back."""
    engines: dict[str, InferenceClient] = {"embedded": OnnxEngine(model_repository())}
    if not settings.INFERENCE_URL:
        return RoutingClient(engines)
    engines["remote"] = RemoteEngine(settings.INFERENCE_URL)
    return RoutingClient(engines, Routes(Route(prefer="remote")))
