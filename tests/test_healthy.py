"""Healthy clusters full of what looks like faults: not one error or warning, until one field is made a fault."""

import copy
import json
from fnmatch import fnmatchcase

import msgspec
import pytest
from healthy.build import CLUSTERS, HERE, text

from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.findings import Severity
from diag.snapshot.load import load
from diag.snapshot.sources.part import Part, Slice

REGISTRY = load_rules(third_party=False)
BREAKS = [pytest.param(name, fault, id=f"{name}: {fault.says}") for name in CLUSTERS for fault in CLUSTERS[name].BREAKS]


def stored(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))["items"]


def told(objects):
    """What is reported above info: severity, name and root of each cause, and its symptoms."""
    items = [Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in objects]
    snap = load([Part(path="healthy", items=items)])[0]
    diagnosis = diagnose(snap, REGISTRY, lambda *_: True)
    assert not [gap.detail for gap in diagnosis.gaps if gap.why in ("rule-crashed", "error")]
    for cause in diagnosis.causes:
        if cause.severity is not Severity.INFO:
            groups = [node.group.symptom for node in cause.reached if node.group]
            objects = [str(ref) for ref in (cause.root, *cause.workloads, *cause.objects)]
            yield f"{cause.severity.value} {cause.name}: {' '.join(dict.fromkeys((*objects, *groups)))}"


def broken(objects, fault):
    """The objects with one field changed."""
    objects = copy.deepcopy(objects)
    (target,) = [item for item in objects if fnmatchcase(_named(item), fault.where)]
    for step in fault.path[:-1]:
        target = target[_place(target, step)]
    target[_place(target, fault.path[-1])] = fault.value
    return objects


def _named(item):
    meta = item["metadata"]
    return "/".join(part for part in (item["kind"], meta.get("namespace", ""), meta["name"]) if part)


def _place(target, step):
    if not isinstance(step, dict):
        return step
    return next(n for n, entry in enumerate(target) if all(entry.get(key) == value for key, value in step.items()))


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_healthy_cluster_has_no_error_and_no_warning(name):
    assert list(told(stored(name))) == []


@pytest.mark.parametrize(("name", "fault"), BREAKS)
def test_one_field_that_is_a_fault_is_found(name, fault):
    found = list(told(broken(stored(name), fault)))

    assert any(fault.finds in line for line in found), found


@pytest.mark.parametrize("name", CLUSTERS)
def test_every_healthy_cluster_is_stored_as_it_is_built_and_has_a_break(name):
    assert CLUSTERS[name].BREAKS
    assert (HERE / f"{name}.json").read_text(encoding="utf-8") == text(name), "run healthy.build (see its docstring)"
