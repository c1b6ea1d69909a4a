"""The words for the codes of a triage answer. English msgids; other languages come from the catalogs."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "hospitals_outdated": _("The list of emergency rooms could not be refreshed."),
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
}
