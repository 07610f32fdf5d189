"""Side files in bundles, tars and zips are told by their content, as beside plain files."""

import json
import sys
from pathlib import Path

import pytest

from diag.snapshot.load import load
from diag.snapshot.sources import read

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "side")]
from layouts.collectors import must_gather, support_bundle  # noqa: E402  they lie beside
from layouts.packing import FORMS, pack  # noqa: E402
from layouts.state import State  # noqa: E402
from test_side_files import DCGMI, DMESG, GPUD, NODE, NVSENTINEL, PROMETHEUS, SMI, XML  # noqa: E402

LONG = "[    1.000000] pci 0000:00:00.0: nothing\n" * 400
FILES = {
    "hosts/gpu-a/dmesg": DMESG.replace("Linux version 6.8.0\n", f"Linux version 6.8.0\n{LONG}"),  # longer than a head
    "hosts/gpu-a/dmesg.log": DMESG,
    "hosts/gpu-a/nvidia-smi.txt": SMI,
    "hosts/gpu-a/nvidia-smi.xml": XML,
    "hosts/gpu-a/dcgmi-health.txt": DCGMI,
    "metrics/query.json": json.dumps(PROMETHEUS),
    "hosts/gpu-a/gpud.json": json.dumps(GPUD),
    "events/nvsentinel.json": json.dumps(NVSENTINEL),
}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ml"}, "spec": {"containers": []}}


def sources(side):
    return sorted((one.source, one.node, one.what, one.value) for one in side)


def dump(state):
    """A plain file, packed with the others."""
    return {f"{item['kind']}.json": json.dumps(item).encode() for item in state.objects}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("write", [must_gather, support_bundle, dump])
def test_they_tell_the_same_as_beside_a_plain_file(tmp_path, form, write):
    plain = tmp_path / "plain"
    for name, text in FILES.items():
        (plain / name).parent.mkdir(parents=True, exist_ok=True)
        (plain / name).write_text(text)
    (plain / "node.json").write_text(json.dumps(NODE))
    beside = load(read(str(plain)))[0].side
    if form == "tar.zst":
        pytest.importorskip("zstandard", reason="zstd is an extra")
    files = {**write(State([NODE, POD])), **{name: text.encode() for name, text in FILES.items()}}
    snap = load(read(str(pack(files, form, tmp_path))))[0]

    assert {one.source for one in beside} == {"kernel-log", "nvidia-smi", "dcgmi", "prometheus", "gpud", "nvsentinel"}
    assert sources(snap.side) == sources(beside)
    assert not [gap for gap in snap.gaps if gap.why == "unreadable"]


def test_an_archive_of_side_files_alone_stands_beside_a_dump(tmp_path):
    (tmp_path / "node.json").write_text(json.dumps(NODE))
    parts = read(str(pack({name: text.encode() for name, text in FILES.items()}, "zip", tmp_path)))
    snap = load([*read(str(tmp_path / "node.json")), *parts])[0]

    assert {one.node for one in snap.side} == {"gpu-a"}
