"""What is broken: the rules of one case file, each broken variant as a registry that holds it in place of the rule."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from types import ModuleType

from changes import changes
from rule_cases import REGISTRY, file_of_rule, file_of_table

from diag.catalog.registry import Registry
from diag.catalog.rule import Rule
from diag.catalog.signature import Signature, Table

NEVER = "(?!)"  # a pattern that matches nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A broken variant. `where` is a line of the rule's file or the id of a row."""

    where: str
    says: str
    registry: Registry = field(default_factory=Registry)
    types_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A module of rules with its case file."""

    name: str
    module: str
    cases: Path

    def answers_to(self, glob: str) -> bool:
        """Whether a glob means it: by its name, or by the id of one of its rules or rows."""
        ids = [row.id for table in REGISTRY.tables if table.module == self.module for row in table.rows]
        ids += [one.id for rule in REGISTRY.functions if rule.function.__module__ == self.module for one in rule.named]
        return any(fnmatchcase(word, glob) for word in (self.name, *ids))

    def mutants(self) -> Iterator[Mutant]:
        """Its broken variants, in the order of the file."""
        table = next((one for one in REGISTRY.tables if one.module == self.module), None)
        return _broken_rows(table) if table else _broken_functions(self.module)


def targets() -> list[Target]:
    """All function rules and signature tables."""
    functions = [Target(name=one.id, module=one.module, cases=file_of_rule(one.id)) for one in REGISTRY.functions]
    tables = [
        Target(name=one.module.rpartition(".")[2], module=one.module, cases=file_of_table(one.module))
        for one in REGISTRY.tables
    ]
    return functions + tables


def _broken_functions(name: str) -> Iterator[Mutant]:
    file = inspect.getsourcefile(import_module(name)) or ""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    others = [one for one in REGISTRY.functions if one.module != name]
    for change in sorted(changes(tree), key=lambda change: change.line):
        module = ModuleType(name)
        with change.applied():
            code = compile(tree, file, "exec")
        exec(code, vars(module))  # noqa: S102  our own rule, with one condition changed
        rules = [value for value in vars(module).values() if isinstance(value, Rule)]
        yield Mutant(
            where=f"line {change.line}",
            says=change.says,
            registry=replace(REGISTRY, functions=sorted([*others, *rules], key=lambda one: one.id)),
            types_only=change.types_only,
        )


def _broken_rows(table: Table) -> Iterator[Mutant]:
    if table.containers is not None:
        for says, which in (("of all containers", None), ("of no container", re.compile(NEVER))):
            yield Mutant(where="table", says=says, registry=_with(table, replace(table, containers=which)))
    for row in table.rows:
        for says, new in _broken(row):
            rows = tuple(new if one is row else one for one in table.rows)
            yield Mutant(where=row.id, says=says, registry=_with(table, replace(table, rows=rows)))


def _with(table: Table, new: Table) -> Registry:
    return replace(REGISTRY, tables=[new if one is table else one for one in REGISTRY.tables])


def _broken(row: Signature) -> Iterator[tuple[str, Signature]]:
    yield "pattern matches nothing", replace(row, pattern=NEVER)
    yield "literal occurs nowhere", replace(row, literal="\0")
    if row.second:
        yield "without second", replace(row, second="")
    if row.reasons:
        yield "without reasons", replace(row, reasons=())
