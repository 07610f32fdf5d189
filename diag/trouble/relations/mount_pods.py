"""Pods that mount a volume whose file system another pod of the node serves, and that pod when it does not work.

A bucket or a cache is a file system only as long as the driver's own pod of that node runs; the pod that mounts it is
told no more than that the mount failed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.findings import Because, Charge
from diag.projection import Object
from diag.snapshot.cite import cite, key, value_at
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

FAILED_MOUNT = ("MountVolume", "MountDevice", "unmounted volumes", "fuse", "transport endpoint")
MAX_MEMBERS = 8
# fluid-cloudnative/fluid charts/*/templates/fuse/daemonset.yaml: `release` is the dataset, whose claim has its name.
FLUID_ROLE, FLUID_RELEASE = "role", "release"
# juicedata/juicefs-csi-driver pkg/config, awslabs/mountpoint-s3-csi-driver pkg/podmounter/mppod: by the volume.
OF_VOLUME = ("volume-id", "s3.csi.aws.com/volume-name")


def charges(trouble: "Trouble") -> Iterator[Charge]:
    """Links from the pods that serve a volume to those that cannot mount it."""
    servers = [
        (group, pod) for group in trouble.groups for pod in group.members if isinstance(pod, Pod) and _label(pod)
    ]
    for group in trouble.of("container-not-started") if servers else ():
        if not any(word in group.message for word in FAILED_MOUNT):
            continue
        for source, server in servers:
            node = server.spec.node_name
            members = [pod for pod in group.members[:MAX_MEMBERS] if isinstance(pod, Pod)]
            held = [pod for pod in members if node and pod.spec.node_name == node]
            names = _claims(group) if held and source is not group else []
            claim = next((name for name in names if _is_behind(trouble.snap, server, held[0], name)), "")
            if claim:
                why = f"{server.name} serves their volume {claim} on {node} and {source.kind.title}"
                proof = (cite(server, f"metadata.labels{key(_label(server))}"), cite(server, "spec.nodeName"))
                some = None if len(held) == len(group.members) else len(held)
                yield Charge(source=source, because=Because(group, why, proof, members=some))
                break


def _label(pod: Object) -> str:
    """The label by which a pod says which volume it serves; empty where it serves none."""
    if (pod.labels.get(FLUID_ROLE) or "").endswith("-fuse") and pod.labels.get(FLUID_RELEASE):
        return FLUID_RELEASE
    return next((name for name in OF_VOLUME if pod.labels.get(name)), "")


def _claims(group: Group) -> list[str]:
    return [name for one in group.complaints if one.shape is not None for name in one.shape.claims]


def _is_behind(snap: Snapshot, server: Object, pod: Object, name: str) -> bool:
    """Whether the server's label names the claim, its volume, or the volume's handle at the driver."""
    label = _label(server)
    if label == FLUID_RELEASE:
        return server.namespace == pod.namespace and server.labels[label] == name
    claim = snap.get("PersistentVolumeClaim", pod.namespace, name)
    volume = value_at(claim.whole, "spec.volumeName") if claim is not None else None
    found = snap.get("PersistentVolume", "", volume) if isinstance(volume, str) and volume else None
    handle = value_at(found.whole, "spec.csi.volumeHandle") if found is not None else None
    return server.labels[label] in (volume, handle)
