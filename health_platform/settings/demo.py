"""The synthetic city on one machine: no record of a real person, plain HTTP on loopback, one client that may do all."""

from __future__ import annotations

from health_platform.settings.base import *  # noqa: F403
from health_platform.settings.base import STORAGES

# The client `measure` (unrestricted, for benchmarks) exists only where this is set; `check --deploy` refuses it.
DEMO = True
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
