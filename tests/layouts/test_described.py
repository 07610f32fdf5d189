"""Nodes as `kubectl describe nodes` prints them: what it tells is read, what it does not tell is absent."""

import json

import pytest

from diag.snapshot.sources.bundles.described import nodes_of

TEXT = """\
Name:               gpu-a
Roles:              <none>
Labels:             nvidia.com/gpu.product=NVIDIA-L40S
                    kubernetes.io/hostname=gpu-a
Annotations:        node.alpha.kubernetes.io/ttl: 0
CreationTimestamp:  Tue, 10 Mar 2026 09:00:00 +0000
Taints:             nvidia.com/gpu=present:NoSchedule
                    node.kubernetes.io/unschedulable:NoSchedule
Unschedulable:      true
Conditions:
  Type   Status  LastHeartbeatTime                LastTransitionTime               Reason           Message
  ----   ------  -----------------                ------------------               ------           -------
  Ready  False   Tue, 10 Mar 2026 10:00:00 +0000  Tue, 10 Mar 2026 09:30:00 +0000  KubeletNotReady  runtime is down
Addresses:
  InternalIP:  10.0.0.1
Capacity:
  cpu:             64
  nvidia.com/gpu:  8
Allocatable:
  cpu:             63
  nvidia.com/gpu:  0
System Info:
  Kernel Version:             6.8.0
  Kubelet Version:            v1.34.1
Non-terminated Pods:          (1 in total)
  Namespace  Name  CPU Requests
  ml         p     1 (1%)
Events:              <none>


Name:               gpu-b
Conditions:
"""


def test_what_the_text_tells_of_a_node_is_read():
    first, second = map(json.loads, nodes_of(TEXT.encode()))

    assert first["metadata"] == {
        "name": "gpu-a", "creationTimestamp": "2026-03-10T09:00:00+00:00",
        "labels": {"nvidia.com/gpu.product": "NVIDIA-L40S", "kubernetes.io/hostname": "gpu-a"},
    }  # fmt: skip
    assert first["spec"]["unschedulable"] is True
    assert first["spec"]["taints"][0] == {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    assert first["spec"]["taints"][1] == {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    assert first["status"]["capacity"] == {"cpu": "64", "nvidia.com/gpu": "8"}
    assert first["status"]["allocatable"] == {"cpu": "63", "nvidia.com/gpu": "0"}
    assert first["status"]["nodeInfo"] == {"kernelVersion": "6.8.0", "kubeletVersion": "v1.34.1"}
    (ready,) = first["status"]["conditions"]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "KubeletNotReady")
    assert (ready["message"], ready["lastTransitionTime"]) == ("runtime is down", "2026-03-10T09:30:00+00:00")
    assert second["metadata"]["name"] == "gpu-b"
    assert "unschedulable" not in second["spec"]


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe\x00", b"Name: a\n", b"Conditions:\n  Type Status\n", b"Name:\n" * 1000, TEXT.encode()[:700]],
)
def test_a_text_that_is_something_else_is_no_node_and_no_crash(text):
    for node in nodes_of(text):
        json.loads(node)
