"""The relation from operand to node to GPUs, and nodes that say by labels only that they have any (engine.md 15)."""

import pytest

from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage


def operand(cluster, name, *, node="n", crashes=True, **spec):
    status = {"name": "main", "ready": not crashes, "restartCount": 0, "state": {"running": {}}}
    if crashes:
        ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": cluster.NOW}}
        status |= {"restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended}
    return cluster.pod(
        name, node=node, namespace="gpu-operator", spec=spec, phase="Running", containerStatuses=[status]
    )


def links(trouble):
    return {(charge.source.workload.name, charge.because.symptom.workload.name) for charge in trouble.charges}


def test_a_crashing_operand_explains_the_node_that_offers_no_gpu(cluster):
    trouble = cluster.trouble(cluster.node("n", 8, offers=0), operand(cluster, "nvidia-device-plugin-daemonset-x7k2p"))

    assert links(trouble) == {("nvidia-device-plugin-daemonset-x7k2p", "n")}


def test_the_earliest_operand_in_trouble_is_to_blame_for_the_node_and_for_those_that_wait_for_it(cluster):
    driver, plugin = "nvidia-driver-daemonset-x7k2p", "nvidia-device-plugin-daemonset-x7k2p"
    trouble = cluster.trouble(cluster.node("n", 8, offers=0), operand(cluster, driver), operand(cluster, plugin))

    assert links(trouble) == {(driver, "n"), (driver, plugin)}


@pytest.mark.parametrize(("node", "charged"), [("n", True), ("m", False)])
def test_an_operand_that_has_long_been_starting_waits_for_the_one_in_trouble_on_its_node(cluster, node, charged):
    driver, toolkit = "nvidia-driver-daemonset-x7k2p", "nvidia-container-toolkit-daemonset-x7k2p"
    waits = cluster.pod(toolkit, node=node, namespace="gpu-operator", phase="Pending")
    running = {"running": {"startedAt": cluster.LONG_AGO}}
    waits["spec"]["initContainers"] = [{"name": "driver-validation"}]
    waits["status"] |= {
        "initContainerStatuses": [{"name": "driver-validation", "restartCount": 0, "state": running}],
        "containerStatuses": [{"name": "main", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}],
    }
    trouble = cluster.trouble(cluster.node("n", 8), cluster.node("m", 8), operand(cluster, driver), waits)

    assert [group.workload.name for group in trouble.of("pod-start-slow")] == [toolkit]
    assert ((driver, toolkit) in links(trouble)) is charged


def test_an_operand_on_another_node_explains_nothing_here(cluster):
    other = operand(cluster, "nvidia-device-plugin-daemonset-x7k2p", node="other")
    trouble = cluster.trouble(cluster.node("n", 8, offers=0), cluster.node("other"), other)

    assert links(trouble) == set()


def test_what_only_looks_at_gpus_does_not_explain_that_there_are_none(cluster):
    trouble = cluster.trouble(cluster.node("n", 8, offers=0), operand(cluster, "nvidia-dcgm-exporter-x7k2p"))

    assert links(trouble) == set()


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("nvidia-driver-daemonset-x7k2p", Stage.DRIVER),
        ("nvidia-container-toolkit-daemonset-x7k2p", Stage.TOOLKIT),
        ("nvidia-device-plugin-mps-control-daemon-x7k2p", Stage.SHARING),
        ("nvdp-nvidia-device-plugin-x7k2p", Stage.PLUGIN),
        ("intel-gpu-plugin-x7k2p", Stage.PLUGIN),
        ("gpu-feature-discovery-x7k2p", Stage.AFTER),
        ("nvidia-operator-validator-x7k2p", Stage.AFTER),
    ],
)
def test_an_operand_is_known_by_its_name(cluster, name, stage):
    pod = cluster.snap(cluster.pod(name, node="n")).pods[0]

    assert operand_of(pod).stage is stage


@pytest.mark.parametrize("name", ["sriov-network-device-plugin-x7k2p", "rdma-shared-dp-ds-x7k2p", "web-0"])
def test_plugins_of_other_devices_are_no_operands_of_gpus(cluster, name):
    assert operand_of(cluster.snap(cluster.pod(name, node="n")).pods[0]) is None


def labelled(cluster, **labels):
    node = cluster.node("n", labels=labels)
    for part in ("capacity", "allocatable"):
        del node["status"][part]["nvidia.com/gpu"]
    return node


@pytest.mark.parametrize(
    "labels",
    [
        {"nvidia.com/gpu.present": "true"},
        {"feature.node.kubernetes.io/pci-10de.present": "true"},
        {"karpenter.k8s.aws/instance-gpu-count": "8"},
        {"accelerator": "t4"},
    ],
)
def test_a_node_whose_labels_say_gpu_and_that_offers_none_is_in_trouble(cluster, labels):
    assert [group.symptom for group in cluster.groups(labelled(cluster, **labels))] == ["node-without-gpus"]


@pytest.mark.parametrize(
    "labels", [{"accelerator": "none"}, {"nvidia.com/gpu.present": "true", "nvidia.com/gpu.deploy.operands": "false"}]
)
def test_a_node_without_gpus_or_left_alone_on_purpose_is_none(cluster, labels):
    assert cluster.groups(labelled(cluster, **labels)) == []


def test_waiters_are_charged_to_a_node_whose_number_of_gpus_its_label_tells(cluster):
    node = labelled(cluster, **{"nvidia.com/gpu.count": "4"})
    job = cluster.job("j")
    waiters = [cluster.pod(f"j-{i}", 2, owner=job, message=cluster.lacking(1)) for i in range(3)]
    trouble = cluster.trouble(node, job, *waiters)

    assert [charged.pods for charged in trouble.pools.charged_to(["n"])] == [2]


@pytest.mark.parametrize(("slices", "told"), [(False, []), (True, ["node-without-gpus"])])
def test_a_node_may_offer_its_gpus_by_slices_that_nobody_could_read(cluster, slices, told):
    group = {"apiVersion": "resource.k8s.io/v1"}
    items = [{**group, "kind": "DeviceClass", "metadata": {"name": "gpu.nvidia.com"}, "spec": {}}]
    if slices:  # of another node
        spec = {"driver": "gpu.nvidia.com", "nodeName": "other", "devices": [{"name": "gpu-0"}]}
        items.append({**group, "kind": "ResourceSlice", "metadata": {"name": "other-x"}, "spec": spec})
    node = labelled(cluster, **{"nvidia.com/gpu.present": "true"})

    assert [one.symptom for one in cluster.groups(node, *items)] == told


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (["nvcr.io/nvidia/k8s-dra-driver-gpu:v25.8.0"], []),
        (
            ["nvcr.io/nvidia/k8s-dra-driver-gpu:v25.8.0", "nvcr.io/nvidia/k8s-device-plugin:v0.18.0"],
            ["node-without-gpus"],
        ),
    ],
)
def test_a_driver_of_claims_may_offer_what_no_device_plugin_there_does(cluster, others, told):
    pods = [
        cluster.pod(
            f"operand-{i}",
            node="n",
            namespace="gpu",
            spec={"containers": [{"name": "main", "image": image}]},
            phase="Running",
        )
        for i, image in enumerate(others)
    ]

    assert [
        one.symptom for one in cluster.groups(labelled(cluster, **{"nvidia.com/gpu.present": "true"}), *pods)
    ] == told
