"""The suite: an embedded PostgreSQL, to which tests/conftest.py points Django."""

from __future__ import annotations

import os

os.environ.setdefault("SECRET_KEY", "only-for-the-test-suite-" + "0" * 40)
os.environ.setdefault("DATABASE_URL", "postgresql:///bitgoeul")
os.environ.setdefault("DATABASE_POOL", "0")

from health_platform.settings.demo import *  # noqa: F403

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
