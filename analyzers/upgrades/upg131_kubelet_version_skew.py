"""UPG131: a node's kubelet is of a version that the API server does not support."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import count_of, listed
from diag.findings import Evidence, Finding, Question, Remedy, Severity
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Node

VERSION = re.compile(r"v?1\.(?P<minor>[0-9]{1,3})(?:\.|\+|-|$)")
SERVER_IMAGE = re.compile(r"/kube-apiserver(?:-[a-z0-9]+)?:(?P<version>v1\.[0-9]{1,3}[^@\s]{0,60})")
KUBELET = "status.nodeInfo.kubeletVersion"
SERVER = ("component", "kube-apiserver")  # label of kubeadm's static pod
# https://kubernetes.io/releases/version-skew-policy: three minors since 1.28, two before.
OLDER, OLDER_BEFORE, WIDER_SINCE = 3, 2, 28
SHOWN = 3


class Server(NamedTuple):
    """The oldest API server: its minor version, and where that is said."""

    minor: int
    version: str
    proof: Evidence


@rule(
    "UPG131",
    name="kubelet-version-skew",
    question=Question.DRAINS,
    inputs=("Node", "Pod"),
    severity=Severity.WARNING,
    visits={"Node": 1, "Pod": 1},  # the pods of one namespace
)
def kubelet_version_skew(ctx: Context) -> Iterator[Finding]:
    """A kubelet's version is outside the range that the API server supports.

    ## What it means
    A kubelet may not be newer than the API server, and at most three minor versions older (two before 1.28). Outside
    of that, fields and features are dropped or misread without a word, and the node may fail to register.

    ## Why it happens
    Nodes were upgraded before the control plane, a node image is newer than the cluster, or nodes were left out of
    several upgrades.

    ## Evidence
    `status.nodeInfo.kubeletVersion` of the nodes and the image of the kube-apiserver pods.

    ## What to do
    Upgrade the control plane first, then the nodes, one minor version after the other.

    ## Known limits
    Silent where nothing shows the API server's version, as on most managed clusters. Of several servers the oldest
    counts for kubelets that are too new, the newest for those that are too old.
    """
    servers = sorted(_servers(ctx), key=lambda one: one.minor)
    if not servers:
        return
    oldest, newest = servers[0], servers[-1]
    outside: dict[tuple[str, Server], list[Node]] = defaultdict(list)
    for node in ctx.snap.nodes():
        minor = _minor(value_at(node.whole, KUBELET))
        if minor is not None and minor > oldest.minor:
            outside["newer than", oldest].append(node)
        elif minor is not None and newest.minor - minor > _allowed(newest.minor):
            outside["too old for", newest].append(node)
    for (how, server), nodes in sorted(outside.items(), key=lambda one: one[0][0]):
        yield _finding(ctx, how, server, nodes)


def _allowed(server: int) -> int:
    return OLDER if server >= WIDER_SINCE else OLDER_BEFORE


def _servers(ctx: Context) -> Iterator[Server]:
    for pod in ctx.snap.pods_in("kube-system"):
        if pod.labels.get(SERVER[0]) != SERVER[1]:
            continue
        for index, container in enumerate(pod.spec.containers or ()):
            found = SERVER_IMAGE.search(container.image or "")
            minor = _minor(found["version"]) if found else None
            if found is not None and minor is not None:
                yield Server(minor, found["version"], ctx.cite(pod, f"spec.containers[{index}].image"))


def _minor(version: object) -> int | None:
    found = VERSION.match(version) if isinstance(version, str) else None
    return int(found["minor"]) if found else None


def _finding(ctx: Context, how: str, server: Server, nodes: list[Node]) -> Finding:
    first, *others = nodes
    version = ctx.cite(first, KUBELET)
    many = f" ({count_of(len(nodes), 'node')}: {listed([node.name for node in nodes], SHOWN)})" if others else ""
    return Finding(
        subject=first.ref,
        summary=f"its kubelet {version.value} is {how} the API server {server.version}{many}",
        evidence=(version, *[server.proof, *(ctx.cite(node, KUBELET) for node in others[:SHOWN])]),
        members=tuple(node.ref for node in others),
        remedies=(
            Remedy(text="see the versions of all nodes", command="kubectl get nodes -o wide", who="platform"),
            Remedy(
                text="upgrade the control plane, one minor version after the other"
                if how == "newer than"
                else "upgrade these nodes, or replace them with newer images",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
