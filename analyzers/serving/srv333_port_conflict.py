"""SRV333: a port that a container wants is taken by another one of its pod, or of its node's network."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
# Go net, Python asyncio and socket, uvicorn, Node, nginx, gRPC, Java, Rust
TAKEN = re.compile(r"(?i)address already in use|EADDRINUSE|\[Errno 98\]|Address in use|os error 98")
# The port beside it: `:8000: bind`, `('0.0.0.0', 8000)`, `port 8000`, `0.0.0.0:8000`, `:::8000`
PORT = re.compile(r"(?i)(?:\bport[ =:]{1,3}|', |:)(?P<port>[1-9]\d{1,4})\b(?!\.\d|\]|:\d)")
# NVIDIA's IMEX daemon has a port of its own on the node, and a cause of its own.
IMEX = re.compile(r"(?i)\bimex\b")
WORD = re.compile(r"(?<![\d.])(?P<port>[1-9]\d{1,4})(?![\d.])")
PORTED = re.compile(r"(?i)port|address|addr|listen|bind")
MAX_PODS = 200  # with the network of one node


@rule("SRV333", name="port-conflict-in-pod", question=Question.STARTED, inputs=("Pod",))
def port_conflict(ctx: Context) -> Iterator[Finding]:
    """Two containers of the pod (or a host process) want the same port.

    ## What it means
    The containers of a pod share one network: each port can be taken once. The one that comes second fails with
    `address already in use` and is restarted for ever. Pods with the network of their node share it with the whole
    node.

    ## Why it happens
    A sidecar (proxy, metrics exporter, agent) listens on the server's port, two servers keep the same default port, or
    a pod of the host network meets another one.

    ## Evidence
    The container's line with the port, and the other container that declares it or is given it on its command line.

    ## What to do
    Give one of the two another port.

    ## Known limits
    A port that no other container declares is told only for pods with the network of their node, as possible: it may
    be a process of the host. A container that starts its own server twice is not told.
    """
    for group in ctx.groups(*CRASHED):
        words = said(ctx, group, TAKEN)
        if words is None or IMEX.search(words.text):
            continue
        port = next((found["port"] for found in PORT.finditer(words.text)), "")
        found = next(_others(ctx, words, port), None) if port else _twice(words)
        if found is not None or _on_host(words.pod):
            yield _finding(ctx, group, words, port, found)


Other = tuple[Pod, str, str, str]  # pod, container, path of what says so, the port


def _others(ctx: Context, words: Said, port: str) -> Iterator[Other]:
    """Other containers that have the port: of the pod, and of pods that share the network of its node."""
    for container, path, number in _ports(words.pod):
        if number == port and container != words.container:
            yield words.pod, container, path, port
    if not _on_host(words.pod):
        return
    for pod in ctx.snap.pods_on(words.pod.spec.node_name or "")[:MAX_PODS]:
        if _on_host(pod) and pod.ref != words.pod.ref and pod.status.phase == "Running":
            for container, path, number in _ports(pod):
                if number == port:
                    yield pod, container, path, port


def _twice(words: Said) -> Other | None:
    """Where the line names no port: one that the container declares and another one as well."""
    listed = list(_ports(words.pod))
    own = {number for container, _, number in listed if container == words.container}
    others = (one for one in listed if one[0] != words.container and one[2] in own)
    return next(((words.pod, *one) for one in others), None)


def _on_host(pod: Pod) -> bool:
    return value_at(pod.whole, "spec.hostNetwork") is True


def _ports(pod: Pod) -> Iterator[tuple[str, str, str]]:
    """Ports of all containers that run at once, as (container, path, port): declared, or given to their programs."""
    for part in ("containers", "initContainers"):
        listed = value_at(pod.whole, f"spec.{part}")
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(one, dict) or (part == "initContainers" and one.get("restartPolicy") != "Always"):
                continue
            base, name = f"spec.{part}[{index}]", str(one.get("name"))
            declared = one.get("ports")
            for place, entry in enumerate(declared if isinstance(declared, list) else ()):
                if isinstance(entry, dict) and entry.get("protocol") in (None, "TCP"):
                    yield name, f"{base}.ports[{place}].containerPort", str(entry.get("containerPort"))
            yield from ((name, path, port) for path, port in _given(one, base))


def _given(container: dict[str, object], base: str) -> Iterator[tuple[str, str]]:
    """Ports on a command line: `--port=8000`, or the word after such a flag."""
    for part in ("command", "args"):
        listed = container.get(part)
        words = [word if isinstance(word, str) else "" for word in listed] if isinstance(listed, list) else []
        for place, word in enumerate(words):
            flag = word if "=" in word else words[place - 1] if place and words[place - 1].startswith("-") else ""
            if PORTED.search(flag.partition("=")[0]):
                value = word.partition("=")[2] if "=" in word else word
                for found in WORD.finditer(value[:200]):
                    yield f"{base}.{part}[{place}]", found["port"]


def _finding(ctx: Context, group: Group, words: Said, port: str, found: Other | None) -> Finding:
    pod = words.pod
    proof: list[Evidence] = [words.proof]
    if found is not None:
        other, container, path, port = found
        proof.append(ctx.cite(other, path))
        where = f"container {container}" + ("" if other is pod else f" of Pod {other.namespace}/{other.name}")
        who = f"{where} has it as well"
    else:
        who = f"something else on the network of node {pod.spec.node_name or '(unknown)'} has it"
    if _on_host(pod):
        proof.append(ctx.cite(pod, "spec.hostNetwork"))
    named = f"port {port}" if port else "its port"
    summary = f"container {words.container} cannot listen on {named}, which is in use: {who}"
    share = None if found is not None and found[0] is pod else group.share
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, as_proof(proof), members=share),),
        confidence=None if found is not None else Confidence.POSSIBLE,
        second_sign=found is not None,
        since=group.since,
        remedies=(
            Remedy(text=f"give container {words.container}, or what has {named} already, another port"),
            *(
                (Remedy(text="or leave the node's network: hostNetwork false", risk="disruptive"),)
                if _on_host(pod)
                else ()
            ),
        ),
    )
