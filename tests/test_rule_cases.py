"""Every rule on its case file: what must fire does, all else stays silent."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.snapshot.load import load
from diag.snapshot.sources.part import LogText, Part, Slice

RULES = Path(__file__).parent / "rules"
EXPECT = "diag.test/expect"
REGISTRY = load_rules(third_party=False)


def file_of_rule(first_id):
    return RULES / f"{first_id}.yaml"


def file_of_table(module):
    return RULES / f"{module.rpartition('.')[2]}.yaml"


IDS_BY_FILE = {
    **{file_of_rule(rule.id): {one.id for one in rule.named} for rule in REGISTRY.functions},
    **{file_of_table(table.module): {row.id for row in table.rows} for table in REGISTRY.tables},
}


def cases() -> Iterator:
    for path in sorted(RULES.glob("*.yaml")):
        for case, objects in clusters(path):
            yield pytest.param(path, case, objects, id=f"{path.stem}: {case['name']}")


def clusters(path):
    found = []
    for document in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
        if document and document.get("kind") == "Case":
            found.append((document, []))
        elif document:
            found[-1][1].append(document)
    return found


def plain(value):
    """Dates that YAML would make of times are strings in Kubernetes."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value


def expected(case, objects):
    for entry in case.get("expect", ()):
        rule, severity, where = entry.split(" ")
        yield rule, severity, where
    for item in objects:
        meta = item.get("metadata", {})
        for entry in filter(None, meta.get("annotations", {}).get(EXPECT, "").split(",")):
            rule, severity = entry.split()
            where = "/".join(part for part in (item["kind"], meta.get("namespace", ""), meta["name"]) if part)
            yield rule, severity, where


def run_case(path, case, objects):
    items = [Slice(raw=msgspec.Raw(msgspec.json.encode(plain(item)))) for item in objects]
    logs = [LogText(**{"previous": False, **log}) for log in case.get("logs", ())]
    ids = IDS_BY_FILE[path]
    wanted = ids | set(case.get("with", ()))
    snap = load([Part(path=str(path), items=items, logs=logs)], now=plain(case.get("now")))[0]
    return diagnose(snap, REGISTRY, lambda rule, _: rule in wanted), ids


@pytest.mark.parametrize(("path", "case", "objects"), list(cases()))
def test_a_rule_fires_where_its_case_says_and_nowhere_else(path, case, objects):
    diagnosis, ids = run_case(path, case, objects)

    fired = sorted(
        (cause.node.found.rule, cause.severity.value, str(cause.root))
        for cause in diagnosis.causes
        if cause.node.found and cause.node.found.rule in ids
    )
    crashed = [gap.detail for gap in diagnosis.gaps if gap.why in ("rule-crashed", "error")]
    assert not crashed, crashed[0]
    assert fired == sorted(expected(case, objects))


@pytest.mark.parametrize("path", sorted(IDS_BY_FILE), ids=lambda path: path.stem)
def test_every_rule_has_a_case_file_that_fires_stays_silent_and_nearly_misses(path):
    assert path.exists(), f"write tests/rules/{path.name} (see README.md there)"

    found = clusters(path)
    assert {"fires", "silent", "near-miss"} <= {case["proves"] for case, _ in found}
    fired = {rule for case, objects in found for rule, _, _ in expected(case, objects)}
    assert IDS_BY_FILE[path] <= fired, f"no case fires {sorted(IDS_BY_FILE[path] - fired)}"


def test_every_case_file_belongs_to_a_rule():
    assert {path.name for path in RULES.glob("*.yaml")} <= {path.name for path in IDS_BY_FILE}
