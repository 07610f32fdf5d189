"""Where no object is left, the sentence says why, and the hint what to give instead."""

import json

import pytest

from diag.api import contents, scan
from diag.errors import SnapshotError
from diag.report.contents import contents_bytes
from diag.report.look import Look

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ml"}}
ODD = {"apiVersion": "v1", "kind": "Pod", "metadata": [1]}
LOG = {"pod": "ml/a", "container": "c", "text": "x"}
VECTOR = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "DCGM_FI_DEV_XID_ERRORS", "Hostname": "n", "gpu": "0"}, "value": [1, "79"]}],
    },
}


@pytest.mark.parametrize(
    ("held", "says", "hint"),
    [
        ({"apiVersion": "v1", "kind": "List", "items": []}, "d.json$", "an empty list says nothing"),
        (
            {"apiVersion": "v1", "kind": "List", "items": [SECRET]},
            "but Secrets, which are never read",
            "kubectl get all",
        ),
        (
            {"apiVersion": "v1", "kind": "SecretList", "items": [SECRET]},
            "but Secrets, which are never",
            "kubectl get all",
        ),
        (SECRET, "but Secrets, which are never read", "kubectl get all"),
        (
            {"apiVersion": "v1", "kind": "List", "items": [ODD]},
            "Pod without a name in .*: unreadable: item 0",
            "look at",
        ),
        ([LOG], "only logs", "the objects that they belong to"),
        (VECTOR, "only what a tool says of GPUs", "the objects that it belongs to"),
    ],
)
def test_what_there_is_in_place_of_objects_is_said(tmp_path, held, says, hint):
    path = tmp_path / "d.json"
    path.write_text(json.dumps(held))

    with pytest.raises(SnapshotError, match=says) as refused:
        scan([path])
    assert refused.value.message.startswith(f"there is no object in {path}")
    assert hint in refused.value.hint


def test_of_many_files_a_few_are_named(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": []}))

    with pytest.raises(SnapshotError, match=r"0.json, .*1.json, .*2.json and 2 more$"):
        scan([tmp_path / f"{number}.json" for number in range(5)])


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ({}, "Diagnosed as of: not known, as nothing in it has a time; --now TIME says it"),
        (
            {"creationTimestamp": "2026-11-26T10:00:00Z"},
            "Diagnosed as of: 2026-11-26T10:00:00Z (the newest time in it)",
        ),
    ],
)
def test_a_time_that_nobody_knows_is_not_told(tmp_path, meta, says):
    path = tmp_path / "d.json"
    path.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b", **meta}})
    )
    text = contents_bytes(contents([path]), "plain", Look(width=100)).decode()

    assert says in text
    assert "1970" not in text


def test_a_file_beside_the_objects_is_named_with_what_it_tells(tmp_path):
    (tmp_path / "n.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}))
    (tmp_path / "p.json").write_text(json.dumps(VECTOR))
    text = contents_bytes(contents([tmp_path]), "plain", Look(width=200)).decode()

    assert f"{tmp_path / 'p.json'}: side file, 0 objects, 0 logs, 1 reading of devices" in text
