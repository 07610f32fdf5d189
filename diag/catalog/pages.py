"""The catalogue as documentation: one Markdown page for each id.

The page of a function's name is its docstring (`Named.page`), that of a row is filled from its fields, that of a
built-in symptom comes from the taxonomy. `diag rules ID` prints them and `docs/generate.py` writes them to files.
"""

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import replace

from diag.catalog.beside import Beside
from diag.catalog.registry import Registry, RuleInfo, role_of, source_of
from diag.catalog.rule import Named, Rule
from diag.catalog.signature import On, RootAt, Signature, Table, filled
from diag.catalog.taxonomy import taxonomy
from diag.facts.steps import manner
from diag.findings import Remedy, Severity
from diag.trouble import groups
from diag.trouble.groups import SYMPTOMS, SymptomKind

SYMPTOM = """## What it means
This is what is seen, not yet why. Members of one workload that stopped in the same way are one symptom. It is shown as
a cause of its own only where no rule accounts for it; the alternatives then say which rules looked.
"""
SINCE = "0.1"  # the version in which the built-in symptoms appeared
ROOTS: dict[RootAt, str] = {
    "workload": "the workload of the pod that shows the sign",
    "member": "the object that shows the sign",
    "node": "the node of the pod that shows the sign",
    "owner": "the direct owner of the object that shows the sign",
}


def function_infos(registry: Registry) -> Iterator[RuleInfo]:
    """Every name of every function rule."""
    for rule in registry.functions:
        for named in rule.named:
            yield _of_function(rule, named)


def row_infos(registry: Registry) -> Iterator[RuleInfo]:
    """Every row of every signature table."""
    for table in registry.tables:
        for row in table.rows:
            yield _of_row(table, row)


def symptom_infos(registry: Registry) -> Iterator[RuleInfo]:
    """What the groups themselves report: what is in trouble, before any rule says why."""
    for kind in SYMPTOMS.values():
        yield _of_symptom(kind, registry)


def _of_function(rule: Rule, named: Named) -> RuleInfo:
    summary, _, body = inspect.cleandoc(named.page).partition("\n")
    question, basis = rule.question.name.lower(), named.basis.name.lower()
    facts = (
        ("severity", named.severity),
        ("question", question),
        ("basis", basis),
        ("reads", _codes(rule.inputs)),
        ("beats", _codes(named.refines)),
        ("also called", _codes(_synonyms(named.name))),
        ("since", rule.since + (" (preview)" if rule.status == "preview" else "")),
        ("defined in", f"`{path_of(rule.module)}`"),
    )
    return RuleInfo(
        id=named.id,
        name=named.name,
        role=role_of(named.name),
        family=named.id[:3],
        severity=named.severity,
        question=question,
        basis=basis,
        inputs=rule.inputs,
        since=rule.since,
        status=rule.status,
        summary=summary,
        doc=_page(named.id, named.name, summary, facts=facts, body=body),
        source_file=source_of(rule.module),
    )


def _of_row(table: Table, row: Signature) -> RuleInfo:
    inputs = _read_by(row)
    facts = (
        ("severity", row.severity),
        ("question", row.question.name.lower()),
        ("basis", row.basis.name.lower()),
        ("explains", _codes(row.explains)),
        ("beats", _codes(row.refines)),
        ("also called", _codes(_synonyms(row.name))),
        ("since", row.since),
        ("defined in", f"`{path_of(table.module)}`"),
    )
    return RuleInfo(
        id=row.id,
        name=row.name,
        role=role_of(row.name),
        family=row.id[:3],
        severity=row.severity,
        question=row.question.name.lower(),
        basis=row.basis.name.lower(),
        inputs=inputs,
        since=row.since,
        status="stable",
        summary=_first_sentence(row.means),
        doc=_page(row.id, row.name, row.means, facts=facts, body="\n\n".join(_row_sections(table, row))),
        source_file=source_of(table.module),
    )


def _read_by(row: Signature) -> tuple[str, ...]:
    """What a row reads besides the groups: their members are pods for all but conditions and messages."""
    places = {row.on, *row.also_on}
    pods = places & {On.EVENT, On.LOG, On.WAITING, On.ENDED}
    return (*(("Pod",) if pods else ()), *(("Event",) if On.EVENT in places else ()))


def _row_sections(table: Table, row: Signature) -> Iterator[str]:
    where = f"Each {' or '.join(on.value for on in (row.on, *row.also_on))} of what is in trouble"
    if row.reasons:
        where += f" with the reason {_codes(row.reasons, ' or ')}"
    if table.containers is not None and row.on in (On.LOG, On.WAITING, On.ENDED):
        where += f", of containers whose name or image matches `{table.containers.pattern}`"
    pattern = f"{where}, in which `{row.literal}` occurs and this pattern is found:\n\n{_fenced(row.pattern)}"
    if row.second:
        pattern += f"\n\nA second text of the same place must match:\n\n{_fenced(row.second)}"
    if shown := _beside(row.beside):
        pattern += f"\n\nCited beside it, where it is there: {shown}."
    blanks = row.look.blanks if row.look else {}
    if row.look:
        pattern += f"\n\nTold beside it, where it is known: {row.look.about}."
    yield f"## Evidence\n{pattern}"
    yield f"## What it reports\n{filled(row.summary, blanks)}\n\nThe cause is reported at {ROOTS[row.root]}."
    if row.remedies:
        remedies = (replace(remedy, text=filled(remedy.text, blanks)) for remedy in row.remedies)
        yield "## What to do\n" + "\n".join(map(_remedy, remedies))
    origin = row.source or table.origin
    yield f"## Source\n{table.system}: {origin}" + (f"\n\nVersions: {row.versions}" if row.versions else "")


def _beside(beside: Beside) -> str:
    """What is cited beside the sign, where it is there."""
    parts = (
        ("further texts that match", (beside.texts,)),
        ("arguments of the container that match", (beside.args,)),
        ("variables of the container whose names match", (beside.variables,)),
        ("of the pod", beside.pod),
        ("of its node", beside.node),
        ("the request for GPUs in", ("resources",) if beside.gpus else ()),
    )
    return "; ".join(f"{what} {_codes(words)}" for what, words in parts if any(words))


def _remedy(remedy: Remedy) -> str:
    """A step in the words of reports."""
    line = f"- {remedy.text}, if {remedy.when}" if remedy.when else f"- {remedy.text}"
    line += manner(remedy.text, who=remedy.who, risk=remedy.risk, command=remedy.command)
    return line + (f"\n\n  ```sh\n  {remedy.command}\n  ```" if remedy.command else "")


def _of_symptom(kind: SymptomKind, registry: Registry) -> RuleInfo:
    known = taxonomy().get(kind.name)
    meaning = known.meaning if known else f"Something {kind.title}."
    question = kind.question.name.lower()
    facts = (
        ("severity", "that of the trouble: mostly error"),
        ("question", question),
        ("also called", _codes(_synonyms(kind.name))),
        ("since", SINCE),
    )
    return RuleInfo(
        id=kind.rule,
        name=kind.name,
        role="symptom",
        family=kind.rule[:3],
        severity=Severity.ERROR,
        question=question,
        basis="status",
        inputs=(),
        since=SINCE,
        status="stable",
        summary=meaning,
        doc=_page(kind.rule, kind.name, meaning, facts=facts, body=f"{SYMPTOM}\n{_explained_by(kind, registry)}"),
        source_file=source_of(groups.__name__),
    )


def _explained_by(kind: SymptomKind, registry: Registry) -> str:
    """The rules that may account for a symptom: functions that answer its question, rows that name it."""
    rules = [(one.id, one.name) for rule in registry.functions if rule.question is kind.question for one in rule.named]
    rules += [(row.id, row.name) for row in registry.rows if kind.name in row.explains]
    listed = "\n".join(f"- `{rule_id}` {name}" for rule_id, name in sorted(rules))
    return f"## What may explain it\n{listed}" if rules else ""


def _page(rule_id: str, name: str, summary: str, *, facts: Iterable[tuple[str, str]], body: str) -> str:
    listed = "\n".join(f"- {what}: {value}" for what, value in facts if value)
    return f"# {rule_id} {name}\n\n{summary}\n\n{listed}\n\n{body.strip()}\n"


def path_of(module: str) -> str:
    """Where the source of a rule's module lies in the repository; a third party's stays a module name."""
    inside = module.removeprefix("diag.analyzers.")
    return module if inside == module else f"analyzers/{inside.replace('.', '/')}.py"


def _codes(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{word}`" for word in words)


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _synonyms(name: str) -> tuple[str, ...]:
    known = taxonomy().get(name)
    return known.also if known else ()


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."
