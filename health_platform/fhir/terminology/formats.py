"""How the publishers' files of code systems are laid out: column names as data (`manage.py terminology_load`).

The names are those of the files that the publishers give out: LOINC's Loinc.csv (LOINC Users' Guide, appendix A); the
KCD masters of Statistics Korea; HIRA's lists of procedures, medications and materials (EDI) and of standard drug codes
(KD); WHO's ATC index. Editions differ, so a column may have several names, and the command takes others (`--column`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from health_platform.fhir.terminology import external

KR: Final = "http://www.hl7korea.or.kr/CodeSystem/"


class Hierarchy(StrEnum):
    """Where the parent of a concept is stated: nowhere, in a column, or as the longest other code that begins it."""

    NONE = "none"
    COLUMN = "column"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Format:
    """`code`, `display`, `parent`: names that the column may have. `designations`: language -> names. `properties`:
    property of the concept -> names."""

    title: str
    url: str
    code: tuple[str, ...]
    display: tuple[str, ...]
    designations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hierarchy: Hierarchy = Hierarchy.NONE
    parent: tuple[str, ...] = ()


_KOREAN = ("한글명칭", "한글명", "질병명", "국문명", "명칭", "korean")
_ENGLISH = ("영문명칭", "영문명", "영문 명칭", "english")


def _kcd(edition: int, url: str) -> Format:
    return Format(
        title=f"한국표준질병사인분류 KCD-{edition}",
        url=url,
        code=("질병분류코드", "질병분류 코드", "분류코드", "상병기호", "상병코드", "질병코드", "코드", "code"),
        display=_KOREAN,
        designations={"en": _ENGLISH},
        properties={"level": ("분류기준", "분류 기준", "분류단계", "level"), "sex": ("성별구분", "성별 구분", "sex")},
        hierarchy=Hierarchy.PREFIX,
    )


def _edi(title: str, name: str, *code: str) -> Format:
    return Format(
        title=title,
        url=KR + name,
        code=(*code, "EDI코드", "EDI 코드", "코드", "code"),
        display=("한글명", "품명", "제품명", "한글명칭", "명칭", "display"),
        designations={"en": ("영문명", "영문명칭", "english")},
        properties={
            "validFrom": ("적용일자", "적용시작일자", "적용개시일자"),
            "validTo": ("적용종료일자", "종료일자"),
            "maker": ("업체명", "제조업체명", "제조회사"),
            "unit": ("단위", "규격"),
        },
    )


FORMATS: Final[Mapping[str, Format]] = {
    "loinc": Format(
        title="LOINC",
        url=external.LOINC,
        code=("LOINC_NUM",),
        display=("LONG_COMMON_NAME",),
        designations={"": ("SHORTNAME",)},
        properties={
            name: (name,)
            for name in ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS")
        },
    ),
    "kcd-8": _kcd(8, KR + "kostat-kcd-8"),
    # KR Core 2.0.0 names KCD-8 alone; the URL of this edition is our own until HL7 Korea gives one (--url).
    "kcd-9": _kcd(9, "urn:bitgoeul:CodeSystem:kcd-9"),
    "edi-procedure": _edi("건강보험 수가(행위) EDI", "hira-edi-procedure", "수가코드", "행위코드"),
    "edi-medication": _edi("건강보험 약제 EDI", "hira-edi-medication", "제품코드", "약품코드", "약가코드"),
    "edi-material": _edi("건강보험 치료재료 EDI", "hira-edi-material", "재료코드", "치료재료코드"),
    "kd": Format(
        title="의약품표준코드 KD",
        url=KR + "kpis-kdcode",
        code=("표준코드", "의약품표준코드", "KD코드", "code"),
        display=("한글상품명", "상품명", "제품명", "품목명", "display"),
        properties={
            "representative": ("대표코드",),
            "edi": ("제품코드(개정후)", "제품코드", "보험코드"),
            "atc": ("ATC코드", "ATC 코드"),
            "ingredient": ("일반명코드(성분명코드)", "일반명코드", "주성분코드"),
            "maker": ("업체명",),
        },
    ),
    "atc": Format(
        title="ATC",
        url="http://www.whocc.no/atc",
        code=("ATC code", "atc_code", "ATC코드", "code"),
        display=("ATC level name", "atc_name", "name", "영문명", "display"),
        designations={"ko": ("한글명", "ATC코드명", "korean")},
        hierarchy=Hierarchy.PREFIX,
    ),
    "codes": Format(
        title="",
        url="",
        code=("code",),
        display=("display",),
        designations={"ko": ("ko",), "en": ("en",)},
        hierarchy=Hierarchy.COLUMN,
        parent=("parent",),
    ),
}
"""By the name that the command takes; `codes` is our own plain form: code, display, parent, ko, en (with --url)."""
