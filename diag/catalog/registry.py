"""Find every rule without a central list: modules of `diag.analyzers`, and packages that others register."""

import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from diag.catalog.rule import Rule
from diag.catalog.signature import Signature, Table
from diag.catalog.taxonomy import taxonomy
from diag.findings import Gap, Question

ENTRY_POINTS = "diag.rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What the catalogue shows of one id: of a function's name, of a row, or of a built-in symptom."""

    id: str
    name: str
    role: str
    family: str
    severity: str
    question: str
    basis: str
    inputs: tuple[str, ...]
    since: str
    status: str
    summary: str  # one line
    doc: str  # the whole page, Markdown
    source_file: str


@dataclass
class Registry:
    """All rules that were found, and what could not be imported. What is told of them stays: none comes later."""

    functions: list[Rule] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[Signature]:
        """All signature rows."""
        return [row for table in self.tables for row in table.rows]

    @property
    def names(self) -> dict[str, str]:
        """Name by id."""
        found = {one.id: one.name for rule in self.functions for one in rule.named}
        return {**found, **{row.id: row.name for row in self.rows}}

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Function rules by each of their ids."""
        return {one.id: rule for rule in self.functions for one in rule.named}

    @cached_property
    def readers(self) -> Mapping[str, Sequence[str]]:
        """The ids of the function rules that read each kind."""
        found: dict[str, list[str]] = defaultdict(list)
        for rule in self.functions:
            for kind in rule.inputs:
                found[kind].append(rule.id)
        return dict(found)

    @cached_property
    def answers(self) -> Mapping[Question, frozenset[str]]:
        """The ids of the rules that answer each question; of rows, the names of their modules, too."""
        found: dict[Question, set[str]] = defaultdict(set)
        for rule in self.functions:
            found[rule.question].update(one.id for one in rule.named)
        for table in self.tables:
            for row in table.rows:
                found[row.question].update((row.id, table.module))
        return {question: frozenset(found[question]) for question in Question}


@cache
def load(*, third_party: bool = True) -> Registry:
    """Every rule of this package and, unless told otherwise, of packages that register under `diag.rules`."""
    registry = Registry()
    for name in _modules(importlib.import_module("diag.analyzers")):
        _collect_own(registry, name)
    for entry in entry_points(group=ENTRY_POINTS) if third_party else ():
        _collect_third_party(registry, entry)
    registry.functions.sort(key=lambda rule: rule.id)
    registry.tables.sort(key=lambda table: (table.system, table.module))
    return registry


def _modules(package: ModuleType) -> Iterator[str]:
    """The names of a package and of all that lies in it."""
    yield package.__name__
    for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}."):
        yield found.name


def _collect(registry: Registry, package: ModuleType) -> None:
    for name in _modules(package):
        _take(registry, importlib.import_module(name))


def _collect_own(registry: Registry, name: str) -> None:
    """The rules of one module of ours: one that cannot be loaded (a damaged installation) costs no others."""
    try:
        _take(registry, importlib.import_module(name))
    except Exception as error:  # noqa: BLE001  whatever keeps it from loading
        detail = f"{type(error).__name__}: {error}"
        registry.gaps.append(
            Gap(cluster="", what=f"rules of {name}", why="import-failed", fix="install diag anew", detail=detail)
        )


def _take(registry: Registry, module: ModuleType) -> None:
    for value in vars(module).values():
        if isinstance(value, Rule) and value.module == module.__name__:
            registry.functions.append(value)
        elif isinstance(value, Table):
            registry.tables.append(replace(value, module=module.__name__))


def _collect_third_party(registry: Registry, entry: EntryPoint) -> None:
    other = Registry()
    try:
        _collect(other, entry.load())
        if not all(isinstance(text, str) for pair in other.names.items() for text in pair):
            raise TypeError("a rule whose id or name is no text")  # noqa: TRY301  one place for all that a package may do wrong
    except Exception as error:  # noqa: BLE001  a stranger's package may fail in any way; it must not cost the report
        registry.gaps.append(
            Gap(
                cluster="",
                what=f"rules of {entry.name} ({entry.value})",
                why="import-failed",
                material=False,
                fix="repair or uninstall the package that registers them",
                detail=f"{type(error).__name__}: {error}",
            )
        )
        return
    registry.functions += other.functions
    registry.tables += other.tables


def infos(registry: Registry) -> list[RuleInfo]:
    """The catalogue, by id. Pages of rows are filled from their fields, those of functions are their docstrings."""
    from diag.catalog.pages import function_infos, row_infos, symptom_infos  # noqa: PLC0415  only `diag rules` needs pages

    found = [*function_infos(registry), *row_infos(registry), *symptom_infos(registry)]
    return sorted(found, key=lambda info: info.id)


def source_of(module: str) -> str:
    """The source file of a module, empty where it has none."""
    return inspect.getsourcefile(importlib.import_module(module)) or ""


def role_of(name: str) -> str:
    """cause, state or symptom; a name outside the taxonomy (a third party's) is a cause."""
    known = taxonomy().get(name)
    return known.role if known else "cause"
