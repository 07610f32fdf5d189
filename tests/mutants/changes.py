"""Changes to the conditions of a module, one at a time: what a slip of the author could look like."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

BOUNDARIES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITES = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
QUANTIFIERS = {"any": "all", "all": "any"}
SHOWN = 90  # characters of a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A node of the tree and what takes its place. `types_only`: it guards against a value of a wrong type."""

    line: int
    says: str
    holder: ast.AST
    field: str
    index: int | None
    new: ast.AST
    types_only: bool = False

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The tree with the change."""
        value = getattr(self.holder, self.field)
        old = value if self.index is None else value[self.index]
        self._put(self.new)
        try:
            yield
        finally:
            self._put(old)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.index] = node


def changes(tree: ast.Module) -> Iterator[Change]:
    """All changes of a module, in no order. Decorators and annotations stay as they are."""
    compared = {name for node in ast.walk(tree) if isinstance(node, ast.Compare) for name in _names(node)}
    for holder, field, index, node in _slots(tree):
        for new, says, types_only in _news(holder, field, node, compared):
            yield Change(
                line=node.lineno, says=f"{_text(node)} → {says or _text(new)}", holder=holder, field=field, index=index,
                new=ast.fix_missing_locations(ast.copy_location(new, node)), types_only=types_only,
            )  # fmt: skip


def _slots(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    """Every expression below a node, with where it hangs."""
    for field, value in ast.iter_fields(node):
        if field in ("decorator_list", "annotation", "returns", "type_params"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.expr):
                yield node, field, index, child
            if isinstance(child, ast.AST):
                yield from _slots(child)


def _news(holder: ast.AST, field: str, node: ast.expr, compared: set[str]) -> Iterator[tuple[ast.expr, str, bool]]:
    """What could take a node's place, words for it where its text is none, and whether only types are at stake."""
    condition = _is_condition(holder, field)
    if condition:
        if not isinstance(holder, ast.While):  # would run for ever
            yield ast.Constant(value=True), "", _is_of_type(node)
        yield ast.Constant(value=False), "", isinstance(node, ast.UnaryOp) and _is_of_type(node.operand)
    match node:
        case ast.BoolOp():
            yield from _shorter(node)
        case ast.Compare():
            yield from _moved(node, BOUNDARIES if condition else {**BOUNDARIES, **OPPOSITES})
        case ast.Call(func=ast.Name(id=name)) if name in QUANTIFIERS:
            yield ast.Call(ast.Name(QUANTIFIERS[name], ast.Load()), node.args, []), QUANTIFIERS[name], False
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            if isinstance(holder, ast.Compare):
                near = [ast.Constant(number - 1), ast.Constant(number + 1)]
                yield from ((new, f"{_text(new)} in {_text(holder)}", False) for new in near)
            elif isinstance(holder, ast.Assign) and compared & _names(holder):
                # A limit by name is not held to the second; that it is there must show.
                yield from ((ast.Constant(number * by), f"{number * by} in {_text(holder)}", False) for by in (0.25, 4))


def _shorter(node: ast.BoolOp) -> Iterator[tuple[ast.expr, str, bool]]:
    for number, value in enumerate(node.values):
        rest = [other for place, other in enumerate(node.values) if place != number]
        if not _is_default(node.op, value):
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            yield new, f"without {_text(value)}", _is_of_type(value)


def _moved(
    node: ast.Compare, others: Mapping[type[ast.cmpop], type[ast.cmpop]]
) -> Iterator[tuple[ast.expr, str, bool]]:
    for number, op in enumerate(node.ops):
        if other := others.get(type(op)):
            yield (
                ast.Compare(node.left, [*node.ops[:number], other(), *node.ops[number + 1 :]], node.comparators),
                "",
                False,
            )


def _is_condition(holder: ast.AST, field: str) -> bool:
    return field == "test" or (isinstance(holder, ast.comprehension) and field == "ifs")


def _is_default(op: ast.boolop, value: ast.expr) -> bool:
    """Whether an operand only stands in for nothing: `words or ()`."""
    if not isinstance(op, ast.Or):
        return False
    return (isinstance(value, ast.Constant) and not value.value) or (
        isinstance(value, ast.Tuple | ast.List | ast.Dict) and not list(ast.iter_child_nodes(value))[1:]
    )


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _is_of_type(node: ast.expr) -> bool:
    """Whether a condition asks for nothing but types."""
    if isinstance(node, ast.BoolOp):
        return all(_is_of_type(value) for value in node.values)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
