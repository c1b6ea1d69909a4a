"""Code systems whose content is not shipped but whose codes have a form that can be checked.

True: the code is well-formed (and, for the systems listed in `CLOSED`, therefore valid); False: it cannot be a code of
the system; None: nothing is known of the system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from health_platform.fhir.terminology import ucum

BCP_13 = "urn:ietf:bcp:13"
BCP_47 = "urn:ietf:bcp:47"
CURRENCY = "urn:iso:std:iso:4217"
LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"

_MIME = re.compile(r"[a-z]+/[A-Za-z0-9.+\-*_]+(\s*;\s*[A-Za-z0-9\-]+=(\"[^\"]*\"|[^\s;]+))*", re.IGNORECASE)
_BARE_MIME = frozenset({"xml", "json", "ttl", "application/fhir+xml", "application/fhir+json"})
_LANGUAGE = re.compile(
    r"([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?"
    r"(-([A-Za-z0-9]{5,8}|\d[A-Za-z0-9]{3}))*(-[A-WYZa-wyz0-9](-[A-Za-z0-9]{2,8})+)*(-x(-[A-Za-z0-9]{1,8})+)?"
)
_LOINC = re.compile(r"\d{1,7}-\d")
_LOINC_PART = re.compile(r"L[APLG]\d{1,8}-\d")
_SCTID = re.compile(r"[1-9]\d{5,17}")
# ISO 4217, active alphabetic codes (list one, 2024-06).
_CURRENCIES = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
    GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT
    XSU XTS XUA XXX YER ZAR ZMW ZWL""".split()
)
# The check digit of SNOMED CT identifiers: Verhoeff's dihedral group D5 (SNOMED CT Release File Specification, 5.5).
_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTED = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def is_well_formed(system: str, code: str) -> bool | None:
    """Whether a code can be one of a system that is checked by form; None for any other system."""
    check = _CHECKS.get(system)
    return check(code) if check else None


def _is_mime_type(code: str) -> bool:
    return code in _BARE_MIME or bool(_MIME.fullmatch(code))


def _is_language(code: str) -> bool:
    return bool(_LANGUAGE.fullmatch(code))


def _is_loinc(code: str) -> bool:
    if _LOINC_PART.fullmatch(code):
        return True
    return bool(_LOINC.fullmatch(code)) and _luhn(code[:-2]) == int(code[-1])


def _luhn(digits: str) -> int:
    """The check digit of LOINC codes: mod 10 with every second digit from the right doubled (LOINC Users' Guide)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def _is_sctid(code: str) -> bool:
    if not _SCTID.fullmatch(code):
        return False
    check = 0
    for position, digit in enumerate(reversed(code)):
        check = int(_PRODUCT[check][int(_PERMUTED[position % 8][int(digit)])])
    return check == 0


def _is_unit(code: str) -> bool:
    try:
        ucum.parse_unit(code)
    except ucum.UcumError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    BCP_13: _is_mime_type,
    BCP_47: _is_language,
    CURRENCY: _CURRENCIES.__contains__,
    LOINC: _is_loinc,
    SNOMED_CT: _is_sctid,
    UCUM: _is_unit,
}
CLOSED = frozenset({BCP_13, BCP_47, CURRENCY, UCUM})
