"""Rules of other packages: found by entry point, run beside ours, and never at the cost of the report."""

import importlib
import sys

import msgspec
import pytest

from diag.catalog.registry import load
from diag.causes.diagnose import diagnose
from diag.snapshot.load import load as load_snapshot
from diag.snapshot.sources.part import Part, Slice

RULE = '''
from diag.catalog.rule import rule
from diag.findings import Because, Finding, Question

@rule("ZZZ001", name="their-cause", question=Question.PLACED, inputs=("Pod",))
def theirs(ctx):
    """Theirs."""
    for group in ctx.groups("pod-unscheduled"):
        proof = (group.evidence[0],)
        yield Finding(subject=group.workload, summary="x", evidence=proof, accounts_for=(Because(group, "x"),))
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package that registers a module as rules; returns the registry that is then found."""

    def install(name, source):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[diag.rules]\n{name} = {name}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return load.__wrapped__()

    yield install
    for name in ("their_rules", "broken_rules"):
        sys.modules.pop(name, None)


def test_rules_of_another_package_are_found_and_run(installed, cluster_of_one_waiter):
    registry = installed("their_rules", RULE)

    assert "ZZZ001" in registry.names
    assert "their-cause" in {found.name for found in cluster_of_one_waiter(registry).ran.found}


@pytest.mark.parametrize("source", ["raise RuntimeError('no')", "import nothing_of_that_name", "def broken(:"])
def test_a_package_that_cannot_be_imported_is_a_gap(installed, cluster_of_one_waiter, source):
    registry = installed("broken_rules", source)

    assert [(gap.why, "broken_rules" in gap.what) for gap in registry.gaps] == [("import-failed", True)]
    assert [gap.why for gap in cluster_of_one_waiter(registry).gaps if gap.why == "import-failed"] == ["import-failed"]


@pytest.fixture
def cluster_of_one_waiter():
    """Diagnoses one pod that nobody places, with the rules of a registry."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ml", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"phase": "Pending"},
    }
    snap = load_snapshot(
        [Part(path="x", items=[Slice(raw=msgspec.Raw(msgspec.json.encode(pod)))])], now="2026-01-02T00:00:00Z"
    )[0]
    return lambda registry: diagnose(snap, registry, lambda *_: True)


@pytest.mark.parametrize("error", [SyntaxError("bad"), ImportError("gone"), RuntimeError("no")])
def test_a_module_of_ours_that_cannot_be_loaded_is_a_gap_and_costs_no_other(monkeypatch, error):
    usual = importlib.import_module

    def loads(name, package=None):
        if name == "diag.analyzers.device.inotify":
            raise error
        return usual(name, package)

    monkeypatch.setattr(importlib, "import_module", loads)
    registry = load.__wrapped__(third_party=False)

    assert [(gap.what, gap.why) for gap in registry.gaps] == [
        ("rules of diag.analyzers.device.inotify", "import-failed")
    ]
    assert "QUO001" in registry.names
    assert "DEV119" not in registry.names


def test_all_modules_of_ours_can_be_loaded():
    assert load(third_party=False).gaps == []
