"""The rules' assessment and the model's opinion as one answer: the more severe wins."""

from __future__ import annotations

from dataclasses import replace

from inference.triage.assess import LEVELS, Reason, TriageAssessment
from inference.triage.level_model import LevelOpinion, NoOpinion
from inference.triage.modifiers import Evidence
from inference.triage.rule_pack import Mark, Text

CITATION = (
    "Model of this project on the visits of Moon SH et al. PLoS ONE 2019;14(9):e0216972, "
    "doi:10.1371/journal.pone.0216972"
)
_TEXT = Text(
    ko="학습된 모델이 더 급한 등급을 제안함 (환자 경과로 검증되지 않음)",
    en="A trained model suggests a more severe level (not validated for outcomes)",
)


def raised(assessment: TriageAssessment, opinion: LevelOpinion | NoOpinion) -> TriageAssessment:
    """The assessment at the model's level where that is more severe, with the model as first reason; else unchanged.

    The end `best` of the range stays that of the rules, `worst` follows the level.
    """
    if isinstance(opinion, NoOpinion) or opinion.level >= assessment.level.number:
        return assessment
    return replace(
        assessment,
        level=LEVELS[opinion.level],
        worst=min(assessment.worst, opinion.level),
        reasons=(_reason(opinion), *assessment.reasons),
        missing=tuple(item for item in assessment.missing if item.worst_level < opinion.level),
    )


def _reason(opinion: LevelOpinion) -> Reason:
    probability = round(opinion.at_most[opinion.level - 1], 4)
    evidence = Evidence(f"probability_level_{opinion.level}_or_more_severe", probability, ">=", opinion.threshold)
    return Reason(
        rule=opinion.model,
        level=opinion.level,
        evidence=(evidence,),
        source=opinion.model,
        mark=Mark.OWN,
        own_level=True,
        text=_TEXT,
        citation=CITATION,
    )
