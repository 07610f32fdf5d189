"""Files beside the objects: read by their content, placed on their node, used as a second sign, never needed."""

import json
from pathlib import Path

import pytest

from diag.api import capture, scan
from diag.errors import SnapshotError
from diag.snapshot.archive.write import save
from diag.snapshot.sources.side import readings_of

DMESG = """\
[    0.000000] Linux version 6.8.0
[12345.678901] NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
[12345.678999] NVRM: GPU 0000:b3:00.0: GPU has fallen off the bus.
[12399.000000] NVRM: Xid (PCI:0000:b4:00): 31, pid=77, name=python, Ch 00000008, MMU Fault
"""
SMI = """\
==============NVSMI LOG==============

GPU 00000000:B3:00.0
    Product Name                          : NVIDIA H100 80GB HBM3
    Clocks Event Reasons
        HW Thermal Slowdown               : Active
    ECC Errors
        Volatile
            DRAM Uncorrectable            : 0
        Aggregate
            DRAM Uncorrectable            : 9
    Remapped Rows
        Correctable Error                 : 0
        Pending                           : Yes
        Remapping Failure Occurred        : No
GPU 00000000:B4:00.0
    Remapped Rows
        Pending                           : No
"""
XML = """\
<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd" [<!ENTITY a "AAAA">]>
<nvidia_smi_log>
<gpu id="00000000:B3:00.0">
<remapped_row_pending>Yes</remapped_row_pending>
</gpu>
</nvidia_smi_log>
"""
DCGMI = """\
+---------------------------+----------------------------------------------------------+
| Health Monitor Report     |                                                          |
| GPU ID: 3                 |                                                          |
|   Overall Health          | Failure: DCGM_FR_PENDING_ROW_REMAP on GPU 3               |
"""
PENDING = "DCGM_FI_DEV_ROW_REMAP_PENDING"
PROMETHEUS = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [
            {"metric": {"__name__": PENDING, "Hostname": "gpu-a", "UUID": "GPU-1"}, "value": [1, "1"]},
            {"metric": {"__name__": PENDING, "Hostname": "gpu-a", "UUID": "GPU-2"}, "value": [1, "0"]},
            {"metric": {"__name__": "up"}, "value": [1, "1"]},
            {"metric": 7, "value": "x"},
        ],
    },
}  # fmt: skip
GPUD = [
    {"component": "accelerator-nvidia-error-xid", "states": [{"health": "Unhealthy", "reason": "XID 79 detected"}]},
    {"component": "cpu", "states": [{"health": "Healthy", "reason": "ok"}]},
]
NVSENTINEL = {
    "agent": "syslog-health-monitor", "checkName": "SysLogsXIDError", "isFatal": True, "isHealthy": False,
    "errorCode": ["79"], "nodeName": "gpu-a", "message": "GPU has fallen off the bus",
    "entitiesImpacted": [{"entityType": "PCI", "entityValue": "0000:b3:00"}],
}  # fmt: skip
NODE = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-a", "creationTimestamp": "2026-11-01T00:00:00Z"},
    "status": {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "8"},
               "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-01T00:00:00Z"}]},
}  # fmt: skip


def told(content, path="gpu-a/x"):
    text = content if isinstance(content, str) else json.dumps(content)
    return [(one.source, one.what, one.value) for one in readings_of(text.encode(), path)]


@pytest.mark.parametrize(
    ("content", "readings"),
    [
        (DMESG, [("kernel-log", "boot", ""), ("kernel-log", "xid", "79"), ("kernel-log", "off-bus", ""),
                 ("kernel-log", "xid", "31")]),
        (SMI, [("nvidia-smi", "thermal-slowdown", "Active"), ("nvidia-smi", "ecc-uncorrected", "0"),
               ("nvidia-smi", "row-remap-pending", "Yes"), ("nvidia-smi", "row-remap-failure", "No"),
               ("nvidia-smi", "row-remap-pending", "No")]),
        (XML, [("nvidia-smi", "row-remap-pending", "Yes")]),
        (DCGMI, [("dcgmi", "message", "Overall Health          | Failure: DCGM_FR_PENDING_ROW_REMAP on GPU 3")]),
        (PROMETHEUS, [("prometheus", "row-remap-pending", "1"), ("prometheus", "row-remap-pending", "0")]),
        (GPUD, [("gpud", "message", "accelerator-nvidia-error-xid: XID 79 detected")]),
        (NVSENTINEL, [("nvsentinel", "message", "SysLogsXIDError ErrorCode:79 GPU has fallen off the bus")]),
        ("some other text", []),
        ("", []),
    ],
)  # fmt: skip
def test_each_format_is_told_by_its_content(content, readings):
    assert told(content) == readings


@pytest.mark.parametrize("content", [DMESG, SMI, XML, DCGMI, PROMETHEUS, GPUD, NVSENTINEL])
@pytest.mark.parametrize(
    "spoil", [lambda text: text[: len(text) // 2], lambda text: text.replace('"', ""), lambda text: text * 50]
)
def test_what_is_spoilt_tells_less_and_crashes_nothing(content, spoil):
    told(spoil(content if isinstance(content, str) else json.dumps(content)))


@pytest.mark.parametrize("field", ["entitiesImpacted", "errorCode", "message", "nodeName", "checkName"])
@pytest.mark.parametrize("odd", [7, "x", {"a": 1}, [[1]], None, True])
def test_a_field_of_another_type_tells_less_and_crashes_nothing(field, odd):
    assert len(told({**NVSENTINEL, field: odd})) <= 1


def test_an_xid_that_is_no_number_is_none(folder):
    odd = json.loads(json.dumps(PROMETHEUS).replace(PENDING, "DCGM_FI_DEV_XID_ERRORS").replace('"1"]', '"\u00b2"]'))

    assert scan([folder(("query.json", odd))]).gaps == scan([folder()]).gaps


def test_a_piece_of_a_document_names_its_line():
    readings = readings_of(json.dumps(PROMETHEUS, indent=1).encode(), "x")
    lines = json.dumps(PROMETHEUS, indent=1).split("\n")

    assert [lines[one.line - 1].strip() for one in readings] == [one.text for one in readings]
    assert [one.text for one in readings] == ['"UUID": "GPU-1"', '"UUID": "GPU-2"']


@pytest.fixture
def folder(tmp_path):
    """A folder with one node, and side files."""

    def made(*files, node=NODE):
        (tmp_path / "cluster").mkdir(exist_ok=True)
        (tmp_path / "cluster/nodes.json").write_text(json.dumps(node))
        for name, content in files:
            path = tmp_path / "cluster" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path / "cluster"

    return made


def causes(path):
    return [(cause.name, cause.root.name, cause.confidence) for cause in scan([path]).causes]


def test_without_side_files_the_node_is_fine(folder):
    assert causes(folder()) == []


def test_a_kernel_log_in_the_nodes_folder_tells_of_the_lost_card(folder):
    path = folder(("gpu-a/dmesg.txt", DMESG))
    report = scan([path])

    assert [(cause.name, cause.root.name, cause.severity) for cause in report.causes] == [
        ("gpu-fell-off-bus", "gpu-a", "warning")
    ]
    row = next(row for row in report.evidence if isinstance(row.file, str))
    assert (Path(row.file).name, row.line) == ("dmesg.txt", 2)
    assert row.value == DMESG.splitlines()[1]


def test_two_tools_that_agree_are_surer_than_one(folder):
    assert causes(folder(("gpu-a.dmesg", DMESG)))[0][2] == "likely"
    assert causes(folder(("gpu-a.dmesg", DMESG), ("events.json", NVSENTINEL)))[0][2] == "certain"


@pytest.mark.parametrize("name", ["gpu-b/dmesg.txt", "gpu-ab.dmesg", "dmesg.txt"])
def test_a_file_of_no_known_node_tells_of_none(folder, name):
    assert causes(folder((name, DMESG))) == []


def test_an_xid_of_the_application_and_healthy_values_are_no_fault(folder):
    harmless = "\n".join(line for line in DMESG.splitlines() if " 31," in line or "Linux" in line)
    healthy = SMI.replace("Active", "Not Active").replace("Yes", "No")

    assert causes(folder(("gpu-a/dmesg.txt", harmless), ("gpu-a/smi.txt", healthy))) == []


def test_a_metric_names_its_node_itself(folder):
    assert causes(folder(("query.json", PROMETHEUS))) == [("row-remap-pending", "gpu-a", "likely")]


def test_a_condition_and_a_kernel_log_are_one_cause(folder):
    said = {"type": "SysLogsXIDError", "status": "True", "reason": "SysLogsXIDErrorIsNotHealthy",
            "message": "ErrorCode:79 GPU:3", "lastTransitionTime": "2026-11-02T00:00:00Z"}  # fmt: skip
    node = json.loads(json.dumps(NODE))
    node["status"]["conditions"].append(said)
    path = folder(("gpu-a/dmesg.txt", DMESG), node=node)

    assert [name for name, _, _ in causes(path)] == ["gpu-fell-off-bus"]
    assert any(isinstance(row.file, str) for row in scan([path]).evidence)


def test_an_archive_keeps_what_side_files_tell(folder, tmp_path):
    path = folder(("gpu-a/dmesg.txt", DMESG))
    save(tmp_path / "a.jsonl.gz", capture([path]).packed)

    assert scan([tmp_path / "a.jsonl.gz"]).to_dict() == scan([path]).to_dict()


def test_a_side_file_alone_is_no_cluster(tmp_path):
    (tmp_path / "dmesg").write_text(DMESG)

    with pytest.raises(SnapshotError, match="no object"):
        scan([tmp_path / "dmesg"])
