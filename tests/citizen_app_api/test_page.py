"""The page without a browser: its headers, its files, its words."""

from __future__ import annotations

import gettext
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from citizen_app_api.pwa import shell
from citizen_app_api.pwa.words import WORDS, words_in
from tests.citizen_app_api.browser import executable

STATIC = Path(shell.__file__).resolve().parents[1] / "static" / "citizen_app_api"
SCRIPTS = sorted(STATIC.rglob("*.js"))


def get(path: str) -> Any:
    response = Client().get(path)
    assert response.status_code == 200
    return response


def test_only_our_own_scripts_run_and_none_stands_in_the_page() -> None:
    response = get("/app/")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";") if part)
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    body = response.content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", body) == []
    assert " style=" not in body and " onclick" not in body
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", body), "something is loaded from elsewhere"


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_scripts_build_text_and_never_markup_and_keep_nothing_about_a_person(script: Path) -> None:
    text = script.read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "sessionStorage",
                      "indexedDB", "document.cookie", "http://", "https://"):  # fmt: skip
        assert forbidden not in text, forbidden
    if script.name != "words.js":
        assert "localStorage" not in text


def test_the_page_holds_no_health_data_and_is_the_same_for_everybody() -> None:
    assert get("/app/").content == get("/app/").content
    assert "citizen" not in get("/app/").cookies


def test_the_manifest_makes_it_installable() -> None:
    response = get("/app/manifest.webmanifest")
    manifest = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/manifest+json"
    assert (manifest["scope"], manifest["display"], manifest["name"]) == ("/app/", "standalone", "빛고을 건강")
    for icon in manifest["icons"]:
        file = finders.find(icon["src"].removeprefix("/static/"))
        assert file is not None
        header = Path(str(file)).read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        assert f"{int.from_bytes(header[16:20], 'big')}x{int.from_bytes(header[20:24], 'big')}" == icon["sizes"]


def test_the_service_worker_keeps_the_shell_and_nothing_of_the_api() -> None:
    response = get("/app/service-worker.js")
    assert response.headers["Content-Type"] == "text/javascript"
    body = response.content.decode()
    kept = re.findall(r'^  "(.+)",$', body, re.MULTILINE)
    assert kept == shell.addresses()
    assert not any("/api/" in address for address in kept)
    assert "/api" not in body.partition("];")[2]
    for address in kept:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")) is not None, address
        else:
            get(address)


def test_a_new_edition_of_a_file_is_a_new_edition_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shell.edition()
    assert f'"bitgoeul-{before}"' in get("/app/service-worker.js").content.decode()
    shell.edition.cache_clear()
    monkeypatch.setattr(shell, "words_in", lambda language: {"changed": language})
    try:
        assert shell.edition() != before
    finally:
        shell.edition.cache_clear()


def test_every_text_that_a_script_asks_for_exists_and_none_is_left_over() -> None:
    asked: set[str] = set()
    patterns: list[str] = []
    for script in SCRIPTS:
        text = script.read_text()
        asked |= set(re.findall(r'\bt\("(\w+)"', text))
        patterns += re.findall(r"\bt\(`(\w+)_\$\{", text)
        # Keys that are handed on by name: sections of a risk, parts of the summary, lines of the notice.
        asked |= set(re.findall(r'(?:section|folded)\("(\w+)"', text))
        for listed in re.findall(r"(?:PARTS|lines) = \[([^\]]+)\]", text):
            asked |= set(re.findall(r'"(\w+)"', listed))
    assert asked <= set(WORDS), asked - set(WORDS)
    families = tuple(f"{pattern}_" for pattern in patterns)
    left_over = {key for key in WORDS if key not in asked and not key.startswith(families)}
    assert left_over == set()


def test_every_text_is_told_in_korean_and_keeps_its_places() -> None:
    english, korean = words_in("en"), words_in("ko")
    same = {key for key in WORDS if english[key] == korean[key]}
    assert same == set()
    for key, text in english.items():
        assert sorted(re.findall(r"%\(\w+\)s", korean[key])) == sorted(re.findall(r"%\(\w+\)s", text)), key
    assert korean["day"] % {"year": 2026, "month": 11, "day": 21} == "2026년 11월 21일"


def test_the_catalog_is_complete_and_compiled_from_its_text() -> None:
    catalog = (Path(shell.__file__).resolve().parents[1] / "locale" / "ko" / "LC_MESSAGES" / "django.po").read_text()
    entries = [entry for entry in catalog.split("\n\n") if 'msgid ""' not in entry.splitlines()[:1]]
    empty = [entry for entry in entries if re.search(r'^msgstr(?:\[0\])? ""$', entry, re.MULTILINE)]
    assert empty == []
    assert "fuzzy" not in catalog


def test_no_other_catalog_speaks_in_place_of_ours() -> None:
    """Catalogs are merged: where another app tells the same English text otherwise, its Korean would stand here."""
    folder = Path(shell.__file__).resolve().parents[1] / "locale"
    own = gettext.translation("django", folder, languages=["ko"])
    shown, english = words_in("ko"), words_in("en")
    other = {key: (shown[key], own.gettext(english[key])) for key in WORDS if shown[key] != own.gettext(english[key])}
    assert other == {}


def test_whether_a_browser_is_at_hand_is_known() -> None:
    if executable() is None:
        pytest.skip("no Chromium on this machine: the page was not looked at")
