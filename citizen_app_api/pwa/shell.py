"""The files that make up the page: what a phone may keep, and the fingerprint that tells it of a new edition."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.templatetags.static import static

from citizen_app_api.pwa.words import LANGUAGES, words_in

_STATIC: Final = Path(__file__).resolve().parents[1] / "static"
_PAGE: Final = Path(__file__).resolve().parents[1] / "templates" / "citizen_app_api" / "app.html"


def files() -> list[str]:
    """The names of the page's static files."""
    return sorted(path.relative_to(_STATIC).as_posix() for path in _STATIC.rglob("*.*") if path.is_file())


def addresses() -> list[str]:
    """Everything that a phone may keep to open the page without a network: no health data is among it."""
    words = [f"/app/words.{language}.json" for language in LANGUAGES]
    return ["/app/", "/app/manifest.webmanifest", *words, *(static(name) for name in files())]


@lru_cache(maxsize=1)
def edition() -> str:
    """A fingerprint of all that `addresses` leads to."""
    digest = hashlib.sha256(_PAGE.read_bytes())
    for name in files():
        digest.update(name.encode() + (_STATIC / name).read_bytes())
    for language in LANGUAGES:
        digest.update(json.dumps(words_in(language)).encode())
    return digest.hexdigest()[:16]
