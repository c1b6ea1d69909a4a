"""Names and addresses of institutions in one form, and the key made of them (pure).

The list of institutions carries no identifier, so an institution is known by its name and its road-name address. What
changes without the institution changing stays out of the key: the city's name (data in `regions.json`), blanks and
letter case, the floor and room, the dong and building in parentheses.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REGIONS_FILE = Path(__file__).with_name("regions.json")

# Road name, then building number, as the Road Name Address Act writes them: "상무대로695번길 5-1". The look-ahead keeps
# the "12번길" of a branch road from being read as the building number of its main road.
_ROAD = re.compile(
    r"(?P<road>\S*?(?:로|길)(?:\s?\d+[가-힣]?번?길)?)\s*(?P<under>지하)?\s*(?P<main>\d+)(?:-(?P<sub>\d+))?(?![0-9가-힣]*번?길)"
)
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_DONG = re.compile(r"[가-힣0-9]+(?:동|가|리)")


class AddressError(ValueError):
    """An address that names no known city or district; the text says what and how to mend it."""


@dataclass(frozen=True, slots=True)
class District:
    """A district of a city; `code` is HIRA's sgguCd, `key` is stable whatever the city is called."""

    key: str
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class City:
    """A city under all names that addresses give it."""

    id: str
    names: tuple[str, ...]
    short_names: tuple[str, ...]
    code: str
    districts: tuple[District, ...]

    def district(self, name: str) -> District | None:
        """The district of this name, or None."""
        return next((district for district in self.districts if district.name == name), None)


@dataclass(frozen=True, slots=True)
class Address:
    """A road-name address in parts: `city` as written, `road` and `number` empty where none was found."""

    text: str
    city: str
    district: District
    road: str
    number: str
    detail: str
    dong: str


@cache
def cities() -> tuple[City, ...]:
    """The cities of `regions.json`."""
    document = json.loads(REGIONS_FILE.read_text(encoding="utf-8"))
    return tuple(
        City(
            id=city["id"],
            names=tuple(city["names"]),
            short_names=tuple(city["short_names"]),
            code=city["codes"]["hira"],
            districts=tuple(
                District(f"{city['id']}/{district['id']}", district["name"], district["codes"]["hira"])
                for district in city["districts"]
            ),
        )
        for city in document["cities"]
    )


def collapse(text: str) -> str:
    """NFKC with single blanks: what two spellings of the same line have in common."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def parse_address(text: str) -> Address:
    """The parts of an address such as `광주광역시 서구 상무대로 1, 2층 (치평동)`.

    Raises AddressError when it does not begin with a city and a district of `regions.json`.
    """
    clean = collapse(text)
    city, city_name, rest = _split_city(clean)
    name, _, tail = rest.partition(" ")
    district = city.district(name)
    if district is None:
        known = ", ".join(each.name for each in city.districts)
        raise AddressError(f"address {clean!r}: {name!r} is no district of {city_name} (known: {known})")
    match = _ROAD.match(tail)
    road, number, detail = ("", "", tail) if match is None else (_road(match), _number(match), tail[match.end() :])
    return Address(clean, city_name, district, road, number, _detail(detail), _dong(detail))


def _split_city(text: str) -> tuple[City, str, str]:
    for city in cities():
        for name in (*city.names, *city.short_names):
            if text.startswith(f"{name} "):
                return city, name, text[len(name) + 1 :]
    known = ", ".join(name for city in cities() for name in city.names)
    raise AddressError(f"address {text!r} begins with no known city (known: {known})")


def _road(match: re.Match[str]) -> str:
    return match["road"].replace(" ", "")


def _number(match: re.Match[str]) -> str:
    branch = f"-{int(match['sub'])}" if int(match["sub"] or 0) else ""
    return f"{match['under'] or ''}{int(match['main'])}{branch}"


def _detail(text: str) -> str:
    return collapse(_IN_PARENTHESES.sub(" ", text)).strip(" ,")


def _dong(text: str) -> str:
    """The legal dong: the first thing inside the last pair of parentheses, where it looks like one."""
    groups = _IN_PARENTHESES.findall(text)
    first = groups[-1].split(",")[0].strip() if groups else ""
    return first if _DONG.fullmatch(first) else ""


def normalise_name(name: str) -> str:
    """The name without blanks, in one letter case, without the city's official name in front of it."""
    compact = collapse(name).replace(" ", "").casefold()
    for city in cities():
        for prefix in city.names:
            if compact.startswith(prefix) and len(compact) > len(prefix):
                return compact[len(prefix) :]
    return compact


def institution_key(name: str, address: Address) -> str:
    """The stable key: 32 hexadecimal digits of SHA-256 over normalised name, district, road and building number."""
    place = f"{address.road} {address.number}" if address.road else collapse(address.text.partition("(")[0])
    parts = (normalise_name(name), address.district.key, place.casefold())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
