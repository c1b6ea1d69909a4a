"""What the validator says, in words that a clinic's programmer understands: what is wrong, and how to mend it.

Each message has a stable key, which is the `details` code of the issue. The texts are gettext msgids.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from health_platform.fhir.outcome import Issue, IssueType, Severity

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

CODES: Mapping[str, Message] = {
    "code-required": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is not a code of the value set %(value_set)s, which R4 requires here."),
    ),
    "code-required-near": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is not a code of the value set %(value_set)s, which R4 requires here. Allowed: %(allowed)s."),
    ),
    "code-without-value": (
        ERROR,
        IssueType.CODE_INVALID,
        _(
            "There is no code here, only an extension. R4 asks for a code of the value set %(value_set)s: send one, or "
            "leave the element out where it is optional."
        ),
    ),
    "concept-without-code": (
        ERROR,
        IssueType.CODE_INVALID,
        _("A code of the value set %(value_set)s is required here; none was sent."),
    ),
    "code-kcd-9": (
        WARNING,
        IssueType.CODE_INVALID,
        _("%(value)s is of KCD-9. KR Core 2.0.0 binds KCD-8 (%(value_set)s): send the code of KCD-8 as well."),
    ),
    "code-extensible": (
        WARNING,
        IssueType.CODE_INVALID,
        _("%(value)s is not in the value set %(value_set)s. Another code is allowed only where none of it fits."),
    ),
    "code-unknown": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is not a code of %(system)s."),
    ),
    "code-form": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s cannot be a code of %(system)s: its form or its check digit is wrong."),
    ),
    "code-other-system": (
        WARNING,
        IssueType.CODE_INVALID,
        _("%(value)s is a code of LOINC, and the system says %(system)s. Correct one of them."),
    ),
    "unit-unknown": (
        WARNING,
        IssueType.CODE_INVALID,
        _("%(value)s is not a unit of UCUM (http://unitsofmeasure.org), such as mm[Hg], mg/dL or /min."),
    ),
    "code-system-version": (
        WARNING,
        IssueType.CODE_INVALID,
        _("%(value)s: version %(version)s of %(system)s is not on this server; the code was not checked."),
    ),
    "language": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is not a language tag, such as ko or en-US (BCP 47)."),
    ),
}

EXTENSIONS: Mapping[str, Message] = {
    "extension-unknown": (
        WARNING,
        IssueType.EXTENSION,
        _("The extension %(url)s is not known on this server: it is stored, and its content was not checked."),
    ),
    "modifier-unknown": (
        ERROR,
        IssueType.EXTENSION,
        _(
            "The modifier extension %(url)s is not known on this server. It may change the meaning of the record, so "
            "the record cannot be taken with it."
        ),
    ),
    "extension-version": (
        ERROR,
        IssueType.EXTENSION,
        _("The url of an extension has no version: write %(url)s."),
    ),
    "extension-place": (
        ERROR,
        IssueType.EXTENSION,
        _("The extension %(url)s is not for this place. It is defined for: %(contexts)s."),
    ),
    "extension-is-modifier": (
        ERROR,
        IssueType.EXTENSION,
        _("%(url)s is a modifier extension: send it in modifierExtension."),
    ),
    "extension-is-no-modifier": (
        ERROR,
        IssueType.EXTENSION,
        _("%(url)s is not a modifier extension: send it in extension."),
    ),
}

PROFILES: Mapping[str, Message] = {
    "profile-unknown": (
        WARNING,
        IssueType.NOT_FOUND,
        _("The profile %(profile)s is not known on this server, so conformance to it was not checked."),
    ),
    "profile-unknown-required": (
        ERROR,
        IssueType.NOT_FOUND,
        _("The profile %(profile)s is required and not known on this server. Load the package that defines it."),
    ),
    "profile-other-type": (
        ERROR,
        IssueType.STRUCTURE,
        _("The profile %(profile)s is for a %(expected)s; this is a %(found)s."),
    ),
    "profile-min": (
        ERROR,
        IssueType.REQUIRED,
        _("%(name)s must occur at least %(minimum)s times; %(count)s were sent (profile %(profile)s)."),
    ),
    "profile-max": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s may occur at most %(maximum)s times; %(count)s were sent (profile %(profile)s)."),
    ),
    "profile-prohibited": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s must not be sent here (profile %(profile)s)."),
    ),
    "profile-type": (
        ERROR,
        IssueType.STRUCTURE,
        _("This is a %(found)s; allowed: %(allowed)s (profile %(profile)s)."),
    ),
    "profile-fixed": (
        ERROR,
        IssueType.VALUE,
        _("The value must be exactly %(expected)s; this is %(value)s (profile %(profile)s)."),
    ),
    "profile-pattern": (
        ERROR,
        IssueType.VALUE,
        _("The value must contain %(expected)s; this is %(value)s (profile %(profile)s)."),
    ),
    "profile-length": (
        ERROR,
        IssueType.TOO_LONG,
        _("The value has %(count)s characters; at most %(maximum)s are allowed (profile %(profile)s)."),
    ),
    "profile-code": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is not in the value set %(value_set)s, which the profile %(profile)s requires."),
    ),
    "profile-code-missing": (
        ERROR,
        IssueType.CODE_INVALID,
        _("A code of the value set %(value_set)s is required by the profile %(profile)s; none was sent."),
    ),
    "profile-slice-min": (
        ERROR,
        IssueType.REQUIRED,
        _("%(name)s must have at least %(minimum)s of the kind %(slice)s; %(count)s were sent (profile %(profile)s)."),
    ),
    "profile-slice-max": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s may have at most %(maximum)s of the kind %(slice)s; %(count)s were sent (profile %(profile)s)."),
    ),
    "profile-slice-none": (
        ERROR,
        IssueType.STRUCTURE,
        _("This is none of the kinds that %(name)s may have: %(slices)s (profile %(profile)s)."),
    ),
    "profile-slice-order": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(name)s must come in this order: %(slices)s (profile %(profile)s)."),
    ),
    "profile-target": (
        ERROR,
        IssueType.STRUCTURE,
        _("This refers to a %(found)s; the profile %(profile)s allows: %(allowed)s."),
    ),
    "profile-target-content": (
        ERROR,
        IssueType.STRUCTURE,
        _("The resource that this refers to does not conform to any of: %(allowed)s (profile %(profile)s)."),
    ),
    "profile-value": (
        ERROR,
        IssueType.STRUCTURE,
        _("The value does not conform to any of: %(allowed)s (profile %(profile)s)."),
    ),
    "profile-must-support": (
        INFORMATION,
        IssueType.INFORMATIONAL,
        _("%(name)s is a must-support element of %(profile)s and is not in this resource."),
    ),
    "invariant": (
        ERROR,
        IssueType.INVARIANT,
        _("%(rule)s: the rule %(expression)s is not met."),
    ),
    "invariant-told": (ERROR, IssueType.INVARIANT, _("%(rule)s: %(human)s")),
    "invariant-unchecked": (
        WARNING,
        IssueType.PROCESSING,
        _("%(rule)s: the rule could not be evaluated (%(reason)s), so it was not checked."),
    ),
}

RULES: Mapping[str, Message] = {
    "attachment-size": (
        ERROR,
        IssueType.STRUCTURE,
        _("size says %(stated)s bytes, and data has %(actual)s. size counts the bytes before base64 encoding."),
    ),
    "contained-unused": (
        ERROR,
        IssueType.INVARIANT,
        _("dom-3: The contained resource %(value)s is not used: refer to it by #%(value)s, or refer from it by #."),
    ),
    "system-relative": (
        ERROR,
        IssueType.CODE_INVALID,
        _("The system of a code is an absolute URI, such as http://loinc.org; this is %(value)s."),
    ),
    "system-value-set": (
        ERROR,
        IssueType.CODE_INVALID,
        _("%(value)s is a value set. The system of a code is the code system from which it comes."),
    ),
    "identifier-uri": (
        ERROR,
        IssueType.VALUE,
        _(
            "With the system urn:ietf:rfc:3986 the value is itself an absolute URI, such as urn:uuid:...; this is "
            "%(value)s."
        ),
    ),
    "fhirpath": (ERROR, IssueType.INVALID, _("%(value)s is not FHIRPath: %(reason)s")),
    "markup": (
        ERROR,
        IssueType.SECURITY,
        _("The text has HTML that would act in a page (a script, a form, a handler). Send plain text."),
    ),
    "canonical-relative": (
        ERROR,
        IssueType.VALUE,
        _("A canonical URL is absolute, or #id of a contained resource; this is %(value)s."),
    ),
    "canonical-target": (
        ERROR,
        IssueType.STRUCTURE,
        _("This canonical URL is of a %(found)s; here only these are allowed: %(expected)s."),
    ),
    "narrative-internal-link": (
        ERROR,
        IssueType.INVALID,
        _("The link %(value)s in the narrative leads nowhere: no element has this id."),
    ),
    "bundle-link": (ERROR, IssueType.STRUCTURE, _("A Bundle has the link %(value)s once only.")),
    "bundle-full-url": (
        ERROR,
        IssueType.VALUE,
        _("fullUrl is an absolute URL, or urn:uuid: with a UUID; this is %(value)s."),
    ),
    "bundle-full-url-missing": (
        ERROR,
        IssueType.REQUIRED,
        _("In a Bundle of the type %(kind)s each entry with a resource has a fullUrl."),
    ),
    "bundle-full-url-end": (
        ERROR,
        IssueType.VALUE,
        _("fullUrl must end in the type and id of the resource, %(expected)s; this is %(value)s."),
    ),
    "bundle-relative-reference": (
        ERROR,
        IssueType.REQUIRED,
        _("The relative reference %(value)s cannot be understood, because the entry has no fullUrl."),
    ),
    "bundle-result-id": (ERROR, IssueType.REQUIRED, _("A resource that a search found has an id.")),
    "bundle-result-type": (
        ERROR,
        IssueType.STRUCTURE,
        _("The search was for %(expected)s, and this match is a %(found)s."),
    ),
    "bundle-unresolved": (
        ERROR,
        IssueType.NOT_FOUND,
        _("%(value)s is not in this Bundle: no entry has the full URL that it leads to."),
    ),
    "bundle-ambiguous": (
        ERROR,
        IssueType.MULTIPLE_MATCHES,
        _("%(value)s leads to %(count)s entries of this Bundle. It must lead to one."),
    ),
    "search-parameter-components": (
        ERROR,
        IssueType.BUSINESS_RULE,
        _("A search parameter of the type composite has two components or more."),
    ),
    "search-parameter-type": (
        ERROR,
        IssueType.BUSINESS_RULE,
        _("The type is %(value)s; %(base)s, from which it is derived, has %(expected)s."),
    ),
    "enable-when-question": (
        ERROR,
        IssueType.BUSINESS_RULE,
        _("enableWhen asks for the question %(value)s, and no other item of this Questionnaire has this linkId."),
    ),
    "differential-path": (
        ERROR,
        IssueType.STRUCTURE,
        _("%(value)s is not an element of %(type)s in FHIR R4."),
    ),
    "ecl": (
        ERROR,
        IssueType.VALUE,
        _("%(value)s is not in the Expression Constraint Language of SNOMED CT: %(reason)s."),
    ),
    "differential-whole": (
        ERROR,
        IssueType.PROCESSING,
        _("This differential cannot be made into a profile: %(count)s of its elements cannot be placed."),
    ),
    "differential-root-slicing": (ERROR, IssueType.INVALID, _("The root of a profile cannot be sliced.")),
}

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {**STRUCTURE, **PRIMITIVES, **REFERENCES, **NARRATIVE, **CODES, **EXTENSIONS, **PROFILES, **RULES}
)
MAX_SHOWN = 80
MAX_ISSUES = 500


class EnoughIssuesError(Exception):
    """A resource has MAX_ISSUES issues: nobody reads more, and looking for them costs."""


def issue(key: str, expression: str, /, **args: object) -> Issue:
    """The issue of a message at a place. Long values are shown in part. Raises KeyError for an unknown key."""
    severity, code, text = MESSAGES[key]
    shown = {name: shorten(value) for name, value in args.items()}
    return Issue(severity, code, text, (expression,) if expression else (), key, shown)


def shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
