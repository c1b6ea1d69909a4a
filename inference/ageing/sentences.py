"""A result in plain words: what it says, what moved it, and how to read it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from inference import wording

from .explanation import TOGETHER
from .reading import Told, ToldOutput
from .run import OutputValue
from .what_if import Difference, NotChangeable

STRONG, SOME = 0.5, 0.15


def sentence(card: Mapping[str, Any], told: Told) -> str:
    """One sentence for the leading output; empty where there is none."""
    lead = told.lead
    if lead is None:
        return ""
    if lead.value is None:
        return not_assessed(lead)
    if percent(card, lead) is not None:
        return _of_hundred(card, lead)
    return _value(told, lead)


def percent(card: Mapping[str, Any], output: ToldOutput) -> float | None:
    """The probability in percent; None for what is none."""
    if output.value is None or output.unit != "1" or card["kind"] not in ("risk", "score"):
        return None
    return 100 * output.value


def not_assessed(output: ToldOutput) -> str:
    """Why an output has no value: what could still change it."""
    names = ", ".join(dict.fromkeys(wording.feature(name) for name in output.depends_on))
    return _("Not assessed: it depends on what is not measured (%(names)s).") % {"names": names}


def _of_hundred(card: Mapping[str, Any], lead: ToldOutput) -> str:
    of_hundred = percent(card, lead) or 0.0
    words = {"label": _with_years(card, lead), "number": "<1" if of_hundred < 1 else f"{of_hundred:.0f}"}
    if card["korea"]["calibrated"]:
        return _("Of 100 people like you: %(number)s. %(label)s.") % words
    return _("Of 100 people like you where the formula was made: %(number)s. %(label)s.") % words


def _with_years(card: Mapping[str, Any], lead: ToldOutput | OutputValue) -> str:
    """The title of an output with its years, which some titles already say."""
    title = wording.output_title(card["id"], lead.name)
    years = next((item["horizon_years"] for item in card["outputs"] if item["name"] == lead.name), None)
    if years is None or any(letter.isdigit() for letter in title):
        return title
    return _("%(label)s within %(years)s years") % {"label": title, "years": f"{years:g}"}


def _value(told: Told, lead: ToldOutput) -> str:
    number = f"{lead.value:.1f}".rstrip("0").rstrip(".") if lead.value is not None else ""
    label = wording.output_title(told.model, lead.name)
    if told.model == "phenoage-2018":
        advance = next((item.value for item in told.outputs if item.name == "advance"), None) or 0.0
        words = {"number": number, "years": f"{abs(advance):.1f}"}
        if advance >= 0:
            return _("Your blood values are like those of people of %(number)s years: %(years)s years more.") % words
        return _("Your blood values are like those of people of %(number)s years: %(years)s years less.") % words
    if lead.band:
        return _("%(label)s: %(band)s") % {"label": label, "band": wording.BANDS.get(lead.band, lead.band)}
    unit = "" if lead.unit.startswith("{") or lead.unit == "1" else lead.unit
    return _("%(label)s: %(number)s %(unit)s") % {"label": label, "number": number, "unit": unit}


def contribution(features: tuple[str, ...], share: float) -> tuple[str, str]:
    """(label, sentence) of one share; a treatment is named with what it treats."""
    leading = next((name for name in features if name not in TOGETHER), features[0])
    label = wording.feature(leading)
    if any(name in ("antihypertensive", "statin") for name in features):
        label = _("%(name)s and its treatment") % {"name": label}
    size = abs(share)
    if share > 0:
        text = _("raises it a lot") if size >= STRONG else _("raises it") if size >= SOME else _("raises it a little")
    else:
        text = _("lowers it a lot") if size >= STRONG else _("lowers it") if size >= SOME else _("lowers it a little")
    return label, f"{label}: {text}"


def notes(card: Mapping[str, Any], told: Told) -> list[str]:
    """What a reader has to know besides: limits, assumptions, old values, another engine."""
    found = [str(wording.NOT_A_DEVICE)]
    if not card["korea"]["calibrated"]:
        found.append(wording.not_calibrated(card))
    found += [wording.assumption(name, when) for name, when in told.assumed]
    found += [wording.old_value(name, when) for name, when in told.old]
    if told.fell_back:
        found.append(another_engine(told.fell_back))
    return [*found, how_to_read()] if told.shares else found


def difference(card: Mapping[str, Any], found: Difference) -> str:
    """What supposing something does to the leading output, in a sentence."""
    if found.outside:
        names = ", ".join(wording.feature(name) for name in found.outside)
        return _("There is no number for that: %(names)s is beyond what the formula was made for.") % {"names": names}
    if found.before is None or found.after is None:
        return _("There is no number for that.")
    words = {"before": _number(card, found.before), "after": _number(card, found.after)}
    return _("In the formula the number would go from %(before)s to %(after)s.") % words


def _number(card: Mapping[str, Any], output: OutputValue) -> str:
    if output.unit == "1" and card["kind"] in ("risk", "score"):
        return f"{100 * (output.value or 0.0):.1f} %"
    return f"{output.value:.1f}"


def only_in_the_model() -> str:
    return _(
        "This is a difference in the formula, not what would happen to you: the formula does not know causes. Never "
        "change or stop a medicine because of it; talk it over at your clinic."
    )


def lead_label(card: Mapping[str, Any], output: OutputValue | None) -> str:
    return _with_years(card, output) if output is not None else ""


def not_changeable(error: NotChangeable) -> str:
    """Why something cannot be supposed."""
    words = {"name": wording.feature(error.feature), "given": error.given}
    texts = {
        "nothing": _("Name at least one measurement or habit to suppose."),
        "feature": _("%(name)s cannot be supposed: only measurements and habits can."),
        "unused": _("This model does not use %(name)s."),
        "unit": _("'%(given)s' is no unit of %(name)s."),
        "value": _("%(given)s is no possible value of %(name)s."),
    }
    return texts[error.code] % words


def another_engine(why: str) -> str:
    return _("Another engine than the preferred one calculated this: %(why)s.") % {"why": why}


def how_to_read() -> str:
    """What the contributions are, and what they are not."""
    return _(
        "This is how the formula counts, compared with a person of the same age and sex with usual values. "
        "It does not show causes. Never stop a medicine because of it."
    )
