"""Builds the synthetic city through the FHIR API, as its institutions would write it. Repeatable."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from health_platform.accounts.models import User
from health_platform.demo import notes as notebook
from health_platform.demo import people
from health_platform.demo.city import codes
from health_platform.demo.city.city import City
from health_platform.demo.city.history import Directory
from health_platform.demo.city.person import Person
from health_platform.demo.load import (
    FIRST_CITIZENS,
    REGISTER,
    Progress,
    first_institutions,
    load_citizens,
    load_institutions,
    load_staff,
)
from health_platform.demo.notes import Notes
from health_platform.demo.sender import Sender
from health_platform.smart.tokens import issue_for_client, issue_for_user

SEED = 1
NOTED_EVERY = 20
TOKENS_LAST = timedelta(hours=12)
TRIAGE_EXAMPLE = {
    "age": {"value": 71, "unit": "a"},
    "sex": "female",
    "vital_signs": {"respiratory_rate": 26, "oxygen_saturation": 91, "systolic_blood_pressure": 98, "acvpu": "A"},
    "suspected_infection": True,
    "position": {"latitude": 35.161, "longitude": 126.852},
}
Say = Callable[[str], None]


class Build:
    """One run of the build against the server at ``base``."""

    def __init__(self, base: str, file: Path, citizens: int, say: Say) -> None:
        self._sender, self._file, self._citizens, self._say = Sender(base), file, citizens, say
        self._notes = notebook.read(file) or Notes(today=timezone.localdate().isoformat())
        self._city = City(SEED, self._notes.date)

    def first(self) -> None:
        """What the demo needs before it says ready: institutions that take part, staff, the first citizens."""
        people.operator()
        if not self._notes.references:
            self._first_institutions()
        self._load(min(FIRST_CITIZENS, self._citizens))
        self._greet()

    def rest(self) -> None:
        """The other institutions and citizens."""
        if not self._notes.complete:
            started = set(first_institutions(self._city))
            keys = [key for key in self._city.institutions if key not in started]
            found = load_institutions(self._sender.post, self._city, keys, self._report)
            self._register_clients(found)
            self._notes.complete = True
            notebook.write(self._file, self._notes)
        self._load(self._citizens)

    def _first_institutions(self) -> None:
        post, city = self._sender.post, self._city
        references = load_institutions(post, city, first_institutions(city), self._report)
        self._register_clients(references)
        post(REGISTER, city.ambulance_bundle())
        references |= load_staff(post, city, Directory(references), self._report)
        self._notes.references = references
        notebook.write(self._file, self._notes)

    def _register_clients(self, references: dict[str, str]) -> None:
        people.institution_clients((key, reference.partition("/")[2]) for key, reference in references.items())

    def _load(self, end: int) -> None:
        """The citizens up to number ``end``, noting now and then how far it is."""
        directory = Directory(self._notes.references)
        for start in range(self._notes.loaded, end, NOTED_EVERY):
            numbers = range(start, min(start + NOTED_EVERY, end))
            load_citizens(self._sender.post, self._city, directory, numbers, is_loaded=self._is_loaded)
            self._notes.loaded = numbers.stop
            notebook.write(self._file, self._notes)
            self._say(f"citizens: {numbers.stop} of {end}")

    def _is_loaded(self, person: Person) -> bool:
        return self._sender.find("Patient", f"{codes.CITIZEN}|{person.identifier}") is not None

    def _report(self, progress: Progress) -> None:
        self._say(f"{progress.stage}: {progress.done} of {progress.total}")

    def _greet(self) -> None:
        """One sign-in per role with a password of this start, and tokens for the three lines to try."""
        personas, password = self._city.personas, secrets.token_urlsafe(9)
        patient = self._sender.find("Patient", f"{codes.CITIZEN}|{personas.elder.identifier}")
        assert patient is not None  # noqa: S101  (loaded above)
        citizen = people.citizen(personas.elder.name, patient["id"], password)
        self._clinician(people.CLINICIAN, personas.clinician, personas.clinic, password)
        self._clinician(people.OTHER_CLINICIAN, personas.other_clinician, personas.other_clinic, password)
        self._notes.greeting = {
            "citizen": people.CITIZEN,
            "clinician": people.CLINICIAN,
            "other_clinician": people.OTHER_CLINICIAN,
            "password": password,
            "measure_token": issue_for_client(people.operator(), TOKENS_LAST),
            "citizen_token": issue_for_user(citizen, TOKENS_LAST),
            "device_token": self._device_token(),
            "triage_example": json.dumps(TRIAGE_EXAMPLE),
        }
        notebook.write(self._file, self._notes)

    def _clinician(self, username: str, identifier: str, institution: str, password: str) -> User:
        members = self._city.staff[institution]
        name = next(member.name for member in members if member.identifier == identifier)
        place = self._notes.references[institution].partition("/")[2], self._city.institutions[institution].name
        practitioner = self._notes.references[identifier].partition("/")[2]
        return people.clinician(username, name, practitioner, place, password)

    def _device_token(self) -> str:
        """Signed with a key of this demo; the key set is made at the first start."""
        said = StringIO()
        ambulance = self._city.personas.ambulance
        organization = self._notes.references[self._city.personas.centre].partition("/")[2]
        call_command("issue_device_token", ambulance, organization=organization, create_key=True, stdout=said)
        return said.getvalue().strip().splitlines()[-1]
