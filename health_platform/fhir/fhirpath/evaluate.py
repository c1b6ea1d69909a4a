"""The FHIRPath engine: an expression is parsed once, becomes Python closures once, and runs on FHIR's JSON.

FHIRPath N1 (http://hl7.org/fhirpath/N1), FHIR's part of it (http://hl7.org/fhir/R4/fhirpath.html), and those functions
of FHIRPath 2.1 that HL7's test cases for R4 use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath import (
    arithmetic,
    equality,
    functions_collections,
    functions_conversion,
    functions_fhir,
    functions_math,
    functions_strings,
)
from health_platform.fhir.fhirpath.check import check
from health_platform.fhir.fhirpath.elements import (
    SYSTEM_TYPES,
    Collection,
    Element,
    TypeInfo,
    ancestors,
    children_of,
    element,
    is_exactly,
    is_known_type,
    is_type,
    primitive_children,
    resource_element,
    system,
)
from health_platform.fhir.fhirpath.errors import (
    FhirPathError,
    FhirPathExecutionError,
    FhirPathLimitError,
    FhirPathSemanticError,
)
from health_platform.fhir.fhirpath.functions_collections import truth, union
from health_platform.fhir.fhirpath.nodes import (
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Node,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
)
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.state import TEXT_PER_STEP, Compiled, Environment, Function, State, single

FUNCTIONS: Final[Mapping[str, Function]] = {
    **functions_collections.FUNCTIONS,
    **functions_strings.FUNCTIONS,
    **functions_math.FUNCTIONS,
    **functions_conversion.FUNCTIONS,
    **functions_fhir.FUNCTIONS,
}
_CONSTANTS: Final = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}
_BY_PREFIX: Final = {"vs-": "http://hl7.org/fhir/ValueSet/", "ext-": "http://hl7.org/fhir/StructureDefinition/"}
_DEFAULT: Final = Environment()


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression ready to run."""

    text: str
    tree: Node
    run: Compiled

    def evaluate(
        self,
        context: Element,
        environment: Environment = _DEFAULT,
        resource: Element | None = None,
        root: Element | None = None,
    ) -> Collection:
        """The items for an element as context: elements, or System values (bool, str, int, Decimal, Quantity, dates).

        `resource` is what `%resource` stands for (the context where it is left out), `root` what `%rootResource` does.
        Raises FhirPathError.
        """
        resource = context if resource is None else resource
        state = State(environment, [context], resource, resource if root is None else root)
        try:
            if environment.strict:
                check(self.tree, context.type)
            return self.run([context], state)
        except FhirPathError as error:
            error.expression = error.expression or self.text
            raise
        except RecursionError:
            raise FhirPathLimitError("The data is nested too deeply.", self.text) from None

    def holds(
        self,
        context: Element,
        environment: Environment = _DEFAULT,
        resource: Element | None = None,
        root: Element | None = None,
    ) -> bool:
        """Whether an invariant holds: its value is not false (an empty collection says nothing against it).

        Raises FhirPathError.
        """
        return truth(self.evaluate(context, environment, resource, root), "An invariant") is not False


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """The expression, ready to run; the last 4,096 are kept. Raises FhirPathSyntaxError, FhirPathSemanticError."""
    return compile_node(parse(text), text)


def compile_node(tree: Node, text: str) -> Expression:
    """A part of a parsed expression, ready to run by itself; ``text`` stands for it in errors."""
    return Expression(text, tree, _compile(tree))


def evaluate(
    text: str,
    resource: Mapping[str, Any],
    environment: Environment = _DEFAULT,
    type_name: str | None = None,
) -> Collection:
    """The items of an expression on a resource, or on JSON of the type `type_name`. Raises FhirPathError."""
    context = resource_element(resource) if type_name is None else element(resource, type_name)
    return compile_expression(text).evaluate(context, environment)


def _compile(node: Node) -> Compiled:
    return _COMPILERS[type(node)](node)


def _literal(node: Literal) -> Compiled:
    value: Collection = [] if node.value is None else [node.value]
    return lambda this, state: value


def _member(node: Member) -> Compiled:
    name = node.name
    if node.source is not None:
        source = _compile(node.source)
        return lambda this, state: members(source(this, state), name, state)
    if name in structures.types() and name[0].isupper():
        return lambda this, state: _of_root_type(this, name) or members(this, name, state)
    return lambda this, state: members(this, name, state)


def _of_root_type(this: Collection, name: str) -> Collection:
    return [item for item in this if item.__class__ is Element and name in ancestors(item.type)]


def members(items: Collection, name: str, state: State) -> Collection:
    """The children of this name of all items; a name that a type does not have gives none."""
    state.spend(len(items) + 1)
    out: Collection = []
    for item in items:
        if item.__class__ is not Element:
            out += _part(item, name)
        elif item.table is None:
            out += primitive_children(item, name)
        else:
            for found in item.table.by_name.get(name, ()):
                children_of(item, found, out)
    return out


def _part(item: Any, name: str) -> Collection:
    if isinstance(item, Quantity) and name in ("value", "unit"):
        return [getattr(item, name)]
    if isinstance(item, TypeInfo) and name in ("namespace", "name"):
        return [getattr(item, name)]
    return []


def _index(node: Index) -> Compiled:
    source, index = _compile(node.source), _compile(node.index)

    def run(this: Collection, state: State) -> Collection:
        place = system(single(index(this, state), "An index"))
        if place is None:
            return []
        if place.__class__ is not int:
            raise FhirPathExecutionError("An index must be an Integer.")
        return source(this, state)[place : place + 1] if place >= 0 else []

    return run


def _variable(node: Variable) -> Compiled:
    match node.name:
        case "this":
            return lambda this, state: this
        case "index":
            return lambda this, state: [state.index]
    return lambda this, state: state.total


def _constant(node: Constant) -> Compiled:
    name = node.name
    if name in _CONSTANTS:
        return lambda this, state: [_CONSTANTS[name]]
    for prefix, url in _BY_PREFIX.items():
        if name.startswith(prefix):
            return lambda this, state: [url + name.removeprefix(prefix)]
    return lambda this, state: _constant_value(name, state)


def _constant_value(name: str, state: State) -> Collection:
    if name in ("resource", "rootResource", "context"):
        return {"resource": [state.resource], "rootResource": [state.root], "context": state.context}[name]
    if name not in state.environment.variables:
        raise FhirPathSemanticError(f"%{name} is not known.")
    found = state.environment.variables[name]
    return found if isinstance(found, list) else [found]


def _unary(node: Unary) -> Compiled:
    operand = _compile(node.operand)
    is_minus = node.operator == "-"

    def run(this: Collection, state: State) -> Collection:
        value = system(single(operand(this, state), "A sign"))
        if value is None:
            return []
        found = arithmetic.negated(value)
        if not is_minus:
            return [value]
        return [] if found is None else [found]

    return run


def _binary(node: Binary) -> Compiled:
    left, right = _compile(node.left), _compile(node.right)
    operator = node.operator
    if operator in _BOOLEAN:
        return _BOOLEAN[operator](left, right)
    if operator in arithmetic.OPERATORS:
        return _arithmetic(left, right, operator)
    if operator in _ORDER:
        return _comparison(left, right, _ORDER[operator])
    compute = _ON_COLLECTIONS[operator]
    return lambda this, state: compute(left(this, state), right(this, state), state)


def _arithmetic(left: Compiled, right: Compiled, operator: str) -> Compiled:
    compute = arithmetic.OPERATORS[operator]
    what = f"'{operator}'"

    def run(this: Collection, state: State) -> Collection:
        first, second = system(single(left(this, state), what)), system(single(right(this, state), what))
        if first is None or second is None:
            return []
        state.spend(_cost(first, second))
        found = compute(first, second)
        return [] if found is None else [found]

    return run


def _cost(left: Any, right: Any) -> int:
    """Steps that an operation counts as: more for quantities, whose units may have to be converted, and long texts."""
    if isinstance(left, str) and isinstance(right, str):
        return 1 + (len(left) + len(right)) // TEXT_PER_STEP
    return equality.COSTLY if isinstance(left, Quantity) or isinstance(right, Quantity) else 1


_ORDER: Final[Mapping[str, Callable[[int], bool]]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _comparison(left: Compiled, right: Compiled, test: Callable[[int], bool]) -> Compiled:
    def run(this: Collection, state: State) -> Collection:
        one, other = single(left(this, state), "A comparison"), single(right(this, state), "A comparison")
        if one is None or other is None or system(one) is None or system(other) is None:
            return []
        state.spend(_cost(one, other))
        order = equality.compare_items(one, other)
        return [] if order is None else [test(order)]

    return run


def _equal(left: Collection, right: Collection, state: State) -> Collection:
    state.spend(1 + len(left) + (_cost(left[0], right[0]) if left and right else 0))
    found = equality.equal(left, right)
    return [] if found is None else [found]


def _not_equal(left: Collection, right: Collection, state: State) -> Collection:
    return [not found for found in _equal(left, right, state)]


def _equivalent(left: Collection, right: Collection, state: State) -> Collection:
    return [equality.equivalent(left, right, state.spend)]


def _in(left: Collection, right: Collection, state: State) -> Collection:
    if not left:
        return []
    one = single(left, "'in'")
    state.spend(len(right))
    return [any(equality.equal_items(one, other) for other in right)]


def _concatenated(left: Collection, right: Collection, state: State) -> Collection:
    state.spend(1)
    texts = [system(single(items, "'&'")) for items in (left, right)]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise FhirPathExecutionError("'&' takes Strings.")
    joined = "".join(text for text in texts if text is not None)
    state.spend(len(joined) // TEXT_PER_STEP)
    return [arithmetic.bounded(joined)]


_ON_COLLECTIONS: Final[Mapping[str, Callable[[Collection, Collection, State], Collection]]] = {
    "=": _equal,
    "!=": _not_equal,
    "~": _equivalent,
    "!~": lambda left, right, state: [not _equivalent(left, right, state)[0]],
    "in": _in,
    "contains": lambda left, right, state: _in(right, left, state),
    "|": union,
    "&": _concatenated,
}


def _and(left: Compiled, right: Compiled) -> Compiled:
    def run(this: Collection, state: State) -> Collection:
        one = truth(left(this, state))
        if one is False:
            return [False]
        other = truth(right(this, state))
        if other is False:
            return [False]
        return [] if one is None or other is None else [True]

    return run


def _or(left: Compiled, right: Compiled) -> Compiled:
    def run(this: Collection, state: State) -> Collection:
        one = truth(left(this, state))
        if one is True:
            return [True]
        other = truth(right(this, state))
        if other is True:
            return [True]
        return [] if one is None or other is None else [False]

    return run


def _xor(left: Compiled, right: Compiled) -> Compiled:
    def run(this: Collection, state: State) -> Collection:
        one, other = truth(left(this, state)), truth(right(this, state))
        return [] if one is None or other is None else [one != other]

    return run


def _implies(left: Compiled, right: Compiled) -> Compiled:
    def run(this: Collection, state: State) -> Collection:
        one = truth(left(this, state))
        if one is False:
            return [True]
        other = truth(right(this, state))
        if other is True:
            return [True]
        return [] if one is None or other is None else [False]

    return run


_BOOLEAN: Final[Mapping[str, Callable[[Compiled, Compiled], Compiled]]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
}


def _type_operation(node: TypeOperation) -> Compiled:
    return _typed(_compile(node.operand), node.operator, node.type)


def _typed(operand: Compiled, operator: str, wanted: TypeName) -> Compiled:
    if not is_known_type(wanted):
        return _unknown_type(wanted)
    if operator == "is":
        return lambda this, state: _is(operand(this, state), wanted, state)
    return lambda this, state: _as(operand(this, state), wanted, operator, state)


def _unknown_type(wanted: TypeName) -> Compiled:
    def fail(this: Collection, state: State) -> Collection:
        raise FhirPathExecutionError(f"There is no type {wanted.name}.")

    return fail


def _is(items: Collection, wanted: TypeName, state: State) -> Collection:
    item = single(items, "'is'")
    if item is None:
        return []
    if state.environment.as_in_r4 and item.__class__ is Element and item.table is None:
        value = system(item)
        if wanted.namespace is None and SYSTEM_TYPES.get(type(value)) == wanted.name:
            return [True]
    return [is_type(item, wanted)]


def _as(items: Collection, wanted: TypeName, operator: str, state: State) -> Collection:
    if operator == "as" and len(items) > 1 and not state.environment.as_in_r4:
        raise FhirPathExecutionError(f"'as' takes one item, there are {len(items)}; ofType() filters several.")
    return [item for item in items if is_exactly(item, wanted)]


def _call(node: Call) -> Compiled:
    source = _compile(node.source) if node.source is not None else _this
    if node.name in ("is", "as", "ofType"):
        if len(node.arguments) != 1:
            raise FhirPathSemanticError(f"{node.name}() takes a type.", offset=node.offset)
        return _typed(source, node.name, _type_argument(node.arguments[0]))
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise FhirPathSemanticError(f"There is no function {node.name}().", offset=node.offset)
    if not function.minimum <= len(node.arguments) <= function.maximum:
        raise FhirPathSemanticError(f"{node.name}() does not take {len(node.arguments)} arguments.", offset=node.offset)
    if node.name == "sort":
        return _sort_call(source, node.arguments, function)
    arguments = [_compile(argument) for argument in node.arguments]
    run = function.run
    if function.lazy:
        return lambda this, state: run(source(this, state), arguments, state, this)
    return _eager_call(source, arguments, run)


def _eager_call(source: Compiled, arguments: list[Compiled], run: Callable[..., Collection]) -> Compiled:
    if not arguments:
        return lambda this, state: run(source(this, state), [], state)

    def call(this: Collection, state: State) -> Collection:
        state.spend(1)
        return run(source(this, state), [argument(this, state) for argument in arguments], state)

    return call


def _sort_call(source: Compiled, arguments: tuple[Node, ...], function: Function) -> Compiled:
    keys = [
        (_compile(one.operand), True) if isinstance(one, Unary) and one.operator == "-" else (_compile(one), False)
        for one in arguments
    ]
    return lambda this, state: function.run(source(this, state), keys, state, this)


def _this(this: Collection, _: State) -> Collection:
    return this


def _type_argument(node: Node) -> TypeName:
    match node:
        case Member(source=None, name=name):
            return TypeName(name)
        case Member(source=Member(source=None, name=namespace), name=name):
            return TypeName(name, namespace)
    raise FhirPathSemanticError("A type must be a name, such as Quantity or FHIR.Quantity.")


_COMPILERS: Final[Mapping[type, Callable[[Any], Compiled]]] = {
    Literal: _literal,
    Member: _member,
    Call: _call,
    Index: _index,
    Variable: _variable,
    Constant: _constant,
    Unary: _unary,
    Binary: _binary,
    TypeOperation: _type_operation,
}
