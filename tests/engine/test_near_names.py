"""Where a named object does not exist, one of a similar name is offered."""

import pytest

from diag.catalog.near_names import with_near_names
from diag.findings import AbsentEvidence, Finding, LogEvidence, Ref
from diag.snapshot.cite import cite


def item(kind, name, *, namespace="ml", api_version="apps/v1", **fields):
    place = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": place, **fields}


def offered(cluster, evidence, *items):
    """The remedies that are added."""
    about = Ref("default", "keda.sh/v1alpha1", "ScaledObject", "ml", "llm")
    finding = Finding(subject=about, summary="names what does not exist", evidence=(evidence,))
    return [one.text for one in with_near_names(cluster.snap(*items), finding).remedies]


def absent(name, *, kind="Deployment", namespace="ml", api_version="apps/v1"):
    return AbsentEvidence(absent=Ref("default", api_version, kind, namespace, name))


def test_an_object_of_a_similar_name_is_offered(cluster):
    assert offered(cluster, absent("vllm-qwen"), item("Deployment", "vllm-qwen-v2"), item("Deployment", "web")) == [
        "if Deployment vllm-qwen-v2 is meant, which is there in ml, name it instead of vllm-qwen"
    ]


def test_one_of_the_cluster_is_offered_without_a_namespace(cluster):
    lacking = absent("torch-distibuted", kind="ClusterTrainingRuntime", namespace="", api_version="trainer/v1")
    there = item("ClusterTrainingRuntime", "torch-distributed", namespace="", api_version="trainer/v1")

    assert offered(cluster, lacking, there) == [
        "if ClusterTrainingRuntime torch-distributed is meant, which is there, name it instead of torch-distibuted"
    ]


@pytest.mark.parametrize(
    ("lacking", "there"),
    [
        (absent("vllm-qwen"), item("Deployment", "vllm-qwen-v2", namespace="other")),
        (absent("vllm-qwen"), item("StatefulSet", "vllm-qwen-v2")),
        (absent("vllm-qwen"), item("Deployment", "vllm-qwen")),
        (absent("pool-b"), item("Deployment", "pool-a")),
        (absent("model-v2"), item("Deployment", "model-v1")),
        (
            absent("gpu-node-12", kind="Node", namespace="", api_version="v1"),
            item("Node", "gpu-node-121", namespace="", api_version="v1"),
        ),
        (absent("web"), item("Deployment", "trainer")),
    ],
    ids=["elsewhere", "of another kind", "the object itself", "a sibling", "another version", "a node", "unlike"],
)
def test_nothing_else_is(cluster, lacking, there):
    assert offered(cluster, lacking, there) == []


@pytest.mark.parametrize(
    ("said", "many"),
    [
        ('doesn\'t have correct scaleTargetRef specification: deployments.apps "vllm-qwen" not found', 1),
        ('deployment "vllm-qwen" not found', 1),
        ('deployments.extensions "vllm-qwen" not found', 0),
        ('secrets "vllm-qwen" not found', 0),
        ("vllm-qwen not found", 0),
    ],
)
def test_the_words_of_the_api_server_name_what_is_absent(cluster, said, many):
    spoken = item("ScaledObject", "llm", api_version="keda.sh/v1alpha1", status={"message": said})
    snap = cluster.snap(spoken)
    piece = cite(snap.get("keda.sh/ScaledObject", "ml", "llm"), "status.message")
    line = LogEvidence(pod=piece.object, container="c", previous=False, line=1, value=said)

    for evidence in (piece, line):
        assert len(offered(cluster, evidence, spoken, item("Deployment", "vllm-qwen-v2"))) == many
