"""Evidence where it stands."""

import json
from importlib import resources

import pytest
from cluster_objects import node, pod, waiting

from diag import api
from diag.document import EvidenceRow, LogRow, RefRow
from diag.views.happenings import Subjects, happenings
from diag.views.inside import object_yaml, quote
from diag.views.stream import stream

POD = RefRow(cluster="default", apiVersion="v1", kind="Pod", namespace="ml", name="w")


def cited(found):
    return [line.text.strip() for line in found.lines if line.cited]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("status.conditions[0].reason", ["reason: Unschedulable"]),
        ('spec.containers[0].resources.requests["nvidia.com/gpu"]', ["nvidia.com/gpu: '8'"]),
        ("metadata.name", ["name: w"]),
    ],
)
def test_a_cited_field_is_marked_inside_its_object(look, path, lines):
    found = look(waiting("w", gpus=8))
    row = EvidenceRow(id="E1", object=POD, path=path, value="?")
    report = found.report
    report.evidence.append(row)

    quoted = quote(report, found.snapshots, row)

    assert cited(quoted) == lines
    assert quoted.lines[0].text.startswith("apiVersion")


def test_every_field_that_the_example_cites_is_found_at_one_place(ran_demo):
    report, snapshots = ran_demo
    for row in report.evidence:
        if isinstance(row.object, RefRow) and isinstance(row.path, str):
            assert len(cited(quote(report, snapshots, row))) >= 1, row.id


@pytest.fixture(scope="module")
def ran_demo():
    files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    found = api.examine([f"demo={each}" for each in files])
    return found.report, found.snapshots


@pytest.mark.parametrize("path", ["status.nothing", "status.conditions[9].type", "metadata[0]", "]["])
def test_a_path_that_leads_nowhere_leaves_the_value(look, path):
    found = look(waiting("w", gpus=8))
    row = EvidenceRow(id="E1", object=POD, path=path, value="what was read")
    found.report.evidence.append(row)

    assert cited(quote(found.report, found.snapshots, row)) == ['"what was read"']


def test_an_object_that_was_not_read_leaves_the_value(look):
    found = look(node("a"))
    row = EvidenceRow(id="E1", object=POD, path="a.b", value=3)
    found.report.evidence.append(row)

    assert cited(quote(found.report, found.snapshots, row)) == ["3"]


def test_secrets_of_an_object_are_masked(look):
    leaky = pod("w")
    leaky["spec"]["containers"][0]["env"] = [
        {"name": "HF_TOKEN", "value": "plain words"},
        {"name": "MODE", "value": "x"},
    ]
    leaky["metadata"]["annotations"] = {"api_key": "abc", "url": "https://me:hunter2@example.com"}
    found = look(leaky)

    text = "\n".join(line.text for line in object_yaml(found.snapshots, POD).lines)

    assert "plain words" not in text
    assert "hunter2" not in text
    assert "abc" not in text
    assert "value: x" in text


@pytest.fixture
def logged(tmp_path):
    objects, logs = tmp_path / "objects.json", tmp_path / "logs.json"
    state = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-26T09:20:00Z"}}
    crashed = pod("w", "a", containerStatuses=[{"name": "main", "state": state, "restartCount": 0}])
    objects.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [crashed]}))
    lines = [f"2026-11-26T09:0{at % 10}:00Z step {at} of 900 done" for at in range(900)]
    lines[500] = "RuntimeError: token=abcdefghijk123456789 refused"
    logs.write_text(json.dumps([{"pod": "ml/w", "container": "main", "previous": False, "text": "\n".join(lines)}]))
    return api.examine([objects, logs], now="2026-11-26T10:00:00Z")


def test_a_cited_log_line_stands_among_its_neighbours(logged):
    row = EvidenceRow(id="E1", log=LogRow(pod=POD, container="main", previous=False, line=501), value="RuntimeError")
    logged.report.evidence.append(row)

    quoted = quote(logged.report, logged.snapshots, row)

    assert [line.number for line in quoted.lines if line.cited] == [501]
    assert quoted.lines[0].number == 301
    assert "abcdefghijk" not in cited(quoted)[0]


def test_lines_alike_are_one_line_of_the_stream(logged):
    snap = logged.snapshots[0]
    found = Subjects(items=((snap, snap.pods[0]),))

    table = stream(found, happenings(found))[0]
    logs = [line.values for line in table.lines if line.values[4] == "main"]

    assert [(count, text[:12]) for _, text, count, _, _ in logs] == [(899, "2026-11-26T0"), (1, "RuntimeError")]
    assert any(line.values[4] == "container" for line in table.lines)
