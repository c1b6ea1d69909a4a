"""The JSON answer of a triage request: codes with their words in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from django.utils.translation import get_language

from inference.triage import texts
from inference.triage.assess import Reason, Suspicion, TriageAssessment
from inference.triage.case import CaseValue
from inference.triage.course import Course
from inference.triage.hospital_feed import Unknown
from inference.triage.hospitals import Candidate, destination_rule
from inference.triage.level_model import LevelOpinion, NoOpinion
from inference.triage.modifiers import Evidence
from inference.triage.rule_pack import Mark, RulePack, Text
from inference.triage.scores import Score
from inference.triage.vital_signs import MEASUREMENTS

LONGEST_VALID_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the answer depends on beside body and pack. `degraded` holds codes of `texts.DEGRADED`."""

    assessed_at: datetime
    candidates: tuple[Candidate, ...]
    opinion: LevelOpinion | NoOpinion = NoOpinion.NO_COMPLAINT
    degraded: tuple[str, ...] = ()
    recorded: bool = True
    course: Course | None = None


def answer(assessment: TriageAssessment, pack: RulePack, circumstances: Circumstances) -> dict[str, Any]:
    """The members of the answer. `level`, `range` and `reasons` are a pure function of body, pack and model."""
    flags = [suspicion.code for suspicion in assessment.red_flags]
    rule = destination_rule(assessment.level.number, flags)
    return {
        "level": _level(assessment),
        "range": {"best": assessment.best, "worst": assessment.worst},
        "reasons": [_reason(reason, pack) for reason in assessment.reasons],
        "course": _course(circumstances.course),
        "model": _model(circumstances.opinion, assessment),
        "missing": [
            {"name": item.name, "text": _word(texts.INPUT_NAMES, item.name), "worst_level": item.worst_level}
            for item in assessment.missing
        ],
        "assumptions": _coded(texts.ASSUMPTIONS, (assumption.value for assumption in assessment.assumptions)),
        "scores": [_score(score) for score in assessment.scores],
        "red_flags": [_suspicion(suspicion, pack) for suspicion in assessment.red_flags],
        "not_excluded": [_suspicion(suspicion, pack) for suspicion in assessment.not_excluded],
        "destination": {"rule": rule.value, "text": _word(texts.DESTINATION_RULES, rule.value)},
        "candidates": [candidate_document(candidate) for candidate in circumstances.candidates],
        "pack": {"id": assessment.pack_id, "version": assessment.pack_version, "sha256": assessment.pack_checksum},
        "assessed_at": circumstances.assessed_at.isoformat(timespec="seconds"),
        "valid_until": valid_until(assessment, circumstances.assessed_at).isoformat(timespec="seconds"),
        "recorded": circumstances.recorded,
        "degraded": bool(circumstances.degraded),
        "degraded_reasons": _coded(texts.DEGRADED, circumstances.degraded),
        "disclaimer": {"code": texts.DISCLAIMER_CODE, "text": str(texts.DISCLAIMER)},
    }


def _level(assessment: TriageAssessment) -> dict[str, Any]:
    level = assessment.level
    return {
        "number": level.number,
        "code": level.code,
        "name": _word(texts.LEVEL_NAMES, level.code),
        "colour": level.colour,
        "target_minutes": level.target_minutes,
    }


def _course(course: Course | None) -> dict[str, Any] | None:
    if course is None:
        return None
    return {
        "arrival_level": course.arrival,
        "worst_level": course.worst,
        "trend": {"code": course.trend.value, "text": _word(texts.TRENDS, course.trend.value)},
        "assessments": course.assessments,
    }


def _reason(reason: Reason, pack: RulePack) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "level": reason.level,
        "text": _pack_text(reason.text),
        "evidence": [_evidence(item) for item in reason.evidence],
        "source": _source_of(reason, pack),
        "verified": reason.verified,
        "own_threshold": reason.mark is Mark.OWN,
        "own_level": reason.own_level,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    entry = {
        "name": evidence.name,
        "value": _plain(evidence.value),
        "comparator": evidence.comparator,
        "threshold": _plain(evidence.threshold),
    }
    measurement = MEASUREMENTS.get(evidence.name)
    return entry | ({"unit": measurement.unit} if measurement else {})


def valid_until(assessment: TriageAssessment, assessed_at: datetime) -> datetime:
    """When to assess again at the latest: the target time of the level, at least every minute, at most every 30."""
    return assessed_at + timedelta(minutes=min(max(assessment.level.target_minutes, 1), LONGEST_VALID_MINUTES))


def _model(opinion: LevelOpinion | NoOpinion, assessment: TriageAssessment) -> dict[str, Any]:
    if isinstance(opinion, NoOpinion):
        return {"applied": False, "reason": {"code": opinion.value, "text": _word(texts.NO_OPINION, opinion.value)}}
    probability, low, high = (round(value, 4) for value in opinion.emergent)
    return {
        "applied": True,
        "id": opinion.model,
        "version": opinion.version,
        "sha256": opinion.checksum,
        "level": opinion.level,
        "raised": any(reason.rule == opinion.model for reason in assessment.reasons),
        "emergent": {"probability": probability, "low": low, "high": high, "n": opinion.training_n},
        "at_most": [round(value, 4) for value in opinion.at_most],
        "contributions": [
            {"name": item.name, "text": _word(texts.FINDINGS, item.name), "log_odds": item.log_odds}
            for item in opinion.contributions
        ],
        "missing": [
            {"name": name, "text": _word(texts.INPUT_NAMES, name), "worst_level": level}
            for name, level in sorted(opinion.could_become.items())
        ],
        "note": {"code": texts.MODEL_NOTE_CODE, "text": str(texts.MODEL_NOTE)},
    }


def _source_of(reason: Reason, pack: RulePack) -> dict[str, str]:
    return {"id": reason.source, "citation": reason.citation} if reason.citation else _source(reason.source, pack)


def _source(source: str, pack: RulePack) -> dict[str, str]:
    cited = pack.document.sources[source]
    return {"id": source, "citation": cited.citation} | ({"url": cited.url} if cited.url else {})


def _score(score: Score) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": score.name.value,
        "text": _word(texts.SCORE_NAMES, score.name.value),
        "applicable": score.applicable,
    }
    if score.reason is not None:
        words = _word(texts.NOT_APPLICABLE, score.reason.value)
        return entry | {"not_applicable": {"code": score.reason.value, "text": words}}
    return entry | {
        "value": _plain(score.value),
        "minimum": _plain(score.minimum),
        "maximum": _plain(score.maximum),
        "lacking": list(score.lacking),
        "parts": [
            {"name": part.name, "minimum": _plain(part.minimum), "maximum": _plain(part.maximum)}
            for part in score.parts
        ],
    }


def _suspicion(suspicion: Suspicion, pack: RulePack) -> dict[str, Any]:
    return {
        "code": suspicion.code,
        "text": _pack_text(suspicion.text),
        "pathway": {"code": suspicion.pathway, "text": _word(texts.PATHWAYS, suspicion.pathway)},
        "needs": list(suspicion.needs),
        "evidence": [_evidence(item) for item in suspicion.evidence],
        "missing": list(suspicion.missing),
        "source": _source(suspicion.source, pack),
        "verified": suspicion.mark is Mark.READ,
    }


def candidate_document(candidate: Candidate) -> dict[str, Any]:
    """A candidate as the answer tells it: beds that are not known are null with their reason beside them."""
    free = candidate.beds_free
    room = candidate.room
    return {
        "id": room.id,
        "name": room.name,
        "telephone": room.telephone,
        "distance_km": candidate.distance_km,
        "travel_minutes": candidate.travel_minutes,
        "beds_free": None if isinstance(free, Unknown) else free,
        "beds_free_unknown": free.value if isinstance(free, Unknown) else None,
        "beds_total": candidate.beds_total,
        "as_of": _moment(candidate.as_of),
        "listed_at": _moment(room.listed_at),
        "ranking_minutes": candidate.minutes,
        "reasons": [
            {
                "code": reason.code.value,
                "text": _word(texts.RANKING_REASONS, reason.code.value),
                "minutes": reason.minutes,
                "about": reason.about,
            }
            for reason in candidate.reasons
        ],
    }


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")


def _coded(words: texts.Words, codes: Iterable[str]) -> list[dict[str, str]]:
    return [{"code": code, "text": _word(words, code)} for code in codes]


def _word(words: Mapping[str, Any], code: str) -> str:
    """The word for a code; a licensed pack may bring codes that have none, which then stand for themselves."""
    return str(words.get(code, code))


def _pack_text(text: Text) -> str:
    return text.en if (get_language() or "ko").startswith("en") else text.ko


def _plain(value: CaseValue) -> Any:
    """A JSON value: sets as sorted lists, an open end (infinity) as null."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, float) and not isinstance(value, bool):
        return value if isfinite(value) else None
    return value
