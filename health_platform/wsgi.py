"""The WSGI application that granian serves: the FHIR API by its short way, all else by Django."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

_django = get_wsgi_application()

from health_platform.fhir.http.door import Door  # noqa: E402  (needs the settings)
from health_platform.smart.bearer import access_of  # noqa: E402

application = Door(_django, access_of)
