"""What people read of models, features and reasons, in plain words; every text goes through gettext."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inference.features.vector import Gap, Origin, Reason

NOT_A_DEVICE = _(
    "A calculation to talk about with a clinician. It is not a diagnosis and not a cleared medical device."
)

FAMILIES: Mapping[str, Any] = {
    "cardiovascular": _("Heart and blood vessels"),
    "kidney": _("Kidneys"),
    "diabetes": _("Diabetes"),
    "muscle": _("Muscle strength"),
    "bone": _("Bones"),
    "falls": _("Falls"),
    "biological-age": _("Biological age"),
    "atrial-fibrillation": _("Heart rhythm"),
    "liver": _("Liver"),
    "dementia": _("Memory"),
    "depression": _("Mood"),
}

MODELS: Mapping[str, Any] = {
    "prevent-base-10y": _("Heart attack, stroke or heart failure within 10 years (PREVENT)"),
    "prevent-hba1c-10y": _("Heart attack, stroke or heart failure within 10 years (PREVENT with HbA1c)"),
    "prevent-uacr-10y": _("Heart attack, stroke or heart failure within 10 years (PREVENT with urine albumin)"),
    "prevent-base-30y": _("Heart attack, stroke or heart failure within 30 years (PREVENT)"),
    "score2-asia-pacific": _("Heart attack or stroke within 10 years (SCORE2 Asia-Pacific)"),
    "kfre-4v": _("Kidney failure within 2 and 5 years (KFRE, 4 values)"),
    "kfre-8v": _("Kidney failure within 2 and 5 years (KFRE, 8 values)"),
    "ckd-epi-2021": _("How well the kidneys filter (eGFR, CKD-EPI 2021)"),
    "findrisc": _("Type 2 diabetes within 10 years (FINDRISC)"),
    "awgs-2019": _("Loss of muscle (AWGS 2019)"),
    "sarc-f": _("Loss of muscle, questionnaire (SARC-F)"),
    "osta": _("Osteoporosis (OSTA)"),
    "steadi-stay-independent": _("Falls, questionnaire (Stay Independent)"),
    "phenoage-2018": _("Biological age from a blood test (PhenoAge)"),
    "cha2ds2-vasc": _("Stroke in atrial fibrillation (CHA2DS2-VASc)"),
    "charge-af": _("Atrial fibrillation within 5 years (CHARGE-AF)"),
    "fib4": _("Scarring of the liver (FIB-4)"),
    "ukb-drs": _("Dementia within 14 years (UK Biobank)"),
    "ukb-drs-apoe": _("Dementia within 14 years (UK Biobank with APOE)"),
    "bdsi": _("Dementia within 6 years (BDSI)"),
    "caide": _("Dementia within 20 years (CAIDE)"),
    "libra": _("Lifestyle for brain health (LIBRA)"),
    "phq9": _("Depression, questionnaire (PHQ-9)"),
}

OUTPUTS: Mapping[str, Any] = {
    "total_cvd": _("Heart attack, stroke or heart failure"),
    "ascvd": _("Heart attack or stroke"),
    "heart_failure": _("Heart failure"),
    "chd": _("Heart attack"),
    "stroke": _("Stroke"),
    "risk_5y_non_na": _("Kidney failure within 5 years"),
    "risk_2y_non_na": _("Kidney failure within 2 years"),
    "egfr": _("Filtration rate of the kidneys"),
    "risk_10y_t2d_band": _("Type 2 diabetes within 10 years"),
    "score": _("Points"),
    "points": _("Points"),
    "possible_sarcopenia": _("Possible loss of muscle"),
    "category": _("Loss of muscle"),
    "functional_sarcopenia_kwgs2023": _("Weak and slow (Korean working group 2023)"),
    "positive": _("Needs a measurement"),
    "at_risk": _("Needs an examination"),
    "osta": _("OSTA index"),
    "osta_continuous": _("OSTA index, exact"),
    "band": _("Level"),
    "phenoage": _("Biological age"),
    "advance": _("Biological age minus age"),
    "risk_5y_af": _("Atrial fibrillation within 5 years"),
    "fib4": _("FIB-4 index"),
    "risk_14y_dementia": _("Dementia within 14 years"),
    "high_risk": _("Raised"),
    "risk_20y_band": _("Dementia within 20 years, by points"),
    "risk_20y_logit": _("Dementia within 20 years"),
    "risk_recalibrated_ukb": _("Dementia within 20 years, recalibrated in the United Kingdom"),
    "libra": _("LIBRA index"),
    "phq9": _("PHQ-9 points"),
    "phq2": _("PHQ-2 points"),
    "severity": _("Severity"),
    "item9_flag": _("Thoughts of self-harm"),
}

BANDS: Mapping[str, Any] = {
    "none": _("none"),
    "low": _("low"),
    "slightly raised": _("slightly raised"),
    "moderate": _("moderate"),
    "medium": _("medium"),
    "high": _("high"),
    "very high": _("very high"),
    "sarcopenia": _("sarcopenia"),
    "severe sarcopenia": _("severe sarcopenia"),
    "minimal": _("minimal"),
    "mild": _("mild"),
    "moderately severe": _("moderately severe"),
    "severe": _("severe"),
}

FEATURES: Mapping[str, Any] = {
    "age": _("age"),
    "female": _("sex"),
    "male": _("sex"),
    "systolic": _("blood pressure"),
    "diastolic": _("lower blood pressure value"),
    "heart_rate": _("pulse"),
    "oxygen_saturation": _("oxygen saturation"),
    "temperature": _("body temperature"),
    "total_cholesterol": _("cholesterol"),
    "hdl_cholesterol": _("HDL cholesterol"),
    "creatinine": _("creatinine (blood test)"),
    "egfr": _("kidney function (creatinine in a blood test)"),
    "egfr_below_60_confirmed": _("a second kidney value at least 90 days apart"),
    "uacr": _("albumin in urine (urine test)"),
    "hba1c": _("long-term blood sugar (HbA1c)"),
    "fasting_glucose": _("fasting blood sugar"),
    "albumin": _("albumin (blood test)"),
    "crp": _("inflammation (CRP, blood test)"),
    "lymphocytes": _("lymphocytes (blood test)"),
    "mcv": _("size of red blood cells (MCV)"),
    "rdw": _("spread of red blood cells (RDW)"),
    "alkaline_phosphatase": _("alkaline phosphatase (blood test)"),
    "leukocytes": _("white blood cells"),
    "platelets": _("platelets"),
    "aspartate_aminotransferase": _("liver value AST"),
    "alanine_aminotransferase": _("liver value ALT"),
    "phosphate": _("phosphate (blood test)"),
    "bicarbonate": _("bicarbonate (blood test)"),
    "calcium": _("calcium (blood test)"),
    "height": _("height"),
    "weight": _("weight"),
    "bmi": _("body mass index"),
    "waist": _("waist"),
    "obesity": _("obesity"),
    "grip": _("grip strength"),
    "gait_speed": _("walking speed"),
    "chair_stands": _("five chair stands"),
    "tug": _("timed up and go"),
    "sppb": _("SPPB points"),
    "falls_12_months": _("falls in the last 12 months"),
    "muscle_mass_index": _("muscle mass"),
    "muscle_mass_by_dxa": _("how muscle mass was measured"),
    "education_years": _("years of schooling"),
    "education_below_12_years": _("years of schooling"),
    "smoking": _("smoking"),
    "diabetes": _("diabetes"),
    "hypertension": _("high blood pressure"),
    "high_cholesterol": _("high cholesterol"),
    "antihypertensive": _("blood pressure medicine"),
    "antihypertensive_ever": _("blood pressure medicine, ever"),
    "statin": _("cholesterol medicine"),
    "stroke": _("stroke"),
    "stroke_tia": _("stroke or passing stroke"),
    "myocardial_infarction": _("heart attack"),
    "coronary_heart_disease": _("disease of the heart's vessels"),
    "heart_failure": _("heart failure"),
    "atrial_fibrillation": _("atrial fibrillation"),
    "vascular_disease": _("disease of the arteries"),
    "cardiovascular_disease": _("disease of heart or vessels"),
    "kidney_disease": _("kidney disease"),
    "dialysis_or_transplant": _("dialysis or kidney transplant"),
    "depression": _("depression"),
    "depressive_symptoms_or_antidepressant": _("low mood or a medicine for it"),
    "dementia": _("dementia"),
    "high_glucose_ever": _("high blood sugar, ever"),
    "diabetes_family_history": _("diabetes in the family"),
    "active_30_minutes_daily": _("30 minutes of activity a day"),
    "active_twice_weekly": _("exercise twice a week"),
    "physically_inactive": _("little physical activity"),
    "vegetables_daily": _("vegetables or fruit every day"),
    "mediterranean_diet": _("diet of vegetables, fish and oil"),
    "low_to_moderate_alcohol": _("alcohol"),
    "high_cognitive_activity": _("mental activity"),
    "parent_dementia": _("dementia of a parent"),
    "material_deprivation": _("hardship"),
    "lives_alone": _("living alone"),
    "apoe_e4_carrier": _("gene variant APOE e4"),
    "needs_help_with_money_or_medicines": _("help with money or medicines"),
    "postmenopausal": _("menopause"),
    "white_european": _("European descent"),
    **{f"phq9_{number}": _("answers of the PHQ-9") for number in range(1, 10)},
    **{
        f"sarc_f_{item}": _("answers of the SARC-F") for item in ("strength", "walking", "chair", "stairs", "falls")
    },
    **{
        name: _("answers of the falls questionnaire")
        for name in (
            "fallen_past_year", "cane_or_walker", "unsteady", "holds_furniture", "worried", "push_to_stand",
            "trouble_curb", "rush_toilet", "lost_feeling_feet", "lightheaded_medicine", "sleep_mood_medicine",
            "sad_depressed",
        )
    },
}  # fmt: skip

NOT_APPLICABLE: Mapping[str, Any] = {
    "age": _("It is made for another age."),
    "women-only": _("It is made for women."),
    "before-menopause": _("It is made for the time after menopause."),
    "below-18": _("It is made for adults."),
    "below-60": _("It is made for people of 60 and more."),
    "below-65": _("It is made for people of 65 and more."),
    "has-cardiovascular_disease": _("It is made for people without a disease of heart or vessels."),
    "has-diabetes": _("It is made for people without diabetes."),
    "has-dementia": _("It is made for people without dementia."),
    "has-atrial_fibrillation": _("It is made for people without atrial fibrillation."),
    "no-atrial_fibrillation": _("It is made for people with atrial fibrillation."),
    "has-dialysis_or_transplant": _("It is made for people without dialysis or transplant."),
    "kidney-function-kept": _("It is made for people whose kidney function has fallen below 60."),
}

GAPS: Mapping[Reason, Any] = {
    Reason.ABSENT: _("%(name)s is not in the record"),
    Reason.IMPOSSIBLE: _("%(name)s: %(given)s cannot be right and was not used"),
    Reason.UNIT: _("%(name)s: %(given)s has no unit that fits and was not used"),
    Reason.LIMIT: _("%(name)s: %(given)s is only a limit and was not used"),
    Reason.TOO_OLD: _("%(name)s: the last value is more than 10 years old"),
    Reason.LATER: _("%(name)s: the value is dated after this assessment"),
    Reason.SUSPECTED: _("%(name)s is suspected but not confirmed"),
    Reason.BIRTH_DATE: _("the date of birth is not complete"),
    Reason.SEX: _("the sex in the record is neither female nor male"),
}


def feature(name: str) -> str:
    return str(FEATURES.get(name, name))


def model_title(card: Mapping[str, Any]) -> str:
    return str(MODELS.get(card["id"], card["title"]))


def output_title(model: str, name: str) -> str:
    key = name.split("y_", 1)[1] if model.startswith("prevent-") and "y_" in name else name
    return str(OUTPUTS.get(key, name))


def gap(missing: Gap) -> str:
    """Why a feature is not known, as one phrase."""
    return str(GAPS[missing.reason]) % {"name": feature(missing.name), "given": missing.given}


def outside(name: str, value: float, unit: str) -> str:
    """Why a value beyond a model's range gives no number."""
    shown = "" if unit.startswith("{") else f" {unit}"
    return gettext("%(name)s of %(value)s is beyond what the formula was made for") % {
        "name": feature(name),
        "value": f"{value:g}{shown}",
    }


def no_number(reason: str) -> str:
    if reason == "The risk region of Korea has no cited source yet.":
        return gettext("No number is given: which risk region holds for Korea has not been read at the source yet.")
    return gettext("No number is given: %(reason)s") % {"reason": reason}


def not_calibrated(card: Mapping[str, Any]) -> str:
    return gettext("Not checked in Koreans (%(population)s): read it as a rank, not as your own probability.") % {
        "population": card["population"]
    }


def assumption(name: str, visit: date | None) -> str:
    """What the result takes for granted, and on what ground: the last visit of a record without such an entry."""
    if name == "white_european":
        return gettext("The model's term for European descent is left out.")
    return gettext("Taken as no: %(name)s. There is no such entry in the record (last visit %(date)s).") % {
        "name": feature(name),
        "date": _day(visit),
    }


def old_value(name: str, when: date | None) -> str:
    return gettext("%(name)s is more than 2 years old (%(date)s): a new one would make this more certain.") % {
        "name": feature(name),
        "date": _day(when),
    }


def _day(when: date | None) -> str:
    return date_format(when, "DATE_FORMAT") if when else "?"


def origin(how: Origin) -> str:
    """How a feature is known, in a word."""
    return {
        Origin.RECORDED: gettext("recorded"),
        Origin.MEASURED: gettext("from a measurement"),
        Origin.LISTED: gettext("from a reviewed problem list"),
        Origin.ASSUMED: gettext("assumed"),
        Origin.CALCULATED: gettext("calculated"),
    }[how]
