"""From which address a request comes: known at the edge, written in the access log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_PROBE = "bitgoeul.probe"
_address: ContextVar[str] = ContextVar("address", default="")
Handler = Callable[[HttpRequest], HttpResponse]


def address() -> str:
    """The address of the request that is being answered; empty for the platform's own work."""
    return _address.get()


def remember_address(get_response: Handler) -> Handler:
    """Middleware: the caller's address is known while the request is answered."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with remembered(request.META):
            return get_response(request)

    return middleware


def as_probe(environ: Mapping[str, Any]) -> dict[str, Any]:
    """``environ`` marked as a question of our own to ourselves. No header of a request has such a name."""
    return {**environ, _PROBE: True}


def is_probe(environ: Mapping[str, Any]) -> bool:
    return _PROBE in environ


@contextmanager
def remembered(environ: Mapping[str, Any]) -> Iterator[None]:
    """The address of the request that ``environ`` (PEP 3333) describes is known within."""
    token = _address.set(_address_of(environ))
    try:
        yield
    finally:
        _address.reset(token)


def _address_of(environ: Mapping[str, Any]) -> str:
    """What the outermost of our own proxies (TRUSTED_PROXIES of them) saw; a caller can write the rest of the
    header."""
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= proxies:
            return str(hops[-proxies])[:45]
    return str(environ.get("REMOTE_ADDR") or "")[:45]
