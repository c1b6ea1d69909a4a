"""A publisher's file of a code system into the store: read line by line, sent by COPY, nothing held in memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from health_platform.fhir.models import LoadedCodeSystem
from health_platform.fhir.terminology.formats import Format, Hierarchy
from health_platform.fhir.terminology.stored import folded

_ENCODINGS: Final = ("utf-8-sig", "cp949")
_PROBED: Final = 1 << 20
_INCOMING = """
    CREATE TEMPORARY TABLE fhir_concept_incoming (
        line integer, code text COLLATE "C", parent text COLLATE "C", display text, folded text, designations jsonb,
        properties jsonb
    ) ON COMMIT DROP
"""
_COPY = "COPY fhir_concept_incoming (line, code, parent, display, folded, designations, properties) FROM STDIN"
# The last line of a code stands: lists of prices repeat a code for each date from which one is in force.
_MOVE = """
    INSERT INTO fhir_concept (system, number, code, parent, display, folded, designations, properties)
    SELECT %(system)s, row_number() OVER (ORDER BY line) - 1, code, parent, display, folded, designations, properties
    FROM (SELECT DISTINCT ON (code) * FROM fhir_concept_incoming ORDER BY code, line DESC) AS latest ORDER BY line
"""
_PREFIXES = """
    UPDATE fhir_concept c SET parent = found.code
    FROM fhir_concept child, LATERAL (
        SELECT p.code FROM generate_series(length(child.code) - 1, 1, -1) AS length
        JOIN fhir_concept p ON p.system = child.system AND p.code = rtrim(left(child.code, length), '.')
        WHERE p.code <> child.code ORDER BY length DESC LIMIT 1
    ) AS found
    WHERE child.system = %(system)s AND c.system = child.system AND c.code = child.code
"""


class FileError(ValueError):
    """The file cannot be loaded; the text says where it is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    url: str
    version: str
    count: int
    lines: int
    """Lines of the file, among them those of codes that stood more than once."""


def load(source: Path, layout: Format, version: str, *, columns: Mapping[str, str] | None = None) -> Loaded:
    """Loads a CSV or TSV file in UTF-8 or CP949, in one transaction; the same version of a system is replaced.

    ``columns`` gives the names of columns of this file: ``{"code": "질병 코드"}``. Raises FileError.
    """
    named = columns or {}
    layout = replace(
        layout,
        code=(named["code"],) if "code" in named else layout.code,
        display=(named["display"],) if "display" in named else layout.display,
        parent=(named["parent"],) if "parent" in named else layout.parent,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INCOMING)
        lines = _copy(cursor, _rows(source, layout))
        if not lines:
            raise FileError(f"{source.name} has a header and no line with a code.")
        LoadedCodeSystem.objects.filter(url=layout.url, version=version).delete()
        system = LoadedCodeSystem.objects.create(url=layout.url, version=version, title=layout.title)
        cursor.execute(_MOVE, {"system": system.pk})
        system.count = cursor.rowcount
        system.save()
        if layout.hierarchy is Hierarchy.PREFIX:
            cursor.execute(_PREFIXES, {"system": system.pk})
        cursor.execute("DROP TABLE fhir_concept_incoming")
    return Loaded(layout.url, version, system.count, lines)


def _copy(cursor: CursorWrapper, rows: Iterator[Sequence[Any]]) -> int:
    lines = 0
    with cursor.copy(_COPY) as copy:
        for lines, row in enumerate(rows, start=1):
            copy.write_row((lines, *row))
    return lines


def _rows(source: Path, layout: Format) -> Iterator[tuple[Any, ...]]:
    encoding, delimiter = _probe(source)
    with source.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        take = _taker(next(reader, []), layout, source.name)
        try:
            for cells in reader:
                row = take(cells)
                if row is not None:
                    yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileError(f"{source.name}, line {reader.line_num}: {error}") from error


def _probe(source: Path) -> tuple[str, str]:
    """Encoding and separator, from the first megabyte."""
    with source.open("rb") as file:
        start = file.read(_PROBED)
    start = start[: start.rfind(b"\n") + 1] or start
    for encoding in _ENCODINGS:
        try:
            header = start.decode(encoding).partition("\n")[0]
        except UnicodeDecodeError:
            continue
        return encoding, max("\t,;|", key=header.count)
    raise FileError(f"{source.name} is neither UTF-8 nor CP949: save it as UTF-8.")


def _taker(header: Sequence[str], layout: Format, name: str) -> Callable[[list[str]], tuple[Any, ...] | None]:
    """A function from the cells of a line to a row without its line number; None for a line without a code."""
    places = {_plain(column): place for place, column in reversed(list(enumerate(header)))}

    def place_of(names: tuple[str, ...]) -> int | None:
        return next((places[_plain(one)] for one in names if _plain(one) in places), None)

    code, display, parent = (place_of(names) for names in (layout.code, layout.display, layout.parent))
    for part, place, names in (("code", code, layout.code), ("display", display, layout.display)):
        if place is None:
            raise FileError(
                f"{name} has no column for the {part} (looked for {', '.join(names)}). Its columns are: "
                f"{', '.join(header)}. Name the right one: --column {part}=NAME."
            )
    languages = [(one, at) for one, names in layout.designations.items() if (at := place_of(names)) is not None]
    properties = [(key, at) for key, names in layout.properties.items() if (at := place_of(names)) is not None]

    def take(cells: list[str]) -> tuple[Any, ...] | None:
        def cell(place: int | None) -> str:
            return cells[place].strip().replace("\x00", "") if place is not None and place < len(cells) else ""

        found = cell(code)
        if not found:
            return None
        text = cell(display)
        named = [(value, language) for language, at in languages if (value := cell(at))]
        stated = {key: [value] for key, at in properties if (value := cell(at))}
        searched = folded(" ".join((found, text, *(value for value, _ in named))))
        return found, cell(parent) or None, text, searched, _jsonb(named), _jsonb(stated)

    return take


def _plain(column: str) -> str:
    return "".join(column.casefold().split())


def _jsonb(value: Any) -> str | None:
    return orjson.dumps(value).decode() if value else None
