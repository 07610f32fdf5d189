"""Archives as strangers make them: names that lead elsewhere, links, devices, duplicates, ends that are missing."""

import gzip
import io
import os
import tarfile
import zipfile

import pytest
from layouts.packing import pack, packed
from layouts.state import as_json

from diag.errors import SnapshotError
from diag.snapshot.sources import Limits, read


def pod(name):
    return as_json({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}})


NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}


def tar_of(*members):
    """An archive of (name, bytes) pairs and of TarInfo objects."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def parts_of(tmp_path):
    def parts(data, **limits):
        path = tmp_path / "x"
        path.write_bytes(data)
        return read(str(path), limits=Limits(**limits))

    return parts


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (("/etc/pod.json", pod("b")), "absolute"),
        (("a/../../pod.json", pod("b")), "leads out"),
        (("C:\\pods\\pod.json", pod("b")), "absolute"),
        (("pods/good.JSON", pod("b")), "only in case"),
        (("pods/good.json", pod("b")), "of this name came before"),
        ((f"{'x' * 2000}.json", pod("b")), "--max-path"),
        (("d/" * 200 + "pod.json", pod("b")), "deeper than"),
        (special("pods/link.json", tarfile.SYMTYPE, "/etc/passwd"), "link"),
        (special("pods/link.json", tarfile.LNKTYPE, "../../x"), "link"),
        (special("pods/null", tarfile.CHRTYPE), "device"),
        (special("pods/pipe", tarfile.FIFOTYPE), "device"),
    ],
)
def test_a_member_that_no_collector_writes_is_named_and_not_read(parts_of, member, said):
    (part,) = parts_of(tar_of(("pods/good.json", pod("a")), member, ("pods/last.json", pod("z"))))
    assert len(part.items) == 2
    assert len(part.problems) == 1
    assert said in part.problems[0].detail


NAMESPACES = "shop/cluster-resources/pods/shop.json"


@pytest.mark.parametrize(
    ("second", "complete"),
    [(None, True), (NAMESPACES, False), (NAMESPACES.replace("shop.json", "SHOP.json"), False), ("shop/other", True)],
)
def test_of_a_list_that_is_named_twice_nothing_is_complete(parts_of, second, complete):
    listed = as_json({"kind": "PodList", "apiVersion": "v1", "items": []})
    more = [(second, pod("b") if "pods" in second else b"text")] if second else []
    (part,) = parts_of(
        tar_of(
            ("shop/version.yaml", b"kind: SupportBundle\n"),
            ("shop/cluster-resources/nodes.json", as_json({"kind": "NodeList", "apiVersion": "v1", "items": [NODE]})),
            (NAMESPACES, listed),
            *more,
        )
    )

    assert part.layout == "troubleshoot support bundle"
    assert any(one.kind == "Node" for one in part.listed)
    assert any(one.kind == "Pod" for one in part.listed) is complete


@pytest.mark.parametrize("target", ["good.json", "../pods/good.json", "/var/log/pods/x/0.log"])
def test_a_link_to_a_member_loses_nothing(parts_of, target):
    (part,) = parts_of(tar_of(("pods/good.json", pod("a")), special("pods/link.json", tarfile.SYMTYPE, target)))
    assert part.problems == []


def test_many_odd_members_are_counted_and_not_listed(parts_of):
    odd = [special(f"pods/{number}", tarfile.CHRTYPE) for number in range(100)]
    (part,) = parts_of(tar_of(("pods/good.json", pod("a")), *odd))
    assert len(part.problems) == 21
    assert "80 more" in part.problems[-1].what


@pytest.mark.parametrize("keep", [600, 1024 + 512 + 10])
def test_an_archive_that_breaks_off_keeps_what_precedes(parts_of, keep):
    whole = tar_of(("a.json", pod("a")), ("b.json", pod("b") + b" " * 5000))
    (part,) = parts_of(whole[: 1024 + keep])
    assert [problem.why for problem in part.problems][:1] == ["truncated"]
    assert len(part.items) == 1


def test_a_tar_without_its_last_blocks_is_cut_off(parts_of):
    whole = tar_of(("a.json", pod("a")))
    (part,) = parts_of(whole[:1024])
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_a_gzip_that_breaks_off_keeps_what_precedes(parts_of):
    members = [(f"{number}.json", pod(f"p{number}")) for number in range(2000)]
    whole = gzip.compress(tar_of(*members), mtime=0)
    (part,) = parts_of(whole[: len(whole) // 2])
    assert 0 < len(part.items) < 2000
    assert part.problems[0].why == "truncated"
    assert "breaks off" in part.problems[0].detail


def test_a_zip_that_breaks_off_is_an_error(parts_of):
    whole = packed({"a.json": pod("a"), "b.json": pod("b")}, "zip")
    with pytest.raises(SnapshotError, match="directory"):
        parts_of(whole[:-30])


def test_a_packed_member_of_a_zip_that_is_damaged_ends_the_reading_there(parts_of):
    whole = bytearray(packed({"a.json": pod("a"), "b.json": pod("b" * 3000)}, "zip"))
    at = whole.find(b"b.json") + 6
    whole[at : at + 8] = b"\xff" * 8
    (part,) = parts_of(bytes(whole))
    assert len(part.items) == 1
    assert part.problems[0].why == "truncated"


def test_an_encrypted_member_is_named(parts_of):
    whole = bytearray(packed({"a.json": pod("a"), "b.json": pod("b")}, "zip"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.rfind(mark) + offset] |= 1
    (part,) = parts_of(bytes(whole))
    assert len(part.items) == 1
    assert "encrypted" in part.problems[0].detail


@pytest.mark.parametrize(
    ("limit", "flag"), [("files", "--max-files"), ("bytes", "--max-bytes"), ("objects", "--max-objects")]
)
@pytest.mark.parametrize("form", ["tar", "zip", "folder"])
def test_a_limit_names_its_flag(tmp_path, limit, flag, form):
    files = {f"x/namespaces/shop/core/p{number}.yaml": pod(f"p{number}") for number in range(20)}
    with pytest.raises(SnapshotError) as caught:
        read(str(pack(files, form, tmp_path)), limits=Limits(**{limit: 10}))
    assert flag in caught.value.hint


def test_what_expands_beyond_the_ratio_is_refused(parts_of, monkeypatch):
    monkeypatch.setattr("diag.snapshot.sources.bundles.streams.FREE_BYTES", 70 * 1024**2)
    bomb = gzip.compress(tar_of(("a.json", pod("a")), ("b.log", bytes(100 * 1024**2))), mtime=0, compresslevel=1)
    with pytest.raises(SnapshotError) as caught:
        parts_of(bomb, ratio=100)
    assert "--max-ratio" in caught.value.hint
    (part,) = parts_of(bomb, ratio=2000)
    assert len(part.items) == 1


def test_a_header_that_would_fill_the_memory_is_refused(parts_of):
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 64 * 1024**2
    huge = info.tobuf() + bytes(info.size)
    with pytest.raises(SnapshotError, match="header"):
        parts_of(tar_of(("a.json", pod("a")))[:1024] + huge)


def test_an_archive_in_an_archive_is_opened_once(parts_of):
    inner = packed({"b.json": pod("b")}, "tar.gz")
    deeper = packed({"c.json": pod("c"), "inner.tgz": inner}, "tar")
    (part,) = parts_of(packed({"a.json": pod("a"), "deeper.tar": deeper}, "zip"))
    assert len(part.items) == 2


def test_an_archive_beside_plain_files_of_a_folder_is_opened(tmp_path):
    files = {"a.json": pod("a"), "b.tgz": packed({"b.json": pod("b")}, "tar.gz")}
    (part,) = read(str(pack(files, "folder", tmp_path)))
    assert len(part.items) == 2


def test_links_and_pipes_of_a_folder_are_not_followed(tmp_path):
    path = pack({"x/namespaces/shop/core/a.yaml": pod("a")}, "folder", tmp_path)
    (tmp_path / "secret.json").write_bytes(pod("secret"))
    (path / "out.json").symlink_to(tmp_path / "secret.json")
    (path / "loop").symlink_to(path)
    (path / "again.json").symlink_to(path / "x/namespaces/shop/core/a.yaml")
    os.mkfifo(path / "pipe.json")
    (part,) = read(str(path))
    assert len(part.items) == 1
    said = sorted(problem.detail.replace(str(tmp_path), "") for problem in part.problems)
    assert said == ["not read: link to /secret.json, out of the folder", "not read: not a regular file"]


def test_an_archive_without_objects_says_how_much_was_looked_at(parts_of):
    with pytest.raises(SnapshotError, match="looked at 2 files"):
        parts_of(tar_of(("a.txt", b"words"), ("b.png", b"\x89PNG")))


def test_names_that_are_no_utf8_are_shown(parts_of):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", encoding="latin-1") as archive:
        info = tarfile.TarInfo("p\xf6d.json")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"{,}"))
    (part,) = parts_of(out.getvalue()[:-10240] + tar_of(("a.json", pod("a"))))
    assert all(problem.what.isprintable() for problem in part.problems)


def test_a_zip_whose_directory_is_larger_than_its_files_is_refused(tmp_path):
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50):
            archive.writestr(f"{'y' * 1500}{number}", b"")
    with pytest.raises(SnapshotError) as caught:
        read(str(path), limits=Limits(files=10))
    assert "--max-files" in caught.value.hint
