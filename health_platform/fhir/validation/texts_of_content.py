"""What the validator says of the content of a resource: codes, extensions, profiles, rules."""

from __future__ import annotations

from collections.abc import Mapping

from health_platform.fhir.outcome import IssueType
from health_platform.fhir.validation.texts_of_form import ERROR, INFORMATION, WARNING, Message, _

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
