"""Of something that has no trouble of its own, the trouble of the nodes that it runs on is told."""

from pathlib import Path

import pytest

from diag import api
from diag.document import RefRow
from diag.views.hosts import at_hosts

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture(scope="module")
def flapping():
    """One of three nodes has a link that comes and goes; a Job has a pod on each."""
    return api.examine([CASES / "gpu-ib-link-flapping.json"])


def ref(kind, name, *, version="v1", namespace="dist", cluster="default"):
    return RefRow(cluster=cluster, apiVersion=version, kind=kind, namespace=namespace, name=name)


@pytest.mark.parametrize("subject", [ref("Pod", "moe-1-cb2jk"), ref("Job", "moe", version="batch/v1")])
def test_what_is_wrong_with_a_node_is_told_of_its_pods_and_their_owners(flapping, subject):
    found = at_hosts(flapping.report, subject, flapping.snapshots)

    assert [cause.name for cause in found.causes] == ["infiniband-link-down"]
    assert [node.name for node in found.nodes] == ["aks-nd-000001"]


@pytest.mark.parametrize(
    "subject",
    [
        ref("Pod", "moe-0-h9g22"),  # on a node that is well
        ref("Pod", "moe-1-cb2jk", cluster="other"),
        ref("Pod", "gone"),
        ref("Namespace", "dist", namespace=""),
    ],
)
def test_nothing_is_told_of_what_runs_elsewhere(flapping, subject):
    assert not at_hosts(flapping.report, subject, flapping.snapshots).causes
