"""How sure it is that no node will ever have a GPU: only where no autoscaler was found after looking for both kinds."""

import pytest
from cluster_objects import node, waiting
from rule_cases import REGISTRY

from diag.causes.diagnose import diagnose
from diag.findings import Confidence
from diag.snapshot.sources.part import Listed

KINDS = ("Node", "Pod", "ConfigMap", "karpenter.sh/NodePool")
AUTOSCALER = {
    "apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "cluster-autoscaler-status", "namespace": "kube-system"}, "data": {"status": ""},
}  # fmt: skip
POOL = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "gpus"}, "spec": {}}


def without_gpus(name):
    found = node(name, gpus=0)
    del found["metadata"]["labels"]  # of a GPU's product
    return found


@pytest.mark.parametrize(
    ("beside", "kinds", "confidence"),
    [
        ((), KINDS, Confidence.CERTAIN),
        ((AUTOSCALER,), KINDS, Confidence.LIKELY),
        ((POOL,), KINDS, Confidence.LIKELY),
        ((), [kind for kind in KINDS if kind != "ConfigMap"], Confidence.LIKELY),
        ((), [kind for kind in KINDS if kind != "karpenter.sh/NodePool"], Confidence.LIKELY),
    ],
    ids=["none, and both were looked for", "cluster-autoscaler", "Karpenter", "no ConfigMaps", "no NodePools"],
)
def test_it_is_certain_only_without_an_autoscaler(cluster, beside, kinds, confidence):
    objects = (without_gpus("a"), without_gpus("b"), waiting("p", gpus=1), *beside)
    snap = cluster.snap(*objects, now="2026-11-26T10:00:00Z", listed=[Listed(kind=kind) for kind in kinds])
    found = diagnose(snap, REGISTRY, lambda rule, _: rule == "SCH126")
    (cause,) = (one for one in found.causes if one.node.found)

    assert cause.node.found.name == "no-gpu-nodes"
    assert cause.node.found.finding.confidence in ({None} if confidence is Confidence.CERTAIN else {confidence})
