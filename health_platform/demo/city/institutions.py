"""The city's institutions: the five centres, the true number of each kind per district, all else made up (pure).

Numbers per district and kind: `places.json`. Emergency institutions: 21 with 345 emergency beds in all, the figures
that the city published in October 2025; how the beds spread over them, and every name, address and number, is our own.
The numbers at HIRA begin with 99 and the telephone numbers with 062-000, which nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from clinics.registry.hira_list import Institution
from clinics.registry.normalise import institution_key, parse_address
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.names import CLINIC_WORDS
from health_platform.demo.city.places import District, address, districts

EMERGENCY_BEDS = 345
EMERGENCY_INSTITUTIONS = {"동구": 2, "서구": 4, "남구": 3, "북구": 5, "광산구": 7}
_FEWEST_BEDS, _MOST_BEDS = 10, 37
_EMERGENCY_KINDS = ("상급종합", "종합병원")

# The seats of the five centres are public: (road and number, dong, longitude, latitude).
_CENTRES: Mapping[str, tuple[str, str, str, str]] = {
    "동구": ("서남로 1", "서석동", "126.9233", "35.1461"),
    "서구": ("경열로 33", "농성동", "126.8901", "35.1520"),
    "남구": ("봉선로 1", "주월동", "126.9024", "35.1330"),
    "북구": ("우치로 65", "중흥동", "126.9121", "35.1733"),
    "광산구": ("하남마항로48번길 7", "흑석동", "126.8008", "35.1848"),
}

# Departments of a clinic (의원) and their shares: our own assumption.
CLINIC_DEPARTMENTS = {
    "내과": 0.26, "가정의학과": 0.12, "정형외과": 0.12, "소아청소년과": 0.10, "이비인후과": 0.10, "안과": 0.07,
    "피부과": 0.07, "산부인과": 0.05, "정신건강의학과": 0.05, "신경과": 0.03, "비뇨의학과": 0.03,
}  # fmt: skip
_HOSPITAL_DEPARTMENTS = ("내과", "외과", "정형외과", "신경외과", "신경과", "재활의학과", "영상의학과")
_DEPARTMENTS: Mapping[str, tuple[str, ...]] = {
    "상급종합": (*_HOSPITAL_DEPARTMENTS, "정신건강의학과", "응급의학과"),
    "종합병원": (*_HOSPITAL_DEPARTMENTS, "정신건강의학과"),
    "병원": _HOSPITAL_DEPARTMENTS[:4],
    "요양병원": ("내과", "가정의학과", "재활의학과"),
    "정신병원": ("정신건강의학과",),
    "치과병원": ("치과보철과", "치과교정과", "치주과"),
    "치과의원": ("통합치의학과",),
    "한방병원": ("한방내과", "침구과", "한방재활의학과"),
    "한의원": ("한방내과", "침구과"),
    "보건소": ("내과", "재활의학과", "예방의학과"),
}
_BEDS = {
    "상급종합": (700, 1000),
    "종합병원": (150, 500),
    "병원": (40, 200),
    "요양병원": (80, 250),
    "한방병원": (40, 120),
}


@dataclass(frozen=True, slots=True)
class Emergency:
    """What an emergency institution has beyond a hospital."""

    beds: int
    open_by_night: bool | None


def build_institutions(seed: int, today: date) -> tuple[Institution, ...]:
    """All institutions of the city, district by district, the centre first."""
    institutions: dict[str, Institution] = {}
    beds = emergency_beds(Draw(seed, "emergency beds"))
    for district in districts().values():
        _District(Draw(seed, "institutions", district.name), district, today, institutions).build(beds)
    return tuple(institutions.values())


def emergency_beds(draw: Draw) -> Iterator[int]:
    """The beds of each emergency institution: EMERGENCY_BEDS over EMERGENCY_INSTITUTIONS."""
    beds = [_FEWEST_BEDS] * sum(EMERGENCY_INSTITUTIONS.values())
    while sum(beds) < EMERGENCY_BEDS:
        index = draw.integer(0, len(beds) - 1)
        beds[index] += beds[index] < _MOST_BEDS
    yield from beds


@dataclass(frozen=True, slots=True)
class _District:
    """Adds a district's institutions to those of the city (`institutions`, by key)."""

    draw: Draw
    district: District
    today: date
    institutions: dict[str, Institution]

    def build(self, beds: Iterator[int]) -> None:
        """The centre, then kind by kind; hospitals take emergency beds while the district has some left."""
        self._take(_centre(self.district, self._line()))
        left = EMERGENCY_INSTITUTIONS[self.district.name]
        for kind in sorted(self.district.kinds, key=lambda kind: kind not in _EMERGENCY_KINDS):
            for _ in range(self.district.kinds[kind] - (kind == "보건소")):
                emergency = None
                if kind in _EMERGENCY_KINDS and left:
                    left -= 1
                    emergency = Emergency(next(beds), self.draw.pick((True, True, None)))
                while not self._take(self._institution(kind, emergency)):
                    pass

    def _line(self) -> int:
        return len(self.institutions) + 2

    def _take(self, institution: Institution) -> bool:
        """Whether name and address are new."""
        return self.institutions.setdefault(institution.key, institution) is institution

    def _institution(self, kind: str, emergency: Emergency | None) -> Institution:
        draw, line = self.draw, self._line()
        dong = self.district.dong(draw)
        departments = _departments(draw, kind, emergency)
        name = _name(draw, kind, dong.name, departments)
        floor = f"{draw.integer(1, 7)}층" if kind == "의원" else ""
        place = parse_address(address(draw, self.district, dong, self.today, floor))
        low, high = _BEDS.get(kind, (0, 0))
        return Institution(
            line=line,
            key=institution_key(name, place),
            name=name,
            type_name=kind,
            address=place,
            dong=dong.name,
            telephone=_telephone(line),
            doctors=max(1, round(high / 8)),
            position=_position(draw, dong.longitude, dong.latitude),
            inpatient_beds=draw.integer(low, high),
            er_beds=emergency.beds if emergency else 0,
            er_day=True if emergency else None,
            er_night=emergency.open_by_night if emergency else None,
            departments=departments,
            equipment=_equipment(draw, kind),
            hira_identifier=_hira_identifier(line),
        )


def _centre(district: District, line: int) -> Institution:
    road, dong, longitude, latitude = _CENTRES[district.name]
    name = f"광주 {district.name} 보건소"
    place = parse_address(f"광주광역시 {district.name} {road}, ({dong})")
    return Institution(
        line=line,
        key=institution_key(name, place),
        name=name,
        type_name="보건소",
        address=place,
        dong=dong,
        telephone=_telephone(line),
        doctors=5,
        position=(longitude, latitude),
        inpatient_beds=0,
        departments=_DEPARTMENTS["보건소"],
        hira_identifier=_hira_identifier(line),
    )


def _position(draw: Draw, longitude: float, latitude: float) -> tuple[str, str]:
    return f"{draw.normal(longitude, 0.004):.6f}", f"{draw.normal(latitude, 0.003):.6f}"


def _departments(draw: Draw, kind: str, emergency: Emergency | None) -> tuple[str, ...]:
    if kind == "의원":
        return (draw.weighted(CLINIC_DEPARTMENTS),)
    departments = _DEPARTMENTS.get(kind, ())
    extra = ("응급의학과",) if emergency and "응급의학과" not in departments else ()
    return (*departments, *extra)


def _equipment(draw: Draw, kind: str) -> tuple[str, ...]:
    if kind in _EMERGENCY_KINDS:
        return ("CT", "MRI", "초음파영상진단기", "골밀도검사기")
    return ("초음파영상진단기",) if kind in ("의원", "병원") and draw.chance(0.5) else ()


def _name(draw: Draw, kind: str, dong: str, departments: tuple[str, ...]) -> str:
    word = draw.pick(CLINIC_WORDS)
    if kind in ("보건지소", "보건진료소"):
        return f"{dong.removesuffix('동')}{kind}"
    if kind == "의원":
        return f"{word}{departments[0]}의원"
    return f"{word}{'대학교병원' if kind == '상급종합' else kind}"


def _telephone(line: int) -> str:
    return f"062-000-{line:04d}"


def _hira_identifier(line: int) -> str:
    return f"99{line:06d}"
