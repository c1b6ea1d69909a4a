"""Extensions: known or not, at a place they are defined for, with the content that their definition asks.

https://hl7.org/fhir/R4/extensibility.html. An unknown extension is a warning, an unknown modifier extension an error.
"""

from __future__ import annotations

from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.packages.profiles import Profile
from health_platform.fhir.validation.context import Context, Place, element_path
from health_platform.fhir.validation.profile import check_profile


def check_extension(context: Context, value: Any, place: Place, holder: tuple[str, ...], *, is_modifier: bool) -> None:
    """One extension of an element. `holder` are the names by which a definition may know the element: its types."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str) or ":" not in url:
        return
    if "|" in url:
        context.report("extension-version", place, url=url.partition("|")[0])
        known = context.knowledge.profiles.find(url.partition("|")[0])
        if known is not None and known.type == "Extension":
            check_profile(context, known, value, place)
        return
    definition = context.knowledge.profiles.find(url)
    if definition is None or definition.type != "Extension":
        context.report_once("modifier-unknown" if is_modifier else "extension-unknown", url, place, url=url)
        return
    if definition.is_modifier != is_modifier:
        context.report("extension-is-no-modifier" if is_modifier else "extension-is-modifier", place, url=url)
    if not _is_at_home(definition, place, holder):
        contexts = ", ".join(expression for _, expression in definition.contexts)
        context.report("extension-place", place, url=url, contexts=contexts)
    check_profile(context, definition, value, place)


def _is_at_home(definition: Profile, place: Place, holder: tuple[str, ...]) -> bool:
    """Whether one of the contexts of the definition names the element that holds the extension."""
    kinds = {kind for kind, _ in definition.contexts}
    if kinds - {"element"} or not definition.contexts:
        return True
    expressions = {expression.removesuffix("[x]") for _, expression in definition.contexts}
    parent = place[0]
    path = element_path(parent) if parent is not None else ""
    names = {path, *holder, *_paths_from_types(path, holder)}
    return bool(expressions & names) or any(
        "(" in expression or "." in expression for expression in expressions - names
    )


def _paths_from_types(path: str, holder: tuple[str, ...]) -> set[str]:
    """`Resource.language` for `Patient.language`: the path as the base types know it."""
    type_name, _, rest = path.partition(".")
    if structures.types().get(type_name) != "resource" or not rest:
        return set()
    return {f"{ancestor}.{rest}" for ancestor in structures.ancestors(type_name)}
