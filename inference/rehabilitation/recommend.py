"""Which exercise programme fits, and how likely a fall is, from measured function. Pure.

VIVIFRAIL: BMC Geriatr 2022 (doi 10.1186/s12877-022-03214-0), table 2; the gap that the table leaves between 0.8 and
0.9 m/s belongs to C here. SPPB and walking speed may disagree: the weaker programme wins. Falls: World Falls
Guidelines 2022 (PMC9523684); shown as guidance, for it found 31 to 48 % of the fallers in LASA (1,509 people).
What is not measured is not assessed: a class that it could still change is not given, only bounded.
"""

from dataclasses import dataclass
from enum import StrEnum

PLUS_TUG, PLUS_GAIT, RECURRENT = 20.0, 0.8, 2
FALL_GAIT, FALL_TUG = 0.8, 15.0


class Programme(StrEnum):
    """VIVIFRAIL, from the weakest to the strongest."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class FallRisk(StrEnum):
    LOW = "low"
    INTERMEDIATE = "intermediate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Function:
    """Measured function; None is not assessed. `gait_speed` in m/s at usual pace, `tug` in s, falls in 12 months."""

    sppb: int | None = None
    gait_speed: float | None = None
    tug: float | None = None
    falls: int | None = None
    fall_with_injury: bool | None = None
    fall_unable_to_rise: bool | None = None
    fall_with_faint: bool | None = None
    worried_or_unsteady: bool | None = None
    dementia: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: which measurement, its value, and what the table makes of it."""

    measure: str
    value: float
    means: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`programme` None while a missing measurement could change it; `at_most` then bounds it from above.

    `plus` is the variant with more balance training; None while nothing known asks for it but something is missing.
    """

    programme: Programme | None
    at_most: Programme | None
    plus: bool | None
    reasons: tuple[Finding, ...]
    missing: tuple[str, ...]

    @property
    def name(self) -> str:
        """`B`, `B+`, or empty while not assessed."""
        return "" if self.programme is None else self.programme.value + ("+" if self.plus else "")


@dataclass(frozen=True, slots=True)
class FallAssessment:
    """`risk` None while something missing could change it."""

    risk: FallRisk | None
    reasons: tuple[Finding, ...]
    missing: tuple[str, ...]


def programme_by_sppb(points: int) -> Programme:
    """0-3 A, 4-6 B, 7-9 C, 10-12 D. Raises ValueError outside 0 to 12."""
    if not 0 <= points <= 12:
        raise ValueError(f"SPPB is {points}: 0 to 12 points are possible")
    return Programme.A if points <= 3 else Programme.B if points <= 6 else Programme.C if points <= 9 else Programme.D


def programme_by_gait(speed: float) -> Programme:
    """Below 0.5 m/s A, to 0.8 B, to 1.0 C, above D. Raises ValueError for a speed below 0."""
    if not speed >= 0:
        raise ValueError(f"walking speed is {speed} m/s")
    return Programme.A if speed < 0.5 else Programme.B if speed <= 0.8 else Programme.C if speed <= 1.0 else Programme.D


def recommend(function: Function) -> Recommendation:
    """The programme and its variant, with every reason and everything missing."""
    reasons: list[Finding] = []
    if function.sppb is not None:
        reasons.append(Finding("sppb", function.sppb, programme_by_sppb(function.sppb).value))
    if function.gait_speed is not None:
        reasons.append(Finding("gait_speed", function.gait_speed, programme_by_gait(function.gait_speed).value))
    weakest = min((Programme(finding.means) for finding in reasons), default=None)
    missing = [name for name in ("sppb", "gait_speed") if getattr(function, name) is None]
    settled = weakest is not None and (not missing or weakest is Programme.A)
    plus, why, open_plus = _plus(function)
    return Recommendation(
        programme=weakest if settled else None,
        at_most=None if settled else weakest,
        plus=plus,
        reasons=(*reasons, *why),
        missing=tuple(dict.fromkeys([*missing, *open_plus])),
    )


def _plus(function: Function) -> tuple[bool | None, list[Finding], list[str]]:
    """Any one reason is enough; without one, everything has to be known for a no."""
    found: list[Finding] = []
    if function.tug is not None and function.tug >= PLUS_TUG:
        found.append(Finding("tug", function.tug, "plus"))
    if function.gait_speed is not None and function.gait_speed < PLUS_GAIT:
        found.append(Finding("gait_speed", function.gait_speed, "plus"))
    if function.dementia:
        found.append(Finding("dementia", 1, "plus"))
    if function.falls is not None and function.falls >= RECURRENT:
        found.append(Finding("falls_12_months", function.falls, "plus"))
    if function.fall_with_injury:
        found.append(Finding("fall_with_injury", 1, "plus"))
    if found:
        return True, found, []
    known = {
        "tug": function.tug is not None,
        "gait_speed": function.gait_speed is not None,
        "dementia": function.dementia is not None,
        "falls_12_months": function.falls is not None,
        "fall_with_injury": function.falls == 0 or function.fall_with_injury is not None,
    }
    missing = [name for name, is_known in known.items() if not is_known]
    return (None if missing else False), [], missing


def fall_risk(function: Function) -> FallAssessment:
    """High after a severe fall, intermediate with a slow walk after any fall or worry, else low."""
    if function.falls is None:
        return FallAssessment(None, (), ("falls_12_months",))
    if function.falls == 0 and function.worried_or_unsteady is None:
        return FallAssessment(None, (), ("worried_or_unsteady",))
    if function.falls == 0 and not function.worried_or_unsteady:
        return FallAssessment(FallRisk.LOW, (Finding("falls_12_months", 0, "low"),), ())
    severe = _severe(function)
    if severe:
        return FallAssessment(FallRisk.HIGH, tuple(severe), ())
    unknown = _unknown_severity(function)
    if unknown:
        return FallAssessment(None, (), tuple(unknown))
    return _by_walk(function)


def _severe(function: Function) -> list[Finding]:
    falls = function.falls or 0
    found = [Finding("falls_12_months", falls, "high")] if falls >= RECURRENT else []
    signs = ("fall_with_injury", "fall_unable_to_rise", "fall_with_faint")
    return found + [Finding(name, 1, "high") for name in signs if getattr(function, name)]


def _unknown_severity(function: Function) -> list[str]:
    if not function.falls:
        return []
    signs = ("fall_with_injury", "fall_unable_to_rise", "fall_with_faint")
    return [name for name in signs if getattr(function, name) is None]


def _by_walk(function: Function) -> FallAssessment:
    slow = []
    if function.gait_speed is not None and function.gait_speed <= FALL_GAIT:
        slow.append(Finding("gait_speed", function.gait_speed, "intermediate"))
    if function.tug is not None and function.tug > FALL_TUG:
        slow.append(Finding("tug", function.tug, "intermediate"))
    if slow:
        return FallAssessment(FallRisk.INTERMEDIATE, tuple(slow), ())
    missing = tuple(name for name in ("gait_speed", "tug") if getattr(function, name) is None)
    known = [Finding(name, getattr(function, name), "low") for name in ("gait_speed", "tug") if name not in missing]
    # The guideline takes either test: one that is not slow is enough for low.
    return FallAssessment(FallRisk.LOW, tuple(known), ()) if known else FallAssessment(None, (), missing)
