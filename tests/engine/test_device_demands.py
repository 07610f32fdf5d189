"""What pods that wait cost where they ask for devices through claims."""

import json

import pytest

from diag.api import scan
from diag.views.wording import cost_of

GROUP = "resource.k8s.io/v1"
NOW = "2026-11-25T10:05:00Z"


def pod(name, **claim):
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": "2026-11-25T10:00:00Z"},
        "spec": {"containers": [{"name": "c"}], "resourceClaims": [{"name": "d", **claim}]},
        "status": {"phase": "Pending"},
    }  # fmt: skip


def asking(class_name, count=2, **exactly):
    request = {"name": "r", "exactly": {"deviceClassName": class_name, "count": count, **exactly}}
    return {"devices": {"requests": [request]}}


def template(spec):
    return {
        "apiVersion": GROUP, "kind": "ResourceClaimTemplate", "metadata": {"name": "t", "namespace": "ml"},
        "spec": {"spec": spec},
    }  # fmt: skip


def device_class(name, expression):
    return {
        "apiVersion": GROUP, "kind": "DeviceClass", "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": expression}}]},
    }  # fmt: skip


@pytest.fixture
def costs(tmp_path):
    def of(*items):
        path = tmp_path / "dump.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        affected = [cause.affected for cause in scan([path], now=NOW).causes]
        return sum(each.gpus for each in affected), sum(each.devices or 0 for each in affected)

    return of


FROM_TEMPLATE = pod("a", resourceClaimTemplateName="t")


@pytest.mark.parametrize(
    ("class_name", "expression", "expected"),
    [
        ("gpu.nvidia.com", None, (2, 0)),
        ("mig.nvidia.com", None, (2, 0)),
        ("big", 'device.driver == "gpu.nvidia.com"', (2, 0)),
        ("gpu.shared", "device.driver == 'npu.example.com'", (0, 2)),
        ("big", "device.driver == 'dra.net'", (0, 0)),
        ("compute-domain-daemon.nvidia.com", None, (0, 0)),
        ("big", "device.attributes['x'].y == 'z'", (0, 2)),
        ("big", None, (0, 2)),  # the class was not read
    ],
)
def test_claimed_devices_count_as_gpus_where_their_class_is_one_of_gpus(costs, class_name, expression, expected):
    known = [device_class(class_name, expression)] if expression else []

    assert costs(FROM_TEMPLATE, template(asking(class_name)), *known) == expected


def test_a_claim_that_was_not_read_is_one_device_at_least(costs):
    assert costs(FROM_TEMPLATE) == (0, 1)


def test_access_for_administrators_takes_no_device(costs):
    assert costs(FROM_TEMPLATE, template(asking("gpu.nvidia.com", adminAccess=True))) == (0, 0)


def test_a_claim_that_pods_share_counts_once(costs):
    claim = {
        "apiVersion": GROUP, "kind": "ResourceClaim", "metadata": {"name": "both", "namespace": "ml"},
        "spec": asking("gpu.nvidia.com", 4),
    }  # fmt: skip

    assert costs(pod("a", resourceClaimName="both"), pod("b", resourceClaimName="both"), claim) == (4, 0)


def test_pods_that_were_not_made_ask_for_what_their_template_asks(costs):
    job = {
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "j", "namespace": "ml", "creationTimestamp": "2026-11-25T10:00:00Z"},
        "spec": {"parallelism": 3, "completions": 3, "template": {"spec": FROM_TEMPLATE["spec"]}},
        "status": {"startTime": "2026-11-25T10:00:00Z"},
    }  # fmt: skip

    assert costs(job, template(asking("gpu.nvidia.com"))) == (6, 0)


def test_what_may_be_gpus_is_said(tmp_path):
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(FROM_TEMPLATE))
    (cause,) = scan([path], now=NOW).causes

    assert cost_of(cause.affected).endswith("at least 1 claimed device waited for that may be GPUs")
