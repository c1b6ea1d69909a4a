"""The XHTML of a narrative: a subset without anything that runs (https://hl7.org/fhir/R4/narrative.html)."""

from __future__ import annotations

import html.entities
import re
from xml.parsers import expat

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation.messages import issue

XHTML = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Chapters 7-11 (but section 4 of 9) and 15 of HTML 4.0, a and images: narrative.html#xhtml. Invariants txt-1 and txt-2.
ELEMENTS = _words("""
    a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4
    h5 h6 hr i img ins kbd li map area ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u
    ul var
""")
ATTRIBUTES = _words("""
    abbr accesskey align alt axis border cellhalign cellpadding cellspacing char charoff charset cite class cellvalign
    colspan compact coords dir frame headers height href hreflang hspace id ismap lang longdesc name nohref nowrap rel
    rev rowspan rules scope shape span src start style summary tabindex title type usemap valign value vspace width
    xml:lang xml:space
""")
_PROGRAM = re.compile(r"\s*(javascript|vbscript|data:(?!image/))", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def problems(xhtml: str, place: str) -> list[Issue]:
    """What is wrong with the text of `Narrative.div`."""
    reader = _Reader(place)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    try:
        parser.Parse(_ENTITY.sub(_named_entity, xhtml), True)
    except _DoctypeError:
        return [issue("narrative-element", place, element="!DOCTYPE")]
    except expat.ExpatError as error:
        return [*reader.found, issue("narrative-xml", place, reason=expat.ErrorString(error.code))]
    if not reader.has_content:
        reader.report("narrative-empty")
    return reader.found


def _named_entity(match: re.Match[str]) -> str:
    """XHTML names such as &nbsp; become the character; XML itself knows only five of them."""
    name = match[1]
    code = None if name in _XML_ENTITIES else html.entities.name2codepoint.get(name)
    return match[0] if code is None else f"&#{code};"


class _DoctypeError(Exception):
    pass


class _Reader:
    def __init__(self, place: str) -> None:
        self.place = place
        self.found: list[Issue] = []
        self.depth = 0
        self.has_content = False

    def report(self, key: str, **args: object) -> None:
        self.found.append(issue(key, self.place, **args))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and (name != "div" or attributes.get("xmlns", XHTML) != XHTML or "xmlns" not in attributes):
            self.report("narrative-root")
        self.depth += 1
        if name not in ELEMENTS:
            self.report("narrative-element", element=name)
        if name == "img":
            self.has_content = True
        for attribute, value in attributes.items():
            self._attribute(name, attribute, value)

    def _attribute(self, name: str, attribute: str, value: str) -> None:
        if attribute.startswith("xmlns"):
            return
        if attribute not in ATTRIBUTES:
            self.report("narrative-attribute", element=name, attribute=attribute)
        elif attribute in ("href", "src") and _PROGRAM.match(value):
            self.report("narrative-link", value=value)

    def end(self, _name: str) -> None:
        self.depth -= 1

    def text(self, data: str) -> None:
        self.has_content = self.has_content or bool(data.strip())

    def doctype(self, *_declaration: object) -> None:
        """Nothing after it is read: it could declare entities that grow without end."""
        raise _DoctypeError

    def instruction(self, target: str, _data: str) -> None:
        self.report("narrative-element", element=f"?{target}")
