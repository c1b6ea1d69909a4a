"""Random sequences of writes against a simple model of FHIR: after each step what is read, searched and told by the
history is what the model says (hypothesis, stateful)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from tests import builders
from tests.builders import FHIR, Caller, observation

NUMBERS = st.sampled_from(["1", "2", "3"])
STATES = st.sampled_from(["final", "amended", "corrected", "entered-in-error"])
VALUES = st.sampled_from(["72", "72.0", "72.50", "0.0001", "1e2", "99999999999999999.125"])
JSON_PATCH = "application/json-patch+json"
STEPS = 20


@dataclass
class Kept:
    """What the model knows of a resource: its versions, None for a deletion."""

    versions: list[tuple[str, str, str] | None] = field(default_factory=list)
    """(number of the identifier, status, digits of the value)"""

    @property
    def now(self) -> tuple[str, str, str] | None:
        return self.versions[-1]


class Model:
    """FHIR in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    def matching(self, number: str) -> list[str]:
        return [id for id, one in self.kept.items() if one.now is not None and one.now[0] == number]

    def write(self, id: str, content: tuple[str, str, str] | None) -> None:
        self.kept.setdefault(id, Kept()).versions.append(content)


class Writes(RuleBasedStateMachine):
    """The clinic's system writes; the model follows."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        clinic = builders.organization("빛고을의원")
        self.patient = builders.patient(clinic)
        self.system: Caller = builders.clinic_client(f"clinic {clinic}", clinic)
        self.fresh = 0

    # ---- writes

    def body(self, number: str, status: str, digits: str, id: str | None = None) -> bytes:
        sent: dict[str, Any] = observation(self.patient, "DIGITS") | {
            "status": status,
            "identifier": [{"system": "urn:model", "value": number}],
        }
        return json.dumps(sent | ({"id": id} if id else {})).replace('"DIGITS"', digits).encode()

    @rule(target=ids, number=NUMBERS, status=STATES, digits=VALUES)
    def create(self, number: str, status: str, digits: str) -> str:
        answer = self.system.post(f"{FHIR}/Observation", self.body(number, status, digits))
        assert answer.status_code == 201, answer.content
        self.model.write(answer.json()["id"], (number, status, digits))
        return str(answer.json()["id"])

    @rule(target=ids, number=NUMBERS, status=STATES, digits=VALUES)
    def put_new(self, number: str, status: str, digits: str) -> str:
        self.fresh += 1
        id = f"{self.patient[:8]}-{self.fresh}"
        answer = self.system.put(f"{FHIR}/Observation/{id}", self.body(number, status, digits, id))
        assert answer.status_code == 201, answer.content
        self.model.write(id, (number, status, digits))
        return id

    @rule(id=ids, number=NUMBERS, status=STATES, digits=VALUES, guess=st.sampled_from([None, 0, 1]))
    def update(self, id: str, number: str, status: str, digits: str, guess: int | None) -> None:
        version = len(self.model.kept[id].versions)
        headers = {} if guess is None else {"If_Match": f'W/"{version + guess}"'}
        answer = self.system.put(f"{FHIR}/Observation/{id}", self.body(number, status, digits, id), **headers)
        assert answer.status_code == (412 if guess else 200), answer.content
        if not guess:
            self.model.write(id, (number, status, digits))

    @rule(id=ids, status=STATES, as_json=st.booleans())
    def patch(self, id: str, status: str, as_json: bool) -> None:
        sent = self.status_patch(status, as_json)
        kind = JSON_PATCH if as_json else "application/fhir+json"
        answer = self.system.send("PATCH", f"{FHIR}/Observation/{id}", sent, Content_Type=kind)
        now = self.model.kept[id].now
        assert answer.status_code == (410 if now is None else 200), answer.content
        if now is not None:
            self.model.write(id, (now[0], status, now[2]))

    @staticmethod
    def status_patch(status: str, as_json: bool) -> Any:
        if as_json:
            return [{"op": "replace", "path": "/status", "value": status}]
        parts = [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Observation.status"},
            {"name": "value", "valueCode": status},
        ]
        return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}

    @rule(id=ids)
    def delete(self, id: str) -> None:
        assert self.system.delete(f"{FHIR}/Observation/{id}").status_code == 204
        if self.model.kept[id].now is not None:
            self.model.write(id, None)

    @rule(number=NUMBERS, status=STATES, digits=VALUES)
    def create_if_none_exists(self, number: str, status: str, digits: str) -> None:
        found = self.model.matching(number)
        answer = self.system.post(
            f"{FHIR}/Observation", self.body(number, status, digits), If_None_Exist=f"identifier=urn:model|{number}"
        )
        assert answer.status_code == {0: 201, 1: 200}.get(len(found), 412), answer.content
        if len(found) == 1:
            assert answer.json()["id"] == found[0]
        if not found:
            self.model.write(answer.json()["id"], (number, status, digits))

    @rule(number=NUMBERS, status=STATES, digits=VALUES)
    def update_matching(self, number: str, status: str, digits: str) -> None:
        found = self.model.matching(number)
        answer = self.system.put(f"{FHIR}/Observation?identifier=urn:model|{number}", self.body(number, status, digits))
        assert answer.status_code == {0: 201, 1: 200}.get(len(found), 412), answer.content
        if len(found) < 2:
            self.model.write(found[0] if found else answer.json()["id"], (number, status, digits))

    @rule(number=NUMBERS)
    def delete_matching(self, number: str) -> None:
        found = self.model.matching(number)
        answer = self.system.delete(f"{FHIR}/Observation?identifier=urn:model|{number}")
        assert answer.status_code == (204 if len(found) < 2 else 412)
        if len(found) == 1:
            self.model.write(found[0], None)

    @rule(number=NUMBERS, status=STATES, digits=VALUES, data=st.data())
    def transact(self, number: str, status: str, digits: str, data: st.DataObject) -> None:
        """A new resource, changes of some of those that are there, and perhaps an entry that fails."""
        alive = [id for id, one in self.model.kept.items() if one.now is not None]
        chosen = data.draw(st.lists(st.sampled_from(alive), unique=True, max_size=3)) if alive else []
        fails = data.draw(st.booleans())
        content = number, status, digits
        entries = [self.entry("POST", "Observation", "BODY")]
        bodies = [self.body(*content)]
        after: dict[str, tuple[str, str, str] | None] = {}
        for id in chosen:
            verb = data.draw(st.sampled_from(["PUT", "PATCH", "DELETE"]))
            before = self.model.kept[id].now
            assert before is not None
            if verb == "PATCH":
                packed = base64.b64encode(json.dumps(self.status_patch(status, True)).encode()).decode()
                binary = {"resourceType": "Binary", "contentType": JSON_PATCH, "data": packed}
                entries.append(self.entry(verb, f"Observation/{id}", binary))
                after[id] = (before[0], status, before[2])
            elif verb == "PUT":
                entries.append(self.entry(verb, f"Observation/{id}", "BODY"))
                bodies.append(self.body(*content, id))
                after[id] = content
            else:
                entries.append(self.entry(verb, f"Observation/{id}", None))
                after[id] = None
        if fails:
            entries.append(self.entry("DELETE", "Observation/never", None))
        sent = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()
        for body in bodies:
            sent = sent.replace(b'"BODY"', body, 1)
        answer = self.system.post(FHIR, sent)
        assert answer.status_code == (404 if fails else 200), answer.content
        if not fails:
            created = answer.json()["entry"][0]["response"]["location"].split("/")[1]
            for id, now in {created: content, **after}.items():
                self.model.write(id, now)

    @staticmethod
    def entry(verb: str, url: str, resource: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"request": {"method": verb, "url": url}}
        return made | ({} if resource is None else {"resource": resource})

    @rule(id=consumes(ids), number=NUMBERS)
    def write_what_is_not_valid(self, id: str, number: str) -> None:
        refused = self.system.put(f"{FHIR}/Observation/{id}", self.body(number, "no such status", "1", id))
        assert refused.status_code == 422

    # ---- what must hold

    @invariant()
    def each_reads_as_the_model_says(self) -> None:
        for id, one in self.model.kept.items():
            answer = self.system.get(f"{FHIR}/Observation/{id}")
            if one.now is None:
                assert answer.status_code == 410
                continue
            assert (answer.status_code, answer["ETag"]) == (200, f'W/"{len(one.versions)}"')
            assert told(answer.content) == one.now

    @invariant()
    def searches_find_what_the_model_finds(self) -> None:
        for number in ("1", "2", "3"):
            query = f"patient={self.patient}&identifier=urn:model|{number}&_count=200"
            bundle = self.system.get(f"{FHIR}/Observation?{query}").json()
            found = sorted(entry["resource"]["id"] for entry in bundle.get("entry", []))
            assert found == sorted(self.model.matching(number))

    def teardown(self) -> None:
        for id, one in self.model.kept.items():
            history = self.system.get(f"{FHIR}/Observation/{id}/_history?_count=200").content
            entries = exact(history)["entry"]
            versions = [told_of(entry["resource"]) if "resource" in entry else None for entry in entries]
            assert versions[::-1] == one.versions


def exact(raw: bytes) -> Any:
    """JSON whose numbers are their digits."""
    return json.loads(raw, parse_float=str, parse_int=str)


def told(raw: bytes) -> tuple[str, str, str]:
    return told_of(exact(raw))


def told_of(resource: dict[str, Any]) -> tuple[str, str, str]:
    return resource["identifier"][0]["value"], resource["status"], resource["valueQuantity"]["value"]


@pytest.mark.usefixtures("db")
def test_any_sequence_of_writes_leaves_what_the_model_says() -> None:
    run_state_machine_as_test(
        Writes,
        settings=settings(
            max_examples=12,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            # Without shrinking: each step speaks HTTP, and the sequence that failed is short enough to read.
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
