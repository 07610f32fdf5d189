"""DEV208: a pod asks for GPUs by a resource's name, and only claims can get them."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.room import asked
from diag.catalog.rule import rule
from diag.facts.devices import CLASS, SLICE, offered
from diag.facts.nodes import allocatable
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

NAME = "spec.extendedResourceName"  # KEP-5004: alpha in 1.34, on by default from 1.36
SHOWN = 3


@rule(
    "DEV208",
    name="extended-resource-class-not-mapped",
    question=Question.PLACED,
    inputs=("Pod", "Node", SLICE, CLASS),
    refines=("gpu-resource-not-offered", "gpu-capacity-exhausted"),
)
def extended_resource_class_not_mapped(ctx: Context) -> Iterator[Finding]:
    """The pod asks for an extended resource while only DRA offers devices.

    ## What it means
    A DRA driver publishes the GPUs in ResourceSlices, and no device plugin offers them as a resource. The scheduler
    takes a request such as nvidia.com/gpu for a device only where a DeviceClass names that resource.

    ## Why it happens
    The device plugin was exchanged for the DRA driver, and workloads were left as they are; or the DeviceClass lacks
    `extendedResourceName`, or the cluster is too old to know the field and has dropped it.

    ## Evidence
    The request, the slices of that vendor's driver, and the DeviceClasses, none of which names the resource.

    ## What to do
    Give the DeviceClass the extendedResourceName, or have the pod claim devices.

    ## Known limits
    Silent where a node offers the resource, and where slices or classes were not collected. Likely where the scheduler
    counts another number of nodes.
    """
    if not ctx.snap.holds(CLASS):
        return
    devices = offered(ctx.snap.all(SLICE))
    classes = sorted(ctx.snap.all(CLASS), key=lambda item: item.name)
    for group in ctx.groups("pod-unscheduled"):
        for resource in group.shape.gpus if group.shape and group.state == "refused" else ():
            slices = {
                one.slice.name: one.slice for one in devices if one.id[0].endswith(f".{resource.partition('/')[0]}")
            }
            if slices and not _is_offered(ctx, classes, resource):
                number = sum(one.slice.name in slices for one in devices)
                yield _finding(ctx, group, resource, list(slices.values()), classes, number)


def _is_offered(ctx: Context, classes: list[Object], resource: str) -> bool:
    """Whether a device plugin or a class serves the name."""
    if any(allocatable(node).get(resource, 0) > 0 for node in ctx.place.snap.nodes):
        return True
    return any(value_at(item.whole, NAME) == resource for item in classes)


def _finding(
    ctx: Context, group: Group, resource: str, slices: list[Object], classes: list[Object], number: int
) -> Finding:
    named: list[Evidence] = [ctx.cite_or_lack(item, NAME) for item in classes[:SHOWN]]
    drivers = [ctx.cite(item, "spec.driver") for item in slices[:SHOWN]]
    driver = drivers[0].value
    names = listed([item.name for item in classes], SHOWN)
    summary = (
        f"asks for {resource}, which no device plugin offers: {driver} publishes {count_of(number, 'device')} for "
        f"claims, and no DeviceClass has {resource} as its extendedResourceName ({names})"
    )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(named[0], *[*named[1:], *drivers, asked(ctx, group, resource), *group.evidence]),
        accounts_for=(Because(group, summary, (named[0], *drivers[:1])),),
        confidence=None if ctx.agreement(group).nodes else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="see which resources the classes stand for",
                command=f"kubectl get deviceclasses -o custom-columns=NAME:.metadata.name,RESOURCE:.{NAME}",
            ),
            Remedy(
                text=f"set spec.extendedResourceName: {resource} on the DeviceClass of {driver} (Kubernetes 1.34 or "
                "newer, before 1.36 with the gate DRAExtendedResource)",
                who="platform",
            ),
            Remedy(text="or have the pod claim devices: spec.resourceClaims, and resources.claims of the container"),
        ),
    )
