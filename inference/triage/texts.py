"""The words for the codes of a triage answer. English msgids; other languages come from the catalogs."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = Mapping[str, str | Promise]

DISCLAIMER_CODE = "decision_aid_not_a_medical_device"
DISCLAIMER = _(
    "This is an aid for trained crews and not a cleared medical device. The crew and the physician decide; "
    "when in doubt, choose the more severe level."
)

LEVEL_NAMES: Words = {
    "resuscitation": _("Resuscitation"),
    "emergent": _("Emergent"),
    "urgent": _("Urgent"),
    "less_urgent": _("Less urgent"),
    "non_urgent": _("Non-urgent"),
}

INPUT_NAMES: Words = {
    "age": _("Age"),
    "pregnancy": _("Pregnancy"),
    "respiratory_rate": _("Respiratory rate"),
    "oxygen_saturation": _("Oxygen saturation"),
    "oxygen_given": _("Oxygen given"),
    "hypercapnic_target": _("Oxygen target of 88-92 %"),
    "systolic_blood_pressure": _("Systolic blood pressure"),
    "diastolic_blood_pressure": _("Diastolic blood pressure"),
    "heart_rate": _("Heart rate"),
    "body_temperature": _("Body temperature"),
    "blood_glucose": _("Blood glucose"),
    "glasgow_coma_scale": _("Glasgow coma scale"),
    "acvpu": _("Consciousness (alert, new confusion, voice, pain, unresponsive)"),
    "avpu": _("Consciousness (alert, voice, pain, unresponsive)"),
    "pain": _("Pain (0-10)"),
    "pain_site": _("Site of the pain (central or peripheral)"),
    "pain_onset": _("Onset of the pain (acute or chronic)"),
    "complaint": _("Chief complaint"),
    "cardiac_arrest": _("Cardiac arrest"),
    "airway_obstructed": _("Airway obstruction"),
    "respiratory_distress": _("Respiratory distress"),
    "perfusion": _("Perfusion"),
    "appearance": _("Appearance (well, unwell, septic)"),
    "suspected_infection": _("Suspected infection"),
    "immunocompromised": _("Weakened immunity"),
    "bleeding": _("Bleeding"),
    "bleeding_disorder": _("Bleeding disorder"),
    "injury": _("Injury"),
    "mechanism": _("Mechanism of injury"),
    "symptoms": _("Accompanying symptoms"),
    "ecg_st_elevation": _("ST elevation on the ECG"),
    "arrival_mode": _("Way of arrival"),
    "stroke_face": _("Facial droop"),
    "stroke_arm_drift": _("Arm drift"),
    "stroke_grip": _("Grip"),
    "stroke_speech": _("Speech"),
    "stroke_balance": _("Balance"),
    "stroke_eyes": _("Sight"),
}

SCORE_NAMES: Words = {
    "news2": _("NEWS2"),
    "qsofa": _("qSOFA"),
    "shock_index": _("Shock index"),
    "sipa": _("Paediatric shock index (SIPA), ratio to its limit"),
    "rts": _("Revised Trauma Score"),
    "t_rts": _("Triage Revised Trauma Score"),
    "cpss": _("Cincinnati Prehospital Stroke Scale"),
    "be_fast": _("BE-FAST"),
    "lams": _("Los Angeles Motor Scale"),
}

NOT_APPLICABLE: Words = {
    "child": _("Not applicable at this age"),
    "pregnancy": _("Not applicable in pregnancy"),
    "age_outside_table": _("No limit is published for this age"),
    "not_injured": _("Applies to injured patients only"),
    "no_blood_pressure": _("No measurable blood pressure"),
}

ASSUMPTIONS: Words = {
    "age_presumed_adult": _("The age is unknown: the rules for adults were used."),
    "pregnancy_presumed_none": _("Pregnancy is unknown: NEWS2 was used as for a person who is not pregnant."),
    "saturation_scale_1": _("No oxygen target of 88-92 % is confirmed: NEWS2 uses saturation scale 1."),
}

PATHWAYS: Words = {
    "resuscitation": _("Resuscitation"),
    "stroke_centre": _("Stroke centre"),
    "thrombectomy_centre": _("Thrombectomy centre"),
    "pci_centre": _("Coronary intervention centre"),
    "trauma_centre": _("Trauma centre"),
    "sepsis_bundle": _("Early sepsis treatment"),
}

DESTINATION_RULES: Words = {
    "designated_hospital": _("To the pre-designated hospital at once."),
    "control_room_selects": _("Send the findings to the regional control room, which selects the hospital."),
    "share_and_ask": _("Share the findings and ask the hospital."),
    "by_protocol": _("To a hospital by protocol, without asking."),
}

RANKING_REASONS: Words = {
    "travel_time": _("Estimated travel time"),
    "beds_free": _("Emergency beds are free"),
    "beds_full": _("No emergency bed is free"),
    "overcrowded": _("Overcrowded"),
    "beds_unknown": _("Free beds unknown"),
    "capable": _("Can provide what is needed"),
    "capability_missing": _("Cannot provide what is needed"),
    "capability_unknown": _("Unknown whether it can provide what is needed"),
    "closed": _("Emergency room closed at this hour"),
}

DEGRADED: Words = {
    "record_unavailable": _("The record could not be written now. Send again with the same key."),
    "hospitals_unavailable": _("The list of emergency rooms is not available."),
    "model_unavailable": _("The level model is not available: the level comes from the rules alone."),
    "hospitals_outdated": _("The list of emergency rooms could not be refreshed."),
}

NO_OPINION: Words = {
    "model_unavailable": _("The level model is not available: the level comes from the rules alone."),
    "model_needs_age": _("The level model needs the age."),
    "model_from_16_years": _("The level model knows people from 16 years only."),
    "model_needs_complaint": _("The level model needs the chief complaint."),
}

MODEL_NOTE_CODE = "model_of_expert_level_not_of_outcome"
MODEL_NOTE = _(
    "The probability that experts would give level 1 or 2, with its 95 % interval, from a model "
    "trained on visits to two Korean emergency departments. It says nothing about "
    "outcomes."
)

FINDINGS: Words = {
    **INPUT_NAMES,
    "cardiac_arrest": _("Cardiac arrest"),
    "chest_pain": pgettext_lazy("complaint", "Chest pain"),
    "chest_wall": _("Chest wall"),
    "dyspnoea": _("Shortness of breath"),
    "palpitation": _("Palpitations"),
    "low_pressure": _("Low blood pressure"),
    "high_pressure": _("High blood pressure"),
    "syncope": _("Fainting"),
    "mental_change": _("Change of consciousness"),
    "seizure": _("Seizure"),
    "limb_weakness": _("Weakness of limbs"),
    "speech": _("Speech disturbance"),
    "facial_palsy": _("Facial palsy"),
    "numbness": _("Numbness"),
    "amnesia": _("Memory loss"),
    "dizziness": _("Dizziness"),
    "headache": _("Headache"),
    "vision": _("Vision"),
    "hearing": _("Ear or hearing"),
    "eye": _("Eye"),
    "fever": _("Fever"),
    "weakness_general": _("General weakness"),
    "myalgia": _("Muscle pain"),
    "abdominal_pain": _("Abdominal pain"),
    "epigastric": _("Upper abdomen"),
    "lower_abdomen": _("Lower abdomen"),
    "flank": _("Flank"),
    "distension": _("Swollen abdomen"),
    "vomiting": _("Vomiting or nausea"),
    "diarrhoea": _("Diarrhoea"),
    "constipation": _("Constipation"),
    "gi_bleeding": _("Bleeding from stomach or bowel"),
    "vaginal_bleeding": _("Vaginal bleeding or pregnancy"),
    "nose_mouth_bleeding": _("Bleeding from nose or mouth"),
    "bleeding": _("Bleeding"),
    "urinary": _("Urinary complaint"),
    "back_pain": _("Back pain"),
    "neck_pain": _("Neck pain"),
    "limb_pain": _("Pain of a limb"),
    "swelling": _("Swelling"),
    "throat": _("Throat"),
    "tooth_mouth": _("Tooth or mouth"),
    "cough_cold": _("Cough or cold"),
    "skin": _("Skin"),
    "allergy": _("Allergy or sting"),
    "laceration": _("Open wound"),
    "limb_injury": _("Injury of a limb"),
    "head_injury": _("Head injury"),
    "face_injury": _("Injury of the face"),
    "trauma": _("Injury or accident"),
    "burn": _("Burn"),
    "foreign_body": _("Foreign body"),
    "poisoning": _("Poisoning"),
    "self_harm": _("Self-harm"),
    "psychiatric": _("Mental complaint"),
    "alcohol": _("Alcohol"),
    "assault_sexual": _("Sexual assault"),
    "glucose": _("Blood glucose"),
    "device": _("Catheter or device"),
    "administrative": _("Prescription, papers, examination"),
    "sudden": _("Sudden onset"),
    "severe": _("Severe"),
    "pain_word": _("Pain in the words of the complaint"),
    "shock_index": _("Shock index (heart rate over systolic pressure)"),
    "responsiveness": _("Responsiveness"),
    "ambulance_119": _("Came by 119 ambulance"),
    "ambulance_private": _("Came by private ambulance"),
    "walking": _("Came on foot or by public transport"),
}

TRENDS: Words = {
    "improving": _("Improving since the last assessment"),
    "steady": _("Unchanged since the last assessment"),
    "worsening": _("Worse than at the last assessment"),
}

TABLES: Mapping[str, Words] = {
    "levels": LEVEL_NAMES,
    "inputs": INPUT_NAMES,
    "scores": SCORE_NAMES,
    "not_applicable": NOT_APPLICABLE,
    "assumptions": ASSUMPTIONS,
    "pathways": PATHWAYS,
    "destination_rules": DESTINATION_RULES,
    "ranking_reasons": RANKING_REASONS,
    "degraded": DEGRADED,
    "trends": TRENDS,
    "no_opinion": NO_OPINION,
    "findings": FINDINGS,
}
