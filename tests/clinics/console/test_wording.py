"""The Korean catalogue of the clinics: complete, compiled as it is written, and at odds with no other one."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT

CATALOGUE = PROJECT / "clinics/locale/ko/LC_MESSAGES/django.po"
_QUOTED = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)? ?"((?:[^"\\]|\\.)*)"$')

Entry = tuple[str, str, str]
"""(context, msgid, msgstr)"""


def entries(path: Path) -> Iterator[Entry]:
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        current = ""
        for line in block.splitlines():
            if line.startswith("#") or (match := _QUOTED.match(line)) is None:
                continue
            current = match[1] or current
            text = match[2].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
            parts[current] = parts.get(current, "") + text
        if parts.get("msgid"):
            yield parts.get("msgctxt", ""), parts["msgid"], parts.get("msgstr", parts.get("msgstr[0]", ""))


def test_every_text_has_its_korean() -> None:
    found = list(entries(CATALOGUE))

    assert len(found) > 200
    assert [msgid for _, msgid, msgstr in found if not msgstr] == []


def test_named_places_survive_translation() -> None:
    places = re.compile(r"%\(\w+\)[sd]")

    assert [
        msgid for _, msgid, msgstr in entries(CATALOGUE) if set(places.findall(msgid)) != set(places.findall(msgstr))
    ] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for context, msgid, msgstr in entries(CATALOGUE):
        found = compiled.pgettext(context, msgid) if context else compiled.gettext(msgid)
        assert msgstr in (found, compiled.ngettext(msgid, msgid, 1)), msgid


def test_a_text_without_a_context_means_the_same_in_every_catalogue() -> None:
    """Django merges the catalogues of all apps into one: a word that another app says otherwise needs a context."""
    own = {msgid: msgstr for context, msgid, msgstr in entries(CATALOGUE) if not context}
    others = [path for path in PROJECT.glob("*/**/ko/LC_MESSAGES/django.po") if path != CATALOGUE]

    clashes = [
        (str(path.relative_to(PROJECT)), msgid, msgstr, own[msgid])
        for path in others
        if ".venv" not in path.parts
        for context, msgid, msgstr in entries(path)
        if not context and msgid in own and msgstr != own[msgid]
    ]
    assert others
    assert clashes == []


def test_the_catalogue_holds_what_the_console_says(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext's tools are not on this machine")
    for part in ("console", "registry", "management", "templates"):
        shutil.copytree(PROJECT / "clinics" / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "ko"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    said = {(context, msgid) for context, msgid, _ in entries(tmp_path / "locale/ko/LC_MESSAGES/django.po")}
    assert said == {(context, msgid) for context, msgid, _ in entries(CATALOGUE)}
