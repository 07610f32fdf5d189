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
# Events of the status ConfigMap: the cloud refused a machine, or one did not come in time.
FAILURES = ("FailedToScaleUpGroup", "ScaleUpFailed", "ScaleUpTimedOut")
BACKOFF = "in backoff after failed scale-up"
NO_MORE_NODES = "max total nodes in cluster reached"  # said instead of the reasons of each group
FULL = re.compile(
    rf"max node group size reached|max cluster [\w./, -]{{1,100}} limit reached|{NO_MORE_NODES}"
    # From 1.35 on (resource quota tracker): `exceeded quota: "ID", resources: R1, R2`.
    r'|exceeded quota: "(?P<quota>[^"]{1,253})", resources: (?P<resources>[\w./, -]{1,300})'
)
# Words of the clouds (cloudprovider/gce, aws, azure) for machines that are sold out, and for an account's quota.
SOLD_OUT = re.compile(
    r"RESOURCE_POOL_EXHAUSTED|resource pool exhausted|out of resources|not have enough resources"
    r"|Insufficient(?:Instance|Host|Reserved\w*)?Capacity|insufficient capacity|sufficient \S+ capacity in the"
    r"|INSUFFICIENT_CAPACITY|UnfulfillableCapacity|AWS cannot provision any more instances"
    r"|(?i:Allocation_?Fail(?:ed|ure)|Sku_?Not_?Available)|OverconstrainedAllocation|(?i:stockout)",
)
QUOTA = re.compile(
    r"(?i:quota[ _]?(?:exceeded|reached)|exceeds? quota|exceeded quota|exceeding quota limits)"
    r"|(?i:quota) '?[\w-]{1,100}'? exceeded|(?:(?i:vcpu)|Instance|Spot\w{0,40})LimitExceeded"
    r"|MaxSpotInstanceCountExceeded|exceeding approved .{0,60}quota"
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
_FAILED = re.compile(r"Scale-up failed for group (?P<name>\S{1,500}?): |Nodes added to group (?P<late>\S{1,500}) failed"
                     r"|Failed adding \d{1,9} nodes to group (?P<errors>\S{1,500}) due to ")  # fmt: skip
UPDATED = "cluster-autoscaler.kubernetes.io/last-updated"
_WRITTEN = re.compile(
    r"(?m)^(?:time: *|Cluster-autoscaler status at )?[\"']?(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)"
    r"(?:\.\d{1,9})?(?:Z| \+0000(?: UTC)?)?(?: m=\S{1,40})?:?[\"']?\s*$"
)


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


def told_at(status: Object) -> str | None:
    """When the status ConfigMap was written, None where it does not tell or not in UTC."""
    text = value_at(status.whole, "data.status")
    told = status.annotations.get(UPDATED) or text
    found = _WRITTEN.search(told[:500]) if isinstance(told, str) else None
    return f"{found['day']}T{found['time']}Z" if found else None


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
    """The node group whose scale-up failed (events of the status ConfigMap), empty where none is named."""
    found = _FAILED.search(text[:2000])
    return next((name for name in found.groups() if name), "") if found else ""


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
