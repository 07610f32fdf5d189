"""An archive that another program read and wrote again: other spaces, the same capture."""

import gzip
import json

import pytest

from diag.api import capture, contents, scan
from diag.snapshot.archive.write import save

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}
LOG = {"pod": "ml/a", "container": "c", "previous": False, "text": '{"diag": "end"} said the program'}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("before", ["", "  "])
def test_spaces_in_its_marks_cost_nothing(packed, before, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [POD]}))
    (tmp_path / "in" / "logs.json").write_text(json.dumps([LOG]))
    one = tmp_path / "one.jsonl"
    save(one, capture([tmp_path / "in"], form="plain", now="2026-01-02T03:04:05Z").packed, append=False)
    lines = [before + json.dumps(json.loads(line)) + "\n" for line in one.read_text().splitlines()]
    other = tmp_path / "other"
    other.write_bytes(gzip.compress("".join(lines).encode()) if packed else "".join(lines).encode())

    assert scan([other]) == scan([one])
    held, again = (contents([path]).clusters[0] for path in (one, other))
    assert (again.captured_at, again.logs, [each.kind for each in again.kinds]) == (
        held.captured_at, held.logs, [each.kind for each in held.kinds]
    )  # fmt: skip
