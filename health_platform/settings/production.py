"""The city: everything that matters comes from the environment and must be there."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from health_platform.settings import environment as env
from health_platform.settings.base import *  # noqa: F403

for _name in ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS"):
    if not env.text(_name):
        raise ImproperlyConfigured(f"set {_name}: see docs/operations.md")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
