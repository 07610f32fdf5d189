"""Empty lists: what was collected and found empty is no gap, and what an empty list cannot know is not said."""

import json
import tarfile

import pytest

from diag.snapshot.load import load
from diag.snapshot.sources import read

from .conftest import a_list, pod


@pytest.mark.parametrize(
    ("name", "kind", "version"),
    [
        ("x.json", "PersistentVolumeList", "v1"),
        ("x.json", "StorageClassList", "storage.k8s.io/v1"),
        ("pv.json", "List", "v1"),
        ("storageclasses.json", "List", "v1"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_list_is_collected(dump, name, kind, version, packed):
    dump.write(a_list(pod("a")), "d/all.json")
    dump.write(json.dumps({"kind": kind, "apiVersion": version, "items": []}), f"d/{name}")
    (snap,) = load(read(str(dump.folder / "d") if not packed else tarred(dump.folder)))
    wanted = "PersistentVolume" if name == "pv.json" or kind.startswith("P") else "storage.k8s.io/StorageClass"
    assert snap.coverage(wanted) == "assumed"
    assert snap.coverage("Node") == "none"


@pytest.mark.parametrize("text", [a_list(), a_list(kind="PodList"), a_list(kind="NodeList")])
@pytest.mark.parametrize("name", ["pods.json", "nodes.json", "events.json", "what.json"])
def test_no_list_of_what_every_cluster_has_is_believed_to_be_empty(dump, name, text):
    dump.write(a_list({**pod("a"), "kind": "ConfigMap"}), "d/all.json")
    dump.write(text, f"d/{name}")
    (snap,) = load(read(str(dump.folder / "d")))
    assert [snap.coverage(kind) for kind in ("Pod", "Node", "Event")] == ["none"] * 3


def test_an_empty_list_of_namespaced_objects_says_nothing_of_a_namespace_that_it_does_not_name(dump):
    dump.write(a_list(pod("a")), "d/all.json")
    dump.write({"kind": "PersistentVolumeClaimList", "apiVersion": "v1", "items": []}, "d/x.json")
    (snap,) = load(read(str(dump.folder / "d")))
    assert snap.holds("PersistentVolumeClaim")
    assert snap.lacks("PersistentVolumeClaim", "shop", "data") is None


def test_a_list_beside_an_empty_one_in_the_same_file_keeps_what_it_is_assumed_to_hold(dump):
    lines = [
        json.dumps(a_list(pod("a"))),
        json.dumps({"kind": "PersistentVolumeList", "apiVersion": "v1", "items": []}),
    ]
    (snap,) = load([dump.read("\n".join(lines))])
    assert (snap.coverage("Pod", "shop"), snap.coverage("Pod", "other")) == ("assumed", "none")
    assert snap.coverage("PersistentVolume") == "assumed"


def test_one_page_of_several_is_not_taken_for_empty(dump):
    dump.write(a_list(pod("a")), "d/all.json")
    page = {"kind": "PersistentVolumeList", "apiVersion": "v1", "metadata": {"continue": "more"}, "items": []}
    dump.write(page, "d/x.json")
    (snap,) = load(read(str(dump.folder / "d")))
    assert snap.coverage("PersistentVolume") == "none"


def tarred(folder):
    with tarfile.open(folder / "d.tgz", "w:gz") as archive:
        archive.add(folder / "d", "d")
    return str(folder / "d.tgz")
