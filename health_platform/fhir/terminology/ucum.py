"""Units of measure: expressions of the Unified Code for Units of Measure, their factors, dimensions and conversion.

Grammar and values: UCUM 2.2, https://ucum.org/ucum (case-sensitive codes). Exact: factors are fractions, the constants
of UCUM's table are taken with the digits that it gives. Two quantities convert only where their dimensions agree; what
needs more than a unit (milligram to millimole) is not a conversion of units. Units of levels (bel, neper, pH), whose
scales are not linear, parse and convert to themselves alone; those of geodesy, print and old trades are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

MAX_LENGTH: Final = 200
_MAX_EXPONENT: Final = 64
_DIGITS: Final = Context(prec=34)
_ONE: Final = Fraction(1)


class UcumError(ValueError):
    """The text is no unit of UCUM, or two units measure different things."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of base units: `(value + offset) * factor` gives the amount in them.

    `dimension` holds (base unit, exponent) pairs in order; `offset` is not zero for temperature scales alone.
    """

    factor: Fraction
    dimension: tuple[tuple[str, int], ...] = ()
    offset: Fraction = Fraction(0)


_BASE: Final = ("m", "s", "g", "rad", "K", "C", "cd")

_PREFIXES: Final[Mapping[str, Fraction]] = {
    **{
        name: Fraction(10) ** exponent
        for name, exponent in {
            "Q": 30, "R": 27, "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
            "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24, "r": -27,
            "q": -30,
        }.items()
    },
    **{name: Fraction(1024) ** power for name, power in {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4}.items()},
}  # fmt: skip

# Units that take prefixes: value and unit of each.
_METRIC: Final[Mapping[str, tuple[str, str]]] = {
    "mol": ("6.02214076e23", "1"),
    "sr": ("1", "rad2"),
    "Hz": ("1", "s-1"),
    "N": ("1", "kg.m/s2"),
    "Pa": ("1", "N/m2"),
    "J": ("1", "N.m"),
    "W": ("1", "J/s"),
    "A": ("1", "C/s"),
    "V": ("1", "J/C"),
    "F": ("1", "C/V"),
    "Ohm": ("1", "V/A"),
    "S": ("1", "Ohm-1"),
    "Wb": ("1", "V.s"),
    "T": ("1", "Wb/m2"),
    "H": ("1", "Wb/A"),
    "lm": ("1", "cd.sr"),
    "lx": ("1", "lm/m2"),
    "Bq": ("1", "s-1"),
    "Gy": ("1", "J/kg"),
    "Sv": ("1", "J/kg"),
    "l": ("1", "dm3"),
    "L": ("1", "l"),
    "ar": ("100", "m2"),
    "t": ("1e3", "kg"),
    "bar": ("1e5", "Pa"),
    "u": ("1.66053906660e-24", "g"),
    "eV": ("1", "[e].V"),
    "pc": ("3.085678e16", "m"),
    "[c]": ("299792458", "m/s"),
    "[h]": ("6.62607015e-34", "J.s"),
    "[k]": ("1.380649e-23", "J/K"),
    "[e]": ("1.602176634e-19", "C"),
    "[g]": ("9.80665", "m/s2"),
    "[ly]": ("1", "[c].a_j"),
    "gf": ("1", "g.[g]"),
    "Ky": ("1", "cm-1"),
    "Gal": ("1", "cm/s2"),
    "dyn": ("1", "g.cm/s2"),
    "erg": ("1", "dyn.cm"),
    "P": ("1", "dyn.s/cm2"),
    "Bi": ("10", "A"),
    "St": ("1", "cm2/s"),
    "Mx": ("1e-8", "Wb"),
    "G": ("1e-4", "T"),
    "Oe": ("250", "/[pi].A/m"),
    "sb": ("1", "cd/cm2"),
    "ph": ("1e-4", "lx"),
    "Ci": ("37e9", "Bq"),
    "R": ("2.58e-4", "C/kg"),
    "RAD": ("100", "erg/g"),
    "REM": ("1", "RAD"),
    "cal_[15]": ("4.18580", "J"),
    "cal_[20]": ("4.18190", "J"),
    "cal_m": ("4.19002", "J"),
    "cal_IT": ("4.1868", "J"),
    "cal_th": ("4.184", "J"),
    "cal": ("1", "cal_th"),
    "m[H2O]": ("9.80665", "kPa"),
    "m[Hg]": ("133.3220", "kPa"),
    "eq": ("1", "mol"),
    "osm": ("1", "mol"),
    "g%": ("1", "g/dl"),
    "kat": ("1", "mol/s"),
    "U": ("1", "umol/min"),
    "st": ("1", "m3"),
    "mho": ("1", "S"),
    "bit": ("1", "1"),
    "By": ("8", "bit"),
    "Bd": ("1", "/s"),
}

# Units without prefixes.
_OTHERS: Final[Mapping[str, tuple[str, str]]] = {
    "10*": ("10", "1"),
    "10^": ("10", "1"),
    "[pi]": ("3.1415926535897932384626433832795028841971693993751058209749445923", "1"),
    "%": ("0.01", "1"),
    "[ppth]": ("1e-3", "1"),
    "[ppm]": ("1e-6", "1"),
    "[ppb]": ("1e-9", "1"),
    "[pptr]": ("1e-12", "1"),
    "gon": ("0.9", "deg"),
    "deg": ("2", "[pi].rad/360"),
    "'": ("1", "deg/60"),
    "''": ("1", "'/60"),
    "min": ("60", "s"),
    "h": ("60", "min"),
    "d": ("24", "h"),
    "wk": ("7", "d"),
    "a_t": ("365.24219", "d"),
    "a_j": ("365.25", "d"),
    "a_g": ("365.2425", "d"),
    "a": ("1", "a_j"),
    "mo_s": ("29.53059", "d"),
    "mo_j": ("1", "a_j/12"),
    "mo_g": ("1", "a_g/12"),
    "mo": ("1", "mo_j"),
    "AU": ("149597.870691", "Mm"),
    "atm": ("101325", "Pa"),
    "[lbf_av]": ("1", "[lb_av].[g]"),
    "att": ("1", "kgf/cm2"),
    "[psi]": ("1", "[lbf_av]/[sin_i]"),
    "[in_i]": ("2.54", "cm"),
    "[ft_i]": ("12", "[in_i]"),
    "[yd_i]": ("3", "[ft_i]"),
    "[mi_i]": ("5280", "[ft_i]"),
    "[fth_i]": ("6", "[ft_i]"),
    "[nmi_i]": ("1852", "m"),
    "[kn_i]": ("1", "[nmi_i]/h"),
    "[sin_i]": ("1", "[in_i]2"),
    "[sft_i]": ("1", "[ft_i]2"),
    "[syd_i]": ("1", "[yd_i]2"),
    "[cin_i]": ("1", "[in_i]3"),
    "[cft_i]": ("1", "[ft_i]3"),
    "[cyd_i]": ("1", "[yd_i]3"),
    "[mil_i]": ("1e-3", "[in_i]"),
    "[hd_i]": ("4", "[in_i]"),
    "[gal_us]": ("231", "[in_i]3"),
    "[qt_us]": ("1", "[gal_us]/4"),
    "[pt_us]": ("1", "[qt_us]/2"),
    "[gil_us]": ("1", "[pt_us]/4"),
    "[foz_us]": ("1", "[gil_us]/4"),
    "[fdr_us]": ("1", "[foz_us]/8"),
    "[min_us]": ("1", "[fdr_us]/60"),
    "[tbs_us]": ("1", "[foz_us]/2"),
    "[tsp_us]": ("1", "[tbs_us]/3"),
    "[cup_us]": ("16", "[tbs_us]"),
    "[foz_m]": ("30", "mL"),
    "[cup_m]": ("240", "mL"),
    "[tsp_m]": ("5", "mL"),
    "[tbs_m]": ("15", "mL"),
    "[gal_br]": ("4.54609", "l"),
    "[qt_br]": ("1", "[gal_br]/4"),
    "[pt_br]": ("1", "[qt_br]/2"),
    "[gil_br]": ("1", "[pt_br]/4"),
    "[foz_br]": ("1", "[gil_br]/5"),
    "[gr]": ("64.79891", "mg"),
    "[lb_av]": ("7000", "[gr]"),
    "[oz_av]": ("1", "[lb_av]/16"),
    "[dr_av]": ("1", "[oz_av]/16"),
    "[scwt_av]": ("100", "[lb_av]"),
    "[lcwt_av]": ("112", "[lb_av]"),
    "[ston_av]": ("20", "[scwt_av]"),
    "[lton_av]": ("20", "[lcwt_av]"),
    "[stone_av]": ("14", "[lb_av]"),
    "[oz_tr]": ("480", "[gr]"),
    "[lb_tr]": ("12", "[oz_tr]"),
    "[sc_ap]": ("20", "[gr]"),
    "[dr_ap]": ("3", "[sc_ap]"),
    "[oz_ap]": ("8", "[dr_ap]"),
    "[lb_ap]": ("12", "[oz_ap]"),
    "[oz_m]": ("28", "g"),
    "[car_m]": ("0.2", "g"),
    "[degR]": ("1", "K.5/9"),
    "[Cal]": ("1", "kcal_th"),
    "[Btu_IT]": ("1.05505585262", "kJ"),
    "[Btu_th]": ("1.054350", "kJ"),
    "[Btu]": ("1", "[Btu_th]"),
    "[HP]": ("550", "[ft_i].[lbf_av]/s"),
    "[in_i'H2O]": ("1", "m[H2O].[in_i]/m"),
    "[in_i'Hg]": ("1", "m[Hg].[in_i]/m"),
    "[PRU]": ("1", "mm[Hg].s/ml"),
    "[wood'U]": ("1", "mm[Hg].min/L"),
    "[diop]": ("1", "/m"),
    "[mesh_i]": ("1", "/[in_i]"),
    "[Ch]": ("1", "mm/3"),
    "[drp]": ("1", "ml/20"),
    "[hnsf'U]": ("1", "1"),
    "[MET]": ("3.5", "mL/min/kg"),
    "[S]": ("1e-13", "s"),
    "[HPF]": ("1", "1"),
    "[LPF]": ("100", "1"),
    "Ao": ("0.1", "nm"),
    "b": ("100", "fm2"),
    "circ": ("2", "[pi].rad"),
    "sph": ("4", "[pi].sr"),
    "Lmb": ("1", "cd/cm2/[pi]"),
}

# Units that a procedure defines: each is a dimension of its own, so none converts to another.
_ARBITRARY: Final = frozenset(
    """
    [arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U] [smgy'U] [bdsk'U] [ka'U] [knk'U]
    [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU] [CFU] [IR] [BAU] [AU] [Amb'a'1'U] [PNU] [Lf] [D'ag'U]
    [FEU] [ELU] [EU] [pH] [hp_X] [hp_C] [hp_M] [hp_Q] [p'diop] %[slope] [m/s2/Hz^0.5]
    """.split()
)
_ARBITRARY_METRIC: Final = frozenset(
    ["[iU]", "Np", "B", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[10.nV]", "B[W]", "B[kW]", "bit_s"]
)
_SYNONYMS: Final = {"[IU]": "[iU]"}

_SCALES: Final[Mapping[str, tuple[Fraction, Fraction]]] = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67")),
    "[degRe]": (Fraction(5, 4), Fraction("218.52")),
}
"""Temperature scales: size of a degree in kelvin, and degrees from absolute zero to the scale's zero."""

_COMPONENT: Final = re.compile(
    r"(?P<unit>10[*^]|(?:[A-Za-z%'\"_]|\[[^\[\]\s]+\])+)(?P<exponent>[+-]?\d+)?(?P<note>\{[^{}]*\})?"
    r"|(?P<number>\d+)(?P<note2>\{[^{}]*\})?"
    r"|(?P<alone>\{[^{}]*\})"
)


@lru_cache(maxsize=4096)
def parse_unit(code: str) -> Unit:
    """The unit of a UCUM expression such as `mg/dL`, `10*3/uL` or `mL/min/{1.73_m2}`. Raises UcumError."""
    if not code or len(code) > MAX_LENGTH:
        raise UcumError(f"'{code[:40]}' is no unit.")
    return _Parser(code).unit()


def convert(value: Decimal, from_code: str, to_code: str) -> Decimal:
    """The value in another unit, to 34 significant digits. Raises UcumError where a code is no unit or they differ."""
    if from_code == to_code:
        return value
    source, target = parse_unit(from_code), parse_unit(to_code)
    if source.dimension != target.dimension:
        raise UcumError(f"'{from_code}' cannot be converted to '{to_code}': they measure different things.")
    amount = (Fraction(value) + source.offset) * source.factor / target.factor - target.offset
    return _decimal(amount)


def comparable(left: str, right: str) -> bool:
    """Whether two codes are units of the same dimension; a code that is no unit is comparable to nothing."""
    try:
        return parse_unit(left).dimension == parse_unit(right).dimension
    except UcumError:
        return False


def canonical(value: Decimal, code: str) -> tuple[Decimal, str]:
    """The amount in base units, and their expression (`g.m-1`, `1` without any). Raises UcumError."""
    unit = parse_unit(code)
    expression = ".".join(base if exponent == 1 else f"{base}{exponent}" for base, exponent in unit.dimension)
    return _decimal((Fraction(value) + unit.offset) * unit.factor), expression or "1"


def _decimal(amount: Fraction) -> Decimal:
    if amount.denominator == 1:
        return Decimal(amount.numerator)
    return _DIGITS.divide(Decimal(amount.numerator), Decimal(amount.denominator))


def _times(left: Unit, right: Unit, sign: int = 1) -> Unit:
    if left.offset or right.offset:
        left, right = _without_offset(left), _without_offset(right)
    exponents = dict(left.dimension)
    for base, exponent in right.dimension:
        exponents[base] = exponents.get(base, 0) + sign * exponent
    dimension = tuple(sorted((base, exponent) for base, exponent in exponents.items() if exponent))
    return Unit(left.factor * right.factor**sign, dimension)


def _without_offset(unit: Unit) -> Unit:
    """Inside a product a degree is a difference of temperature."""
    return Unit(unit.factor, unit.dimension)


def _power(unit: Unit, exponent: int) -> Unit:
    return Unit(unit.factor**exponent, tuple((base, power * exponent) for base, power in unit.dimension if exponent))


class _Parser:
    """Recursive descent over UCUM's grammar: `.` and `/` bind alike, from left to right."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._position = 0

    def unit(self) -> Unit:
        found = self._term(0)
        if self._position != len(self._code):
            raise self._error()
        return found

    def _error(self) -> UcumError:
        return UcumError(f"'{self._code}' is no unit of UCUM (at '{self._code[self._position :]}').")

    def _peek(self) -> str:
        return self._code[self._position : self._position + 1]

    def _term(self, depth: int) -> Unit:
        if depth > 10:
            raise self._error()
        if self._peek() == "/":
            self._position += 1
            found = _times(Unit(_ONE), self._component(depth), -1)
        else:
            found = self._component(depth)
        while (operator := self._peek()) in (".", "/") and operator:
            self._position += 1
            found = _times(found, self._component(depth), -1 if operator == "/" else 1)
        return found

    def _component(self, depth: int) -> Unit:
        if self._peek() == "(":
            self._position += 1
            found = self._term(depth + 1)
            if self._peek() != ")":
                raise self._error()
            self._position += 1
            return found
        match = _COMPONENT.match(self._code, self._position)
        if match is None:
            raise self._error()
        unit = self._matched(match)
        self._position = match.end()
        return unit

    def _matched(self, match: re.Match[str]) -> Unit:
        if match["alone"]:
            return Unit(_ONE)
        if match["number"]:
            if not int(match["number"]):
                raise self._error()
            return Unit(Fraction(match["number"]))
        exponent = int(match["exponent"] or 1)
        unit = _simple(match["unit"])
        if unit is None or abs(exponent) > _MAX_EXPONENT:
            raise self._error()
        return unit if exponent == 1 else _power(unit, exponent)


@lru_cache(maxsize=2048)
def _simple(name: str) -> Unit | None:
    """A unit atom, with or without prefix; None for a name that UCUM does not have."""
    found = _atom(name)
    if found is not None:
        return found
    for length in (2, 1):
        prefix, rest = _PREFIXES.get(name[:length]), name[length:]
        if prefix is not None and _takes_prefixes(rest):
            atom = _atom(rest)
            if atom is not None:
                return Unit(atom.factor * prefix, atom.dimension, atom.offset / prefix)
    return None


def _takes_prefixes(name: str) -> bool:
    return name in _METRIC or name in _BASE or _SYNONYMS.get(name, name) in _ARBITRARY_METRIC or name == "Cel"


def _atom(name: str) -> Unit | None:
    name = _SYNONYMS.get(name, name)
    if name in _BASE or name in _ARBITRARY or name in _ARBITRARY_METRIC:
        return Unit(_ONE, ((name, 1),))
    if name in _SCALES:
        factor, offset = _SCALES[name]
        return Unit(factor, (("K", 1),), offset)
    definition = _METRIC.get(name) or _OTHERS.get(name)
    if definition is None:
        return None
    value, expression = definition
    unit = parse_unit(expression)
    return Unit(Fraction(value) * unit.factor, unit.dimension)
