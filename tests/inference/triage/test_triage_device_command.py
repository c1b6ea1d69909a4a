"""manage.py issue_device_token, and the words of the answer in Korean."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.translation import override

from inference.triage import texts
from inference.triage.device_token import Device, KeyFile, verify


def issued(*arguments: str) -> str:
    out = StringIO()
    call_command("issue_device_token", *arguments, stdout=out)
    return out.getvalue().strip().splitlines()[-1]


def test_the_command_makes_a_key_once_and_prints_tokens_that_the_server_accepts(settings: Any, tmp_path: Path) -> None:
    key_set = tmp_path / "keys" / "devices.json"
    settings.TRIAGE_DEVICE_KEYS = str(key_set)
    first = issued("ambulance-1", "--organization", "119", "--create-key")
    second = issued("ambulance-2", "--organization", "119", "--create-key")
    keys = KeyFile(str(key_set)).keys()
    assert verify(first, keys, timezone.now()) == Device("ambulance-1", "119")
    assert verify(second, keys, timezone.now()) == Device("ambulance-2", "119")
    assert "d" not in json.loads(key_set.read_text())["keys"][0]
    private = key_set.with_suffix(".private.json")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_without_a_key_the_command_says_how_to_make_one(settings: Any, tmp_path: Path) -> None:
    settings.TRIAGE_DEVICE_KEYS = str(tmp_path / "devices.json")
    with pytest.raises(CommandError, match="--create-key"):
        issued("ambulance-1", "--organization", "119")
    settings.TRIAGE_DEVICE_KEYS = ""
    with pytest.raises(CommandError, match="TRIAGE_DEVICE_KEYS"):
        issued("ambulance-1", "--organization", "119")


def test_a_public_key_cannot_sign(settings: Any, tmp_path: Path) -> None:
    settings.TRIAGE_DEVICE_KEYS = str(tmp_path / "devices.json")
    issued("ambulance-1", "--organization", "119", "--create-key")
    public = tmp_path / "public.json"
    public.write_text(json.dumps(json.loads((tmp_path / "devices.json").read_text())["keys"][0]))
    with pytest.raises(CommandError, match="private"):
        issued("ambulance-1", "--organization", "119", "--signing-key", str(public))


def _catalog() -> Iterator[tuple[str, str]]:
    root = Path(texts.__file__).resolve().parents[1]
    entry: dict[str, str] = {}
    for line in (root / "locale/ko/LC_MESSAGES/django.po").read_text("utf-8").splitlines():
        name, _space, rest = line.partition(" ")
        if name in ("msgid", "msgstr"):
            entry[name] = json.loads(rest)
        if name == "msgstr" and entry.get("msgid"):
            yield entry["msgid"], entry["msgstr"]


def test_every_word_of_the_answer_has_a_korean_one() -> None:
    korean = dict(_catalog())
    with override("en"):
        words = [str(word) for table in texts.TABLES.values() for word in table.values()]
        words.append(str(texts.DISCLAIMER))
    assert [word for word in words if not korean.get(word)] == []
