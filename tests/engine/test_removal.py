"""What is not collected makes an answer less sure, never sure and wrong.

Of each case one kind of objects is left out, or all objects of one namespace, as a dump that did not ask for them would
have it. Then nothing crashes, no other cause than the case's own is certain, and a healthy cluster stays quiet.
"""

import gzip
import json
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.demo.truth import EXPECTED
from diag.findings import Confidence, Severity
from diag.snapshot.load import load
from diag.snapshot.sources.part import LogText, Part, Slice

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "score"))
import score_cases  # noqa: E402  the scorer lies beside its own modules

REGISTRY = load_rules(third_party=False)
TRUTHS = {
    **{path.name.removesuffix(".expected.json"): path for path in (TESTS / "cases").glob("*.expected.json")},
    **{f"real {path.parent.name}": path for path in (TESTS / "real/scenarios").glob("*/scenario.json")},
}
MOST_NAMESPACES = 8  # that are emptied in turn, the fullest

# What is true as far as it goes where the object that tells more is not there, by the case's cause.
NEARER = {
    # The node is away, and that it uses up the budget of an upgrade is a consequence of it.
    "upgrade-blocked-by-notready-node": {"node-not-ready"},
    # The kubelet's condition says the same of the same disk.
    "node-disk-full": {"node-disk-pressure"},
    # The pods were preempted, whatever the node that is not here had no room for.
    "pod-limit-of-node-reached": {"preempted-by-priority"},
    # The operator keeps the node cordoned, whatever pods and budget hold up its drain in a namespace that is not here.
    "pdb-blocks-drain": {"nodes-cordoned"},
}
# What made a healthy cluster healthy: without it there may be trouble, and nothing more is said than that.
MADE_HEALTHY = {
    ("gpu-healthy-new-node-building-driver", "Node"),  # the node that is coming for the pod that waits
    ("gpu-healthy-rolling-driver-upgrade", "Node"),  # the node that comes back from its upgrade
    ("gpu-healthy-new-node-building-driver", "Pod"),  # the pod that waits for that node; its Deployment has none ready
    ("gpu-healthy-rolling-driver-upgrade", "Pod"),  # the same
    ("plat-healthy-scale-up-in-bound", "Event"),  # the autoscaler's word that it adds a node
}


def case_of(name):
    """The truth, the objects and the logs of a case."""
    if name == "demo":
        folder = files("diag.demo")
        read = [json.loads(gzip.decompress((folder / f"{part}.json.gz").read_bytes())) for part in ("cluster", "logs")]
        return {}, *[part["items"] if isinstance(part, dict) else part for part in read]
    path = TRUTHS[name]
    stem = path.name.removesuffix(".expected.json")
    objects, logs = (
        ("objects.json.gz", "logs.json") if name.startswith("real ") else (f"{stem}.json", f"{stem}.logs.json")
    )
    case = score_cases.mutate.load(path.parent / objects, path.parent / logs, path)
    return case.truth, case.items, case.logs


def variants(items):
    """Each kind left out, then each of the fullest namespaces: (what, the items that are left)."""
    for kind in sorted({item["kind"] for item in items}):
        yield kind, [item for item in items if item["kind"] != kind]
    filled = Counter(namespace_of(item) for item in items if namespace_of(item))
    for namespace, _ in filled.most_common(MOST_NAMESPACES):
        yield f"namespace {namespace}", [item for item in items if namespace_of(item) != namespace]


def namespace_of(item):
    return item["metadata"].get("namespace", "")


def diagnosed(items, logs):
    read = [LogText(**{"previous": False, **{key: log[key] for key in ("pod", "container", "text")}}) for log in logs]
    slices = [Slice(raw=raw_of(item)) for item in items]
    return [diagnose(snap, REGISTRY, lambda *_: True) for snap in load([Part(path="case", items=slices, logs=read)])]


def raw_of(item):
    return msgspec.Raw(msgspec.json.encode(item))


def is_true(cause, truth):
    """Whether a cause is the case's, or what is nearer to the eye when the case's cannot be seen."""
    root = {"kind": cause.root.kind, "namespace": cause.root.namespace, "name": cause.root.name}
    if not truth:
        return cause.name in {one.cause for one in EXPECTED}
    if cause.name in NEARER.get(truth.get("cause"), ()):
        return True
    roots = truth.get("roots") or [truth]
    return any(score_cases.hit({"name": cause.name, "root": root}, one, truth)[0] for one in roots)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", *sorted(TRUTHS)])
def test_what_is_left_out_makes_nothing_wrong_certain(name):
    truth, items, logs = case_of(name)
    for what, left in variants(items):
        for diagnosis in diagnosed(left, logs):
            assert [gap.detail for gap in diagnosis.gaps if gap.why in ("rule-crashed", "error")] == [], what
            loud = [cause for cause in diagnosis.causes if cause.severity is not Severity.INFO]
            for cause in loud:
                told = f"without {what}: {cause.name} {cause.root} ({cause.confidence.word})"
                if truth.get("healthy"):
                    assert (name, what) in MADE_HEALTHY, told
                    assert cause.confidence is Confidence.POSSIBLE, told
                else:
                    assert cause.confidence is not Confidence.CERTAIN or is_true(cause, truth), told
