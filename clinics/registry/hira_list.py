"""Reads a HIRA-style list of institutions (pure): CSV or gzipped CSV, one institution a line.

A row that cannot be read is reported with its line number and its reason; the other rows stand. Columns:

    name, type, gu, address                 required
    dong, tel, doctors, lon, lat            optional; lon and lat are WGS 84 degrees
    inpatient_beds, er_beds, pt_beds        optional; counts, blank when not reported
    er_day, er_night                        optional; True, False, or blank when not reported
    departments, equipment                  optional; names separated by |
    hira_identifier                         optional; the institution's number at HIRA, where it is known
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clinics.registry.normalise import Address, AddressError, collapse, institution_key, parse_address

REQUIRED_COLUMNS = ("name", "type", "gu", "address")

# CodeSystem hira-healthcare-organization-types of KR Core 2.0.0. The list shortens 상급종합병원.
ORGANIZATION_TYPES: Mapping[str, str] = {
    "상급종합병원": "01", "상급종합": "01", "종합병원": "11", "병원": "21", "요양병원": "28", "정신병원": "29",
    "의원": "31", "치과병원": "41", "치과의원": "51", "조산원": "61", "보건소": "71", "보건지소": "72",
    "보건진료소": "73", "모자보건센타": "74", "보건의료원": "75", "약국": "81", "한방종합병원": "91",
    "한방병원": "92", "한의원": "93", "한약방": "94",
}  # fmt: skip

# A list of Korean institutions holds no place outside this box (degrees, WGS 84): swapped or projected coordinates do.
_LONGITUDES = (124.0, 132.0)
_LATITUDES = (33.0, 39.0)
_LINES_OF_A_QUOTED_FIELD = 5
_GZIP_MAGIC = b"\x1f\x8b"


class ListError(ValueError):
    """A file that is no list of institutions at all; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was left out: its line in the file (counted from 1, the header is line 1) and the reason."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Institution:
    """One row. Counts are None where the list reports none; `er_day` and `er_night` are None where it does not say."""

    line: int
    key: str
    name: str
    type_name: str
    address: Address
    dong: str = ""
    telephone: str = ""
    doctors: int | None = None
    position: tuple[str, str] | None = None
    """Longitude and latitude, WGS 84 degrees, as the list writes them."""
    inpatient_beds: int | None = None
    er_beds: int | None = None
    er_day: bool | None = None
    er_night: bool | None = None
    departments: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    hira_identifier: str = ""


@dataclass(frozen=True, slots=True)
class InstitutionList:
    """What a file holds: the institutions, each key once, and the rows that could not be read."""

    institutions: tuple[Institution, ...]
    errors: tuple[RowError, ...] = ()


def read_list(data: bytes) -> InstitutionList:
    """All institutions of a file's bytes (CSV in UTF-8 or CP949, gzipped or not).

    Raises ListError when the bytes are no such file or a required column is missing.
    """
    lines = _decode(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].strip():
        raise ListError("the file begins with an empty line: a header line with the column names is needed")
    header = _header(lines[0])
    institutions: dict[str, Institution] = {}
    errors: list[RowError] = []
    for line, fields in _records(lines, len(header)):
        outcome = _read_row(line, header, fields)
        if isinstance(outcome, Institution) and outcome.key in institutions:
            first = institutions[outcome.key].line
            outcome = RowError(line, f"the same name and address as line {first}: {outcome.name}")
        if isinstance(outcome, RowError):
            errors.append(outcome)
        else:
            institutions[outcome.key] = outcome
    return InstitutionList(tuple(institutions.values()), tuple(errors))


def _decode(data: bytes) -> str:
    if data.startswith(_GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise ListError(f"the file is a damaged gzip file ({error}): fetch it again") from error
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListError("the file is neither UTF-8 nor CP949 text: save the list as a CSV file in UTF-8")


def _header(line: str) -> tuple[str, ...]:
    header = tuple(name.strip() for name in next(csv.reader([line]), []))
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        raise ListError(f"the header line lacks the column(s) {', '.join(missing)}; it has: {', '.join(header)}")
    return header


def _records(lines: Sequence[str], width: int) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on. A stray quote spoils its own line only, not the rest of the file."""
    index = 1
    while index < len(lines):
        taken = _lines_of_record(lines, index, width)
        if lines[index].strip():
            yield index + 1, next(csv.reader(["\n".join(lines[index : index + taken])], strict=False), [])
        index += taken


def _lines_of_record(lines: Sequence[str], index: int, width: int) -> int:
    """How many lines the record takes: more than one only where a quoted field runs on and the columns then fit."""
    for taken in range(1, _LINES_OF_A_QUOTED_FIELD + 1):
        text = "\n".join(lines[index : index + taken])
        if text.count('"') % 2 == 0 and (taken == 1 or len(next(csv.reader([text]), [])) == width):
            return taken
    return 1


def _read_row(line: int, header: Sequence[str], fields: Sequence[str]) -> Institution | RowError:
    if len(fields) != len(header):
        return RowError(line, f"{len(fields)} columns where the header has {len(header)}: check quotes and commas")
    row = {name: collapse(value) for name, value in zip(header, fields, strict=True)}
    try:
        return _institution(line, row)
    except ValueError as error:
        return RowError(line, str(error))


def _institution(line: int, row: Mapping[str, str]) -> Institution:
    name = row["name"]
    if not name:
        raise ValueError("the name is missing")
    address = _address(row)
    return Institution(
        line=line,
        key=institution_key(name, address),
        name=name,
        type_name=_type_name(row["type"]),
        address=address,
        dong=row.get("dong", "") or address.dong,
        telephone=row.get("tel", ""),
        doctors=_count(row, "doctors"),
        position=_position(row),
        inpatient_beds=_count(row, "inpatient_beds"),
        er_beds=_count(row, "er_beds"),
        er_day=_flag(row, "er_day"),
        er_night=_flag(row, "er_night"),
        departments=_names(row, "departments"),
        equipment=_names(row, "equipment"),
        hira_identifier=row.get("hira_identifier", ""),
    )


def _type_name(text: str) -> str:
    if text not in ORGANIZATION_TYPES:
        raise ValueError(f"type {text!r} is no kind of institution (known: {', '.join(ORGANIZATION_TYPES)})")
    return text


def _address(row: Mapping[str, str]) -> Address:
    if not row["address"]:
        raise AddressError("the address is missing")
    address = parse_address(row["address"])
    if row["gu"] and row["gu"] != address.district.name:
        raise AddressError(f"gu is {row['gu']!r}, but the address lies in {address.district.name}: {address.text}")
    return address


def _position(row: Mapping[str, str]) -> tuple[str, str] | None:
    longitude, latitude = row.get("lon", ""), row.get("lat", "")
    if not longitude and not latitude:
        return None
    if not (_within(longitude, _LONGITUDES) and _within(latitude, _LATITUDES)):
        raise ValueError(f"lon {longitude!r}, lat {latitude!r}: not a place in Korea in WGS 84 degrees")
    return longitude, latitude


def _within(text: str, bounds: tuple[float, float]) -> bool:
    try:
        return bounds[0] <= float(text) <= bounds[1]
    except ValueError:
        return False


def _count(row: Mapping[str, str], column: str) -> int | None:
    text = row.get(column, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{column} is {text!r}, not a whole number of 0 or more")
    return int(text)


def _flag(row: Mapping[str, str], column: str) -> bool | None:
    text = row.get(column, "").casefold()
    known = {"": None, "true": True, "y": True, "false": False, "n": False}
    if text not in known:
        raise ValueError(f"{column} is {text!r}, not True, False or blank")
    return known[text]


def _names(row: Mapping[str, str], column: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in row.get(column, "").split("|") if name.strip()))
