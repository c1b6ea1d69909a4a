"""Cost of the access filters: the same searches with both locks and without them, in a city with consents.

Run by hand: `.venv/bin/python -m tests.benchmarks.access [patients] [searches]`. 2,200 institutions; each patient is
cared for by three; of the patients 5 in 100 permit another institution, 3 deny one that cares, 2 deny one kind of data
to everyone; 3 in 100 observations are of a sensitive class. Without: an unrestricted actor who is given the same
compartments. CPU of this process and of the database, one caller, the smallest of the rounds.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks import audit as tools

PATIENTS, SEARCHES, INSTITUTIONS, OBSERVATIONS, ROUNDS = 20_000, 400, 2_200, 6, 5
CODES = ("8867-4", "9279-1", "8310-5", "2708-6")
CHUNK = 500


def fill(patients: int, chance: random.Random) -> None:
    """Rows as the server writes them, in batches; care relationships and grants."""
    from health_platform.fhir import body, rows
    from health_platform.fhir.access.session import Session, open_session
    from health_platform.fhir.keys import organization_key, patient_key
    from health_platform.fhir.search.index import index_values
    from tests.builders import OPERATOR, observation

    updated = datetime(2026, 5, 1, tzinfo=UTC)

    def row(session: Session, id: str, place: str, custodian: int, resource: dict[str, Any]) -> rows.Row:
        return rows.Row(
            rid=rows.row_ids.take(session.cursor, 1)[0], compartment=patient_key(place), custodian=custodian,
            moment=chance.randrange(10**15), updated=updated, version=1, resource_type=resource["resourceType"], id=id,
            body=body.stamp(body.serialise(resource), id, 1, updated), index=index_values({**resource, "id": id}),
            sensitive=int(chance.random() < 0.03) if resource["resourceType"] == "Observation" else 0,
        )  # fmt: skip

    care: list[tuple[int, int]] = []
    grants: list[tuple[int, int, bool, list[int] | None]] = []
    for start in range(0, patients, CHUNK):
        with open_session(OPERATOR) as session:
            written = []
            for number in range(start, min(start + CHUNK, patients)):
                id = f"p{number}"
                clinics = [organization_key(f"o{one}") for one in chance.sample(range(INSTITUTIONS), 4)]
                care += [(clinic, patient_key(id)) for clinic in clinics[:3]]
                draw = chance.random()
                if draw < 0.05:
                    grants.append((patient_key(id), clinics[3], True, None))
                elif draw < 0.08:
                    grants.append((patient_key(id), clinics[0], False, None))
                elif draw < 0.10:
                    grants.append((patient_key(id), 0, False, [1]))
                person = {"resourceType": "Patient", "birthDate": "1950-01-01"}
                written.append(row(session, id, id, clinics[0], person))
                for one in range(OBSERVATIONS):
                    pulse = observation(id, 60 + one, CODES[one % 4])
                    written.append(row(session, f"{id}-{one}", id, chance.choice(clinics[:3]), pulse))
            rows.insert(session.cursor, written)
    with open_session(OPERATOR) as session:
        session.cursor.executemany("INSERT INTO fhir_care VALUES (%s, %s, now())", care)
        session.cursor.executemany(
            "INSERT INTO fhir_grant (patient, grantee, basis, classes, weight, depth, permit, types)"
            " VALUES (%s, %s, 1, 0, 1, 0, %s, %s::smallint[])",
            grants,
        )


def searches(patients: int, chance: random.Random) -> dict[str, Callable[[Any, str], str]]:
    """By name: from a session's patients to the query of one search."""
    return {
        "Observation?patient=": lambda own, code: f"patient={chance.choice(own)}",
        "Observation?patient=&code=": lambda own, code: f"patient={chance.choice(own)}&code=http://loinc.org|{code}",
        "Observation?code=": lambda own, code: f"code=http://loinc.org|{code}",
    }


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    count = int(sys.argv[2]) if len(sys.argv) > 2 else SEARCHES
    import django

    django.setup()
    with tools.database() as cluster:
        start = time.perf_counter()
        fill(patients, random.Random(1))
        with_owner(cluster)
        tools.say(f"{patients:,} patients written in {time.perf_counter() - start:.0f} s")
        compare(cluster, patients, count)


def with_owner(cluster: Any) -> None:
    """Statistics, as autovacuum would have made them."""
    import psycopg

    from health_platform.demo.embedded import provision

    with psycopg.connect(cluster.url(provision.OWNER, "audit"), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


def compare(cluster: Any, patients: int, count: int) -> None:
    from health_platform.fhir.access.context import AccessContext, Role
    from health_platform.fhir.access.session import Session, open_session
    from health_platform.fhir.keys import patient_key
    from health_platform.fhir.search.query import parse_search
    from health_platform.fhir.search.sql import search
    from tests.builders import OPERATOR

    names = {patient_key(f"p{number}"): f"p{number}" for number in range(patients)}
    chance = random.Random(2)
    institutions = [f"o{number}" for number in chance.sample(range(INSTITUTIONS), 20)]
    few: dict[str, list[int]] = {}
    actors: dict[str, AccessContext] = {}
    for institution in institutions:
        actors[institution] = AccessContext(
            f"Device/{institution}", Role.SYSTEM, institution, scopes=frozenset({"system/*.rs"})
        )
        with open_session(actors[institution]) as session:
            few[institution] = session.few_compartments(1_000) or []
    asked = Session.few_compartments
    tools.say("| search | CPU µs without (process + database) | with | more | matches without | with |")
    tools.say("|---|--:|--:|--:|--:|--:|")
    for name, query in searches(patients, chance).items():
        plan = []
        for number in range(count):
            institution = institutions[number % len(institutions)]
            own = [names[key] for key in few[institution] if key in names]
            plan.append((institution, query(own, CODES[number % 4])))
        found: dict[bool, list[Any]] = {False: [], True: []}
        matched = {False: 0, True: 0}

        def one(
            number: int, locked: bool, plan: list[tuple[str, str]] = plan, matched: dict[bool, int] = matched
        ) -> None:
            institution, text = plan[number]
            if not locked:
                Session.few_compartments = lambda self, limit: few[institution]  # type: ignore[method-assign]
            with open_session(actors[institution] if locked else OPERATOR, reading=True) as session:
                matched[locked] += len(search(session, parse_search("Observation", text)).matches)

        for _ in range(ROUNDS):
            for locked in (False, True):
                matched[locked] = 0
                found[locked].append(tools.cost(cluster, lambda number, locked=locked: one(number, locked), count, 1))  # type: ignore[misc]
                Session.few_compartments = asked  # type: ignore[method-assign]
        without, with_ = (min(found[on], key=lambda each: each.python + each.database) for on in (False, True))
        more = (with_.python + with_.database) / (without.python + without.database) - 1
        tools.say(
            f"| {name} | {without.python:,.0f} + {without.database:,.0f} | {with_.python:,.0f} + {with_.database:,.0f}"
            f" | {more:+.0%} | {matched[False] / count:.1f} | {matched[True] / count:.1f} |"
        )


if __name__ == "__main__":
    main()
