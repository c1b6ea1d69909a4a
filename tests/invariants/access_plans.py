"""Every route of the platform, and how the access matrix calls it.

A route comes from Django's own resolver, an interaction or operation of the FHIR API from the CapabilityStatement. What
has no plan here fails `test_access_matrix.py` with words that say what to add: a new door is tried by everybody from
its first day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import URLPattern, URLResolver, get_resolver

from health_platform.fhir.interactions.capabilities import capability_statement
from tests.minimal import minimal

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Ask:
    """A request. ``{names}`` that the planted record knows are filled in path, body and headers. ``seen_by`` must find
    the planted mark in the answer: without them nobody would know that the request reaches the record."""

    method: str
    path: str
    body: str = ""
    content_type: str = FHIR_JSON
    headers: dict[str, str] = field(default_factory=dict)
    seen_by: tuple[str, ...] = ()

    def filled(self, names: dict[str, str]) -> Ask:
        def fill(text: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], match[0]), text)

        headers = {name: fill(value) for name, value in self.headers.items()}
        return replace(self, path=fill(self.path), body=fill(self.body), headers=headers)


def get(path: str, *seen_by: str) -> Ask:
    return Ask("GET", path, seen_by=seen_by)


def post(path: str, *seen_by: str, **form: str) -> Ask:
    """A form of a page."""
    return Ask("POST", path, "&".join(f"{name}={value}" for name, value in form.items()), FORM, seen_by=seen_by)


def send(method: str, path: str, body: Any, *seen_by: str, **headers: str) -> Ask:
    return Ask(method, path, json.dumps(body), "application/json", headers, seen_by)


RIGHT = ("clinician", "system", "operator")
KEYED = {"Idempotency-Key": "matrix-00000001"}
_OAUTH = {"client_id": "{client}", "redirect_uri": "https://app.example/after", "response_type": "code"}
_AUTHORIZE = urlencode(_OAUTH | {"scope": "launch/patient patient/*.rs"}, safe="{}")
_PAGE = "/console/patients/{patient}"

# By route, as Django's resolver says it. Each route is also called by every method with an empty body.
PLANS: dict[str, tuple[Ask, ...]] = {
    "fhir/R4/.well-known/smart-configuration": (get("/fhir/R4/.well-known/smart-configuration"),),
    "fhir/R4": (),  # see `fhir_asks`
    "fhir/R4^/(?P<path>.*)$": (),  # see `fhir_asks`
    "^v2(?:/.*)?$": (
        get("/v2"),
        get("/v2/health/live"),
        get("/v2/health/ready"),
        get("/v2/models/caide"),
        get("/v2/models/caide/stats"),
        send("POST", "/v2/models/caide/infer", {"inputs": []}),
        send("POST", "/v2/repository/index", {}),
    ),
    "api/v1/session": (send("POST", "/api/v1/session", {"username": "nobody", "password": "wrong-password"}),),
    "api/v1/session/renewal": (send("POST", "/api/v1/session/renewal", {}),),
    "api/v1/me": (get("/api/v1/me", "citizen"),),
    "api/v1/me/records": (
        get("/api/v1/me/records"),
        get("/api/v1/me/records?kind=diagnoses", "citizen"),
    ),
    "api/v1/me/risks": (get("/api/v1/me/risks"),),
    "api/v1/me/risks/<str:model>/what-if": (
        send(
            "POST",
            "/api/v1/me/risks/prevent-base-10y/what-if",
            {"supposed": [{"feature": "systolic", "value": 120}]},
        ),
    ),
    "api/v1/me/plans": (get("/api/v1/me/plans", "citizen"),),
    "api/v1/me/plans/<str:id>/exercises": (
        send(
            "POST",
            "/api/v1/me/plans/{CarePlan}/exercises",
            {"exercise": "balance", "done_on": "2026-11-20", "minutes": 20},
            **KEYED,
        ),
    ),
    "api/v1/me/consents": (
        get("/api/v1/me/consents"),
        send("POST", "/api/v1/me/consents", {"purpose": "research", "decision": "permit"}, **KEYED),
    ),
    "api/v1/me/consents/<str:id>": (
        get("/api/v1/me/consents/{Consent}"),
        send("DELETE", "/api/v1/me/consents/{Consent}", {}),
        send("PATCH", "/api/v1/me/consents/{Consent}", {"decision": "deny"}),
    ),
    "api/v1/me/questions": (
        get("/api/v1/me/questions", "citizen"),
        send("POST", "/api/v1/me/questions", {"text": "a question", "about": "{Observation}"}, **KEYED),
    ),
    "api/v1/me/access-log": (get("/api/v1/me/access-log"), get("/api/v1/me/access-log?patient={patient}")),
    "api/v1/me/data": (get("/api/v1/me/data", "citizen"),),
    "api/v1/me/clinics": (get("/api/v1/me/clinics"),),
    "api/v1/me/sharing": (
        get("/api/v1/me/sharing"),
        Ask("GET", "/api/v1/me/sharing", headers={"Acting-For": "{patient}"}),
        send("POST", "/api/v1/me/sharing", {"permit": True, "who": "anyone"}, **{"Acting-For": "{patient}"}),
    ),
    "api/v1/me/sharing/choices": (get("/api/v1/me/sharing/choices?who=institution&name={mark}"),),
    "api/v1/me/sharing/<str:id>": (
        send("DELETE", "/api/v1/me/sharing/{Consent}", {}),
        send("DELETE", "/api/v1/me/sharing/{Consent}", {}, **{"Acting-For": "{patient}"}),
    ),
    "api/v1/me/carers": (
        get("/api/v1/me/carers"),
        send("POST", "/api/v1/me/carers", {"code": "00000000"}),
    ),
    "api/v1/me/carers/code": (get("/api/v1/me/carers/code"),),
    "api/v1/me/carers/<str:id>/acceptance": (
        send("PUT", "/api/v1/me/carers/{Consent}/acceptance", {}),
        send("DELETE", "/api/v1/me/carers/{Consent}/acceptance", {}),
    ),
    "api/v1/me/notices": (get("/api/v1/me/notices"),),
    "app/": (get("/app/"),),
    "app/^words\\.(?P<language>ko|en)\\.json$": (get("/app/words.ko.json"),),
    "app/manifest.webmanifest": (get("/app/manifest.webmanifest"),),
    "app/service-worker.js": (get("/app/service-worker.js"),),
    "api/v1/triage": (send("POST", "/api/v1/triage", {"patient": "{patient}"}, **KEYED),),
    "console/": (get("/console/"), get("/console/?stage=unreviewed")),
    "console/sign-in": (get("/console/sign-in"), post("/console/sign-in", username="nobody", password="wrong")),
    "console/sign-out": (post("/console/sign-out"),),
    "console/language": (post("/console/language", language="en"),),
    "console/patients": (
        post("/console/patients", "clinician in a browser", identifier="{number}"),
        post("/console/patients", name="{mark}"),
        post("/console/patients", birth_date="1950-03-01"),
    ),
    "console/patients/<str:patient>": (get(_PAGE, "clinician in a browser"),),
    "console/patients/<str:patient>/account": (post(f"{_PAGE}/account", "clinician in a browser"),),
    "console/patients/<str:patient>/acceptance": (
        post(f"{_PAGE}/acceptance", family="dementia", risk="{RiskAssessment}:1"),
    ),
    "console/patients/<str:patient>/risks/<str:risk>/decision": (
        post(f"{_PAGE}/risks/{{RiskAssessment}}/decision", seen="1", decision="override", reason="a reason"),
    ),
    "console/patients/<str:patient>/risks/<str:risk>/release": (
        post(f"{_PAGE}/risks/{{RiskAssessment}}/release", seen="1"),
    ),
    "console/patients/<str:patient>/plans/<str:plan>/signature": (
        post(f"{_PAGE}/plans/{{CarePlan}}/signature", seen="1"),
    ),
    "console/patients/<str:patient>/plans/<str:plan>/refusal": (
        post(f"{_PAGE}/plans/{{CarePlan}}/refusal", seen="1", reason="a reason"),
    ),
    "console/patients/<str:patient>/plans/<str:plan>/correction": (
        post(f"{_PAGE}/plans/{{CarePlan}}/correction", seen="1", precaution="slowly"),
    ),
    "console/emergency": (get("/console/emergency"),),
    # A clinician may open any record in an emergency; without a reason nothing opens.
    "console/emergency-access": (
        get("/console/emergency-access"),
        post("/console/emergency-access", name="{mark}", birth_date="1950-03-01", reason=""),
    ),
    "console/emergency-access/<str:patient>": (get("/console/emergency-access/{patient}"),),
    "console/emergency-access/<str:patient>/whole": (
        post("/console/emergency-access/{patient}/whole", reason="a reason"),
    ),
    "console/clients": (get("/console/clients"),),
    "console/clients/new": (post("/console/clients/new", name="a system", jwks="{{}}"),),
    "console/clients/<int:client>/test": (
        get("/console/clients/1/test"),
        post("/console/clients/1/test", assertion="x"),
    ),
    "console/clients/<int:client>/end": (post("/console/clients/1/end"),),
    "console/members": (get("/console/members"), post("/console/members", username="", name="", role="")),
    "console/members/<int:member>/recovery": (post("/console/members/0/recovery"),),
    "console/members/<int:member>/end": (post("/console/members/0/end"),),
    "console/audit": (get("/console/audit"), get("/console/audit?month=2026-11")),
    "console/audit/log": (get("/console/audit/log"), post("/console/audit/log", patient="{patient}")),
    "console/audit/emergencies": (get("/console/audit/emergencies"),),
    "oauth/authorize": (get(f"/oauth/authorize?{_AUTHORIZE}"),),
    "oauth/authorize/decision": (
        post(f"/oauth/authorize/decision?{_AUTHORIZE}", decision="allow", patient="{patient}"),
    ),
    "oauth/token": (
        post("/oauth/token", grant_type="client_credentials", client_id="{client}"),
        post("/oauth/token", grant_type="authorization_code", code="unknown", client_id="{client}"),
    ),
    "oauth/introspect": (post("/oauth/introspect", token="unknown"),),
    "oauth/revoke": (post("/oauth/revoke", token="unknown", client_id="{client}"),),
    "oauth/userinfo": (get("/oauth/userinfo"),),
    "oauth/jwks": (get("/oauth/jwks"),),
    "oauth/.well-known/openid-configuration": (get("/oauth/.well-known/openid-configuration"),),
    "oauth/.well-known/oauth-authorization-server": (get("/oauth/.well-known/oauth-authorization-server"),),
    "oauth/launch": (post("/oauth/launch", client="{client}", patient="{patient}"),),
    "oauth/sign-in": (get("/oauth/sign-in"), post("/oauth/sign-in", username="nobody", password="wrong")),
    "oauth/second-factor": (get("/oauth/second-factor"), post("/oauth/second-factor", code="000000")),
    "oauth/sessions": (get("/oauth/sessions"), post("/oauth/sessions", session="1")),
    "oauth/sign-in/passkey": (get("/oauth/sign-in/passkey"),),
    "oauth/sign-out": (get("/oauth/sign-out"),),
    "oauth/institution": (get("/oauth/institution"), post("/oauth/institution", institution="unknown")),
    "oauth/recovery": (
        get("/oauth/recovery"),
        post("/oauth/recovery", username="nobody", code="x", password="a-long-password"),
    ),
    "oauth/account": (get("/oauth/account"),),
    "oauth/account/password": (post("/oauth/account/password", password="wrong", new="another-long-one"),),
    "oauth/account/passkey": (get("/oauth/account/passkey"),),
    "oauth/account/passkeys": (post("/oauth/account/passkeys", credential="{{}}", name="phone"),),
    "oauth/account/authenticator": (get("/oauth/account/authenticator"),),
    "oauth/account/recovery-codes": (get("/oauth/account/recovery-codes"),),
    "oauth/account/removal": (post("/oauth/account/removal", passkey="1"),),
    "oauth/proof": (get("/oauth/proof"), post("/oauth/proof", code="0000000000")),
    "oauth/proof/answer": (get("/oauth/proof/answer?proof=x"),),
    "oauth/proof/password": (post("/oauth/proof/password", password="another-long-one"),),
    "oauth/proof/simulator": (get("/oauth/proof/simulator"),),
    "oauth/with/<str:provider>": (post("/oauth/with/nobody", next="/oauth/account"),),
    "oauth/with/<str:provider>/answer": (get("/oauth/with/nobody/answer?code=x&state=y"),),
    "oauth/with/<str:provider>/end": (post("/oauth/with/nobody/end"),),
    "livez": (get("/livez"),),
    "readyz": (get("/readyz"),),
}

F = "/fhir/R4"
_PATCH = json.dumps([{"op": "add", "path": "/language", "value": "ko"}])
_JSON_PATCH = "application/json-patch+json"
# By interaction of a type (FHIR R4, valueset-type-restful-interaction); {kind} and {id} name a planted resource.
INTERACTIONS: dict[str, tuple[Ask, ...]] = {
    "read": (Ask("GET", F + "/{kind}/{id}", seen_by=RIGHT), Ask("HEAD", F + "/{kind}/{id}")),
    "vread": (Ask("GET", F + "/{kind}/{id}/_history/1", seen_by=RIGHT),),
    "history-instance": (Ask("GET", F + "/{kind}/{id}/_history", seen_by=RIGHT),),
    "history-type": (Ask("GET", F + "/{kind}/_history"),),
    "search-type": (
        Ask("GET", F + "/{kind}", seen_by=RIGHT),
        Ask("GET", F + "/{kind}?_id={id}&_total=accurate", seen_by=RIGHT),
        Ask("POST", F + "/{kind}/_search", "_id={id}", FORM, seen_by=RIGHT),
    ),
    "create": (
        Ask("POST", F + "/{kind}", "{resource}"),
        Ask("POST", F + "/{kind}", "{resource}", headers={"If-None-Exist": "_id={id}"}),
    ),
    "update": (
        Ask("PUT", F + "/{kind}/{id}", "{resource_with_id}"),
        Ask("PUT", F + "/{kind}?_id={id}", "{resource_with_id}"),
    ),
    "patch": (
        Ask("PATCH", F + "/{kind}/{id}", _PATCH, _JSON_PATCH),
        Ask("PATCH", F + "/{kind}?_id={id}", _PATCH, _JSON_PATCH),
    ),
    "delete": (Ask("DELETE", F + "/{kind}/{id}"), Ask("DELETE", F + "/{kind}?_id={id}")),
}
_BATCH = {
    "resourceType": "Bundle",
    "entry": [
        {"request": {"method": "GET", "url": "Patient/{patient}"}},
        {"request": {"method": "GET", "url": "Observation?patient=Patient/{patient}"}},
        {"request": {"method": "DELETE", "url": "Observation/{Observation}"}},
    ],
}
_READS = {**_BATCH, "entry": _BATCH["entry"][:2]}
SYSTEM_INTERACTIONS: dict[str, tuple[Ask, ...]] = {
    "transaction": (Ask("POST", F, json.dumps({**_BATCH, "type": "transaction"})),),
    "batch": (
        Ask("POST", F, json.dumps({**_READS, "type": "batch"}), seen_by=RIGHT),
        Ask("POST", F, json.dumps({**_BATCH, "type": "batch"})),
    ),
    "search-system": (Ask("GET", F + "?_id={patient}"), Ask("POST", F + "/_search", "_id={patient}", FORM)),
    "history-system": (Ask("GET", F + "/_history"),),
}
_CHECK = '{"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "update"}]}'
_WHOSE = '{"resourceType": "Parameters", "parameter": [{"name": "patient", "valueId": "{patient}"}]}'
_TAGGED = json.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "meta",
                "valueMeta": {
                    "tag": [{"code": "x"}],
                    "security": [{"system": "urn:bitgoeul:CodeSystem/disclosure", "code": "withheld"}],
                },
            }
        ],
    }
)
_MATCH = json.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "resource",
                "resource": {"resourceType": "Patient", "name": [{"text": "{mark}"}], "birthDate": "1950-03-01"},
            }
        ],
    }
)
# By operation. Every operation is also called without a body on the type and on a planted resource, by GET and POST.
OPERATIONS: dict[str, tuple[Ask, ...]] = {
    "validate": (
        Ask("POST", F + "/Observation/$validate", "{resource}"),
        Ask("POST", F + "/Observation/{Observation}/$validate", _CHECK),
        Ask("GET", F + "/Observation/{Observation}/$validate?mode=profile"),
    ),
    "lookup": (Ask("GET", F + "/CodeSystem/$lookup?system=http://hl7.org/fhir/observation-status&code=final"),),
    "subsumes": (Ask("GET", F + "/CodeSystem/$subsumes?system=http://loinc.org&codeA=8867-4&codeB=8867-4"),),
    "validate-code": (Ask("GET", F + "/ValueSet/$validate-code?url=urn:example:a&code=a"),),
    "expand": (Ask("GET", F + "/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-status"),),
    "translate": (Ask("GET", F + "/ConceptMap/$translate?code=a&system=urn:example:a"),),
    # What others will build; a plan does no harm where the operation is not there.
    "everything": (
        Ask("GET", F + "/Patient/{patient}/$everything", seen_by=RIGHT),
        Ask("GET", F + "/Patient/$everything"),
    ),
    "meta": (
        Ask("GET", F + "/Patient/{patient}/$meta"),
        Ask("GET", F + "/Observation/$meta"),
    ),
    "meta-add": (Ask("POST", F + "/Observation/{Observation}/$meta-add", _TAGGED),),
    "meta-delete": (Ask("POST", F + "/RiskAssessment/{RiskAssessment}/$meta-delete", _TAGGED),),
    "summary": (Ask("GET", F + "/Patient/{patient}/$summary"),),
    "match": (Ask("POST", F + "/Patient/$match", _MATCH),),
    "export": (
        Ask("GET", F + "/$export"),
        Ask("GET", F + "/Patient/$export"),
        Ask("POST", F + "/Patient/$export", _WHOSE),
    ),
    "lastn": (Ask("GET", F + "/Observation/$lastn?patient=Patient/{patient}&category=vital-signs"),),
    "docref": (Ask("GET", F + "/DocumentReference/$docref?patient={patient}"),),
    "graphql": (Ask("GET", F + "/$graphql?query={Patient(id:%22{patient}%22){id text{div}}}"),),
}
# Ways by which one type leads to another (FHIR R4, search.html).
SEARCHES = (
    Ask(
        "GET", F + "/Observation?patient=Patient/{patient}&_total=accurate&_include=Observation:patient", seen_by=RIGHT
    ),
    Ask("GET", F + "/Observation?subject={patient}&_sort=-date"),
    Ask("GET", F + "/Observation?patient.name={mark}"),
    Ask("GET", F + "/Observation?subject:Patient.identifier={number}"),
    Ask("GET", F + "/Patient?name={mark}&_total=accurate", seen_by=RIGHT),
    Ask("GET", F + "/Patient?name:contains={mark}"),
    Ask("GET", F + "/Patient?identifier=urn:bitgoeul:citizen|{number}", seen_by=RIGHT),
    Ask("GET", F + "/Patient?_id={patient}&_revinclude=Observation:patient"),
    Ask("GET", F + "/Patient?_has:Observation:patient:code=8867-4"),
    Ask("GET", F + "/Patient?_summary=count"),
    Ask("GET", F + "/Organization?_id={clinic}&_revinclude=Patient:general-practitioner"),
    Ask("GET", F + "/AuditEvent?patient=Patient/{patient}"),
    Ask("GET", F + "/Provenance?target=Observation/{Observation}"),
    Ask("GET", F + "/Patient/{patient}/Observation"),
    Ask("GET", F + "/Patient/{patient}/*"),
)


def routes() -> dict[str, Any]:
    """Every route of the running platform with its view."""
    return dict(_below("", get_resolver().url_patterns))


def _below(prefix: str, patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _below(route, entry.url_patterns)
        else:
            yield route, entry.callback


def missing_plans() -> list[str]:
    """What no plan tells how to call, in words for who adds it."""
    said = capability_statement("https://example.org/fhir/R4")["rest"][0]
    types = said["resource"]
    interactions = {each["code"] for kind in types for each in kind["interaction"]}
    operations = {each["name"] for kind in (said, *types) for each in kind.get("operation", ())}
    return [
        f"{what} '{name}' has no plan: add one to {table} in tests/invariants/access_plans.py"
        for what, found, table, plans in (
            ("The route", routes(), "PLANS", PLANS),
            ("The interaction", interactions, "INTERACTIONS", INTERACTIONS),
            (
                "The interaction",
                {each["code"] for each in said["interaction"]},
                "SYSTEM_INTERACTIONS",
                SYSTEM_INTERACTIONS,
            ),
            ("The operation", operations, "OPERATIONS", OPERATIONS),
        )
        for name in sorted(found)
        if name not in plans
    ]


def route_asks() -> list[Ask]:
    """All plans of routes, and every route by every method with an empty body."""
    planned = [ask for plan in PLANS.values() for ask in plan]
    paths = dict.fromkeys(ask.path.partition("?")[0] for ask in planned)
    bare = [send(method, path, {}, **KEYED) for path in paths for method in METHODS if path != "/api/v1/session"]
    return planned + bare


def fhir_asks(record: dict[str, str]) -> list[Ask]:
    """Every interaction on every planted type (``record`` has the id of each), every operation, and searches that lead
    from one type to another."""
    found = [ask for kind, id in record.items() for ask in _of_kind(kind, id)]
    found += [ask for plan in SYSTEM_INTERACTIONS.values() for ask in plan]
    said = capability_statement("https://example.org/fhir/R4")["rest"][0]["resource"]
    names = sorted({each["name"] for kind in said for each in kind["operation"]})
    return found + [ask for name in names for ask in _of_operation(name)] + list(SEARCHES)


def _of_kind(kind: str, id: str) -> Iterator[Ask]:
    resource = minimal(kind, "{patient}", "a mark of somebody else")
    for plan in INTERACTIONS.values():
        for ask in plan:
            path = ask.path.replace("{kind}", kind).replace("{id}", id)
            body = ask.body.replace("{id}", id)
            if body == "{resource}":
                body = json.dumps(resource)
            elif body == "{resource_with_id}":
                body = json.dumps(resource | {"id": id})
            headers = {name: value.replace("{id}", id) for name, value in ask.headers.items()}
            yield Ask(ask.method, path, body, ask.content_type, headers, ask.seen_by)


def _of_operation(name: str) -> Iterator[Ask]:
    yield from OPERATIONS[name]
    for place in (F, f"{F}/Patient", f"{F}/Patient/{{patient}}", f"{F}/Observation/{{Observation}}"):
        yield Ask("GET", f"{place}/${name}")
        yield Ask("POST", f"{place}/${name}", json.dumps({"resourceType": "Parameters"}))
