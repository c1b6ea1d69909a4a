"""Reading settings from environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def text_or_file(name: str) -> str:
    """The variable's text, or the content of the file that it names by its absolute path."""
    value = os.environ.get(name, "")
    return Path(value).read_text() if value.startswith("/") else value


def flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "").lower() in ("1", "true", "yes", "on")


def rate(name: str, default: str = "") -> tuple[int, int] | None:
    """Requests and seconds, written as ``600/60``; None for none, or 0: no limit."""
    requests, _, seconds = os.environ.get(name, default).partition("/")
    return (int(requests), int(seconds)) if requests not in ("", "0") else None


def words(name: str, default: str = "") -> list[str]:
    return [word for word in os.environ.get(name, default).split(",") if word]


def database(url: str, *, pool_size: int = 0) -> dict[str, Any]:
    """Django's DATABASES entry for a libpq connection URL; ``pool_size`` connections are kept open per process."""
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {key: value for key, value in parts.items() if key in ("sslmode", "sslrootcert")}
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }
