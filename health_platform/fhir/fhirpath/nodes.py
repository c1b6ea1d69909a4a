"""The syntax tree of a FHIRPath expression: frozen values, equal when they mean the same text."""

from dataclasses import dataclass, field
from decimal import Decimal

from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.temporal import Temporal

LiteralValue = bool | str | int | Decimal | Temporal | Quantity


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; the empty collection `{}` has the value None."""

    value: LiteralValue | None
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Member:
    """`source.name`; without a source, the name is looked up in the current context."""

    source: "Node | None"
    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`source.name(arguments)`; without a source the function takes the current context."""

    source: "Node | None"
    name: str
    arguments: "tuple[Node, ...]"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`source[index]`."""

    source: "Node"
    index: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$this`, `$index` or `$total`: the name without the dollar sign."""

    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """An external constant `%name`."""

    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`+operand` or `-operand`."""

    operator: str
    operand: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: "Node"
    right: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type, with its namespace (`System`, `FHIR`) where the text gives one."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class TypeOperation:
    """`operand is type` or `operand as type`."""

    operator: str
    operand: "Node"
    type: TypeName
    offset: int = field(default=0, compare=False)


Node = Literal | Member | Call | Index | Variable | Constant | Unary | Binary | TypeOperation


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node."""
    match node:
        case Literal() | Variable() | Constant():
            return ()
        case Member(source=source):
            return () if source is None else (source,)
        case Call(source=source, arguments=arguments):
            return arguments if source is None else (source, *arguments)
        case Index(source=source, index=index):
            return (source, index)
        case Unary(operand=operand) | TypeOperation(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
