"""From what a crew types as chief complaint, in Korean and English mixed, to concepts of our own lexicon.

A pure function of text and lexicon that a browser repeats: lower-case letters and digits are kept, English terms are
whole words (a `*` leaves the end open), Korean terms are letters without blanks, because crews set blanks freely. What
the lexicon does not know counts for nothing, so that a name or a district in the text changes no answer.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

LEXICON = Path(__file__).parent / "packs" / "complaint-lexicon.json"
KOREAN_NEGATION = "없"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a concept is written."""

    en: tuple[str, ...]
    ko: tuple[str, ...]


class LexiconDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the lexicon's file. `complaints` maps codes of chief complaints to concepts."""

    id: str
    version: str
    negations: tuple[str, ...]
    concepts: dict[str, Terms]
    complaints: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The lexicon with the SHA-256 of its file."""

    document: LexiconDocument
    checksum: str

    @property
    def names(self) -> tuple[str, ...]:
        """The concepts in the order of the file: the order of a model's inputs."""
        return tuple(self.document.concepts)

    def found(self, text: str | None, complaint: str | None = None) -> frozenset[str]:
        """The concepts that a text or a coded complaint holds."""
        coded = self.document.complaints.get(complaint or "", ())
        return frozenset(coded) | frozenset(self._in_text(text or ""))

    def _in_text(self, text: str) -> Iterator[str]:
        words = normal(text).split(" ")
        written = _Written(words, frozenset(self.document.negations))
        for concept, terms in self.document.concepts.items():
            if written.any_english(terms.en) or written.any_korean(terms.ko):
                yield concept


def normal(text: str) -> str:
    """Unicode NFKC, lower case, `(-)` as its Korean word, everything but letters of both scripts and digits a blank."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("(-)", f" {KOREAN_NEGATION} ")
    return re.sub("[^a-z0-9가-힣]+", " ", plain).strip()


class _Written:
    """A normal text, ready to be searched."""

    def __init__(self, words: list[str], negations: frozenset[str]) -> None:
        self._padded = f" {' '.join(words)} "
        self._joined = "".join(words)
        self._word_at = [number for number, word in enumerate(words) for _letter in word]
        self._negations = negations

    def any_english(self, terms: Iterable[str]) -> bool:
        return any(self._english(term) for term in terms)

    def any_korean(self, terms: Iterable[str]) -> bool:
        return any(self._korean(term) for term in terms)

    def _english(self, term: str) -> bool:
        wanted = f" {term[:-1]}" if term.endswith("*") else f" {term} "
        return any(self._word_before(at) not in self._negations for at in _places(self._padded, wanted))

    def _word_before(self, at: int) -> str:
        return self._padded[:at].rsplit(" ", 1)[-1]

    def _korean(self, term: str) -> bool:
        return any(self._stands(at, len(term)) for at in _places(self._joined, term))

    def _stands(self, at: int, length: int) -> bool:
        """Not denied, and begun with a word where it runs over several: "서구 역" is no 구역."""
        within_one = self._word_at[at] == self._word_at[at + length - 1]
        begins = at == 0 or self._word_at[at] != self._word_at[at - 1]
        return (within_one or begins) and not self._joined.startswith(KOREAN_NEGATION, at + length)


def _places(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def parse_lexicon(body: bytes) -> Lexicon:
    """The lexicon in `body`. Raises msgspec.DecodeError."""
    return Lexicon(msgspec.json.decode(body, type=LexiconDocument), hashlib.sha256(body).hexdigest())


@cache
def lexicon() -> Lexicon:
    """The lexicon of this installation, read once per process."""
    body = LEXICON.read_bytes()
    found = parse_lexicon(body)
    expected = LEXICON.with_suffix(".sha256").read_text("ascii").split()[0]
    if found.checksum != expected:
        raise ValueError(f"the lexicon's SHA-256 is {found.checksum}, expected {expected}: restore the file")
    return found
