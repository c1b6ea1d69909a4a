"""The features of a person's history: by which codes a diagnosis or a drug shows in a record.

ICD-10 prefixes hold for KCD-8 and KCD-9, which are its Korean editions; codes of SNOMED CT and RxNorm are those that
named concepts carry in test and exchange data. A prefix of ATC covers the group (whocc.no/atc).
"""

from collections.abc import Mapping
from dataclasses import dataclass

SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10 = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8",
        "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-9",
    }
)


@dataclass(frozen=True, slots=True)
class Drugs:
    atc: tuple[str, ...]
    rxnorm: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class History:
    """`icd10` without dots. `drugs` whose use implies the diagnosis."""

    icd10: tuple[str, ...]
    snomed: frozenset[str] = frozenset()
    drugs: Drugs | None = None


ANTIDIABETIC = Drugs(("A10",), frozenset({"860975", "861007", "106892"}))
ANTIHYPERTENSIVE = Drugs(
    ("C02", "C03", "C07", "C08", "C09"),
    frozenset({"197361", "308136", "316049", "310798", "316052", "866414", "866412", "833036", "314076", "314077",
               "897718"}),
)  # fmt: skip
STATIN = Drugs(
    ("C10AA", "C10BA", "C10BX"), frozenset({"316672", "312961", "314231", "259255", "617310", "617312", "617314"})
)
ANTIDEPRESSANT = Drugs(("N06A",))

_MYOCARDIAL = ("I21", "I22", "I252")
_MYOCARDIAL_SNOMED = frozenset({"22298006", "399211009", "401303003", "401314000"})
_STROKE = ("I60", "I61", "I63", "I64", "I690", "I691", "I693", "I694")
_STROKE_SNOMED = frozenset({"230690007", "422504002", "274100004", "21454007"})
_CORONARY = ("I20", "I21", "I22", "I23", "I24", "I25")
_CORONARY_SNOMED = _MYOCARDIAL_SNOMED | {"53741008", "414545008", "194828000", "4557003"}
_FAILURE = ("I50", "I110", "I130", "I132")
_FAILURE_SNOMED = frozenset({"88805009", "84114007", "42343007"})
_PERIPHERAL = ("I702", "I739")
_PERIPHERAL_SNOMED = frozenset({"399957001", "400047006"})
_TIA, _TIA_SNOMED = ("G45",), frozenset({"266257000"})

HISTORIES: Mapping[str, History] = {
    "diabetes": History(
        ("E10", "E11", "E12", "E13", "E14"),
        frozenset({"44054006", "73211009", "46635009", "127013003", "368581000119106", "422034002", "1551000119108",
                   "97331000119101", "90781000119102", "157141000119108", "60951000119105"}),
        ANTIDIABETIC,
    ),
    "hypertension": History(("I10", "I11", "I12", "I13", "I15"), frozenset({"38341003", "59621000"})),
    "high_cholesterol": History(
        ("E780", "E782", "E784", "E785"), frozenset({"55822004", "13644009", "267432004"}), STATIN
    ),
    "stroke": History(_STROKE, _STROKE_SNOMED),
    "stroke_tia": History((*_STROKE, *_TIA), _STROKE_SNOMED | _TIA_SNOMED),
    "myocardial_infarction": History(_MYOCARDIAL, _MYOCARDIAL_SNOMED),
    "coronary_heart_disease": History(_CORONARY, _CORONARY_SNOMED),
    "heart_failure": History(_FAILURE, _FAILURE_SNOMED),
    "atrial_fibrillation": History(("I48",), frozenset({"49436004", "282825002", "440059007", "5370000"})),
    "vascular_disease": History(
        (*_MYOCARDIAL, *_PERIPHERAL, "I700"), _MYOCARDIAL_SNOMED | _PERIPHERAL_SNOMED
    ),
    "cardiovascular_disease": History(
        (*_CORONARY, *_STROKE, *_TIA, *_FAILURE, *_PERIPHERAL),
        _CORONARY_SNOMED | _STROKE_SNOMED | _TIA_SNOMED | _FAILURE_SNOMED | _PERIPHERAL_SNOMED
        | {"410429000", "429007001"},
    ),
    "depression": History(("F32", "F33", "F341"), frozenset({"370143000", "35489007", "36923009", "66344007"})),
    "dementia": History(
        ("F00", "F01", "F02", "F03", "G30", "G310"),
        frozenset({"26929004", "52448006", "230265002", "429998004", "312991009"}),
    ),
    "kidney_disease": History(
        ("N18", "N19", "Z992", "Z940"),
        frozenset({"709044004", "431855005", "431856006", "433144002", "431857002", "433146000", "46177005",
                   "127013003"}),
    ),
    "dialysis_or_transplant": History(
        ("N186", "Z992", "Z940", "Z490", "Z491", "Z492"), frozenset({"46177005", "265764009", "161665007"})
    ),
    "high_glucose_ever": History(
        ("E10", "E11", "E12", "E13", "E14", "R73", "O244"),
        frozenset({"44054006", "73211009", "15777000", "80394007", "9414007", "390951007", "11687002"}),
        ANTIDIABETIC,
    ),
}  # fmt: skip

# Drugs in use now (or, for `ever`, at any time).
DRUGS_NOW: Mapping[str, Drugs] = {
    "antihypertensive": ANTIHYPERTENSIVE,
    "statin": STATIN,
    "antidepressant": ANTIDEPRESSANT,
}
DRUGS_EVER: Mapping[str, Drugs] = {"antihypertensive_ever": ANTIHYPERTENSIVE}
