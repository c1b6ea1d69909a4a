"""Code systems that were loaded from a file (`manage.py terminology_load`): concepts as rows of fhir_concept.

Nothing of a system is held in memory but the concepts that were asked for last; pages of a million concepts are read by
their number, the text filter by trigrams. What is cached here is valid for one generation of knowledge (knowledge.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson
from django.db import connection

from health_platform.fhir.models import LoadedCodeSystem
from health_platform.fhir.terminology.values import Concept, Designation

CHUNK: Final = 2000
MAX_WINDOW: Final = 50_000
REMEMBERED: Final = 8192
MAX_COUNTED: Final = 1000
"""Matches of a text filter that are counted; beyond them a page has no total."""
_INDEXED_LENGTH: Final = 3
_COLUMNS = "c.code, c.display, c.parent, c.designations, c.properties"
_BELOW = """
    WITH RECURSIVE below (code) AS (
        SELECT code FROM fhir_concept WHERE system = %(system)s AND {start} = %(top)s
        UNION
        SELECT child.code FROM fhir_concept child JOIN below ON child.parent = below.code
        WHERE child.system = %(system)s
    )
"""


def folded(text: str) -> str:
    """Case folded, Hangul as its letters: two syllables have the three characters that a trigram needs, and a word
    that is still being typed matches."""
    return " ".join(unicodedata.normalize("NFKD", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a system is asked for: `text` words, a `branch` (code, whether it is part of it), property values."""

    text: str = ""
    branch: tuple[str, bool] | None = None
    properties: tuple[tuple[str, str], ...] = ()


class StoredCodeSystem:
    """A loaded code system; it has the methods of `values.CodeSystem`."""

    is_complete = True

    def __init__(self, row: LoadedCodeSystem) -> None:
        self.id: int = row.pk
        self.url = row.url
        self.version = row.version
        self.count = row.count
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._read)

    def find(self, code: str) -> Concept | None:
        return self._remembered(code)

    def concepts(self) -> Iterator[Concept]:
        for start in range(0, self.count, CHUNK):
            yield from self._numbered(start, start + CHUNK)

    def children(self, code: str) -> Iterator[Concept]:
        return iter(self._rows("c.parent = %(parent)s ORDER BY c.number", {"parent": code}))

    def below(self, code: str, limit: int) -> list[str]:
        """The codes of a branch, its top included; empty for an unknown code. At most ``limit``."""
        statement = _BELOW.format(start="code") + "SELECT code FROM below LIMIT %(limit)s"
        return [row[0] for row in _fetch(statement, {"system": self.id, "top": code, "limit": limit})]

    def page(self, chosen: Selection, offset: int, count: int) -> tuple[int | None, list[Concept]]:
        """Concepts in the order of the file, and how many there are in all (None: more than are counted)."""
        if chosen == Selection():
            return self.count, self._numbered(offset, offset + count)
        if chosen.branch is not None:
            return self._of_branch(chosen, offset, count)
        found = self._by_trigrams(chosen) if _is_indexed(chosen) else None
        if found is not None:
            return len(found), found[offset : offset + count]
        return None, list(islice(self._in_order(chosen), offset, offset + count))

    def _of_branch(self, chosen: Selection, offset: int, count: int) -> tuple[int | None, list[Concept]]:
        assert chosen.branch is not None  # noqa: S101  (page)
        top, itself = chosen.branch
        conditions, parameters = _conditions(chosen, "c.folded")
        where = " AND ".join(["c.system = %(system)s", "c.code IN (SELECT code FROM below)", *conditions])
        statement = (
            _BELOW.format(start="code" if itself else "parent")
            + f"SELECT {_COLUMNS}, count(*) OVER () FROM fhir_concept c WHERE {where}"
            + " ORDER BY c.number LIMIT %(count)s OFFSET %(offset)s"
        )
        parameters |= {"system": self.id, "top": top, "count": count, "offset": offset}
        rows = _fetch(statement, parameters)
        total = int(rows[0][5]) if rows else 0 if not offset else None
        return total, [_concept(row[:5]) for row in rows]

    def _by_trigrams(self, chosen: Selection) -> list[Concept] | None:
        """All matches of a text that has few of them; None for more. `+ 0` keeps the planner from reading the whole
        system instead, which it prefers where a file was loaded since the statistics were taken."""
        conditions, parameters = _conditions(chosen, "c.folded")
        where = " AND ".join(["c.system + 0 = %(system)s", *conditions])
        statement = f"SELECT {_COLUMNS}, c.number FROM fhir_concept c WHERE {where} LIMIT %(most)s"
        rows = _fetch(statement, parameters | {"system": self.id, "most": MAX_COUNTED + 1})
        if len(rows) > MAX_COUNTED:
            return None
        return [_concept(row[:5]) for row in sorted(rows, key=lambda row: int(row[5]))]

    def _in_order(self, chosen: Selection) -> Iterator[Concept]:
        """The matches in the order of the file, read in windows of numbers that grow: a page of a text that many have
        is full after the first ones."""
        conditions, parameters = _conditions(chosen, "c.folded || ''")
        within = " AND ".join(["c.number >= %(start)s", "c.number < %(end)s", *conditions])
        start, width = 0, CHUNK
        while start < self.count:
            window = {"start": start, "end": start + width}
            yield from self._rows(f"{within} ORDER BY c.number", parameters | window)
            start, width = start + width, min(2 * width, MAX_WINDOW)

    def _read(self, code: str) -> Concept | None:
        return next(iter(self._rows("c.code = %(code)s", {"code": code})), None)

    def _numbered(self, start: int, end: int) -> list[Concept]:
        within = "c.number >= %(start)s AND c.number < %(end)s ORDER BY c.number"
        return self._rows(within, {"start": start, "end": end})

    def _rows(self, condition: str, parameters: dict[str, Any]) -> list[Concept]:
        statement = f"SELECT {_COLUMNS} FROM fhir_concept c WHERE c.system = %(system)s AND {condition}"
        return [_concept(row) for row in _fetch(statement, {"system": self.id, **parameters})]


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def loaded_code_systems() -> Iterator[StoredCodeSystem]:
    """Every loaded system, the one that was loaded last at the end."""
    for row in LoadedCodeSystem.objects.order_by("loaded", "pk"):
        yield StoredCodeSystem(row)


def _concept(row: tuple[Any, ...]) -> Concept:
    code, display, parent, designations, properties = row
    return Concept(
        code,
        display,
        (parent,) if parent else (),
        tuple(Designation(value, language) for value, language in _json(designations) or ()),
        {name: tuple(values) for name, values in (_json(properties) or {}).items()},
    )


def _json(value: Any) -> Any:
    """A jsonb column: Django's cursors hand it over as text."""
    return orjson.loads(value) if isinstance(value, str) else value


def _conditions(chosen: Selection, column: str) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for number, word in enumerate(folded(chosen.text).split()):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append(f"{column} LIKE %(word{number})s")
        parameters[f"word{number}"] = f"%{escaped}%"
    for number, (name, value) in enumerate(chosen.properties):
        conditions.append(f"c.properties -> %(name{number})s ? %(value{number})s")
        parameters |= {f"name{number}": name, f"value{number}": value}
    return conditions, parameters


def _is_indexed(chosen: Selection) -> bool:
    """Whether the trigrams help: not where all words are shorter than one."""
    return any(len(word) >= _INDEXED_LENGTH for word in folded(chosen.text).split())
