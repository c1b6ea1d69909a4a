"""Every message can be written, in English and in Korean."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

from health_platform.fhir.validation.explanations import EXPLANATIONS
from health_platform.fhir.validation.messages import MESSAGES, issue

CATALOGUE = Path(__file__).resolve().parents[3] / "health_platform/fhir/locale/ko/LC_MESSAGES/django.po"
TEXTS = [text for _severity, _code, text in MESSAGES.values()] + list(EXPLANATIONS.values())
_PLACES = re.compile(r"%\((\w+)\)s")


def korean() -> dict[str, str]:
    """The entries of the catalogue, in which each text stands on one line or on several."""
    entries: list[dict[str, str]] = []
    name = ""
    for line in CATALOGUE.read_text().splitlines():
        first, _, rest = line.partition(" ")
        if first == "msgid":
            entries.append({"msgid": "", "msgstr": ""})
        name = first if first in ("msgid", "msgstr") else name if line.startswith('"') else ""
        text = rest if first == name else line
        if name and text.startswith('"'):
            entries[-1][name] += text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return {entry["msgid"]: entry["msgstr"] for entry in entries}


@pytest.mark.parametrize("text", TEXTS)
def test_a_message_takes_its_arguments_and_no_others(text: str) -> None:
    args = dict.fromkeys(_PLACES.findall(text), "x")
    assert "%(" not in (text % args if args else text)
    assert text.replace("%%", "").count("%") == len(_PLACES.findall(text))


def test_every_message_has_its_korean_with_the_same_places() -> None:
    translated = korean()
    for text in TEXTS:
        assert translated.get(text), text
        assert set(_PLACES.findall(translated[text])) == set(_PLACES.findall(text)), text
        assert re.search("[가-힣]", translated[text]) or text == "%(rule)s: %(human)s", text


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    written = {msgid: msgstr for msgid, msgstr in korean().items() if msgid}
    assert {msgid: compiled.gettext(msgid) for msgid in written} == written


def test_an_issue_reads_in_korean() -> None:
    found = issue("required", "Patient.link[0]", name="other", type="Patient.link")
    assert found.text(korean().__getitem__) == "Patient.link에 꼭 있어야 하는 other이(가) 없습니다."


def test_long_values_are_shown_in_part() -> None:
    found = issue("uri", "Patient.url", name="url", value="a " * 500)
    assert len(found.text()) < 200
