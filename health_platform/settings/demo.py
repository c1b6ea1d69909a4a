"""The synthetic city on one machine: no record of a real person, plain HTTP on loopback, one client that may do all."""

from __future__ import annotations

from health_platform.settings import environment as env
from health_platform.settings.base import *  # noqa: F403
from health_platform.settings.base import OAUTH2_PROVIDER, RATE_LIMITS, STORAGES

# The client `measure` (unrestricted, for benchmarks) exists only where this is set; `check --deploy` refuses it.
DEMO = True
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# On loopback there is no TLS; and the people whom the demo prints sign in by their password alone.
OAUTH2_PROVIDER = OAUTH2_PROVIDER | {
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": False,
}
# The loader and the benchmarks ask as fast as they can: no limits unless the environment sets them.
RATE_LIMITS = {name: env.rate(f"RATE_LIMIT_{name.upper()}") for name in RATE_LIMITS}
STAFF_SECOND_FACTOR = False
IDENTITY_PROOFING = "health_platform.accounts.proofing.simulator.Simulator"
