"""Codes and units that the city's records use (facts; displays are short names of our own).

LOINC and UCUM for measurements, KCD-8 for diagnoses, ATC for medicines, KR Core 2.0.0 for the Korean systems. What
LOINC codes could not be confirmed for (SPPB, chair stands, timed up and go, SARC-F items, questionnaire answers)
stands in the project's own system ASSESSMENT, one code per concept.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.features.quantities import OWN

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
SNOMED_CT = "http://snomed.info/sct"
ATC = "http://www.whocc.no/atc"
ASSESSMENT = OWN
CITIZEN = "urn:bitgoeul:citizen"
PRACTITIONER = "urn:bitgoeul:practitioner"
DEVICE = "urn:bitgoeul:device"

KR_CORE = "http://www.hl7korea.or.kr/fhir/krcore"
KCD_8 = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
DEPARTMENT = "http://www.hl7korea.or.kr/CodeSystem/hira-medical-department"
QUALIFICATION = "http://www.hl7korea.or.kr/CodeSystem/mohw-practitioner-qualification-types"
DOCTOR_LICENCE = "http://www.hl7korea.or.kr/Identifier/mohw-md-license-id"
INSURANCE = "http://www.hl7korea.or.kr/CodeSystem/hira-insurance-types"
CONDITION_CATEGORY = f"{KR_CORE}/CodeSystem/krcore-condition-category-types"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def profile(name: str) -> str:
    """The canonical URL of a KR Core profile or extension such as `krcore-patient`."""
    return f"{KR_CORE}/StructureDefinition/{name}"


@dataclass(frozen=True, slots=True)
class OtherUnit:
    """Another code and unit in which laboratories send the same quantity: their value = factor x value + shift."""

    code: str
    display: str
    unit: str
    factor: float
    digits: int
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured quantity: its code, UCUM unit, digits after the point, KR Core profile and reference range."""

    code: str
    display: str
    unit: str
    digits: int
    category: str
    profile: str = ""
    system: str = LOINC
    reference: tuple[float | None, float | None] | None = None
    others: tuple[OtherUnit, ...] = ()
    text: str = ""
    """The name that the clinic shows, where the code is not LOINC's alone."""


def _vital(code: str, display: str, unit: str, digits: int, profile: str = "krcore-vitalsigns") -> Measure:
    return Measure(code, display, unit, digits, "vital-signs", profile)


def _laboratory(
    code: str,
    display: str,
    unit: str,
    digits: int,
    reference: tuple[float | None, float | None],
    *others: OtherUnit,
) -> Measure:
    name = "krcore-observation-laboratory-result"
    return Measure(code, display, unit, digits, "laboratory", name, LOINC, reference, others)


def _function_test(code: str, display: str, unit: str, digits: int, text: str) -> Measure:
    name, system = "krcore-observation-function-test", LOINC if code[0].isdigit() else ASSESSMENT
    return Measure(code, display, unit, digits, "exam", name, system, text=text)


def _answer(code: str, display: str, unit: str, text: str) -> Measure:
    return Measure(code, display, unit, 0, "survey", "", ASSESSMENT, text=text)


SYSTOLIC = ("8480-6", "Systolic blood pressure")
DIASTOLIC = ("8462-4", "Diastolic blood pressure")
BLOOD_PRESSURE = ("85354-9", "Blood pressure panel")
SMOKING_STATUS = ("72166-2", "Tobacco smoking status")
FALLEN_PAST_YEAR = ("52552-7", "Falls in the past year", "지난 1년 낙상 여부")

# name: (LOINC answer, SNOMED CT code, display)
SMOKING_ANSWERS: Mapping[str, tuple[str, str, str]] = {
    "current": ("LA18976-3", "449868002", "Current every day smoker"),
    "former": ("LA15920-4", "8517006", "Former smoker"),
    "never": ("LA18978-9", "266919005", "Never smoked tobacco"),
}

MEASURES: Mapping[str, Measure] = {
    "height": _vital("8302-2", "Body height", "cm", 1, "krcore-bodyheight"),
    "weight": _vital("29463-7", "Body weight", "kg", 1, "krcore-bodyweight"),
    "bmi": _vital("39156-5", "Body mass index", "kg/m2", 1),
    "waist": _vital("8280-0", "Waist circumference", "cm", 0),
    "pulse": _vital("8867-4", "Heart rate", "/min", 0, "krcore-heartrate"),
    "oxygen_saturation": _vital("2708-6", "Oxygen saturation", "%", 0, "krcore-pulseoximetry"),
    "temperature": _vital("8310-5", "Body temperature", "Cel", 1, "krcore-bodytemperature"),
    "total_cholesterol": _laboratory(
        "2093-3", "Cholesterol, total", "mg/dL", 0, (None, 200),
        OtherUnit("14647-2", "Cholesterol, total", "mmol/L", 1 / 38.67, 2),
    ),
    "hdl_cholesterol": _laboratory(
        "2085-9", "HDL cholesterol", "mg/dL", 0, (40, None),
        OtherUnit("14646-4", "HDL cholesterol", "mmol/L", 1 / 38.67, 2),
    ),
    "creatinine": _laboratory(
        "2160-0", "Creatinine in serum", "mg/dL", 2, (0.5, 1.2),
        OtherUnit("14682-9", "Creatinine in serum", "umol/L", 88.42, 0),
    ),
    "fasting_glucose": _laboratory(
        "1558-6", "Fasting glucose", "mg/dL", 0, (70, 99),
        OtherUnit("14771-0", "Fasting glucose", "mmol/L", 1 / 18.016, 1),
    ),
    "hba1c": _laboratory(
        "4548-4", "Haemoglobin A1c (NGSP)", "%", 1, (4.0, 5.6),
        OtherUnit("59261-8", "Haemoglobin A1c (IFCC)", "mmol/mol", 10.93, 0, -23.5),
    ),
    "uacr": _laboratory(
        "9318-7", "Albumin/creatinine in urine", "mg/g", 1, (None, 30),
        OtherUnit("9318-7", "Albumin/creatinine in urine", "mg/mmol", 0.1131, 2),
    ),
    "albumin": _laboratory(
        "1751-7", "Albumin in serum", "g/dL", 1, (3.5, 5.2),
        OtherUnit("1751-7", "Albumin in serum", "g/L", 10, 0),
    ),
    "crp": _laboratory(
        "1988-5", "C-reactive protein", "mg/L", 2, (None, 5),
        OtherUnit("1988-5", "C-reactive protein", "mg/dL", 0.1, 3),
    ),
    "lymphocytes": _laboratory("736-9", "Lymphocytes/leukocytes", "%", 1, (20, 45)),
    "mcv": _laboratory("787-2", "Mean corpuscular volume", "fL", 1, (80, 100)),
    "rdw": _laboratory("788-0", "Erythrocyte distribution width", "%", 1, (11.5, 14.5)),
    "leukocytes": _laboratory("6690-2", "Leukocytes", "10*3/uL", 2, (4, 10)),
    "alkaline_phosphatase": _laboratory("6768-6", "Alkaline phosphatase", "U/L", 0, (35, 105)),
    "gait_speed": _function_test("83172-7", "4-metre walk, gait speed", "m/s", 2, "4미터 보행 속도"),
    "grip_right": _function_test("83174-3", "Grip strength, right hand", "kg", 1, "오른손 악력"),
    "grip_left": _function_test("83173-5", "Grip strength, left hand", "kg", 1, "왼손 악력"),
    "chair_stands": _function_test("chair-stands", "Five chair stands, time", "s", 1, "의자에서 5회 일어서기 시간"),
    "sppb_balance": _function_test("sppb-balance", "SPPB balance points", "{score}", 0, "SPPB 균형 점수"),
    "sppb": _function_test("sppb", "Short Physical Performance Battery, total", "{score}", 0, "SPPB 총점"),
    "tug": _function_test("tug", "Timed up and go, time", "s", 1, "일어나 걸어가기 검사(TUG)"),
    "falls_12_months": _answer("falls-12-months", "Falls in the past 12 months, number", "1", "지난 12개월 낙상 횟수"),
    "sarc_f_strength": _answer("sarc-f-strength", "SARC-F strength", "{score}", "SARC-F 근력"),
    "sarc_f_walking": _answer("sarc-f-walking", "SARC-F assistance in walking", "{score}", "SARC-F 보행"),
    "sarc_f_chair": _answer("sarc-f-chair", "SARC-F rise from a chair", "{score}", "SARC-F 의자에서 일어서기"),
    "sarc_f_stairs": _answer("sarc-f-stairs", "SARC-F climb stairs", "{score}", "SARC-F 계단 오르기"),
    "sarc_f_falls": _answer("sarc-f-falls", "SARC-F falls", "{score}", "SARC-F 낙상"),
    "education_years": _answer("education-years", "Years of education", "a", "교육 연수"),
    "diabetes_family_history": _answer(
        "diabetes-family-history", "Diabetes in the family, FINDRISC grade", "{score}", "당뇨병 가족력(FINDRISC)"
    ),
}  # fmt: skip

# Questions with yes or no, in the project's own system: (code, display, text).
YES_NO: Mapping[str, tuple[str, str, str]] = {
    "active_30_minutes_daily": ("active-30-minutes-daily", "Active 30 minutes a day", "하루 30분 이상 신체 활동"),
    "vegetables_daily": ("vegetables-daily", "Vegetables or fruit every day", "매일 채소나 과일 섭취"),
    "antihypertensive_ever": ("antihypertensive-ever", "Ever took blood pressure medicine", "혈압약 복용 경험"),
    "high_glucose_ever": ("high-glucose-ever", "Ever had high blood glucose", "고혈당 진단 경험"),
    "parent_dementia": ("parent-dementia", "A parent had dementia", "부모의 치매"),
    "lives_alone": ("lives-alone", "Lives alone", "혼자 거주"),
    "material_deprivation": ("material-deprivation", "Lives in material deprivation", "경제적 어려움"),
}

# name: (KCD-8 code, display)
DIAGNOSES: Mapping[str, tuple[str, str]] = {
    "hypertension": ("I10", "본태성(원발성) 고혈압"),
    "diabetes": ("E11.9", "합병증을 동반하지 않은 2형 당뇨병"),
    "dyslipidaemia": ("E78.5", "상세불명의 고지질혈증"),
    "kidney_disease": ("N18.3", "만성 신장병(3기)"),
    "copd": ("J44.9", "상세불명의 만성 폐쇄성 폐질환"),
    "osteoporosis": ("M81.9", "상세불명의 골다공증"),
    "stroke": ("I63.9", "상세불명의 뇌경색증"),
    "dementia": ("G30.9", "상세불명의 알츠하이머병"),
    "depression": ("F32.9", "상세불명의 우울에피소드"),
    "knee_arthrosis": ("M17.9", "상세불명의 무릎관절증"),
    "cold": ("J06.9", "상세불명의 급성 상기도감염"),
}


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine by ATC: `tablets` a day for `days`."""

    atc: str
    display: str
    tablets: int = 1
    period_days: int = 1
    supply_days: int = 90


# The usual first medicine of each diagnosis: our own choice, one of several that guidelines allow.
MEDICINES: Mapping[str, tuple[Medicine, ...]] = {
    "hypertension": (
        Medicine("C09CA01", "losartan"),
        Medicine("C08CA01", "amlodipine"),
    ),
    "diabetes": (Medicine("A10BA02", "metformin", tablets=2),),
    "dyslipidaemia": (Medicine("C10AA05", "atorvastatin"), Medicine("C10AA07", "rosuvastatin")),
    "copd": (Medicine("R03BB04", "tiotropium bromide"),),
    "osteoporosis": (Medicine("M05BA04", "alendronic acid", period_days=7),),
    "stroke": (Medicine("B01AC06", "acetylsalicylic acid"), Medicine("B01AC04", "clopidogrel")),
    "dementia": (Medicine("N06DA02", "donepezil"),),
    "depression": (Medicine("N06AB10", "escitalopram"),),
    "knee_arthrosis": (Medicine("M01AH01", "celecoxib", supply_days=14),),
    "cold": (Medicine("N02BE01", "paracetamol", tablets=3, supply_days=3),),
}


def meta(profile_name: str, *, test: bool = False) -> dict[str, Any]:
    """`meta` with a KR Core profile; `test` marks the resource as made-up data (v3-ActReason#HTEST)."""
    value: dict[str, Any] = {"profile": [profile(profile_name)]}
    if test:
        value["tag"] = [dict(TEST_DATA)]
    return value


def uuid_of(*parts: object) -> uuid.UUID:
    """The same UUID for the same parts."""
    return uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, parts)))
