"""APP108: a pod waits for its volumes, and a ConfigMap that one of them needs is not in the namespace."""

import re
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.trouble.groups import Group

CONFIG_MAP = "ConfigMap"
# kubernetes/kubernetes pkg/kubelet/volumemanager/volume_manager.go: that time is over, and for which volumes.
UNMOUNTED = re.compile(r"unmounted volumes=\[(?P<names>[^\]\n]{1,1000})\]")
# The controller manager keeps one in every namespace (pkg/controller/certificates/rootcacertpublisher): where it is
# here, the namespace's were listed. A file with a few ConfigMaps of other namespaces tells nothing of this one.
IN_EACH = "kube-root-ca.crt"
CREATING = ("ContainerCreating", "PodInitializing")
MAX_MEMBERS = 8


@rule("APP108", name="configmap-missing", question=Question.STARTED, inputs=("Pod", CONFIG_MAP, "Event"))
def configmap_absent(ctx: Context) -> Iterator[Finding]:
    """The pod waits for a volume whose ConfigMap does not exist.

    ## What it means
    The kubelet mounts all volumes before it starts a container. One of them is made of a ConfigMap that is not in the
    namespace, so the pod waits until somebody makes it.

    ## Why it happens
    The ConfigMap was not applied with the workload, is in another namespace, was renamed or deleted.

    ## Evidence
    The name in `spec.volumes`, and that no ConfigMap of the namespace has it. It counts where the container is being
    created and nothing says why it is not yet, or where the kubelet says that mounting that volume took too long. Its
    words `configmap … not found` are told by APP104.

    ## What to do
    Make the ConfigMap, or correct its name in the pod template.

    ## Known limits
    Silent where the ConfigMaps of the namespace were not collected. A volume that is `optional` waits for nothing.
    """
    for group in ctx.groups("container-not-started"):
        unmounted = UNMOUNTED.search(group.message)
        if unmounted is None and group.message not in CREATING:
            continue
        waited = re.split(r"[\s,]+", unmounted["names"]) if unmounted else None
        found = next((one for member in group.members[:MAX_MEMBERS] if (one := _absent(ctx, member, waited))), None)
        if found is not None:
            yield _finding(ctx, group, *found)


def _absent(ctx: Context, pod: Object, waited: list[str] | None) -> tuple[Object, str, str] | None:
    """The pod, the path of the name in it and the name of the first ConfigMap that is not there."""
    spec = pod.whole.get("spec")
    volumes = spec.get("volumes") if isinstance(spec, dict) else None
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if not isinstance(volume, dict) or (waited is not None and volume.get("name") not in waited):
            continue
        for path, source in _sources(volume):
            name = source.get("name")
            needed = isinstance(name, str) and name and source.get("optional") is not True
            if needed and _lacks(ctx, pod.namespace, str(name)) is not None:
                return pod, f"spec.volumes[{index}].{path}.name", str(name)
    return None


def _lacks(ctx: Context, namespace: str, name: str) -> Confidence | None:
    lacking = ctx.snap.lacks(CONFIG_MAP, namespace, name)
    listed = lacking is Confidence.CERTAIN or ctx.snap.get(CONFIG_MAP, namespace, IN_EACH) is not None
    return lacking if listed else None


def _sources(volume: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ConfigMaps of a volume with their places: its own, or those that are projected into it."""
    own = volume.get("configMap")
    if isinstance(own, dict):
        yield "configMap", own
    projected = volume.get("projected")
    listed = projected.get("sources") if isinstance(projected, dict) else None
    # `dicts` leaves out what is no map, and would shift the places.
    places = listed if isinstance(listed, list) and len(dicts(listed)) == len(listed) else []
    for index, one in enumerate(places):
        if isinstance(one.get("configMap"), dict):
            yield f"projected.sources[{index}].configMap", one["configMap"]


def _finding(ctx: Context, group: Group, pod: Object, path: str, name: str) -> Finding:
    absent = ctx.absent("v1", CONFIG_MAP, pod.namespace, name)
    named = ctx.cite(pod, path)
    summary = f"its ConfigMap {name} does not exist in namespace {pod.namespace}, and a volume waits for it"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(absent, named, *group.evidence[:1]),
        accounts_for=(Because(group, summary, (absent, named)),),
        confidence=_lacks(ctx, pod.namespace, name),
        since=group.since,
        remedies=(
            Remedy(
                text=f"create the ConfigMap {name} in the pod's namespace, or correct the name in the pod template",
                command=f"kubectl get configmaps --all-namespaces --field-selector metadata.name={name}",
            ),
        ),
    )
