"""Code systems that were loaded from a file (`manage.py terminology_load`): concepts as rows of fhir_concept.

Nothing of a system is held in memory but the concepts that were asked for last; pages of a million concepts are read by
their number, the text filter by trigrams. What is cached here is valid for one generation of knowledge (knowledge.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from django.db import connection

from health_platform.fhir.models import LoadedCodeSystem
from health_platform.fhir.terminology.values import Concept, Designation

CHUNK: Final = 2000
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
        with connection.cursor() as cursor:
            statement = _BELOW.format(start="code") + "SELECT code FROM below LIMIT %(limit)s"
            cursor.execute(statement, {"system": self.id, "top": code, "limit": limit})
            return [row[0] for row in cursor.fetchall()]

    def page(self, chosen: Selection, offset: int, count: int) -> tuple[int | None, list[Concept]]:
        """Concepts in the order of the file, and how many there are in all (None: more than are counted)."""
        if chosen == Selection():
            return self.count, self._numbered(offset, offset + count)
        conditions, parameters = _conditions(chosen)
        parameters |= {"system": self.id, "offset": offset, "count": count, "most": MAX_COUNTED + 1}
        prefix = ""
        if chosen.branch is not None:
            top, itself = chosen.branch
            prefix = _BELOW.format(start="code" if itself else "parent")
            conditions.append("c.code IN (SELECT code FROM below)")
            parameters["top"] = top
        where = " AND ".join(["c.system = %(system)s", *conditions])
        total = None if _is_unselective(chosen) else self._count(prefix, where, parameters)
        return total, self._selected(prefix, where, parameters, is_small=total is not None)

    def _count(self, prefix: str, where: str, parameters: dict[str, Any]) -> int | None:
        with connection.cursor() as cursor:
            matches = f"SELECT 1 FROM fhir_concept c WHERE {where} LIMIT %(most)s"
            cursor.execute(f"{prefix}SELECT count(*) FROM ({matches}) AS matches", parameters)
            found = int(cursor.fetchone()[0])
        return None if found > MAX_COUNTED else found

    def _selected(self, prefix: str, where: str, parameters: dict[str, Any], *, is_small: bool) -> list[Concept]:
        """A small selection is found by its index and sorted; of a large one the order is followed until the page is
        full. The planner cannot know which it is, so it is told."""
        source = f"SELECT c.* FROM fhir_concept c WHERE {where}"
        rows = f"({source} OFFSET 0)" if is_small else f"({source})"
        statement = f"{prefix}SELECT {_COLUMNS} FROM {rows} AS c ORDER BY c.number LIMIT %(count)s OFFSET %(offset)s"
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [_concept(row) for row in cursor.fetchall()]

    def _read(self, code: str) -> Concept | None:
        return next(iter(self._rows("c.code = %(code)s", {"code": code})), None)

    def _numbered(self, start: int, end: int) -> list[Concept]:
        within = "c.number >= %(start)s AND c.number < %(end)s ORDER BY c.number"
        return self._rows(within, {"start": start, "end": end})

    def _rows(self, condition: str, parameters: dict[str, Any]) -> list[Concept]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM fhir_concept c WHERE c.system = %(system)s AND {condition}",
                {"system": self.id, **parameters},
            )
            return [_concept(row) for row in cursor.fetchall()]


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


def _conditions(chosen: Selection) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for number, word in enumerate(folded(chosen.text).split()):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append(f"c.folded LIKE %(word{number})s")
        parameters[f"word{number}"] = f"%{escaped}%"
    for number, (name, value) in enumerate(chosen.properties):
        conditions.append(f"c.properties -> %(name{number})s ? %(value{number})s")
        parameters |= {f"name{number}": name, f"value{number}": value}
    return conditions, parameters


def _is_unselective(chosen: Selection) -> bool:
    """Whether no index helps: property values alone, or words too short for a trigram."""
    return chosen.branch is None and not any(len(word) >= _INDEXED_LENGTH for word in folded(chosen.text).split())
