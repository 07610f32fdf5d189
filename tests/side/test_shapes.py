"""The shapes in which tools print the same: what each tells, and what tells nothing of today."""

import json

import pytest

from diag.api import scan
from diag.snapshot.side import placed
from diag.snapshot.sources.side import readings_of

XID = "NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
SMI = """\
==============NVSMI LOG==============

GPU 00000000:B3:00.0
    ECC Errors
        Volatile
            SRAM Uncorrectable Parity     : 0
            SRAM Uncorrectable SEC-DED    : 2
        Aggregate
            SRAM Uncorrectable SEC-DED    : 5
    Remapped Rows
        Pending                           : Yes
"""
XML = """\
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
<gpu id="00000000:B3:00.0">
<volatile>
<dram_uncorrectable>2</dram_uncorrectable>
</volatile>
<aggregate>
<dram_uncorrectable>7</dram_uncorrectable>
</aggregate>
</gpu>
</nvidia_smi_log>
"""
DIAG = """\
Successfully ran diagnostic for group.
| Page Retirement/Row Remap | Fail                                           |
| Warning                   | GPU 3 had uncorrectable memory errors and row  |
|                           | remapping failed. Run a field diagnostic       |
| Graphics Processes        | Pass                                           |
"""
HEALTH = """\
| Health Monitor Report                                                                |
| Overall Health            | Failure                                                  |
| -> 3                      | Failure                                                  |
|                           | DCGM_FR_PENDING_ROW_REMAP                                |
"""
EVENT = {
    "agent": "syslog-health-monitor", "checkName": "SysLogsXIDError", "isFatal": True, "isHealthy": False,
    "errorCode": ["79"], "nodeName": "gpu-a", "message": "lost", "generatedTimestamp": "2026-11-27T06:00:00Z",
    "entitiesImpacted": [{"entityType": "PCI", "entityValue": "0000:b3:00"}],
}  # fmt: skip


def told(content, path="gpu-a/x"):
    data = content if isinstance(content, bytes) else content.encode()
    return [(one.what, one.value) for one in readings_of(data, path)]


def samples(*found, last=False):
    result = [{"metric": {"__name__": name, "Hostname": "gpu-a"}, "value": [1, value]} for name, value in found]
    data = {"result": result, "resultType": "vector"} if last else {"resultType": "vector", "result": result}
    return json.dumps({"data": data, "status": "success"})


def without(event, *names):
    return {name: value for name, value in event.items() if name not in names}


def in_database(event):
    lower = {name.lower(): value for name, value in event.items()}
    lower["entitiesimpacted"] = [{"entitytype": "PCI", "entityvalue": "0000:b3:00"}]
    lower["generatedtimestamp"] = {"seconds": 1795759200, "nanos": 0}
    return {"_id": {"$oid": "1"}, "healthevent": lower, "healtheventstatus": {}}


@pytest.mark.parametrize(
    "before",
    [
        "[12345.678901] ", "[Fri Nov 27 06:00:00 2026] ", "2026-11-27T06:00:00,1+00:00 ",
        "kern  :err   : [ 345.678901] ", "Nov 27 06:00:00 gpu-a kernel: ", "2026-11-27T06:00:00+0000 gpu-a kernel: ",
        "<3>[    5.000000] ",
    ],
)  # fmt: skip
def test_a_kernel_log_is_read_however_its_lines_begin(before):
    filler = f"{before}filler\n" * 200 if "2026-11-27T06:00:00,1" not in before else ""

    assert told(f"{filler}{before}{XID}\n") == [("xid", "79")]


def test_the_address_of_a_gpu_in_instances_is_read():
    line = (
        "[ 1.000000] NVRM: Xid (PCI:0000:01:00 GPU-I:05 GPU-CI:00): 94, pid=7, name=python3, Contained: CE User Channel"
    )
    (reading,) = readings_of(line.encode(), "x")

    assert (reading.what, reading.value, reading.device) == ("xid", "94", "PCI:0000:01:00")


def test_what_was_before_the_last_boot_of_a_host_is_over():
    def said(host, words):
        return f"Nov 27 06:00:00 {host} kernel: {words}\n"

    booted = said("gpu-a", XID) + said("gpu-b", XID) + said("gpu-a", "Linux version 6.8.0 (builder@x)")

    def xids(text):
        return [one.node for one in readings_of(text.encode(), "x") if one.what == "xid"]

    assert xids(booted) == ["gpu-b"]
    assert xids(booted + said("gpu-a", XID)) == ["gpu-b", "gpu-a"]


@pytest.mark.parametrize("encoded", [SMI.encode(), SMI.replace("\n", "\r\n").encode(), SMI.encode("utf-16")])
def test_what_nvidia_smi_prints_is_read_with_any_line_ends(encoded):
    assert told(encoded) == [("ecc-uncorrected", "0"), ("ecc-uncorrected", "2"), ("row-remap-pending", "Yes")]


def test_errors_of_a_cards_life_are_not_those_of_today_in_xml_either():
    assert told(XML) == [("ecc-uncorrected", "2")]


def test_a_card_that_nvidia_smi_calls_lost_is_told():
    line = "Unable to determine the device handle for GPU0: 0000:B3:00.0: GPU is lost.  Reboot the system to recover it"

    assert told(line) == [("message", line)]
    assert told(line.replace("GPU is lost", "Unknown Error")) == []


def test_a_cell_that_goes_on_in_the_next_row_is_one_text():
    assert [value for _, value in told(DIAG)] == [
        "Page Retirement/Row Remap | Fail",
        f"Warning{' ' * 19}| GPU 3 had uncorrectable memory errors and row remapping failed. Run a field diagnostic",
    ]
    assert readings_of(HEALTH.encode(), "x")[-1].device == "3"


@pytest.mark.parametrize("last", [False, True])
def test_the_keys_of_a_query_may_stand_in_any_order(last):
    many = [("DCGM_FI_DEV_GPU_UTIL", "5")] * 60

    assert told(samples(*many, ("DCGM_FI_DEV_XID_ERRORS", "79"), last=last)) == [("xid", "79")]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "9223372036854775794", "2147483632", "x", ""])
def test_a_sample_without_a_value_tells_nothing(value):
    assert told(samples(("DCGM_FI_DEV_ROW_REMAP_PENDING", value))) == []


def test_a_clock_that_is_lowered_now_is_told_and_one_that_once_was_is_not():
    assert told(samples(("DCGM_FI_DEV_THERMAL_VIOLATION", "12345"))) == []
    assert told(samples(("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "68"))) == [("thermal-slowdown", "64")]
    assert told(samples(("DCGM_FI_DEV_CLOCKS_EVENT_REASONS", "4"))) == [("thermal-slowdown", "0")]


@pytest.mark.parametrize("event", [EVENT, without(EVENT, "isHealthy"), in_database(EVENT)])
def test_a_health_event_is_read_as_it_is_sent_and_as_it_is_kept(event):
    assert told(json.dumps(event)) == [("message", "SysLogsXIDError ErrorCode:79 lost")]


def test_an_event_that_says_nothing_of_health_and_names_no_error_is_none():
    assert told(json.dumps(without(EVENT, "isHealthy", "isFatal", "errorCode"))) == []


@pytest.mark.parametrize(
    ("change", "healed"),
    [
        ({"generatedTimestamp": "2026-11-27T07:00:00Z"}, True),
        ({"generatedTimestamp": "2026-11-27T07:00:00Z", "entitiesImpacted": []}, True),
        ({"generatedTimestamp": "2026-11-27T05:00:00Z"}, False),
        ({"generatedTimestamp": "2026-11-27T07:00:00Z", "nodeName": "gpu-b"}, False),
        ({"generatedTimestamp": "2026-11-27T07:00:00Z", "checkName": "Other"}, False),
        (
            {
                "generatedTimestamp": "2026-11-27T07:00:00Z",
                "entitiesImpacted": [{"entityType": "PCI", "entityValue": "1"}],
            },
            False,
        ),
    ],
)
def test_a_check_that_is_healthy_by_now_tells_of_no_fault(change, healed):
    fine = {**without(EVENT, "isFatal", "errorCode"), "isHealthy": True, **change}
    for order in ((EVENT, fine), (fine, EVENT)):
        assert (told("\n".join(json.dumps(one) for one in order)) == []) is healed


@pytest.mark.parametrize(
    ("said", "nodes", "meant"),
    [
        ("gpu-7", ["gpu-7.dc1.example.com"], "gpu-7.dc1.example.com"),
        ("gpu-7.dc1.example.com", ["gpu-7"], "gpu-7"),
        ("gpu-7", ["gpu-7.dc1.example.com", "gpu-7.dc2.example.com"], ""),
        ("gpu-7.dc2.example.com", ["gpu-7.dc1.example.com"], ""),
        ("10.0.0.9", ["10.0.0.5"], ""),
        ("10.0.0.5", ["10.0.0.5", "10.0.0.9"], "10.0.0.5"),
    ],
)
def test_a_host_name_means_one_node_or_none(said, nodes, meant):
    (reading,) = readings_of(json.dumps({**EVENT, "nodeName": said}).encode(), "x")

    assert [one.node for one in placed([reading], nodes)] == [meant]


def test_a_folder_of_side_files_stands_beside_the_objects(tmp_path):
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-a"}, "status": {}}
    (tmp_path / "nodes.json").write_text(json.dumps(node))
    (tmp_path / "smi/gpu-a").mkdir(parents=True)
    (tmp_path / "smi/gpu-a/q.txt").write_text(SMI)

    found = scan([tmp_path / "nodes.json", tmp_path / "smi"])

    assert {cause.root.name for cause in found.causes} == {"gpu-a"}
