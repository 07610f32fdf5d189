"""nvidia-bug-report.log: its ring buffer is read as a kernel log is, within bounds, and what is over tells nothing."""

import gzip
import json

import pytest

from diag.api import scan
from diag.snapshot.sources.side import reading, readings_of

RULE = "_" * 44
XID = "NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
NODE = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-7", "creationTimestamp": "2026-11-01T00:00:00Z"},
    "status": {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "8"}},
}  # fmt: skip
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "driver", "namespace": "gpu-operator"},
       "spec": {"nodeName": "gpu-7", "containers": [{"name": "c"}]}, "status": {"phase": "Running"}}  # fmt: skip


def report(*, host="gpu-7", said="", earlier="", filler=""):
    """The sections of the script of driver 580, in its order."""
    kernel = f"[    0.000000] Linux version 6.8.0\n[12345.678901] {said}"
    query = "==============NVSMI LOG==============\n\nGPU 00000000:B4:00.0\n    Remapped Rows\n        Pending : Yes"
    sections = [
        f"Start of NVIDIA bug report log file.  Please include this file, along\n\nuname: Linux {host} 6.8.0 x86_64",
        f"*** /etc/issue\n{filler}",
        f"Scanning kernel log files for NVIDIA kernel messages:\n\n  journalctl -b -1:\n{earlier}",
        f"dmesg:\n\n{kernel}",
        f"/usr/bin/nvidia-smi --query\n\n{query}",
        f"/usr/bin/nvidia-debugdump -D\n\n{filler}",
    ]
    return (
        "".join(f"{RULE}\n\n{section}\n\n" for section in sections) + f"{RULE}\n\nEnd of NVIDIA bug report log file.\n"
    )


@pytest.fixture
def must_gather(tmp_path):
    def made(content, name="nvidia-bug-report_gpu-7.log.gz"):
        for file, items in (("gpu_operand_pods.yaml", [POD]), ("nodes.json", [NODE])):
            (tmp_path / file).write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        (tmp_path / name).write_bytes(content)
        return tmp_path

    return made


def causes(path):
    return [(cause.name, cause.root.name) for cause in scan([path]).causes]


def test_a_bug_report_in_a_must_gather_tells_of_the_node_in_its_name(must_gather):
    packed = gzip.compress(report(host="nvidia-driver-daemonset-x", said=XID, filler="x\n" * 9000).encode())
    found = scan([must_gather(packed)])

    assert [(cause.name, cause.root.name) for cause in found.causes if cause.rule == "HWX101"] == [
        ("gpu-fell-off-bus", "gpu-7")
    ]
    row = next(row for row in found.evidence if row.file and XID in row.value)
    lines = report(host="nvidia-driver-daemonset-x", said=XID, filler="x\n" * 9000).split("\n")
    assert lines[row.line - 1] == row.value


def test_what_older_boots_said_tells_nothing(must_gather):
    earlier = f"Nov 20 06:00:00 gpu-7 kernel: {XID}"

    assert "gpu-fell-off-bus" not in [
        name for name, _ in causes(must_gather(gzip.compress(report(earlier=earlier).encode())))
    ]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("beside", [True, False])
def test_a_report_by_itself_tells_of_its_host(tmp_path, packed, beside):
    text = report(said=XID).encode()
    (tmp_path / "nodes.json").write_text(json.dumps(NODE))
    path = tmp_path / "report" / ("nvidia-bug-report.log.gz" if packed else "nvidia-bug-report.log")
    path.parent.mkdir()
    path.write_bytes(gzip.compress(text) if packed else text)

    found = scan([tmp_path / "nodes.json", path if beside else path.parent])

    assert ("gpu-fell-off-bus", "gpu-7") in [(cause.name, cause.root.name) for cause in found.causes]


@pytest.mark.parametrize(
    ("host", "path", "node"),
    [
        ("gpu-7", "nvidia-bug-report.log", "gpu-7"),
        ("nvidia-driver-daemonset-x", "gpu-7/nvidia-bug-report.log", ""),
        ("gpu-8", "nvidia-bug-report_gpu-7.log", ""),
    ],
)
def test_the_path_says_better_than_a_pod_which_node_it_is(host, path, node):
    assert {one.node for one in readings_of(report(host=host, said=XID).encode(), path)} == {node}


def test_a_report_that_breaks_off_says_so_and_costs_nothing_else(must_gather):
    filler = "".join(f"{number * 7919}\n" for number in range(20_000))
    packed = gzip.compress(report(said=XID, filler=filler).encode())
    found = scan([must_gather(packed[: len(packed) - 3000])])

    assert "gpu-fell-off-bus" in [cause.name for cause in found.causes]
    assert [gap.why for gap in found.gaps if "nvidia-bug-report_gpu-7" in gap.what] == ["truncated"]


@pytest.mark.parametrize(("limit", "most"), [("MOST_PACKED", 5000), ("MOST_TOLD", 400)])
def test_of_a_huge_report_a_part_is_read_and_the_gap_says_so(must_gather, monkeypatch, limit, most):
    monkeypatch.setattr(reading, limit, most)
    packed = gzip.compress(report(said=f"x\n{XID}\n" * 200, filler="y\n" * 300_000).encode())

    found = scan([must_gather(packed)])

    assert [gap.why for gap in found.gaps if "nvidia-bug-report_gpu-7" in gap.what] == ["truncated"]


def test_packed_objects_in_which_such_words_stand_stay_objects(must_gather):
    node = {"checkName": 1, **NODE, "metadata": {"name": "gpu-9"}}
    path = must_gather(gzip.compress(json.dumps(node).encode()), "more.json.gz")

    assert scan([path]).stats["objects"] == 3
