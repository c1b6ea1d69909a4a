"""What the validator says of the form of a resource: structure, primitives, references, narrative."""

from __future__ import annotations

from collections.abc import Mapping

from health_platform.fhir.outcome import IssueType, Severity

ERROR, WARNING, INFORMATION = Severity.ERROR, Severity.WARNING, Severity.INFORMATION
Message = tuple[Severity, IssueType, str]


def _(msgid: str) -> str:
    """Marks a msgid for the catalogues; the text is translated when the answer is written."""
    return msgid


STRUCTURE: Mapping[str, Message] = {
    "not-a-resource": (
        ERROR,
        IssueType.STRUCTURE,
        _("A resource is a JSON object with a resourceType; this is of the JSON kind %(found)s."),
    ),
    "resource-type-missing": (
        ERROR,
        IssueType.REQUIRED,
        _('resourceType is missing. Write it as the first property, for example "resourceType": "Patient".'),
    ),
    "resource-type-unknown": (
        ERROR,
        IssueType.INVALID,
        _("%(name)s is not a resource type of FHIR R4 (4.0.1). Names are case-sensitive."),
    ),
    "resource-type-not-allowed": (
        ERROR,
        IssueType.STRUCTURE,
        _("Here a %(expected)s is expected; a %(name)s was sent."),
    ),
    "unknown-element": (ERROR, IssueType.STRUCTURE, _("%(name)s is not an element of %(type)s in FHIR R4.")),
    "unknown-element-near": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s is not an element of %(type)s in FHIR R4. Did you mean %(near)s?"),
    ),
    "choice-without-type": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s needs the type in its name. Write one of: %(names)s."),
    ),
    "primitive-sibling": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s cannot be sent: only primitive elements have a second property that begins with an underscore."),
    ),
    "required": (ERROR, IssueType.REQUIRED, _("%(name)s is required in %(type)s and is missing.")),
    "required-choice": (
        ERROR,
        IssueType.REQUIRED,
        _("%(type)s needs one of: %(names)s. None was sent."),
    ),
    "too-few": (
        ERROR,
        IssueType.REQUIRED,
        _("%(name)s must occur at least %(minimum)s times; %(count)s were sent."),
    ),
    "too-many": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s may occur at most %(maximum)s times; %(count)s were sent."),
    ),
    "one-choice": (
        ERROR,
        IssueType.STRUCTURE,
        _("Only one of these may be sent: %(names)s. Keep one and remove the others."),
    ),
    "array-expected": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s may repeat, so it is a JSON array: write [ ... ] around it, even for one value."),
    ),
    "array-not-expected": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s occurs once, so it is not a JSON array: remove the square brackets."),
    ),
    "object-expected": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s is a %(type)s, so it is a JSON object; this is of the JSON kind %(found)s."),
    ),
    "empty-object": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s is an empty object. Fill it in or leave the property out."),
    ),
    "only-id": (
        ERROR,
        IssueType.INVARIANT,
        _("ele-1: %(name)s has an id and nothing else. An element needs a value, an extension or other children."),
    ),
    "empty-array": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s is an empty array. Leave the property out when there is no value."),
    ),
    "null": (
        ERROR,
        IssueType.STRUCTURE,
        _(
            "%(name)s is null. FHIR allows null only in an array, where the array of the same name with an underscore "
            "has an extension at the same place. Leave the property out."
        ),
    ),
    "contained-in-contained": (
        ERROR,
        IssueType.INVARIANT,
        _("dom-2: A contained resource cannot contain others. Move them to the outer resource."),
    ),
    "contained-id": (
        ERROR,
        IssueType.REQUIRED,
        _("A contained resource needs an id, because it can only be reached by a reference such as #id."),
    ),
    "extension-value": (
        ERROR,
        IssueType.INVARIANT,
        _("ext-1: An extension has either a value[x] or extensions of its own, and not both."),
    ),
    "extension-url": (
        ERROR,
        IssueType.VALUE,
        _(
            "The url of an extension is absolute, such as http://example.org/fhir/StructureDefinition/name; this is "
            "%(value)s. Only an extension inside an extension has a short url."
        ),
    ),
    "duplicate-key": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s is written more than once in the same object. Only one can be meant: remove the others."),
    ),
    "json": (
        Severity.FATAL,
        IssueType.STRUCTURE,
        _("This is not JSON: %(reason)s. Nothing was read."),
    ),
    "json-comment": (
        WARNING,
        IssueType.STRUCTURE,
        _("JSON has no comments. It was read without this one; sent to be stored, the body would be refused."),
    ),
    "json-bare-name": (
        ERROR,
        IssueType.STRUCTURE,
        _('The name %(value)s has no quotes. Write "%(value)s".'),
    ),
    "json-bare-word": (
        ERROR,
        IssueType.STRUCTURE,
        _('%(value)s has no quotes. Write "%(value)s"; only numbers, true, false and null stand without.'),
    ),
    "json-comma": (
        ERROR,
        IssueType.STRUCTURE,
        _("After the comma nothing follows. Remove it, or write what it announces."),
    ),
    "enough": (
        ERROR,
        IssueType.TOO_COSTLY,
        _("There are more than %(limit)s issues. Mend these first; the rest was not looked at."),
    ),
    "json-depth": (
        Severity.FATAL,
        IssueType.TOO_COSTLY,
        _("The JSON is nested more than %(limit)s levels deep. Nothing was read."),
    ),
}

PRIMITIVES: Mapping[str, Message] = {
    "json-type": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a %(type)s and is written as a JSON %(expected)s; this is of the JSON kind %(found)s."),
    ),
    "empty-string": (ERROR, IssueType.VALUE, _("%(name)s is an empty string. Leave the property out.")),
    "too-long": (ERROR, IssueType.TOO_LONG, _("%(name)s is longer than FHIR allows (1 MB).")),
    "control-character": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s has a control character. Only tab, line feed and carriage return are allowed."),
    ),
    "decimal": (ERROR, IssueType.VALUE, _("%(name)s is not a finite number.")),
    "whole-number": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a whole number, written without a decimal point or exponent; this is %(value)s."),
    ),
    "integer-range": (
        ERROR,
        IssueType.VALUE,
        _(
            "%(name)s is a %(type)s; %(value)s is out of its range. unsignedInt begins at 0, positiveInt at 1, and "
            "all end at 2147483647."
        ),
    ),
    "date": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a date: YYYY, YYYY-MM or YYYY-MM-DD, such as 1948-03-21; this is %(value)s."),
    ),
    "dateTime": (
        ERROR,
        IssueType.VALUE,
        _(
            "%(name)s is a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz, such as "
            "2026-03-21T09:30:00+09:00. With a time, seconds and the time zone are required. This is %(value)s."
        ),
    ),
    "instant": (
        ERROR,
        IssueType.VALUE,
        _(
            "%(name)s is an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz, such as 2026-03-21T09:30:00.000+09:00; this is "
            "%(value)s."
        ),
    ),
    "time": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a time of the day: hh:mm:ss, such as 09:30:00; this is %(value)s."),
    ),
    "no-such-day": (ERROR, IssueType.VALUE, _("%(name)s is %(value)s, and there is no such day in the calendar.")),
    "code": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a code: no space at the beginning or end, and never two spaces together; this is %(value)s."),
    ),
    "id": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is an id: 1 to 64 of the letters A-Z and a-z, the digits, - and . ; this is %(value)s."),
    ),
    "uri": (ERROR, IssueType.VALUE, _("%(name)s is a URI and has no spaces; this is %(value)s.")),
    "url": (ERROR, IssueType.VALUE, _("%(name)s is a URL and has no spaces; this is %(value)s.")),
    "canonical": (ERROR, IssueType.VALUE, _("%(name)s is a canonical URL and has no spaces; this is %(value)s.")),
    "uri-without-urn": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s: write urn: in front of an OID or UUID, such as urn:oid:2.16.840.1.113883; this is %(value)s."),
    ),
    "oid": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is an OID: urn:oid: and numbers with points between them; this is %(value)s."),
    ),
    "uuid": (
        ERROR,
        IssueType.VALUE,
        _("%(name)s is a UUID: urn:uuid: and 8-4-4-4-12 hexadecimal digits in lower case; this is %(value)s."),
    ),
    "base64Binary": (ERROR, IssueType.VALUE, _("%(name)s is not base64. Encode the bytes by RFC 4648, section 4.")),
    "markdown": (ERROR, IssueType.VALUE, _("%(name)s has a character that markdown cannot have.")),
    "string": (ERROR, IssueType.VALUE, _("%(name)s has a character that a string cannot have.")),
}

REFERENCES: Mapping[str, Message] = {
    "reference-form": (
        ERROR,
        IssueType.VALUE,
        _(
            "%(value)s is not a reference: write Type/id, an absolute URL, #id of a contained resource, urn:uuid: or "
            "urn:oid:."
        ),
    ),
    "reference-target": (
        ERROR,
        IssueType.STRUCTURE,
        _("This refers to a %(found)s; here only these are allowed: %(expected)s."),
    ),
    "reference-type-differs": (
        ERROR,
        IssueType.STRUCTURE,
        _("The type says %(type)s and the reference leads to a %(found)s. Correct one of them."),
    ),
    "reference-type-unknown": (
        ERROR,
        IssueType.VALUE,
        _("%(type)s is not a resource type of FHIR R4 (4.0.1)."),
    ),
    "reference-contained": (
        ERROR,
        IssueType.INVARIANT,
        _("ref-1: %(value)s refers to a contained resource, and there is none with this id."),
    ),
}

NARRATIVE: Mapping[str, Message] = {
    "narrative-xml": (
        ERROR,
        IssueType.INVALID,
        _("The narrative is not well-formed XHTML: %(reason)s."),
    ),
    "narrative-root": (
        ERROR,
        IssueType.INVALID,
        _('The narrative is one element: <div xmlns="http://www.w3.org/1999/xhtml"> ... </div>.'),
    ),
    "narrative-element": (
        ERROR,
        IssueType.INVARIANT,
        _(
            "txt-1: <%(element)s> is not allowed in a narrative: no scripts, forms, frames, objects or styles from "
            "outside."
        ),
    ),
    "narrative-attribute": (
        ERROR,
        IssueType.INVARIANT,
        _("txt-1: The attribute %(attribute)s of <%(element)s> is not allowed in a narrative."),
    ),
    "narrative-link": (
        ERROR,
        IssueType.INVARIANT,
        _("txt-1: %(value)s is not allowed as a link in a narrative: it would run a program."),
    ),
    "narrative-empty": (
        ERROR,
        IssueType.INVARIANT,
        _("txt-2: The narrative has no content. Write text or an image into it, or leave it out."),
    ),
}
