"""What people read of plans, programmes and the gate."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PROGRAMMES: Mapping[str, Any] = {
    "A": _("Programme A: for people who can hardly walk"),
    "B": _("Programme B: for frail people"),
    "C": _("Programme C: for people who are becoming frail"),
    "D": _("Programme D: for fit people"),
}
PLUS = _("with more balance training")

EXERCISES: Mapping[str, Any] = {
    "leg-strength": _("Leg strength: stand up from a chair, lift the heels, stretch the knee"),
    "arm-strength": _("Arm strength: squeeze a ball, lift a bottle of water"),
    "balance": _("Balance: feet side by side, one before the other, on one leg"),
    "walking": _("Walking at your usual pace"),
    "stretching": _("Stretching of shoulders, back and legs"),
}
SUPPORTED = _("Hold on to something firm; somebody should be near.")
INTENSITY = _("You should be able to speak, not to sing (3 to 4 of 10).")
STOP_SIGNS = _(
    "Stop at once and tell somebody if your chest hurts, you turn pale or blue, feel confused or dizzy, "
    "walk unsteadily, or your pulse rises above %(beats)d. Call 119 if it does not pass."
)
NOT_SIGNED = _("A draft for a clinician. It is not a plan before a clinician has signed it.")
DOSES = _("How often and how long follows general knowledge of the programme: the clinician who signs answers for it.")
GUIDANCE = _("The fall risk is guidance, not a prediction: in a study it found 31 to 48 % of those who fell.")

DECISIONS: Mapping[str, Any] = {
    "refer": _("No exercise. See a doctor now."),
    "stop": _("No exercise today. Measure again and ask a doctor."),
    "postpone": _("Wait with exercise until this has passed."),
    "clearance": _("Exercise only after a clinician has agreed."),
    "measure": _("Not known: measure before the session."),
    "allowed": _("Nothing known speaks against exercise."),
}

BARRIERS: Mapping[str, Any] = {
    "systolic": _("upper blood pressure"),
    "diastolic": _("lower blood pressure"),
    "heart_rate": _("pulse at rest"),
    "oxygen_saturation": _("oxygen saturation"),
    "temperature": _("body temperature"),
    "glucose": _("blood sugar"),
    "unstable_angina_or_chest_pain": _("chest pain or unstable angina"),
    "infarction_within_a_month": _("heart attack within a month"),
    "uncontrolled_arrhythmia": _("heart rhythm out of control"),
    "decompensated_heart_failure": _("heart failure out of control"),
    "severe_symptomatic_aortic_stenosis": _("severe narrowing of the aortic valve"),
    "acute_myocarditis_or_pericarditis": _("inflammation of the heart"),
    "aortic_dissection": _("tear of the aorta"),
    "acute_embolism_or_thrombosis": _("fresh blood clot"),
    "new_neurological_deficit": _("new weakness or numbness"),
    "fainting": _("fainting"),
    "unexplained_breathlessness": _("breathlessness without a known cause"),
    "recent_fall_with_head_injury_or_fracture": _("recent fall with head injury or fracture"),
    "surgery_within_six_weeks_without_clearance": _("surgery within six weeks"),
    "acute_infection": _("fresh infection"),
    "orthostatic_drop_with_symptoms": _("dizziness on standing up"),
    "uncontrolled_diabetes": _("diabetes out of control"),
}

FALL_RISKS: Mapping[str, Any] = {
    "low": _("low"),
    "intermediate": _("intermediate: strength and balance training"),
    "high": _("high: a full examination of why you fall"),
}

MEASURES: Mapping[str, Any] = {
    "sppb": _("SPPB points"),
    "gait_speed": _("walking speed"),
    "tug": _("timed up and go"),
    "falls_12_months": _("falls in the last 12 months"),
    "fall_with_injury": _("fall with an injury"),
    "fall_unable_to_rise": _("could not get up after a fall"),
    "fall_with_faint": _("fall with fainting"),
    "worried_or_unsteady": _("unsteady, or worried about falling"),
    "dementia": _("dementia"),
    "grip": _("grip strength"),
}
