"""Rule packs: triage rules as versioned data with a checksum.

A pack holds rules (condition -> level), what may make a case non-urgent, age tables, red flags and the sources of all
of them. Our own pack is the vital-sign safety net. The official Pre-KTAS table is licensed; whoever holds it loads it
as a pack of the same form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from inference.triage.case import INPUT_NAMES
from inference.triage.modifiers import AgeTable, AllOf, AnyOf, Condition, OutsideBand, inputs_of

PACKS = Path(__file__).parent / "packs"
SAFETY_NET = PACKS / "vital-sign-safety-net.json"


class Mark(StrEnum):
    """How far a statement was checked. Only READ is verified; the others may raise a level and never lower one."""

    READ = "S"  # read in the named source
    KNOWLEDGE = "K"  # general knowledge of a public paper or guideline, not read
    OWN = "I"  # ours


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule's text in the languages of the pack."""

    ko: str
    en: str


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A publication, guideline or law that rules cite."""

    citation: str
    url: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """If `when` holds, the level is at least as severe as `level`.

    `mark` is that of the threshold. `own_level` says that the step from threshold to level is ours, not the source's.
    """

    id: str
    level: int
    mark: Mark
    source: str
    when: Condition
    text: Text
    own_level: bool = False


class RedFlag(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A suspected time-critical condition, the pathway it opens and the hospital capabilities it needs."""

    code: str
    pathway: str
    mark: Mark
    source: str
    when: Condition
    text: Text
    needs: tuple[str, ...] = ()


class Unmeasured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """While one of `inputs` is unknown, the level is not less severe than `level`."""

    id: str
    level: int
    applies: Condition
    one_of_each: tuple[tuple[str, ...], ...]
    text: Text
    source: str


class RulePackDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a pack file."""

    id: str
    version: str
    title: Text
    baseline: int
    sources: dict[str, Source]
    age_tables: dict[str, AgeTable]
    rules: tuple[Rule, ...]
    unmeasured: tuple[Unmeasured, ...]
    non_urgent: tuple[Rule, ...]
    red_flags: tuple[RedFlag, ...]


@dataclass(frozen=True, slots=True)
class RulePack:
    """A checked pack with the SHA-256 of the bytes it came from."""

    document: RulePackDocument
    checksum: str

    @property
    def id(self) -> str:
        return self.document.id

    @property
    def version(self) -> str:
        return self.document.version

    @property
    def tables(self) -> Mapping[str, AgeTable]:
        return self.document.age_tables


class RulePackError(ValueError):
    """A pack cannot be used; the message lists every fault found and how to mend it."""


def load_rule_pack(path: Path) -> RulePack:
    """Read a pack file and its `<name>.sha256` beside it.

    Raises RulePackError when the checksum differs or the content breaks a rule of the form.
    """
    body = path.read_bytes()
    sidecar = path.with_suffix(".sha256")
    expected = sidecar.read_text("ascii").split()[0] if sidecar.exists() else ""
    return parse_rule_pack(body, expected)


def parse_rule_pack(body: bytes, expected_checksum: str) -> RulePack:
    """The pack in `body` (JSON, UTF-8), if its SHA-256 is `expected_checksum` (lower-case hex).

    Raises RulePackError.
    """
    checksum = hashlib.sha256(body).hexdigest()
    if checksum != expected_checksum:
        raise RulePackError(
            f"the pack's SHA-256 is {checksum}, expected {expected_checksum or 'one in a .sha256 file beside it'}: "
            "fetch the pack again, or have its publisher confirm the checksum"
        )
    try:
        document = msgspec.json.decode(body, type=RulePackDocument)
    except msgspec.DecodeError as error:
        raise RulePackError(f"the pack does not have the form of a rule pack: {error}") from error
    faults = list(_faults(document))
    if faults:
        raise RulePackError("; ".join(faults))
    return RulePack(document, checksum)


@cache
def safety_net() -> RulePack:
    """Our own vital-sign safety-net pack, read once per process."""
    return load_rule_pack(SAFETY_NET)


def _faults(document: RulePackDocument) -> Iterator[str]:
    ids = [rule.id for rule in (*document.rules, *document.non_urgent)]
    ids += [rule.id for rule in document.unmeasured]
    for duplicate in sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        yield f"rule id {duplicate} is used twice: give each rule its own"
    for rule in document.rules:
        if not 1 <= rule.level < 5:
            yield f"rule {rule.id}: level {rule.level} must be 1 to 4, a rule can only raise"
    for rule in document.non_urgent:
        if rule.level != 5 or rule.mark is Mark.KNOWLEDGE:
            yield f"rule {rule.id}: only a read or own rule may call a case non-urgent, at level 5"
    if document.baseline != 4:
        yield f"baseline {document.baseline} must be 4: level 5 needs a rule under non_urgent"
    yield from _unknown_names(document)


def _unknown_names(document: RulePackDocument) -> Iterator[str]:
    for label, source, condition in _sourced(document):
        if source not in document.sources:
            yield f"{label}: source {source} is not among the pack's sources"
        for name in inputs_of(condition):
            if name not in INPUT_NAMES:
                yield f"{label}: {name} is not an input of a triage case"
        for table in _tables_of(condition):
            if table not in document.age_tables:
                yield f"{label}: {table} is not among the pack's age tables"


def _sourced(document: RulePackDocument) -> Iterator[tuple[str, str, Condition]]:
    for rule in (*document.rules, *document.non_urgent):
        yield f"rule {rule.id}", rule.source, rule.when
    for unmeasured in document.unmeasured:
        yield f"rule {unmeasured.id}", unmeasured.source, unmeasured.applies
    for flag in document.red_flags:
        yield f"red flag {flag.code}", flag.source, flag.when


def _tables_of(condition: Condition) -> Iterator[str]:
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.of:
            yield from _tables_of(part)
    elif isinstance(condition, OutsideBand):
        yield condition.table
