"""The measured features: the codes under which they come, how they are measured, and what is humanly possible.

`possible` is not a model's range: a value outside it is an error of typing or of units, and the next older one is used.
Sources of codes: loinc.org (names checked there or in the official value sets of HL7); a feature without a LOINC code
comes under `urn:bitgoeul:CodeSystem/observation` with its own name, words joined by hyphens.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LOINC = "http://loinc.org"
OWN = "urn:bitgoeul:CodeSystem/observation"


@dataclass(frozen=True, slots=True)
class Quantity:
    """`kind` names the units of units.QUANTITIES; `possible` is in the canonical unit, both ends included."""

    kind: str
    unit: str
    possible: tuple[float, float]
    loinc: tuple[str, ...] = ()


QUANTITIES: Mapping[str, Quantity] = {
    "systolic": Quantity("mm[Hg]", "mm[Hg]", (50, 300), ("8480-6", "8459-0", "76534-7")),
    "diastolic": Quantity("mm[Hg]", "mm[Hg]", (20, 200), ("8462-4", "8453-3", "76535-4")),
    "heart_rate": Quantity("/min", "/min", (20, 300), ("8867-4",)),
    "respiratory_rate": Quantity("/min", "/min", (3, 80), ("9279-1",)),
    "oxygen_saturation": Quantity("%", "%", (40, 100), ("2708-6", "59408-5")),
    "temperature": Quantity("Cel", "Cel", (25, 45), ("8310-5", "8331-1")),
    "total_cholesterol": Quantity("cholesterol", "mg/dL", (40, 1200), ("2093-3", "14647-2")),
    "hdl_cholesterol": Quantity("cholesterol", "mg/dL", (3, 250), ("2085-9", "14646-4")),
    # Whole blood (38483-4) reads as serum where the method reports it so.
    "creatinine": Quantity("creatinine", "mg/dL", (0.1, 30), ("2160-0", "14682-9", "38483-4")),
    # Only the CKD-EPI 2021 equation: the MDRD (33914-3) and 2009 (62238-1) values differ.
    "reported_egfr": Quantity("egfr", "mL/min/{1.73_m2}", (1, 200), ("98979-8",)),
    "uacr": Quantity("uacr", "mg/g", (0.1, 30000), ("9318-7", "14959-1", "32294-1", "30000-4")),
    "hba1c": Quantity("hba1c", "%", (3, 20), ("4548-4", "17856-6", "59261-8")),
    "fasting_glucose": Quantity("glucose", "mg/dL", (20, 1000), ("1558-6", "14771-0")),
    "glucose": Quantity("glucose", "mg/dL", (10, 1500), ("2339-0", "2345-7", "15074-8", "14749-6", "41653-7")),
    "albumin": Quantity("albumin", "g/dL", (0.5, 8), ("1751-7", "61151-7", "61152-5")),
    "crp": Quantity("crp", "mg/dL", (0.001, 60), ("1988-5", "30522-7")),
    "lymphocytes": Quantity("%", "%", (0.1, 99), ("736-9", "26478-8")),
    "mcv": Quantity("fL", "fL", (40, 160), ("787-2", "30428-7")),
    # The ratio (RDW-CV) alone: 21000-5 and 30384-2 are widths in fL, another quantity.
    "rdw": Quantity("%", "%", (5, 50), ("788-0", "30385-9")),
    "alkaline_phosphatase": Quantity("U/L", "U/L", (1, 5000), ("6768-6",)),
    "leukocytes": Quantity("cells", "10*3/uL", (0.1, 500), ("6690-2", "26464-8", "804-5")),
    "platelets": Quantity("cells", "10*3/uL", (1, 3000), ("777-3", "26515-7", "778-1")),
    "aspartate_aminotransferase": Quantity("U/L", "U/L", (1, 20000), ("1920-8", "30239-8")),
    "alanine_aminotransferase": Quantity("U/L", "U/L", (1, 20000), ("1742-6", "1743-4", "1744-2")),
    "phosphate": Quantity("phosphate", "mg/dL", (0.3, 20), ("2777-1", "14879-1")),
    # Total carbon dioxide is what chemistry analysers report as bicarbonate.
    "bicarbonate": Quantity("bicarbonate", "mmol/L", (2, 60), ("1963-8", "2028-9", "20565-8")),
    "calcium": Quantity("calcium", "mg/dL", (3, 20), ("17861-6", "2000-8", "49765-1")),
    "height": Quantity("cm", "cm", (40, 260), ("8302-2", "8301-4", "3137-7")),
    "weight": Quantity("kg", "kg", (2, 400), ("29463-7", "3141-9", "3142-7")),
    "measured_bmi": Quantity("kg/m2", "kg/m2", (8, 100), ("39156-5",)),
    "waist": Quantity("cm", "cm", (30, 250), ("8280-0", "56086-2")),
    "grip": Quantity("force", "kg", (0, 100), ("83174-3", "83173-5")),
    "gait_speed": Quantity("m/s", "m/s", (0, 4), ("83172-7",)),
    "gait_time": Quantity("s", "s", (0.5, 300)),
    "gait_course": Quantity("cm", "cm", (200, 1000)),
    "chair_stands": Quantity("s", "s", (3, 180)),
    "tug": Quantity("s", "s", (3, 300)),
    "sppb": Quantity("score", "{score}", (0, 12)),
    "sppb_balance": Quantity("score", "{score}", (0, 4)),
    "muscle_mass_index": Quantity("kg/m2", "kg/m2", (1, 20)),
    "education_years": Quantity("a", "a", (0, 40)),
    "falls_12_months": Quantity("score", "{score}", (0, 365)),
    "diabetes_family_history": Quantity("score", "{score}", (0, 2)),
    **{f"phq9_{number}": Quantity("score", "{score}", (0, 3), (code,)) for number, code in enumerate(
        ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"), start=1
    )},
    **{f"sarc_f_{item}": Quantity("score", "{score}", (0, 2)) for item in
       ("strength", "walking", "chair", "stairs", "falls")},
}  # fmt: skip

# Questions with yes or no; a coded answer or a boolean. `smoking` has its own answers.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "smoking": ("72166-2",),
    "active_30_minutes_daily": (),
    "active_twice_weekly": (),
    "physically_inactive": (),
    "vegetables_daily": (),
    "mediterranean_diet": (),
    "low_to_moderate_alcohol": (),
    "high_cognitive_activity": (),
    "parent_dementia": (),
    "material_deprivation": (),
    "lives_alone": (),
    "apoe_e4_carrier": (),
    "needs_help_with_money_or_medicines": (),
    "muscle_mass_by_dxa": (),
    "postmenopausal": (),
    "fallen_past_year": ("52552-7",),
    "cane_or_walker": ("97875-9",),
    "unsteady": ("97876-7",),
    "holds_furniture": ("97877-5",),
    "worried": ("97878-3",),
    "push_to_stand": ("97879-1",),
    "trouble_curb": ("97880-9",),
    "rush_toilet": ("97881-7",),
    "lost_feeling_feet": ("97882-5",),
    "lightheaded_medicine": ("97883-3",),
    "sleep_mood_medicine": ("97884-1",),
    "sad_depressed": ("48527-6",),
    "fall_with_injury": (),
    "fall_unable_to_rise": (),
    "fall_with_faint": (),
}

YES = {
    ("http://snomed.info/sct", "373066001"),
    (LOINC, "LA33-6"),
    ("http://terminology.hl7.org/CodeSystem/v2-0136", "Y"),
}
NO = {
    ("http://snomed.info/sct", "373067005"),
    (LOINC, "LA32-8"),
    ("http://terminology.hl7.org/CodeSystem/v2-0136", "N"),
}
# Tobacco smoking status: answers of LOINC 72166-2 and the SNOMED CT codes of US Core. "Smoker, current status unknown"
# (77176002) and "unknown if ever smoked" (266927001) say neither yes nor no.
SMOKES_NOW = {"449868002", "428041000124106", "428061000124105", "428071000124103",
              "LA18976-3", "LA18977-1", "LA18981-3", "LA18982-1"}  # fmt: skip
DOES_NOT_SMOKE = {"8517006", "266919005", "LA15920-4", "LA18978-9"}

# Answers of the PHQ-9: not at all, several days, more than half the days, nearly every day.
POINTS = {"LA6568-5": 0.0, "LA6569-3": 1.0, "LA6570-1": 2.0, "LA6571-9": 3.0}
