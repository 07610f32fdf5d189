"""The lines of `--watch`: each says which object it is about, and where there are several clusters in which."""

from pathlib import Path

import msgspec
import pytest

from diag.cli.following import changes
from diag.document import Report

_SAMPLE = Path(__file__).parents[1] / "report" / "sample.json"


@pytest.fixture
def report():
    return msgspec.json.decode(_SAMPLE.read_bytes(), type=Report)


def without_first(report):
    return msgspec.structs.replace(report, causes=report.causes[1:])


def test_a_line_names_the_object_of_the_cause(report):
    (new,), (gone,) = changes(without_first(report), report), changes(report, without_first(report))

    assert " new error: resourcequota-exceeded: ResourceQuota ml/gpu-quota: 12 of 12 nvidia.com/gpu" in str(new)
    assert " gone error: resourcequota-exceeded: ResourceQuota ml/gpu-quota: 12 of 12 nvidia.com/gpu" in str(gone)


def test_of_several_clusters_a_line_names_its_own(report):
    (one,) = report.target.clusters
    both = msgspec.structs.replace(one, id="edge")
    after = msgspec.structs.replace(report, target=msgspec.structs.replace(report.target, clusters=[one, both]))

    (new,) = changes(without_first(after), after)

    assert f"ResourceQuota ml/gpu-quota in cluster {one.id}: " in str(new)


def test_a_cause_that_says_another_thing_is_told_once_more(report):
    first = msgspec.structs.replace(report.causes[0], summary="13 of 12 are taken")
    after = msgspec.structs.replace(report, causes=[first, *report.causes[1:]])

    (now,) = changes(report, after)

    assert str(now).endswith(" now error: resourcequota-exceeded: ResourceQuota ml/gpu-quota: 13 of 12 are taken")
    assert not changes(after, after)
