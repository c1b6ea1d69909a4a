"""What invariants mean, in our own words, by key. An invariant without an entry is shown by its expression."""

from __future__ import annotations

from collections.abc import Mapping


def _(msgid: str) -> str:
    return msgid


EXPLANATIONS: Mapping[str, str] = {
    "per-1": _("%(rule)s: The start of a period must not be later than its end."),
    "qty-3": _("%(rule)s: A unit that is given as a code needs the system of the code."),
    "obs-6": _("%(rule)s: dataAbsentReason is only for an Observation without a value."),
    "obs-7": _("%(rule)s: A component must not repeat the code of the Observation when the Observation has a value."),
    "krcore-obs-01": _("%(rule)s: An Observation needs a value, or dataAbsentReason says why there is none."),
    "krcore-obs-02": _("%(rule)s: Each component needs a value, or dataAbsentReason says why there is none."),
}
