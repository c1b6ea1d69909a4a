"""Whether a code lies in a value set: $validate-code (https://hl7.org/fhir/R4/valueset-operation-validate-code.html).

Unknown is never "no": where the content of a code system is not here, the answer is None, "cannot be told".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from health_platform.fhir.fhirpath.errors import FhirPathError, FhirPathLimitError
from health_platform.fhir.fhirpath.regular_expressions import full_match
from health_platform.fhir.outcome import UnprocessableEntity
from health_platform.fhir.terminology import external
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.terminology.values import CodeSystem, Concept, ConceptSet, Filter, ancestors

MAX_NESTING = 20
MAX_REMEMBERED = 65_536
MAX_KEY = 512
MAX_REGEX_STEPS = 50_000


@dataclass(frozen=True, slots=True)
class Membership:
    """`result` None: cannot be told. `display` is the preferred one of the code system, where it is known."""

    result: bool | None
    display: str = ""
    reason: str = ""


def is_member(terminology: Terminology, value_set: str, system: str | None, code: str) -> bool | None:
    """Whether a code lies in a value set; `system` None means that the code alone was sent. Answers are remembered."""
    key = (value_set, system, code)
    return remembered(terminology, key, lambda: in_value_set(terminology, value_set, system, code, 0))


def remembered(
    terminology: Terminology, key: tuple[str, str | None, str], answer: Callable[[], bool | None]
) -> bool | None:
    """An answer that is kept: not too many of them, and none about texts that no code system has."""
    answers = terminology.answers
    if key in answers:
        return answers[key]
    found = answer()
    if sum(len(part or "") for part in key) <= MAX_KEY:
        if len(answers) >= MAX_REMEMBERED:
            answers.clear()
        answers[key] = found
    return found


def validate_code(
    terminology: Terminology, value_set: str, system: str | None, code: str, display: str | None = None
) -> Membership:
    """Whether a code lies in a value set; `system` None means that the code alone was sent (type code)."""
    result = is_member(terminology, value_set, system, code)
    known = terminology.code_system(system) if system else None
    concept = known.find(code) if known else None
    if concept is None:
        return Membership(result, reason="" if result else _reason(result, code, value_set))
    if display is not None and result and not _is_display(concept, display):
        return Membership(False, concept.display, f"the display is not one of {code}")
    return Membership(result, concept.display, "" if result else _reason(result, code, value_set))


def _reason(result: bool | None, code: str, value_set: str) -> str:
    if result is None:
        return "the content that decides is not on this server"
    return f"{code} is not in {value_set}"


def _is_display(concept: Concept, display: str) -> bool:
    wanted = _folded(display)
    return not concept.display or any(_folded(d) == wanted for d in (concept.display, *_texts(concept)))


def _texts(concept: Concept) -> Iterator[str]:
    return (designation.value for designation in concept.designations)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def in_value_set(terminology: Terminology, canonical: str, system: str | None, code: str, depth: int) -> bool | None:
    found = terminology.value_set(canonical)
    if found is None or depth > MAX_NESTING:
        return None
    included = _any(in_set(terminology, included, system, code, depth) for included in found.includes)
    if included is False or not found.excludes:
        return included
    excluded = _any(in_set(terminology, excluded, system, code, depth) for excluded in found.excludes)
    if excluded:
        return False
    return included if excluded is False else None


def _any(answers: Iterable[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def in_set(terminology: Terminology, stated: ConceptSet, system: str | None, code: str, depth: int) -> bool | None:
    answers = [in_value_set(terminology, url, system, code, depth + 1) for url in stated.value_sets]
    if stated.system:
        answers.append(_in_system(terminology, stated, system, code))
    return _all(answers)


def _in_system(terminology: Terminology, stated: ConceptSet, system: str | None, code: str) -> bool | None:
    if system is not None and system != stated.system:
        return False
    known = terminology.code_system(stated.system + (f"|{stated.version}" if stated.version else ""))
    if stated.codes:
        listed = code in stated.codes
        return listed or (_same_in_other_case(known, stated.codes, code) if known else False)
    if stated.filters:
        return _all(passes(known, item, code) for item in stated.filters)
    return exists(terminology, stated.system, code)


def _same_in_other_case(system: CodeSystem, codes: tuple[str, ...], code: str) -> bool:
    concept = system.find(code)
    return concept is not None and concept.code in codes


def exists(terminology: Terminology, system: str, code: str) -> bool | None:
    """Whether a code exists in a system; None where neither content nor form can tell."""
    known = terminology.code_system(system)
    if known is not None and known.find(code) is not None:
        return True
    if known is not None and known.is_complete:
        return False
    formed = external.is_well_formed(system, code)
    return formed if formed is False or system in external.CLOSED else None


def passes(system: CodeSystem | None, item: Filter, code: str) -> bool | None:
    concept = system.find(code) if system else None
    if system is None or concept is None:
        return False if system is not None and system.is_complete else None
    return FILTERS[item.op](system, item, concept) if item.op in FILTERS else None


def _is_a(system: CodeSystem, item: Filter, concept: Concept) -> bool:
    return concept.code == item.value or item.value in ancestors(system, concept.code)


def _descendent_of(system: CodeSystem, item: Filter, concept: Concept) -> bool:
    return item.value in ancestors(system, concept.code)


def _generalizes(system: CodeSystem, item: Filter, concept: Concept) -> bool:
    return concept.code == item.value or concept.code in ancestors(system, item.value)


def _equal(_system: CodeSystem, item: Filter, concept: Concept) -> bool:
    return item.value in _property(concept, item.property)


def _one_of(_system: CodeSystem, item: Filter, concept: Concept) -> bool:
    wanted = {part.strip() for part in item.value.split(",")}
    return bool(wanted.intersection(_property(concept, item.property)))


def _exists(_system: CodeSystem, item: Filter, concept: Concept) -> bool:
    return bool(_property(concept, item.property)) == (item.value == "true")


def _regex(_system: CodeSystem, item: Filter, concept: Concept) -> bool:
    """The pattern may come from anyone, so it runs in bounded time. Raises UnprocessableEntity."""
    left = MAX_REGEX_STEPS

    def spend(steps: int) -> None:
        nonlocal left
        left -= steps
        if left < 0:
            raise FhirPathLimitError("it needs too many steps", item.value)

    try:
        return any(full_match(value, item.value, spend) for value in _property(concept, item.property))
    except FhirPathError as error:
        raise UnprocessableEntity(
            "The filter's regular expression %(pattern)s cannot be used: %(reason)s",
            pattern=item.value,
            reason=str(error),
        ) from None


def _property(concept: Concept, name: str) -> tuple[str, ...]:
    if name in ("code", "concept"):
        return (concept.code,)
    if name == "display":
        return (concept.display,)
    return concept.parents if name == "parent" else concept.properties.get(name, ())


Test = Callable[[CodeSystem, Filter, Concept], bool]
FILTERS: dict[str, Test] = {
    "is-a": _is_a,
    "is-not-a": lambda system, item, concept: not _is_a(system, item, concept),
    "descendent-of": _descendent_of,
    "generalizes": _generalizes,
    "=": _equal,
    "in": _one_of,
    "not-in": lambda system, item, concept: not _one_of(system, item, concept),
    "exists": _exists,
    "regex": _regex,
}
