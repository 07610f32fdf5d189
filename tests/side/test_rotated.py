"""Kernel logs that were rotated and packed are read as the newest one is; a boot in a newer file ends what they say."""

import gzip
import json

import pytest

from diag.api import capture, scan
from diag.snapshot.archive.write import save
from diag.snapshot.sources import read
from diag.snapshot.sources.part import Limits

XID = "NVRM: Xid (PCI:0000:b3:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
NODE = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-7", "creationTimestamp": "2026-11-01T00:00:00Z"},
    "status": {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "8"}},
}  # fmt: skip
DAEMONS = "Nov 27 05:00:00 gpu-7 systemd[1]: Started something\n" * 200  # more than is looked at to know a file
FILLER = "".join(f"Nov 27 05:00:01 gpu-7 CRON[{number}]: (root) CMD (true)\n" for number in range(40_000))


def said(words, host="gpu-7"):
    return f"Nov 27 06:00:00 {host} kernel: {words}\n"


BOOT = said("Linux version 6.8.0-49-generic (builder@x)")


@pytest.fixture
def dump(tmp_path):
    """A folder with a node and these logs, packed where their names say so."""

    def made(**files):
        (tmp_path / "nodes.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [NODE]}))
        for name, text in files.items():
            data = text.encode()
            (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return tmp_path

    return made


def faults(*paths):
    return [(cause.name, cause.root.name) for cause in scan(list(paths)).causes]


LOST = [("gpu-fell-off-bus", "gpu-7")]


@pytest.mark.parametrize(
    "name",
    [
        "kern.log.gz",
        "kern.log.1",
        "kern.log.2.gz",
        "kern.log-20261120.gz",
        "syslog.3.gz",
        "messages-20261101.gz",
        "syslog",
    ],
)
def test_a_rotated_log_is_read_in_a_folder_and_by_itself(dump, tmp_path, name):
    folder = dump(**{name: DAEMONS + said(XID)})

    assert faults(folder) == LOST
    assert faults(folder / "nodes.json", folder / name) == LOST


@pytest.mark.parametrize(
    ("newer", "older"),
    [("kern.log", "kern.log.1"), ("kern.log.1", "kern.log.2.gz"), ("kern.log.9.gz", "kern.log.10.gz"),
     ("messages", "messages-20261120.gz"), ("messages-20261127.gz", "messages-20261120.gz")],
)  # fmt: skip
@pytest.mark.parametrize("apart", [True, False])
def test_what_an_older_file_says_is_over_with_a_boot_in_a_newer_one(dump, newer, older, apart):
    folder = dump(**{newer: BOOT, older: said(XID)})
    paths = sorted(folder.iterdir()) if apart else [folder]

    assert faults(*paths) == []
    (folder / newer).write_bytes(gzip.compress(said(XID).encode()) if newer.endswith(".gz") else said(XID).encode())
    (folder / older).write_bytes(gzip.compress(BOOT.encode()) if older.endswith(".gz") else BOOT.encode())
    assert faults(*paths) == LOST


@pytest.mark.parametrize(
    ("booted", "name", "other"),
    [
        (said("Linux version 6.8.0", "gpu-8"), "kern.log", "kern.log.1"),  # another host's
        (BOOT, "other.log", "kern.log.1"),
        (BOOT, "kern.log.1", "kern.log"),
        (BOOT, "dmesg-10.0.0.12", "dmesg-10.0.0.13"),  # numbers of addresses
    ],
)
def test_a_boot_of_another_log_or_host_ends_nothing(dump, booted, name, other):
    assert faults(dump(**{name: booted, other: said(XID)})) == LOST


def test_an_archive_knows_the_boot_as_well(dump, tmp_path):
    folder = dump(**{"kern.log": BOOT, "kern.log.1": said(XID)})
    save(tmp_path / "saved" / "a.jsonl.gz", capture([folder]).packed)

    assert faults(tmp_path / "saved" / "a.jsonl.gz") == []


def test_lines_that_tell_nothing_cost_nothing_and_the_number_stays_that_of_the_file(dump):
    folder = dump(**{"syslog.2.gz": FILLER + said(XID), "syslog.1": FILLER + said(XID)})
    for path in (folder, folder / "syslog.1", folder / "syslog.2.gz"):
        found = [one for part in read(str(path), limits=Limits(bytes=400_000)) for one in part.side]

        assert {(one.what, one.line, one.text) for one in found} == {("xid", 40_001, said(XID).strip())}
    assert len(FILLER) > 4 * 400_000


def test_a_line_on_the_edge_of_what_is_looked_at_first_stays_whole(dump):
    for short in range(40):
        text = ("x" * 99 + "\n") * 40 + "y" * (95 - short) + "\n" + said(XID)
        path = dump(**{"kern.log": said("first") + text})

        assert [one.text for part in read(str(path / "kern.log")) for one in part.side] == [said(XID).strip()]


def test_a_storm_of_one_error_hides_no_other(dump):
    storm = said("NVRM: Xid (PCI:0000:b3:00): 31, pid=77, name=python, MMU Fault") * 20_001

    assert faults(dump(**{"kern.log": storm + said(XID)})) == LOST
