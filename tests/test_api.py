"""The library: what it refuses, and what it keeps beside the report."""

import json
from pathlib import Path

import pytest

from diag.api import Ignore, examine, scan
from diag.errors import SnapshotError, UsageError


def pod(name, namespace):
    state = {"name": "c", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "2026-11-25T10:00:00Z"},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Running", "containerStatuses": [state]},
    }


@pytest.fixture
def dump(tmp_path) -> Path:
    """Three pods that crash, each in a namespace of its own."""
    path = tmp_path / "dump.json"
    items = [pod("a", "ml-train"), pod("b", "ml-serve"), pod("c", "shop")]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


@pytest.mark.parametrize("written", ['{"apiVersion": "v1", "kind": "List", "items": []}', "[]", ""])
def test_a_dump_without_any_object_is_no_clean_cluster(tmp_path, written):
    path = tmp_path / "empty.json"
    path.write_text(written)

    with pytest.raises(SnapshotError, match=r"empty\.json"):
        scan([path])


def test_an_empty_file_beside_a_full_one_is_no_failure(tmp_path, dump):
    (tmp_path / "none.json").write_text('{"apiVersion": "v1", "kind": "List", "items": []}')

    assert scan([dump, tmp_path / "none.json"]).causes


def test_namespaces_are_globs(dump):
    assert {cause.root.namespace for cause in scan([dump], namespaces=["ml-*"]).causes} == {"ml-train", "ml-serve"}
    assert {cause.root.namespace for cause in scan([dump], namespaces=["ml-t*", "shop"]).causes} == {"ml-train", "shop"}


@pytest.mark.parametrize(
    ("choice", "hidden"),
    [
        ({}, 0),
        ({"namespaces": ["nosuch"]}, 3),
        ({"namespaces": ["nosuch-*"]}, 3),
        ({"namespaces": ["ml-*"]}, 1),
        ({"selector": "app=x"}, 3),
        ({"namespaces": ["ml-*"], "ignores": [Ignore(rule="*", subject="shop/*", reason="known")]}, 0),
    ],
)
def test_causes_that_a_choice_keeps_out_are_counted(dump, choice, hidden):
    assert examine([dump], **choice).hidden == hidden


@pytest.mark.parametrize("ignores", [(), [Ignore(rule="*", subject="shop/*", reason="known")]])
def test_a_cause_is_called_the_same_whatever_else_is_shown(dump, ignores):
    every = {cause.root.namespace: cause.id for cause in scan([dump], ignores=ignores).causes}

    for namespace, number in every.items():
        assert [cause.id for cause in scan([dump], namespaces=[namespace], ignores=ignores).causes] == [number]
    assert sorted(every.values()) == [f"C{number}" for number in range(1, len(every) + 1)]


def test_an_ignored_cause_that_is_not_shown_reaches_nothing(dump):
    found = examine([dump], namespaces=["ml-*"], ignores=[Ignore(rule="*", subject="shop/*", reason="known")])

    assert (found.put_aside, found.report.ignored) == ((), [])


def test_what_an_ignored_cause_reaches_is_kept(dump):
    found = examine([dump], ignores=[Ignore(rule="*", subject="shop/*", reason="known")])

    assert [[str(ref) for ref in refs] for refs in found.put_aside] == [["Pod/shop/c"]]
    assert len(found.report.ignored) == 1


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("NOPE*", "`diag rules` lists all"),
        ("inotify-limit-exhaust", "did you mean inotify-limit-exhausted?"),
        ("QUA*", "QUO*"),
    ],
)
def test_a_choice_of_rules_that_means_none_is_refused(dump, glob, hint):
    with pytest.raises(UsageError) as caught:
        scan([dump], select=["SCH*", glob])

    assert glob in caught.value.message
    assert hint in caught.value.hint


def test_symptoms_may_be_selected(dump):
    assert {cause.rule[:3] for cause in scan([dump], select=["SYM*"]).causes} == {"SYM"}
