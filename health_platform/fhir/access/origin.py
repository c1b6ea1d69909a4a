"""From which address a request comes: known at the edge, written in the access log."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_address: ContextVar[str] = ContextVar("address", default="")
Handler = Callable[[HttpRequest], HttpResponse]


def address() -> str:
    """The address of the request that is being answered; empty for the platform's own work."""
    return _address.get()


def remember_address(get_response: Handler) -> Handler:
    """Middleware: the caller's address is known while the request is answered."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = _address.set(_address_of(request))
        try:
            return get_response(request)
        finally:
            _address.reset(token)

    return middleware


def _address_of(request: HttpRequest) -> str:
    """What the outermost of our own proxies (TRUSTED_PROXIES of them) saw; a caller can write the rest of the
    header."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    proxies: int = settings.TRUSTED_PROXIES
    if proxies and len(hops) >= proxies:
        return hops[-proxies][:45]
    return str(request.META.get("REMOTE_ADDR") or "")[:45]
