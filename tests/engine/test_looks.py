"""What a signature finds of other objects stands first among what is cited beside its sign."""

from pathlib import Path

import pytest

from diag.api import scan

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("case", "cited"),
    [
        (
            "gpu-driver-headers-new-kernel",
            [("lab-gpu-b", "status.nodeInfo.kernelVersion"), ("lab-gpu-a", "status.nodeInfo.kernelVersion")],
        ),
        ("gpu-plugin-config-label-unknown", [None, ("sharing", "data.l4-slice-8")]),
    ],
)
def test_it_is_cited_right_behind_the_sign(case, cited):
    document = scan([CASES / f"{case}.json", CASES / f"{case}.logs.json"]).to_dict()
    finding = next(one for one in document["findings"] if one["id"] == document["causes"][0]["finding"])
    pieces = {one["id"]: one for one in document["evidence"]}
    behind = [pieces[one] for one in finding["evidence"][1:3]]

    assert [
        one.get("object") and (one["object"]["name"], one.get("path") or one["absent_path"]) for one in behind
    ] == cited
