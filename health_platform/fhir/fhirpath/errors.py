"""The errors of the FHIRPath engine.

An expression can be wrong in four ways: its text (syntax), its meaning for the types at hand (semantic), the values it
met (execution), and the work it asks for (limit). Every error carries the expression and, where known, the offset.
"""


class FhirPathError(Exception):
    """The base of all; `kind` is the word that HL7's test cases use for the class of the error."""

    kind = "execution"

    def __init__(self, message: str, expression: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.expression = expression
        self.offset = offset

    def __str__(self) -> str:
        if self.offset is None:
            return self.message
        shown = self.expression if len(self.expression) <= 200 else self.expression[:200] + "..."
        return f"{self.message} (at offset {self.offset} of: {shown})"


class FhirPathSyntaxError(FhirPathError):
    """The text is not FHIRPath."""

    kind = "syntax"


class FhirPathSemanticError(FhirPathError):
    """The expression names what the type does not have, or gives a function what it cannot take."""

    kind = "semantic"


class FhirPathExecutionError(FhirPathError):
    """The values met while evaluating are not what an operator or function takes."""


class FhirPathLimitError(FhirPathError):
    """The expression is too long, too deep, or asks for more steps or items than allowed."""

    kind = "limit"
