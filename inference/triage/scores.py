"""Published early-warning, trauma and stroke scores, each exact and each naming what it lacked.

A score with an unknown part has no value but a range; a score that does not apply to a person says so and has neither:
it is never 0. Where a reading falls between two printed bands (a temperature of 38.05), the more severe band holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from inference.triage.case import TriageCase
from inference.triage.vital_signs import Acvpu, VitalSigns, responsiveness

NEWS2_FROM_YEARS = 16
QSOFA_FROM_YEARS = 18
SHOCK_INDEX_FROM_YEARS = 17


class ScoreName(StrEnum):
    """The scores of this module."""

    NEWS2 = "news2"
    QSOFA = "qsofa"
    SHOCK_INDEX = "shock_index"
    SIPA = "sipa"
    RTS = "rts"
    T_RTS = "t_rts"
    CPSS = "cpss"
    BE_FAST = "be_fast"
    LAMS = "lams"


class NotApplicable(StrEnum):
    """Why a score does not apply."""

    CHILD = "child"
    PREGNANCY = "pregnancy"
    AGE_OUTSIDE_TABLE = "age_outside_table"
    NOT_INJURED = "not_injured"
    NO_BLOOD_PRESSURE = "no_blood_pressure"


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One row of a score: points as a range (equal ends when known) and the inputs it lacked."""

    name: str
    minimum: float
    maximum: float
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A score's result.

    `applicable` is None when that itself is unknown (age missing); then the range is what the score gives if it
    applies. `minimum` and `maximum` are None when not applicable; an open end is `inf`. `highest_part` is the largest
    number of points that a single part certainly has, `highest_part_maximum` that it may have.
    """

    name: ScoreName
    applicable: bool | None
    reason: NotApplicable | None = None
    minimum: float | None = None
    maximum: float | None = None
    highest_part: float | None = None
    highest_part_maximum: float | None = None
    parts: tuple[ScorePart, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def value(self) -> float | None:
        """The exact value, or None when it is a range or does not apply."""
        known = self.applicable is True and not self.lacking
        return self.minimum if known and self.minimum == self.maximum else None


def all_scores(case: TriageCase) -> dict[ScoreName, Score]:
    """Every score of this module for `case`."""
    return {name: compute(case) for name, compute in _SCORES.items()}


def news2(case: TriageCase) -> Score:
    """NEWS2, 0-20 points (Royal College of Physicians, National Early Warning Score 2, 2017).

    Applies from 16 years and outside pregnancy. Unknown pregnancy counts as none, which can only raise a level.
    Reproduced with acknowledgement of the Royal College of Physicians.
    """
    if case.pregnancy:
        return Score(ScoreName.NEWS2, applicable=False, reason=NotApplicable.PREGNANCY)
    if case.age is not None and case.age.years < NEWS2_FROM_YEARS:
        return Score(ScoreName.NEWS2, applicable=False, reason=NotApplicable.CHILD)
    signs = case.vital_signs
    return _sum(ScoreName.NEWS2, _news2_parts(signs), age_known=case.age is not None)


def _news2_parts(signs: VitalSigns) -> tuple[ScorePart, ...]:
    open_codes = responsiveness(signs)
    consciousness = [0 if code is Acvpu.ALERT else 3 for code in open_codes]
    oxygen = [2 if given else 0 for given in _possible(signs.oxygen_given)]
    return (
        _banded("respiratory_rate", signs.respiratory_rate, _news2_respiratory_rate, (0, 3)),
        _news2_saturation(signs),
        _part("oxygen_given", oxygen, signs.oxygen_given is None),
        _banded("systolic_blood_pressure", signs.systolic_blood_pressure, _news2_systolic, (0, 3)),
        _banded("heart_rate", signs.heart_rate, _news2_pulse, (0, 3)),
        _part("acvpu", consciousness, len(open_codes) > 1),
        _banded("body_temperature", signs.body_temperature, _news2_temperature, (0, 3)),
    )


def _news2_saturation(signs: VitalSigns) -> ScorePart:
    value = signs.oxygen_saturation
    if not signs.hypercapnic_target:
        return _banded("oxygen_saturation", value, _news2_saturation_scale_1, (0, 3))
    if value is None:
        return ScorePart("oxygen_saturation", 0, 3, ("oxygen_saturation",))
    points = [_news2_saturation_scale_2(value, given) for given in _possible(signs.oxygen_given)]
    lacking = ("oxygen_given",) if min(points) != max(points) else ()
    return ScorePart("oxygen_saturation", min(points), max(points), lacking)


def _news2_respiratory_rate(value: float) -> int:
    return _points(value, low=((9, 3), (12, 1)), high=((24, 3), (20, 2)))


def _news2_saturation_scale_1(value: float) -> int:
    return _points(value, low=((92, 3), (94, 2), (96, 1)), high=())


def _news2_saturation_scale_2(value: float, oxygen: bool) -> int:
    high = ((96, 3), (94, 2), (92, 1)) if oxygen else ()
    return _points(value, low=((84, 3), (86, 2), (88, 1)), high=high)


def _news2_systolic(value: float) -> int:
    return _points(value, low=((91, 3), (101, 2), (111, 1)), high=((219, 3),))


def _news2_pulse(value: float) -> int:
    return _points(value, low=((41, 3), (51, 1)), high=((130, 3), (110, 2), (90, 1)))


def _news2_temperature(value: float) -> int:
    return _points(value, low=((35.1, 3), (36.1, 1)), high=((39.0, 2), (38.0, 1)))


def qsofa(case: TriageCase) -> Score:
    """qSOFA, 0-3 points (Singer et al., JAMA 2016, doi:10.1001/jama.2016.0287); adults of 18 years and over."""
    if case.age is not None and case.age.years < QSOFA_FROM_YEARS:
        return Score(ScoreName.QSOFA, applicable=False, reason=NotApplicable.CHILD)
    signs = case.vital_signs
    altered = [0 if code is Acvpu.ALERT else 1 for code in responsiveness(signs)]
    parts = (
        _banded("respiratory_rate", signs.respiratory_rate, lambda rate: int(rate >= 22), (0, 1)),
        _banded("systolic_blood_pressure", signs.systolic_blood_pressure, lambda mmhg: int(mmhg <= 100), (0, 1)),
        _part("glasgow_coma_scale", altered, min(altered) != max(altered)),
    )
    return _sum(ScoreName.QSOFA, parts, age_known=case.age is not None)


def shock_index(case: TriageCase) -> Score:
    """Heart rate over systolic pressure (1/min per mmHg), from 17 years; SIPA holds for those younger."""
    if case.age is not None and case.age.years < SHOCK_INDEX_FROM_YEARS:
        return Score(ScoreName.SHOCK_INDEX, applicable=False, reason=NotApplicable.CHILD)
    return _ratio(ScoreName.SHOCK_INDEX, case, 1.0)


def sipa(case: TriageCase) -> Score:
    """Shock index, paediatric age-adjusted, as the ratio over its limit of the age: above 1 is positive.

    Limits 1.22 (4-6 years), 1.0 (7-12), 0.9 (13-16) (Acker et al., J Pediatr Surg 2015,
    doi:10.1016/j.jpedsurg.2014.08.009). Outside 4-16 years there is no limit and it does not apply.
    """
    limit = None if case.age is None else sipa_limit(case.age.years)
    if case.age is not None and limit is None:
        return Score(ScoreName.SIPA, applicable=False, reason=NotApplicable.AGE_OUTSIDE_TABLE)
    return _ratio(ScoreName.SIPA, case, limit)


def sipa_limit(years: int) -> float | None:
    """The shock index above which SIPA is positive at this age, None where the table has no row."""
    rows = ((4, 6, 1.22), (7, 12, 1.0), (13, 16, 0.9))
    return next((limit for first, last, limit in rows if first <= years <= last), None)


def _ratio(name: ScoreName, case: TriageCase, limit: float | None) -> Score:
    signs = case.vital_signs
    if signs.systolic_blood_pressure == 0:
        return Score(name, applicable=False, reason=NotApplicable.NO_BLOOD_PRESSURE)
    lacking = _names_of_missing(signs, ("heart_rate", "systolic_blood_pressure"))
    part = ScorePart("ratio", 0, inf, lacking)
    if limit is not None and signs.heart_rate is not None and signs.systolic_blood_pressure is not None:
        # Rounded, so that a quotient equal to its printed limit stays equal: 90 / 100 / 0.9 is 1.
        value = round(signs.heart_rate / signs.systolic_blood_pressure / limit, 9)
        part = ScorePart("ratio", value, value)
    return _sum(name, (part,), age_known=case.age is not None)


RTS_WEIGHTS = {"glasgow_coma_scale": 0.9368, "systolic_blood_pressure": 0.7326, "respiratory_rate": 0.2908}


def rts(case: TriageCase) -> Score:
    """Revised Trauma Score, 0-7.8408 (Champion et al., J Trauma 1989;29:623): weighted codes; the injured only."""
    return _trauma_score(ScoreName.RTS, case, RTS_WEIGHTS)


def t_rts(case: TriageCase) -> Score:
    """Triage Revised Trauma Score, 0-12: the sum of the codes; 11 or less asks for a trauma centre."""
    return _trauma_score(ScoreName.T_RTS, case, dict.fromkeys(RTS_WEIGHTS, 1.0))


def _trauma_score(name: ScoreName, case: TriageCase, weights: dict[str, float]) -> Score:
    if case.injury is False:
        return Score(name, applicable=False, reason=NotApplicable.NOT_INJURED)
    signs = case.vital_signs
    coded = (
        _banded("glasgow_coma_scale", signs.glasgow_coma_scale, rts_code_glasgow, (0, 4)),
        _banded("systolic_blood_pressure", signs.systolic_blood_pressure, rts_code_systolic, (0, 4)),
        _banded("respiratory_rate", signs.respiratory_rate, rts_code_respiratory_rate, (0, 4)),
    )
    parts = [ScorePart(p.name, p.minimum * weights[p.name], p.maximum * weights[p.name], p.lacking) for p in coded]
    if case.injury is None:
        return _sum(name, parts, age_known=True, unknown_applicability=("injury",))
    return _sum(name, parts, age_known=True)


def rts_code_glasgow(score: float) -> int:
    """RTS code 0-4 of a Glasgow coma score."""
    return _ladder(score, ((13, 4), (9, 3), (6, 2), (4, 1)))


def rts_code_systolic(mmhg: float) -> int:
    """RTS code 0-4 of a systolic pressure in mmHg: above 89, 76-89, 50-75, 1-49, 0."""
    if mmhg > 89:
        return 4
    return _ladder(mmhg, ((76, 3), (50, 2), (1, 1)))


def rts_code_respiratory_rate(rate: float) -> int:
    """RTS code 0-4 of a respiratory rate per minute: 10-29, above 29, 6-9, 1-5, 0."""
    if rate > 29:
        return 3
    return _ladder(rate, ((10, 4), (6, 2), (1, 1)))


def cpss(case: TriageCase) -> Score:
    """Cincinnati Prehospital Stroke Scale, 0-3 signs: face, arm, speech (Kothari et al., Ann Emerg Med 1999)."""
    return _sum(ScoreName.CPSS, _face_arm_speech(case), age_known=True)


def be_fast(case: TriageCase) -> Score:
    """BE-FAST, 0-5 signs: CPSS and balance, eyes (Aroor et al., Stroke 2017, doi:10.1161/STROKEAHA.116.015169)."""
    signs = case.stroke_signs
    more = (_sign("stroke_balance", signs.balance), _sign("stroke_eyes", signs.eyes))
    return _sum(ScoreName.BE_FAST, (*_face_arm_speech(case), *more), age_known=True)


def lams(case: TriageCase) -> Score:
    """Los Angeles Motor Scale, 0-5: face 0-1, arm drift 0-2, grip 0-2; 4 or more suggests a large-vessel occlusion."""
    signs = case.stroke_signs
    parts = (
        _sign("stroke_face", signs.face),
        _banded("stroke_arm_drift", signs.arm_drift, int, (0, 2)),
        _banded("stroke_grip", signs.grip, int, (0, 2)),
    )
    return _sum(ScoreName.LAMS, parts, age_known=True)


def _face_arm_speech(case: TriageCase) -> tuple[ScorePart, ...]:
    signs = case.stroke_signs
    arm = None if signs.arm_drift is None else signs.arm_drift > 0
    return (_sign("stroke_face", signs.face), _sign("stroke_arm_drift", arm), _sign("stroke_speech", signs.speech))


def _points(value: float, low: Sequence[tuple[float, int]], high: Sequence[tuple[float, int]]) -> int:
    """Points of the first band that holds: `low` bands are "below", `high` bands "above", the most severe first."""
    for limit, points in low:
        if value < limit:
            return points
    for limit, points in high:
        if value > limit:
            return points
    return 0


def _ladder(value: float, steps: Sequence[tuple[float, int]]) -> int:
    return next((code for limit, code in steps if value >= limit), 0)


def _banded(name: str, value: float | None, points: Callable[[float], int], possible: tuple[int, int]) -> ScorePart:
    if value is None:
        return ScorePart(name, *possible, lacking=(name,))
    return ScorePart(name, points(value), points(value))


def _sign(name: str, present: bool | None) -> ScorePart:
    return _part(name, [int(answer) for answer in _possible(present)], present is None)


def _part(name: str, points: Iterable[int], unknown: bool) -> ScorePart:
    options = tuple(points)
    return ScorePart(name, min(options), max(options), (name,) if unknown else ())


def _possible(value: bool | None) -> tuple[bool, ...]:
    return (False, True) if value is None else (value,)


def _names_of_missing(signs: VitalSigns, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(signs, name) is None)


def _sum(
    name: ScoreName, parts: Sequence[ScorePart], *, age_known: bool, unknown_applicability: tuple[str, ...] = ()
) -> Score:
    open_question = unknown_applicability if age_known else ("age", *unknown_applicability)
    lacking = dict.fromkeys([*open_question, *(item for part in parts for item in part.lacking)])
    return Score(
        name=name,
        applicable=None if open_question else True,
        minimum=round(sum(part.minimum for part in parts), 9),
        maximum=round(sum(part.maximum for part in parts), 9),
        highest_part=max(part.minimum for part in parts),
        highest_part_maximum=max(part.maximum for part in parts),
        parts=tuple(parts),
        lacking=tuple(lacking),
    )


_SCORES: dict[ScoreName, Callable[[TriageCase], Score]] = {
    ScoreName.NEWS2: news2,
    ScoreName.QSOFA: qsofa,
    ScoreName.SHOCK_INDEX: shock_index,
    ScoreName.SIPA: sipa,
    ScoreName.RTS: rts,
    ScoreName.T_RTS: t_rts,
    ScoreName.CPSS: cpss,
    ScoreName.BE_FAST: be_fast,
    ScoreName.LAMS: lams,
}
