"""SRV305: weights are read from a network file system, and loading takes very long."""

import re
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.times import show_age
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import dicts
from diag.snapshot.kinds import Pod
from diag.trouble.relations.timelines import Start
from diag.vocab.engines import SHARDS

LEAST_S = 240.0
SHARE = 0.4  # of the whole start
# CSI drivers and provisioners of file systems behind a network; block devices that are attached are not among them.
NETWORK = re.compile(
    r"efs\.csi|nfs|smb\.csi|cifs|file\.csi\.azure|filestore\.csi|cephfs|gcsfuse|s3\.csi|blob\.csi|juicefs|lustre|"
    r"weka|glusterfs|beegfs|alluxio|fuse"
)


@rule(
    "SRV305",
    name="slow-weights-network-fs",
    question=Question.STARTED,
    inputs=("Pod", "Event", "PersistentVolumeClaim", "PersistentVolume"),
    refines=("knative-progress-deadline-exceeded",),
)
def slow_weights_network_fs(ctx: Context) -> Iterator[Finding]:
    """Weights are read from a network file system, and loading takes very long.

    ## What it means
    Most of the start is spent on loading the weights, which lie on a file system behind a network. Each new pod reads
    them again.

    ## Why it happens
    Safetensors files are mapped into memory and read page by page; over NFS, EFS, SMB or FUSE each page is a round
    trip, which is 30 to 50 times slower than reading the file from one end to the other.

    ## Evidence
    The engine's log while it loads, the volume that the weights lie on, and its driver.

    ## What to do
    Read ahead (for vLLM --safetensors-load-strategy prefetch), use a loader that streams, or copy the weights to a
    local disk first.

    ## Known limits
    A slow load of another reason (too little memory for the page cache, a busy server) looks the same.
    """
    for start in ctx.starts():
        load = start.timeline.phase("load")
        if (
            load is None
            or start.timeline.bottleneck != "load"
            or load.min_s < max(LEAST_S, SHARE * start.timeline.wall_s)
        ):
            continue
        for volume, claim, evidence in _volumes(ctx, start.pod, start.timeline.engine):
            yield _finding(ctx, start, volume, claim, evidence, load.min_s)
            break


def _volumes(ctx: Context, pod: Pod, container: str) -> Iterator[tuple[Ref, str, tuple[Evidence, ...]]]:
    """Volumes of the container that lie behind a network: the object, its name in words, and the proof."""
    spec: Any = pod.whole.get("spec")
    volumes = spec.get("volumes") if isinstance(spec, dict) else None
    mounted = _mounted(spec, container)
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if not dicts([volume]) or volume.get("name") not in mounted:
            continue
        at = f"spec.volumes[{index}]"
        nfs, claim = volume.get("nfs"), volume.get("persistentVolumeClaim")
        if isinstance(nfs, dict) and isinstance(nfs.get("server"), str):
            yield ctx.workload(pod).ref, f"the NFS volume {volume['name']}", (ctx.cite(pod, f"{at}.nfs.server"),)
        elif isinstance(claim, dict) and isinstance(claim.get("claimName"), str):
            found = _behind(ctx, pod, claim["claimName"])
            if found is not None:
                ref, words, proof = found
                yield ref, words, (ctx.cite(pod, f"{at}.persistentVolumeClaim.claimName"), *proof)


def _mounted(spec: Any, container: str) -> set[str]:
    return {
        str(mount.get("name"))
        for entry in dicts(spec.get("containers") if isinstance(spec, dict) else None)
        if entry.get("name") == container
        for mount in dicts(entry.get("volumeMounts"))
    }


def _behind(ctx: Context, pod: Pod, name: str) -> tuple[Ref, str, tuple[Evidence, ...]] | None:
    """The PersistentVolume of a claim, where its driver is one of a network file system."""
    claim = ctx.snap.get("PersistentVolumeClaim", pod.namespace, name)
    spec = claim.whole.get("spec") if claim is not None else None
    volume = ctx.snap.get("PersistentVolume", "", str(spec.get("volumeName"))) if isinstance(spec, dict) else None
    source = volume.whole.get("spec") if volume is not None else None
    if volume is None or not isinstance(source, dict):
        return None
    csi, nfs = source.get("csi"), source.get("nfs")
    if isinstance(csi, dict) and isinstance(csi.get("driver"), str) and NETWORK.search(csi["driver"]):
        return volume.ref, f"{volume.name} ({csi['driver']})", (ctx.cite(volume, "spec.csi.driver"),)
    if isinstance(nfs, dict) and isinstance(nfs.get("server"), str):
        return volume.ref, f"{volume.name} (NFS)", (ctx.cite(volume, "spec.nfs.server"),)
    return None


def _finding(ctx: Context, start: Start, volume: Ref, words: str, proof: tuple[Evidence, ...], spent: float) -> Finding:
    line = _progress(ctx, start)
    first = start.timeline.loads[-1].line if start.timeline.loads else None
    said = (
        (line,)
        if line is not None
        else (ctx.cite_log(start.pod, first.container, first.number, previous=first.previous),)
        if first is not None
        else ()
    )
    evidence = (proof[0], *proof[1:], *said)
    group = start.group
    return Finding(
        subject=volume,
        summary=f"loading the weights from {words} took {show_age(spent)} of the {show_age(start.timeline.wall_s)} "
        f"of the start of {start.pod.namespace}/{start.pod.name}",
        evidence=(*evidence, *group.evidence),
        accounts_for=(Because(group, f"{show_age(spent)} went into reading weights over the network", evidence),),
        confidence=Confidence.LIKELY,
        members=(start.pod.ref,),
        since=group.since,
        remedies=(
            Remedy(text="let the engine read ahead or stream (for vLLM --safetensors-load-strategy prefetch)"),
            Remedy(text="copy the weights to a local disk first, or keep them in a node-local cache", who="platform"),
        ),
    )


def _progress(ctx: Context, start: Start) -> Evidence | None:
    """The last progress line of the shards."""
    container, best = start.timeline.engine, None
    for previous, number, line in ctx.logs(start.pod, container):
        if SHARDS.search(line):
            best = (previous, number)
    return None if best is None else ctx.cite_log(start.pod, container, best[1], previous=best[0])
