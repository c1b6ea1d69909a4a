"""What the demo's processes find in their environment: the embedded parts, or the ones that the caller names."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from health_platform.demo.embedded import postgres, provision
from health_platform.demo.embedded.postgres import Cluster

DATABASE = "bitgoeul"
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Environment:
    """``cluster`` is None where DATABASE_URL names a server; ``home`` keeps the demo's files and secrets."""

    home: Path
    cluster: Cluster | None
    variables: dict[str, str]


def prepare(port: int) -> Environment:
    """Start what is embedded and give the variables for every process of the demo on ``port``."""
    variables = {
        "DJANGO_SETTINGS_MODULE": "health_platform.settings.demo",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
        "CSRF_TRUSTED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
    }
    cluster = None
    if not os.environ.get("DATABASE_URL"):
        cluster = postgres.locate(PROJECT, f"demo-{port}")
        postgres.start(cluster)
        provision.provision_roles(cluster)
        provision.provision_database(cluster, DATABASE)
        variables["DATABASE_URL"] = cluster.url(provision.SERVER, DATABASE)
        variables["DATABASE_OWNER_URL"] = cluster.url(provision.OWNER, DATABASE)
    home = cluster.home if cluster else PROJECT / ".data" / f"demo-{port}"
    home.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("CELERY_BROKER_URL"):
        variables["CELERY_BROKER_FOLDER"] = str(home / "broker")
    variables["SECRET_KEY"] = _kept_secret(home / "secret-key")
    variables["OIDC_SIGNING_KEY"] = str(_kept_signing_key(home / "oidc-signing-key.pem"))
    variables["AUDIT_QUERY_KEYS"] = _kept_key(home / "audit-query-key")
    variables["AUDIT_SIGNING_KEY"] = _kept_key(home / "audit-signing-key")
    variables["TRIAGE_DEVICE_KEYS"] = str(home / "device-keys.json")
    return Environment(home, cluster, os.environ | variables)


def _kept_secret(file: Path) -> str:
    return _kept(file, secrets.token_urlsafe(50))


def _kept_key(file: Path) -> str:
    return _kept(file, base64.b64encode(secrets.token_bytes(32)).decode())


def _kept(file: Path, fresh: str) -> str:
    """What ``file`` holds; ``fresh``, kept there, the first time."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(fresh)
    return file.read_text()


def _kept_signing_key(file: Path) -> Path:
    """An RSA key for ID tokens, made once; its absolute path."""
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file.touch(mode=0o600)
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file.resolve()
