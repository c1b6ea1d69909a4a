"""Districts and dongs of the city, from `places.json` (facts compiled by compile_places.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from health_platform.demo.city.draw import Draw

PLACES_FILE = Path(__file__).with_name("places.json")
CITY_NAME = "광주광역시"
RENAMED_CITY = "전남광주통합특별시"
RENAMED_SINCE = date(2026, 7, 1)

# Share of the citizens by district: our own rounding of the city's published population.
POPULATION = {"동구": 0.07, "서구": 0.20, "남구": 0.15, "북구": 0.30, "광산구": 0.28}


@dataclass(frozen=True, slots=True)
class Dong:
    """A dong: how many institutions it has, where they are on average (degrees), and its usual roads."""

    name: str
    institutions: int
    longitude: float
    latitude: float
    roads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class District:
    """A district with the true number of institutions of each kind."""

    name: str
    kinds: Mapping[str, int]
    dongs: Mapping[str, Dong]

    def dong(self, draw: Draw) -> Dong:
        """A dong, as likely as it has institutions."""
        return self.dongs[draw.weighted({dong.name: dong.institutions for dong in self.dongs.values()})]


@cache
def districts() -> Mapping[str, District]:
    """The five districts by name."""
    document = json.loads(PLACES_FILE.read_text(encoding="utf-8"))["districts"]
    return {name: District(name, each["kinds"], _dongs(each["dongs"])) for name, each in document.items()}


def _dongs(document: Mapping[str, Mapping[str, object]]) -> dict[str, Dong]:
    return {
        name: Dong(
            name=name,
            institutions=int(str(dong["institutions"])),
            longitude=float(str(dong["lon"])),
            latitude=float(str(dong["lat"])),
            roads=tuple(dong["roads"]) if isinstance(dong["roads"], list) else (),
        )
        for name, dong in document.items()
    }


def address(draw: Draw, district: District, dong: Dong, today: date, detail: str = "") -> str:
    """A made-up address in the dong. Once the city has its new name, half of the addresses still use the old one."""
    city = RENAMED_CITY if today >= RENAMED_SINCE and draw.chance(0.5) else CITY_NAME
    number = f"{draw.integer(1, 400)}" + (f"-{draw.integer(1, 30)}" if draw.chance(0.25) else "")
    inside = f", {detail}" if detail else ","
    return f"{city} {district.name} {draw.pick(dong.roads)} {number}{inside} ({dong.name})"
