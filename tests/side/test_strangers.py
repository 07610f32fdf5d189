"""Files of other makers, given in place of objects or beside them: each is told what it is and where it can be used."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from diag.api import diff, scan
from diag.compare.saved import saved_report
from diag.errors import SnapshotError
from diag.snapshot.sources.compressed import zstd_library

REPORT = (Path(__file__).parents[1] / "report" / "sample.json").read_bytes()
RANGE = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "79"]]}]}}
FAILED = {"status": "error", "errorType": "bad_data", "error": 'invalid parameter "query": no expression'}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}
STRANGERS = [
    (json.dumps(RANGE), "is an answer of Prometheus with a matrix", "instant query"),
    (json.dumps(RANGE).replace("matrix", "scalar"), "is an answer of Prometheus with a scalar", "instant query"),
    (json.dumps(FAILED, indent=1), 'of Prometheus that failed: invalid parameter "query": no', "instant query"),
    (REPORT.decode(), "is a report of diag", "diag diff OLD NEW"),
    ("schema: diag.report/v1\ntool:\n  name: diag\n", "is a report of diag", "--baseline"),
    ('{"provider": "openai", "errors": null, "status": "OK", "results": []}', "is what k8sgpt found", "--beside"),
]


@pytest.mark.parametrize(("text", "what", "hint"), STRANGERS)
def test_alone_it_is_told_what_it_is_and_what_to_do(text, what, hint, tmp_path):
    (tmp_path / "given.json").write_text(text)
    with pytest.raises(SnapshotError) as told:
        scan([tmp_path / "given.json"])

    assert what in told.value.message
    assert hint in (told.value.hint or "")


@pytest.mark.parametrize(("text", "what", "_hint"), [each for each in STRANGERS if each[0].startswith("{")])
def test_beside_objects_only_what_was_meant_to_add_to_them_is_missed(text, what, _hint, tmp_path):
    (tmp_path / "pod.json").write_text(json.dumps(POD))
    (tmp_path / "given.json").write_text(text)
    gaps = [gap for gap in scan([tmp_path]).gaps if "given.json" in gap.what]

    assert [what in gap.what for gap in gaps] == [True] * ("Prometheus" in what)


def test_a_compressed_report_is_compared_as_it_is(tmp_path):
    (tmp_path / "old.json").write_bytes(REPORT)
    (tmp_path / "old.json.gz").write_bytes(gzip.compress(REPORT))
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(REPORT)[:700])
    library = zstd_library()
    assert library is not None
    (tmp_path / "old.json.zst").write_bytes(library.ZstdCompressor().compress(REPORT))

    assert not diff(tmp_path / "old.json.gz", tmp_path / "old.json").causes.new
    assert saved_report(str(tmp_path / "old.json.zst")) == saved_report(str(tmp_path / "old.json"))
    with pytest.raises(SnapshotError, match="cannot be read as one"):
        saved_report(str(tmp_path / "cut.json.gz"))


def test_an_archive_that_was_packed_twice_is_no_mere_binary(tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(Path(__file__), "pods.json")
    (tmp_path / "twice.tgz").write_bytes(gzip.compress(packed.getvalue()))

    with pytest.raises(SnapshotError, match="is an archive that was packed twice over"):
        scan([tmp_path / "twice.tgz"])
