"""POST /api/v1/triage: HTTP around the assessment. Level and reasons depend on body, rule pack and model alone."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View

from health_platform.fhir.access import rates
from health_platform.fhir.http.errors import too_many_text
from inference import registry
from inference.protocol.types import InferenceError
from inference.triage import store
from inference.triage.answer import Circumstances, answer
from inference.triage.assess import TriageAssessment, assess
from inference.triage.complaint_text import lexicon
from inference.triage.course import course_of, held
from inference.triage.device_token import Device, KeyFile, TokenRefused, verify
from inference.triage.hospital_source import SnapshotHolder, is_outdated, load_snapshot
from inference.triage.hospitals import Candidate, Capability, candidates
from inference.triage.level_model import MODEL, LevelOpinion, NoOpinion, opinion
from inference.triage.raising import raised
from inference.triage.recording import Unavailable
from inference.triage.request_body import InvalidRequest, TriageRequest, parse_request
from inference.triage.rule_pack import RulePack, safety_net

JSON = "application/json"
PROBLEM = "application/problem+json"
KEY = re.compile(r"[\x21-\x7e]{8,200}")

Record = Callable[[store.Submission], store.Written]
Opinion = Callable[[TriageRequest], LevelOpinion | NoOpinion]

log = logging.getLogger(__name__)


class Refusal(Exception):
    """An answer that ends the request: RFC 9457 problem details."""

    def __init__(self, status: int, title: str, detail: str, **members: Any) -> None:
        super().__init__(title)
        self.status = status
        self.problem = {"type": "about:blank", "title": title, "status": status, "detail": detail} | members


def model_opinion(request: TriageRequest) -> LevelOpinion | NoOpinion:
    """What the newest level model says, run in this process: neither store nor network takes part.

    A fault leaves the rules' answer.
    """
    try:
        client, card = registry.embedded_client(), registry.card_of(MODEL)
        return opinion(request.case, request.complaint_text, lexicon(), client, card)
    except (InferenceError, OSError, ValueError, KeyError) as error:
        log.warning("the level model did not answer: %s", type(error).__name__)
        return NoOpinion.UNAVAILABLE


class TriageView(View):
    """Assess a patient. `record` writes the submission and may raise Unavailable; `hospitals` holds the snapshot."""

    http_method_names = ["post", "options"]  # noqa: RUF012 - Django's own attribute
    record: Record = staticmethod(store.record)
    clock: Callable[[], datetime] = staticmethod(timezone.now)
    hospitals: SnapshotHolder | None = None
    opinion: Opinion = staticmethod(model_opinion)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer with the assessment, or with a problem."""
        now, usage = self.clock(), None
        try:
            device = _device(request, now)
            usage = rates.count_device(device.id)
            _within(usage)
            response = self._assess(request, device, now)
        except Refusal as refusal:
            response = _problem(refusal)
        for name, value in usage.headers.items() if usage else ():
            response[name] = value
        return response

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _problem(Refusal(405, _("Method not allowed"), _("Send a POST request.")))
        response["Allow"] = "POST, OPTIONS"
        return response

    def _assess(self, http: HttpRequest, device: Device, now: datetime) -> HttpResponse:
        key = _idempotency_key(http)
        request = _request(http)
        pack = safety_net()
        said = self.opinion(request)
        assessment = held(raised(assess(request.case, pack), said), request.earlier)
        found, degraded = self._candidates(request, assessment, now)
        if said is NoOpinion.UNAVAILABLE:
            degraded = (*degraded, said.value)
        course = course_of(assessment.level.number, request.earlier)
        circumstances = Circumstances(now, found, said, degraded, course=course)
        body = _body(assessment, pack, circumstances)
        try:
            written = self.record(store.Submission(device, key, request, assessment, body, now))
        except Unavailable:
            unrecorded = replace(circumstances, degraded=(*degraded, "record_unavailable"), recorded=False)
            return _answer(_body(assessment, pack, unrecorded))
        if written.answer is None:
            raise Refusal(
                422,
                _("The key was used before"),
                _("This Idempotency-Key came with another body. Send a new key for a new assessment."),
            )
        return _answer(written.answer)

    def _candidates(
        self, request: TriageRequest, assessment: TriageAssessment, now: datetime
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        snapshot = (self.hospitals or _hospitals()).current(now)
        if snapshot is None or not snapshot.rooms:
            return (), ("hospitals_unavailable",)
        outdated = ("hospitals_outdated",) if is_outdated(snapshot, now) else ()
        if request.position is None:
            return (), outdated
        known = {capability.value for capability in Capability}
        needs = [Capability(need) for flag in assessment.red_flags for need in flag.needs if need in known]
        return candidates(request.position, needs, snapshot, now), outdated


@cache
def _hospitals() -> SnapshotHolder:
    return SnapshotHolder(load_snapshot, store.store_deadline(threads=1))


@cache
def _key_file(source: str) -> KeyFile:
    return KeyFile(source)


def _device(http: HttpRequest, now: datetime) -> Device:
    scheme, _space, token = http.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, _("The device is not known"), _("Send the device's token: Authorization: Bearer <token>."))
    try:
        return verify(token.strip(), _key_file(settings.TRIAGE_DEVICE_KEYS).keys(), now)
    except TokenRefused as refused:
        if refused.authenticated:
            detail = _("The token is valid but not for triage: ask for a token for this device and its organization.")
            raise Refusal(403, _("The device may not do this"), detail, reason=refused.reason) from None
        detail = _("The token is not valid or has expired: issue a new one for the device.")
        raise Refusal(401, _("The device is not known"), detail, reason=refused.reason) from None


def _within(usage: rates.Usage | None) -> None:
    if usage is not None and usage.refused:
        raise Refusal(429, _("Too many requests"), too_many_text(usage, _))


def _idempotency_key(http: HttpRequest) -> str:
    key = http.headers.get("Idempotency-Key", "").strip('"')
    if not KEY.fullmatch(key):
        detail = _(
            "Send the header Idempotency-Key with 8 to 200 visible ASCII characters, such as a UUID: "
            "a new one for each assessment, the same one when you repeat it."
        )
        raise Refusal(400, _("The idempotency key is missing or not usable"), detail)
    return key


def _request(http: HttpRequest) -> TriageRequest:
    if http.content_type not in (JSON, ""):
        raise Refusal(415, _("The media type is not supported"), _("Send application/json."))
    try:
        return parse_request(http.body)
    except InvalidRequest as invalid:
        errors = [{"field": error.field, "message": error.message} for error in invalid.errors]
        status = 422 if errors else 400
        raise Refusal(status, _("The request is not valid"), invalid.detail, errors=errors) from None


def _body(assessment: TriageAssessment, pack: RulePack, circumstances: Circumstances) -> bytes:
    return orjson.dumps(answer(assessment, pack, circumstances))


def _answer(body: bytes) -> HttpResponse:
    response = HttpResponse(body, content_type=JSON)
    response["Content-Language"] = get_language() or "ko"
    response["Cache-Control"] = "no-store"
    return response


def _problem(refusal: Refusal) -> HttpResponse:
    response = HttpResponse(orjson.dumps(refusal.problem), content_type=PROBLEM, status=refusal.status)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="bitgoeul-triage"'
    response["Cache-Control"] = "no-store"
    return response
