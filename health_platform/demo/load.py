"""Sends the synthetic city to a FHIR server, each transaction as the institution that writes it.

The order: the institutions that take part and the emergency rooms, their staff, the first citizens, then the other
institutions and the other citizens. Institutions and staff are created on condition that they are new, so that a
repeated run finds them; a citizen's history is sent once, and `is_loaded` says whose history is there already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from clinics.registry.emergency import has_emergency_room
from health_platform.demo.city.city import DEFAULT_CITIZENS, City
from health_platform.demo.city.history import Directory
from health_platform.demo.city.person import Person

Bundle = dict[str, Any]
Post = Callable[[str, Bundle], Bundle]
"""(key of the institution that sends, transaction Bundle) -> response Bundle. The register sends under REGISTER."""

REGISTER = ""
FIRST_CITIZENS = 300
_LOCATION = re.compile(r"(?P<reference>[A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?$")


class LoadError(RuntimeError):
    """The server did not take a transaction; the text names who sent it and what came back."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the load has come. `resources` counts what was sent in this stage up to now."""

    stage: str
    done: int
    total: int
    resources: int


Report = Callable[[Progress], None]


def load_city(
    post: Post,
    city: City,
    citizens: int = DEFAULT_CITIZENS,
    progress: Report = lambda _: None,
    *,
    first: int = FIRST_CITIZENS,
    is_loaded: Callable[[Person], bool] = lambda _: False,
) -> None:
    """Loads the whole city. Raises LoadError at the first transaction that the server refuses."""
    directory = load_first(post, city, min(first, citizens), progress, is_loaded=is_loaded)
    load_rest(post, city, directory, range(min(first, citizens), citizens), progress, is_loaded=is_loaded)


def load_first(
    post: Post,
    city: City,
    citizens: int,
    progress: Report = lambda _: None,
    *,
    is_loaded: Callable[[Person], bool] = lambda _: False,
) -> Directory:
    """What a demonstration needs before it begins; gives the directory that `load_rest` goes on with."""
    references = load_institutions(post, city, first_institutions(city), progress)
    _send(post, REGISTER, city.ambulance_bundle())
    references |= load_staff(post, city, Directory(references), progress)
    directory = Directory(references)
    load_citizens(post, city, directory, range(citizens), progress, is_loaded=is_loaded)
    return directory


def load_rest(
    post: Post,
    city: City,
    directory: Directory,
    numbers: range,
    progress: Report = lambda _: None,
    *,
    is_loaded: Callable[[Person], bool] = lambda _: False,
) -> None:
    """The other institutions, and the citizens of these numbers."""
    sent = set(first_institutions(city))
    load_institutions(post, city, [key for key in city.institutions if key not in sent], progress)
    load_citizens(post, city, directory, numbers, progress, is_loaded=is_loaded)


def first_institutions(city: City) -> list[str]:
    """Keys of the institutions that take part and of those with an emergency room."""
    emergency = (key for key, institution in city.institutions.items() if has_emergency_room(institution))
    return list(dict.fromkeys((*city.staff, *emergency)))


def load_institutions(post: Post, city: City, keys: Iterable[str], progress: Report = lambda _: None) -> dict[str, str]:
    """Creates the institutions and gives the reference of each Organization by its key."""
    wanted = list(keys)
    references: dict[str, str] = {}
    resources = 0
    for bundle in city.institution_bundles(wanted):
        references |= _references(bundle, _send(post, REGISTER, bundle), "Organization")
        resources += len(bundle["entry"])
        progress(Progress("institutions", len(references), len(wanted), resources))
    return references


def load_staff(post: Post, city: City, directory: Directory, progress: Report = lambda _: None) -> dict[str, str]:
    """Creates the staff of the institutions that take part, and gives each Practitioner's reference."""
    references: dict[str, str] = {}
    resources = 0
    for done, key in enumerate(city.staff, start=1):
        bundle = city.staff_bundle(key, directory)
        references |= _references(bundle, _send(post, key, bundle), "Practitioner")
        resources += len(bundle["entry"])
        progress(Progress("staff", done, len(city.staff), resources))
    return references


def load_citizens(
    post: Post,
    city: City,
    directory: Directory,
    numbers: range,
    progress: Report = lambda _: None,
    *,
    is_loaded: Callable[[Person], bool] = lambda _: False,
) -> None:
    """Sends the citizens' histories, one citizen after the other."""
    resources = 0
    for done, number in enumerate(numbers, start=1):
        if not is_loaded(city.person(number)):
            resources += _load_citizen(post, city, directory, number)
        progress(Progress("citizens", done, len(numbers), resources))


def _load_citizen(post: Post, city: City, directory: Directory, number: int) -> int:
    history = city.history(number)
    home = history.home_bundle(directory)
    patient = _reference(_send(post, history.care.home, home)["entry"][0], history.care.home)
    resources = len(home["entry"])
    for key, bundle in history.other_bundles(directory, patient):
        _send(post, key, bundle)
        resources += len(bundle["entry"])
    return resources


def _send(post: Post, key: str, bundle: Bundle) -> Bundle:
    response = post(key, bundle)
    entries = response.get("entry", [])
    if response.get("resourceType") != "Bundle" or len(entries) != len(bundle["entry"]):
        raise LoadError(f"{key or 'the register'}: a transaction was refused: {response}")
    return response


def _references(bundle: Bundle, response: Bundle, resource_type: str) -> dict[str, str]:
    """The reference of each resource of the type, by the value of its first identifier."""
    pairs = zip(bundle["entry"], response["entry"], strict=True)
    return {
        sent["resource"]["identifier"][0]["value"]: _reference(answer, resource_type)
        for sent, answer in pairs
        if sent["resource"]["resourceType"] == resource_type
    }


def _reference(answer: dict[str, Any], sender: str) -> str:
    location = str(answer.get("response", {}).get("location", ""))
    match = _LOCATION.search(location)
    if match is None:
        raise LoadError(f"{sender}: the answer names no location of what it created: {answer}")
    return match["reference"]
