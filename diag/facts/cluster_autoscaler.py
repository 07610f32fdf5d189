"""What cluster-autoscaler tells of its node groups: its status ConfigMap, and its sentences about pods.

Sources: kubernetes/autoscaler cluster-autoscaler/clusterstate/api/types.go (the YAML form, from 1.30 on) and
processors/status/eventing_scale_up_processor.go.
"""

import re
from dataclasses import dataclass

from diag.projection import Object, dicts
from diag.snapshot.cite import value_at

STATUS = "cluster-autoscaler-status"
TRIGGERED = "TriggeredScaleUp"
REFUSED = ("NotTriggerScaleUp", "FailedScaleUp")
BACKOFF = "in backoff after failed scale-up"
FULL = re.compile(
    r"max node group size reached|max cluster [\w./-]{1,100} limit reached|max total nodes in cluster reached"
)
# Words of the clouds (cloudprovider/gce, aws, azure) for machines that are sold out, and for an account's quota.
SOLD_OUT = re.compile(
    r"RESOURCE_POOL_EXHAUSTED|resource pool exhausted|out of resources|not have enough resources available"
    r"|Insufficient(?:Instance|Host|Reserved\w*)?Capacity|insufficient capacity|sufficient \S+ capacity in the"
    r"|AllocationFailed|SkuNotAvailable|(?i:stockout)",
)
QUOTA = re.compile(
    r"(?i:quota[ _]?exceeded|exceeds? quota|exceeded quota)|(?:Vcpu|Instance|Spot\w{0,40})LimitExceeded"
    r"|exceeding approved .{0,40}quota"
)
# The image tells it, whatever a release is called (kubernetes/autoscaler, aws/karpenter-provider-aws and its likes).
IMAGE = re.compile(r"(?:^|/)(?:cluster-autoscaler|karpenter)(?:/controller)?(?:-(?:amd|arm)64)?(?:[:@]|$)")
# Labels by which it knows a node that will have GPUs, by the scheme of spec.providerID (cloudprovider/*, GPULabel).
GPU_LABELS = {
    "aws": ("k8s.amazonaws.com/accelerator",),
    "gce": ("cloud.google.com/gke-accelerator",),
    "azure": ("kubernetes.azure.com/accelerator", "accelerator"),
}
_GROUP = re.compile(r"(?m)^- name: +(?P<name>\S.{0,500}?) *$")
_SCALED = re.compile(r"\{(?P<name>\S{1,500}) \d{1,9}->\d{1,9} \(max: \d{1,9}\)\}")
_FAILED = re.compile(r"Scale-up failed for group (?P<name>\S{1,500}?): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """One node group of the status: `error` is why its last scale-up failed, while it is in back-off.

    `without_resource` counts nodes that are ready and do not offer the device that their label promises.
    """

    name: str
    backoff: bool
    error: str
    target: int | None
    most: int | None
    without_resource: int = 0

    @property
    def short_name(self) -> str:
        """The last part of a name that is an address."""
        return self.name.rpartition("/")[2]


def node_groups(status: str) -> list[NodeGroup]:
    """The node groups of a status text; empty for the text of versions before 1.30, which tells no errors."""
    heads = list(_GROUP.finditer(status))
    ends = [*(head.start() for head in heads[1:]), len(status)]
    return [_group(head["name"].strip("\"'"), status[head.end() : end]) for head, end in zip(heads, ends, strict=False)]


def is_autoscaler(deployment: Object) -> bool:
    """Whether a Deployment runs an autoscaler of nodes."""
    containers = dicts(value_at(deployment.whole, "spec.template.spec.containers"))
    return any(IMAGE.search(str(one.get("image"))) for one in containers)


def triggered(text: str) -> list[str]:
    """The node groups that a scale-up for a pod made larger (event TriggeredScaleUp)."""
    return [found["name"] for found in _SCALED.finditer(text[:5000])]


def failed_group(text: str) -> str:
    """The node group whose scale-up failed (event FailedToScaleUpGroup), empty where none is named."""
    found = _FAILED.search(text[:2000])
    return found["name"] if found else ""


def _group(name: str, text: str) -> NodeGroup:
    scale_up = re.search(r"(?ms)^  scaleUp:\s*\n(?P<body>.*?)(?=^  \w|\Z)", text)
    body = scale_up["body"] if scale_up else ""
    words = [_value(body, "errorCode"), _value(body, "errorMessage")]
    return NodeGroup(
        name=name,
        backoff=_value(body, "status") == "Backoff",
        error=": ".join(word for word in words if word),
        target=_count(text, "cloudProviderTarget"),
        most=_count(text, "maxSize"),
        without_resource=_count(text, "resourceUnready") or 0,
    )


def _value(text: str, key: str) -> str:
    """A scalar of a YAML map, its folded lines joined; quotes are taken off."""
    found = re.search(rf"(?m)^ +{key}: *(?P<value>.*(?:\n +(?!\s|\w+:(?: |$)).*)*)$", text)
    return " ".join(found["value"].split()).strip("\"'") if found else ""


def _count(text: str, key: str) -> int | None:
    found = re.search(rf"(?m)^ +{key}: *(\d{{1,9}}) *$", text)
    return int(found[1]) if found else None
