"""A rule pack is data that cannot be wrong silently."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from inference.triage.rule_pack import SAFETY_NET, Mark, RulePackError, load_rule_pack, parse_rule_pack, safety_net


def parse(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    parse_rule_pack(body, hashlib.sha256(body).hexdigest())


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SAFETY_NET.read_bytes())
    return loaded


def test_the_safety_net_loads_with_the_checksum_beside_it() -> None:
    pack = load_rule_pack(SAFETY_NET)
    assert pack.checksum == hashlib.sha256(SAFETY_NET.read_bytes()).hexdigest()
    assert (pack.id, pack.version) == ("vital-sign-safety-net", "1.0.0")


def test_a_changed_pack_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / SAFETY_NET.name
    copy.write_bytes(SAFETY_NET.read_bytes().replace(b'"below": 90', b'"below": 70'))
    copy.with_suffix(".sha256").write_text(SAFETY_NET.with_suffix(".sha256").read_text())
    with pytest.raises(RulePackError, match="SHA-256"):
        load_rule_pack(copy)


def test_a_pack_without_a_checksum_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / SAFETY_NET.name
    copy.write_bytes(SAFETY_NET.read_bytes())
    with pytest.raises(RulePackError, match="beside it"):
        load_rule_pack(copy)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"level": 5}, "can only raise"),
        ({"level": 0}, "can only raise"),
        ({"source": "hearsay"}, "source hearsay is not among"),
        ({"when": {"is": "measure", "name": "shoe_size", "above": 45}}, "shoe_size is not an input"),
        ({"when": {"is": "guess", "name": "heart_rate"}}, "form of a rule pack"),
        ({"when": {"is": "outside_band", "table": "weights", "band": "normal"}}, "weights is not among"),
        ({"when": {"is": "all", "of": [{"is": "flag", "name": "horoscope"}]}}, "horoscope is not an input"),
        ({"unless": True}, "form of a rule pack"),
        ({"id": "score.news2_7"}, "used twice"),
    ],
)
def test_a_faulty_rule_is_named(document: dict[str, Any], change: dict[str, Any], complaint: str) -> None:
    document["rules"][0] |= change
    with pytest.raises(RulePackError, match=complaint):
        parse(document)


def test_a_rule_that_nobody_read_cannot_call_a_case_non_urgent(document: dict[str, Any]) -> None:
    document["non_urgent"][0]["mark"] = "K"
    with pytest.raises(RulePackError, match="only a read or own rule"):
        parse(document)


def test_the_baseline_cannot_be_non_urgent(document: dict[str, Any]) -> None:
    document["baseline"] = 5
    with pytest.raises(RulePackError, match="baseline"):
        parse(document)


def test_every_text_of_the_safety_net_is_there_in_both_languages() -> None:
    content = safety_net().document
    texts = [rule.text for rule in (*content.rules, *content.non_urgent)]
    texts += [rule.text for rule in content.unmeasured] + [flag.text for flag in content.red_flags]
    assert all(text.ko.strip() and text.en.strip() and text.ko != text.en for text in texts)


def test_no_limit_of_a_child_table_is_looser_than_the_level_outside_it() -> None:
    for name, table in safety_net().tables.items():
        for row in table.rows:
            lows = [limit for limit, _ in (row.two_sd, row.one_sd, row.normal) if limit is not None]
            highs = [limit for _, limit in (row.normal, row.one_sd, row.two_sd) if limit is not None]
            assert lows == sorted(lows), name
            assert highs == sorted(highs), name


def test_the_age_tables_are_unread_and_so_only_raise() -> None:
    rules = [rule for rule in safety_net().document.rules if rule.id.startswith("child.")]
    assert len(rules) == 6
    assert {rule.mark for rule in rules} == {Mark.KNOWLEDGE}
