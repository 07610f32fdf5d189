"""The case files of rules: what they hold, and a run of one case."""

from functools import cache
from pathlib import Path

import msgspec
import yaml

from diag.catalog.registry import load as load_rules
from diag.causes.assess import own_confidence
from diag.causes.diagnose import diagnose
from diag.findings import AbsentEvidence, AbsentPathEvidence, ComputedEvidence, FieldEvidence, LogEvidence
from diag.snapshot.load import load
from diag.snapshot.sources.part import LogText, Part, Reading, Slice

RULES = Path(__file__).parent / "rules"
EXPECT = "diag.test/expect"
REGISTRY = load_rules(third_party=False)
HEADINGS = ["What it means", "Why it happens", "Evidence", "What to do", "Known limits"]  # of every page, in order


def file_of_rule(first_id):
    return RULES / f"{first_id}.yaml"


def file_of_table(module):
    return RULES / f"{module.rpartition('.')[2]}.yaml"


IDS_BY_FILE = {
    **{file_of_rule(rule.id): {one.id for one in rule.named} for rule in REGISTRY.functions},
    **{file_of_table(table.module): {row.id for row in table.rows} for table in REGISTRY.tables},
}


def parsed(text):
    """The cases of a file's text, each with its objects."""
    found = []
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document and document.get("kind") == "Case":
            found.append((document, []))
        elif document:
            found[-1][1].append(document)
    return found


@cache
def clusters(path):
    """The cases of a file."""
    return parsed(path.read_text(encoding="utf-8"))


def plain(value):
    """Dates that YAML would make of times are strings in Kubernetes."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value


def expected(case, objects):
    """What must fire, as (rule, severity, object)."""
    for entry in case.get("expect", ()):
        rule, severity, where = entry.split(" ")
        yield rule, severity, where
    for item in objects:
        meta = item.get("metadata", {})
        for entry in filter(None, meta.get("annotations", {}).get(EXPECT, "").split(",")):
            rule, severity = entry.split()
            where = "/".join(part for part in (item["kind"], meta.get("namespace", ""), meta["name"]) if part)
            yield rule, severity, where


def diagnosed(case, objects, *, ids, registry=REGISTRY):
    """The diagnosis of a case by the rules of some ids and those that the case asks for."""
    items = [Slice(raw=msgspec.Raw(msgspec.json.encode(plain(item)))) for item in objects]
    logs = [LogText(**{"previous": False, **log}) for log in case.get("logs", ())]
    beside = {"device": "", "file": "beside", "line": 1, "text": ""}
    side = tuple(Reading(**{**beside, **reading}) for reading in case.get("beside", ()))
    wanted = ids | set(case.get("with", ()))
    snap = load([Part(path="case", items=items, logs=logs, side=side)], now=plain(case.get("now")))[0]
    return diagnose(snap, registry, lambda rule, _: rule in wanted)


def fired(diagnosis, ids):
    """What fired of some rules, as (rule, severity, object)."""
    found = [cause for cause in diagnosis.causes if cause.node.found and cause.node.found.rule in ids]
    return sorted((cause.node.found.rule, cause.severity.value, str(cause.root)) for cause in found)


def told(diagnosis, rule):
    """What the report tells of a rule's causes: why, by which evidence, what to do, what it explains.

    How sure is the finding's own confidence, before gaps in the case's few objects lower it.
    """
    for cause in diagnosis.causes:
        found = cause.node.found
        if found is None or found.rule != rule:
            continue
        yield from (found.finding.summary, f"confidence {own_confidence(cause.node).word}")
        if not found.finding.subject.seen:
            yield f"{found.finding.subject} is known by its name alone"
        for piece in found.finding.evidence:
            yield from words(piece)
        for because in found.finding.accounts_for:
            share = f" ({because.members} members of it)" if because.members else ""
            yield from (f"explains {because.symptom.symptom} {because.symptom.workload}{share}", because.why)
            for piece in because.evidence:
                yield from words(piece)
        for remedy in found.finding.remedies:
            yield from (remedy.text, remedy.command or "", remedy.when or "")
        yield from (f"needs {ref}" for ref in found.finding.needs)
        yield from (f"member {ref}" for ref in found.finding.members)
        yield from (f"since {found.finding.since}", f"gpus lost {found.finding.gpus_lost}")


def words(piece):
    """A piece of evidence in words."""
    match piece:
        case FieldEvidence():
            yield f"{piece.object} {piece.path} = {piece.value}"
        case LogEvidence():
            yield f"{piece.pod} {piece.container}: {piece.value}"
        case AbsentEvidence():
            yield f"{piece.absent} is not there"
        case AbsentPathEvidence():
            yield f"{piece.object} has no {piece.absent_path}"
        case ComputedEvidence():
            yield f"{piece.computed} = {piece.value}"
            for part in piece.parts:
                yield from words(part)


def faults(diagnosis, case, objects, ids):
    """What is wrong with the diagnosis of a case: crashes, what fired, what it tells."""
    yield from (gap.detail for gap in diagnosis.gaps if gap.why in ("rule-crashed", "error"))
    found, wanted = fired(diagnosis, ids), sorted(expected(case, objects))
    if found != wanted:
        yield f"fired {found}, expected {wanted}"
    for must, wanted in (("says", True), ("omits", False)):
        for rule, texts in case.get(must, {}).items():
            lines = list(told(diagnosis, rule))
            for text in texts:
                if any(text in line for line in lines) is not wanted:
                    said = "\n  ".join(["", *filter(None, lines)]) if lines else " nothing"
                    yield f"{rule} {'does not say' if wanted else 'says'}: {text}\nit says:{said}"


@cache
def run_case(path, number):
    """The diagnosis of one case of a file by the rules of the file."""
    return diagnosed(*clusters(path)[number], ids=IDS_BY_FILE[path])


@cache
def runs():
    """The diagnoses of all cases of all rules."""
    known = [path for path in sorted(IDS_BY_FILE) if path.exists()]
    return [run_case(path, number) for path in known for number in range(len(clusters(path)))]
