"""The short way to the FHIR API: a WSGI application (PEP 3333) in front of Django.

Most requests of a clinic's system need nothing of Django's middleware but its headers. They are answered here; every
other one (no bearer token, a cookie, a host or a path that is not plain) takes the long way through Django, where the
rules stand. What Django adds to an answer is learnt from its own answer to a probe, so no rule is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, connection
from django.utils import translation

from health_platform.fhir.access import origin, rates, unknown_callers, wire
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.http.errors import server_failed, store_failed, too_many
from health_platform.fhir.http.views import ANONYMOUS, BASE_PATH, answer
from health_platform.fhir.messages import FhirRequest, FhirResponse, as_utf8

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Identify = Callable[[str], AccessContext | None]
_PATH = re.compile(re.escape(BASE_PATH) + r"(?:/((?!\.well-known/)[A-Za-z0-9\-._$/]*))?")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_SITE = (
    "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT", "SCRIPT_NAME",
)  # fmt: skip
# Of the answer itself, not of the middleware around it.
_OF_ANSWER = frozenset({"content-type", "cache-control", "content-length", "www-authenticate"})
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class _Around:
    """What Django would put around an answer: the base address, the language, the headers of its middleware."""

    base: str
    language: str
    headers: tuple[tuple[str, str], ...]


class Door:
    """Answers what it may, and hands the rest to ``django``. ``identify`` gives the context of a bearer token."""

    def __init__(self, django: Application, identify: Identify) -> None:
        self._django, self._identify = django, identify
        self._around = lru_cache(maxsize=1024)(self._probed)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, token = _PATH.fullmatch(environ["PATH_INFO"]), _token(environ)
        around = self._around_of(environ) if path and token and _is_plain(environ) else None
        if path is None or around is None:
            return self._django(environ, start_response)
        with origin.remembered(environ), translation.override(around.language):
            response = self._answer(environ, path[1] or "", token, around.base)
        body = response.body
        headers = [*_joined(response.headers, around.headers), ("Content-Length", str(len(body)))]
        start_response(_LINES[response.status], headers)
        return [body]

    def _answer(self, environ: Environ, path: str, token: str, base: str) -> FhirResponse:
        try:
            wire.renew()
            access = self._identify(token)
            usage = rates.count(access)
            if usage is not None and usage.refused:
                return too_many(usage)
            response = answer(_request(environ, path, access or ANONYMOUS, base))
            if response.status == HTTPStatus.UNAUTHORIZED:
                unknown_callers.note_refusal(BASE_PATH)
            return replace(response, headers={**response.headers, **usage.headers}) if usage else response
        except DatabaseError as error:
            return store_failed(error)
        except Exception as error:  # whatever it was: the caller gets an answer in FHIR's form
            return server_failed(error)
        finally:
            if connection.errors_occurred:
                connection.close()

    def _around_of(self, environ: Environ) -> _Around | None:
        site = tuple(environ.get(name, "") for name in _SITE)
        return self._around(site, environ.get("HTTP_ACCEPT_LANGUAGE", ""), "HTTP_ORIGIN" in environ)

    def _probed(self, site: tuple[str, ...], languages: str, from_browser: bool) -> _Around | None:
        """What Django's middleware adds for this host, language and kind of caller; None when it refuses or redirects
        already here."""
        environ = origin.as_probe(_probe(site, languages, from_browser))
        status: list[str] = []
        headers: list[tuple[str, str]] = []

        def take(line: str, found: list[tuple[str, str]], *_: object) -> None:
            status.append(line)
            headers.extend((name, value) for name, value in found if name.lower() not in _OF_ANSWER)

        for _ in self._django(environ, take):
            pass
        try:
            base = WSGIRequest(environ).build_absolute_uri(BASE_PATH)
        except DisallowedHost:
            return None
        language = next((value for name, value in headers if name.lower() == "content-language"), None)
        return _Around(base, language, tuple(headers)) if status == ["401 Unauthorized"] and language else None


def _joined(own: Mapping[str, str], around: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The headers of both; what the answer varies by stands before what Django's middleware adds to it."""
    if "Vary" not in own:
        return [*own.items(), *around]
    rest = {**own, "Vary": ", ".join([own["Vary"], *(value for name, value in around if name.lower() == "vary")])}
    return [*rest.items(), *(header for header in around if header[0].lower() != "vary")]


def _token(environ: Environ) -> str:
    scheme, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _is_plain(environ: Environ) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    return (
        environ["REQUEST_METHOD"] in _METHODS
        and "HTTP_COOKIE" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        and length.isdecimal()
        and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )


def _probe(site: tuple[str, ...], languages: str, from_browser: bool) -> Environ:
    given = {name: value for name, value in zip(_SITE, site, strict=True) if value}
    if languages:
        given["HTTP_ACCEPT_LANGUAGE"] = languages
    if from_browser:
        given["HTTP_ORIGIN"] = "null"
    return given | {
        "REQUEST_METHOD": "GET", "PATH_INFO": f"{BASE_PATH}/Patient", "QUERY_STRING": "", "wsgi.input": BytesIO(),
    }  # fmt: skip


def _request(environ: Environ, path: str, access: AccessContext, base: str) -> FhirRequest:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return FhirRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=as_utf8(environ.get("QUERY_STRING", "")),
        headers=_headers(environ),
        body=environ["wsgi.input"].read(length) if length else b"",
        access=access,
        base=base,
    )


def _headers(environ: Environ) -> Mapping[str, str]:
    headers = {_name(key): value for key, value in environ.items() if key.startswith("HTTP_")}
    if "CONTENT_TYPE" in environ:
        headers["content-type"] = environ["CONTENT_TYPE"]
    return headers


@lru_cache(maxsize=1024)
def _name(key: str) -> str:
    return key[5:].replace("_", "-").lower()
