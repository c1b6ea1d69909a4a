"""Issues and errors of the FHIR API, and their form on the wire: OperationOutcome (FHIR R4, operationoutcome.html).

An `Issue` keeps its text as an English msgid with named arguments, so that one issue reads in English in a log and in
the language of the reader in the answer: `operation_outcome(issues, translate=gettext)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar

DETAILS_SYSTEM = "urn:bitgoeul:CodeSystem:issue-details"
LINE_URL = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
COLUMN_URL = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"


class Severity(StrEnum):
    """http://hl7.org/fhir/issue-severity, R4."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class IssueType(StrEnum):
    """http://hl7.org/fhir/issue-type, R4: all 31 codes."""

    INVALID = "invalid"
    STRUCTURE = "structure"
    REQUIRED = "required"
    VALUE = "value"
    INVARIANT = "invariant"
    SECURITY = "security"
    LOGIN = "login"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"
    SUPPRESSED = "suppressed"
    PROCESSING = "processing"
    NOT_SUPPORTED = "not-supported"
    DUPLICATE = "duplicate"
    MULTIPLE_MATCHES = "multiple-matches"
    NOT_FOUND = "not-found"
    DELETED = "deleted"
    TOO_LONG = "too-long"
    CODE_INVALID = "code-invalid"
    EXTENSION = "extension"
    TOO_COSTLY = "too-costly"
    BUSINESS_RULE = "business-rule"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    LOCK_ERROR = "lock-error"
    NO_STORE = "no-store"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    INCOMPLETE = "incomplete"
    THROTTLED = "throttled"
    INFORMATIONAL = "informational"


def _same(message: str) -> str:
    return message


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of an OperationOutcome.

    `diagnostics` is the English text; with `args` it is a msgid with `%(name)s` places. `expression` holds FHIRPath
    expressions such as `Patient.name[0].given[1]`. `details_code` is stable, for programs. `line` and `column` count
    from 1 in the request's body.
    """

    severity: Severity
    code: IssueType
    diagnostics: str
    expression: tuple[str, ...] = ()
    details_code: str = ""
    args: Mapping[str, object] = field(default_factory=dict)
    line: int | None = None
    column: int | None = None

    @property
    def is_error(self) -> bool:
        return self.severity in (Severity.ERROR, Severity.FATAL)

    def text(self, translate: Callable[[str], str] = _same) -> str:
        """The text with its arguments filled in, in the language of `translate` (English when left out)."""
        message = translate(self.diagnostics)
        return message % self.args if self.args else message


def operation_outcome(issues: Iterable[Issue], translate: Callable[[str], str] = _same) -> dict[str, Any]:
    """The OperationOutcome of `issues`; without any, the "all OK" outcome, since `issue` is 1..*."""
    rendered = [_render(issue, translate) for issue in issues]
    if not rendered:
        rendered = [_render(Issue(Severity.INFORMATION, IssueType.INFORMATIONAL, "No issues found."), translate)]
    return {"resourceType": "OperationOutcome", "issue": rendered}


def _render(issue: Issue, translate: Callable[[str], str]) -> dict[str, Any]:
    details: dict[str, Any] = {"text": issue.text(translate)}
    if issue.details_code:
        details = {"coding": [{"system": DETAILS_SYSTEM, "code": issue.details_code}], **details}
    entry: dict[str, Any] = {}
    position = [(LINE_URL, issue.line), (COLUMN_URL, issue.column)]
    extensions = [{"url": url, "valueInteger": value} for url, value in position if value is not None]
    if extensions:
        entry["extension"] = extensions
    entry |= {"severity": str(issue.severity), "code": str(issue.code), "details": details, "diagnostics": issue.text()}
    if issue.expression:
        entry["expression"] = list(issue.expression)
    return entry


class FhirError(Exception):
    """An interaction ended in an error: an HTTP status and at least one issue.

    `FhirError(status, issues)`; the subclasses fix the status and also take a plain message:
    `NotFound("Patient/7 is not known.")`.
    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    default_code: ClassVar[IssueType] = IssueType.EXCEPTION

    def __init__(self, status: int, issues: Iterable[Issue]) -> None:
        self.status = status
        self.issues: tuple[Issue, ...] = tuple(issues)
        if not self.issues:
            raise ValueError("A FhirError needs at least one issue.")
        super().__init__("; ".join(issue.text() for issue in self.issues))

    def operation_outcome(self, translate: Callable[[str], str] = _same) -> dict[str, Any]:
        return operation_outcome(self.issues, translate)


class _StatusError(FhirError):
    def __init__(
        self,
        problem: str | Issue | Iterable[Issue],
        *,
        code: IssueType | None = None,
        expression: tuple[str, ...] = (),
        **args: object,
    ) -> None:
        if isinstance(problem, str):
            problem = Issue(Severity.ERROR, code or self.default_code, problem, expression, args=args)
        super().__init__(type(self).status, (problem,) if isinstance(problem, Issue) else problem)


class BadRequest(_StatusError):
    status = HTTPStatus.BAD_REQUEST
    default_code = IssueType.INVALID


class Unauthorized(_StatusError):
    status = HTTPStatus.UNAUTHORIZED
    default_code = IssueType.LOGIN


class Forbidden(_StatusError):
    status = HTTPStatus.FORBIDDEN
    default_code = IssueType.FORBIDDEN


class NotFound(_StatusError):
    status = HTTPStatus.NOT_FOUND
    default_code = IssueType.NOT_FOUND


class MethodNotAllowed(_StatusError):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    default_code = IssueType.NOT_SUPPORTED


class NotAcceptable(_StatusError):
    status = HTTPStatus.NOT_ACCEPTABLE
    default_code = IssueType.NOT_SUPPORTED


class Conflict(_StatusError):
    status = HTTPStatus.CONFLICT
    default_code = IssueType.CONFLICT


class Gone(_StatusError):
    status = HTTPStatus.GONE
    default_code = IssueType.DELETED


class PreconditionFailed(_StatusError):
    status = HTTPStatus.PRECONDITION_FAILED
    default_code = IssueType.CONFLICT


class TooLarge(_StatusError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = IssueType.TOO_LONG


class UnsupportedMediaType(_StatusError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_code = IssueType.NOT_SUPPORTED


class UnprocessableEntity(_StatusError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = IssueType.PROCESSING
