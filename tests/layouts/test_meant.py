"""Files that were meant to hold objects and hold none are named, in a folder as in an archive; others stay silent."""

import io
import json
import os
import tarfile
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from diag.findings import Confidence
from diag.snapshot.load import load
from diag.snapshot.sources import read
from diag.snapshot.sources.part import Lost

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}
FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "dana" cannot list resource "pods" in API group "" '
    'in the namespace "ml"\n'
)


@pytest.fixture(params=["folder", "tar"])
def parts_with(request, tmp_path):
    """The parts of a folder or an archive that holds one good file and another."""

    def made(name, content):
        files = {
            "rest.json": json.dumps(POD).encode(),
            name: content if isinstance(content, bytes) else content.encode(),
        }
        if request.param == "folder":
            for each, data in files.items():
                path = tmp_path / "d" / each
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return read(str(tmp_path / "d"))
        with tarfile.open(tmp_path / "d.tgz", "w:gz") as archive:
            for each, data in files.items():
                info = tarfile.TarInfo(each)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return read(str(tmp_path / "d.tgz"))

    return made


@pytest.mark.parametrize(
    ("name", "content", "says", "kind"),
    [
        ("ml/pods.json", FORBIDDEN, "Error from server (Forbidden): pods is forbidden", "Pod"),
        ("x.json", FORBIDDEN, "cannot list resource", "Pod"),
        ("ml/pods.json", "{bad", "neither JSON nor YAML", "Pod"),
        ("what.json", "{bad", "neither JSON nor YAML", ""),
        ("deployments.apps.yaml", "NAME READY STATUS\nx 0/1 Pending\n", "table that kubectl prints", "apps/Deployment"),
        ("nodes.json", json.dumps(POD).encode("utf-32-le"), "UTF-32", "Node"),
        ("prod-events.yml", b"", "is empty", "Event"),
        ("pods.json", '{"code": 7}', "nothing has a kind", "Pod"),
        ("pods.yaml", "a: 1\n", "neither JSON nor YAML", "Pod"),
        ("pods-and-nodes.json", "<html>", "HTML", ""),
    ],
)
def test_a_file_that_was_meant_to_hold_objects_and_holds_none_is_named(parts_with, name, content, says, kind):
    parts = parts_with(name, content)
    (problem,) = [problem for part in parts for problem in part.problems]
    (lost,) = [lost for part in parts for lost in part.lost]

    assert name in problem.what
    assert says in problem.what
    assert lost.kind == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README", "see pods.json\n"),
        ("pods.log", "{bad"),
        ("pods.txt", "NAME READY STATUS\n"),
        ("get.sh", "#!/bin/sh\nkubectl get pods\n"),
        ("nodes.png", b"\x89PNG\x00"),
        ("package.json", '{"name": "left-pad"}'),
        ("values.yaml", "replicas: 3\n"),
        ("app.json", '{"level":"info"}\n{"level":"warn"}\n'),
        ("pods.json", '{"kind":"PodList","apiVersion":"v1","items":[]}'),
    ],
)
def test_what_is_plainly_something_else_stays_silent(parts_with, name, content):
    parts = parts_with(name, content)

    assert [problem for part in parts for problem in part.problems] == []
    assert [lost for part in parts for lost in part.lost] == []


def test_no_pod_is_known_to_be_absent_where_pods_were_refused(parts_with):
    (snap,) = load(parts_with("pods.json", FORBIDDEN))

    assert snap.lacks("Pod", "ml", "b") is None


def packed(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_an_archive_that_is_nested_too_deep_is_named(parts_with):
    inner = packed("pods.json", json.dumps(POD).encode())
    (part,) = parts_with("outer.tgz", packed("middle.tgz", packed("inner.tgz", inner)))

    assert ["nested too deep" in problem.what for problem in part.problems] == [True]
    assert [lost.kind for lost in part.lost] == [""]


def test_what_a_bundle_holds_and_nobody_can_read_is_not_absent(tmp_path):
    folder = tmp_path / "cluster-resources"
    (folder / "pods").mkdir(parents=True)
    (folder / "pods" / "ml.json").write_text(json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [POD]}))
    os.mkfifo(folder / "pods" / "web.json")
    (folder / "nodes.json").symlink_to("/etc/hostname")
    (part,) = read(str(tmp_path))
    assert set(part.lost) == {Lost(kind="Pod"), Lost(kind="Node")}
    (snap,) = load([part])
    assert snap.lacks("Pod", "ml", "gone") == Confidence.CERTAIN  # the list of its namespace was read
    assert snap.lacks("Pod", "web", "gone") is None
    assert snap.coverage("Node") in ("damaged", "none")


def test_a_file_without_permission_is_named_and_costs_no_other():
    with TemporaryDirectory() as made, as_nobody(Path(made)):
        folder = Path(made)
        (folder / "good.json").write_text(json.dumps(POD))
        closed = folder / "nodes.json"
        closed.write_text("{}")
        closed.chmod(0)
        parts = read(made)
    assert [problem.detail for part in parts for problem in part.problems] == [
        f"{closed} may not be read: permission denied"
    ]


@contextmanager
def as_nobody(folder):
    """Without root's rights, where the tests run with these; the folder is given away."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
