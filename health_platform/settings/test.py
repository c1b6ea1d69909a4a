"""The suite: an embedded PostgreSQL, to which tests/conftest.py points Django."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

os.environ.setdefault("SECRET_KEY", "only-for-the-test-suite-" + "0" * 40)
os.environ.setdefault("DATABASE_URL", "postgresql:///bitgoeul")
os.environ.setdefault("DATABASE_POOL", "0")
if "OIDC_SIGNING_KEY" not in os.environ:
    _key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _pem = _key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    os.environ["OIDC_SIGNING_KEY"] = _pem.decode()
os.environ.setdefault("AUDIT_QUERY_KEYS", base64.b64encode(b"only-for-the-test-suite-00000000").decode())
os.environ.setdefault("AUDIT_SIGNING_KEY", base64.b64encode(b"only-for-the-test-suite-11111111").decode())

from health_platform.settings.demo import *  # noqa: F403

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
# Argon2 is slow on purpose; tests/platform/test_deploy_check.py sees to it that the city keeps it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
