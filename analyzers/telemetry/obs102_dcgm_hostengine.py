"""OBS102: DCGM's exporter cannot reach the host engine that it is told to ask."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, Backend, backend
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Proof, Question, Ref, Remedy, as_proof
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

# NVIDIA/dcgm-exporter internal/pkg/dcgmprovider (3.x, 4.x), pkg/cmd (2.x)
LOST = re.compile(
    r"Failed to connect to remote hostengine|[Ee]rror connecting to nv-hostengine|Unable to connect to (?:the )?"
    r"(?:remote )?host ?engine"
)
ADDRESS = re.compile(
    r"(?:hostengine at |address=\"?|hostengine:\s*)(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?):(?P<port>\d{2,5})\b"
)
SETTING = "DCGM_REMOTE_HOSTENGINE_INFO"


@rule(
    "OBS102",
    name="dcgm-hostengine-unreachable",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", *INPUTS),
)
def dcgm_hostengine_unreachable(ctx: Context) -> Iterator[Finding]:
    """The exporter cannot reach its remote host engine.

    ## What it means
    The exporter of GPU metrics does not ask the GPUs itself but a host engine (`nv-hostengine`, port 5555) beside it,
    and gets no connection. It ends and is restarted, and the node's GPU metrics are missing. Workloads are well.

    ## Why it happens
    The host engine's DaemonSet (`nvidia-dcgm`) is off, has no pod on the node, or its pod does not run; the address is
    wrong; or an engine of the host does not listen on the address that the pod uses.

    ## Evidence
    The exporter's line, the address that it is given, and the workload behind that Service.

    ## What to do
    Bring the host engine back, or let the exporter embed its own by leaving the address away.

    ## Known limits
    An exporter that starts before its host engine fails once or twice and then recovers; that is not told apart while
    it is still waiting for its next start. An engine that runs as a service of the host is not seen.
    """
    for group in ctx.groups("container-crashing", "container-not-ready"):
        words = said(ctx, group, LOST)
        if words is not None:
            yield _finding(ctx, group, words)


def _finding(ctx: Context, group: Group, words: Said) -> Finding:
    host, sign = _address(ctx, words)
    place = _place(host, words.pod.namespace)
    back = backend(ctx, place) if place else Backend()
    root = _root(ctx, group, back)
    state = f"; {back.words}" if back.words else ""
    at = f" at {host}" if host else ""
    summary = f"the exporter {words.pod.name} cannot reach its remote host engine{at} (Failed to connect){state}"
    proof: Proof = as_proof([words.proof, *sign, *back.proof])
    behind = f"{root.kind} {root.name}" if root != group.workload else "the host engine"
    return Finding(
        subject=root,
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, summary, proof),),
        second_sign=bool(back.words),
        since=group.since,
        needs=tuple(ref for ref in back.needs if ref != root),
        remedies=(
            Remedy(
                text=f"see whether {behind} has a ready pod on the exporter's node",
                command=f"kubectl get pods -n {words.pod.namespace} -o wide",
                who="platform",
            ),
            Remedy(
                text="bring the host engine back (ClusterPolicy: dcgm.enabled true), or let the exporter use its "
                f"own: leave {SETTING} and the option -r away",
                who="platform",
            ),
        ),
    )


def _root(ctx: Context, group: Group, back: Backend) -> Ref:
    """The workload of the host engine where it is known and not the exporter itself, else the exporter's."""
    engines = [ref for ref in back.needs if ref != group.workload and not _fully_ready(ctx, ref)]
    return engines[0] if len(engines) == 1 else group.workload


def _fully_ready(ctx: Context, ref: Ref) -> bool:
    """Whether all pods that a DaemonSet wants are ready, and it wants any."""
    item = ctx.snap.find(ref)
    wanted, ready = (
        value_at(item.whole, f"status.{field}") if item is not None else None
        for field in ("desiredNumberScheduled", "numberReady")
    )
    return isinstance(wanted, int) and isinstance(ready, int) and ready >= wanted > 0


def _address(ctx: Context, words: Said) -> tuple[str, list[Evidence]]:
    """The host that the exporter asks, from its line, its variable or its option, with what says so."""
    found = ADDRESS.search(words.text)
    if found is not None:
        return found["host"], []
    for index, container in enumerate(words.pod.spec.containers or ()):
        if container.name != words.container:
            continue
        for path, value in _settings(words.pod, index):
            return value.rpartition(":")[0] or value, [ctx.cite(words.pod, path)]
    return "", []


def _settings(pod: Pod, index: int) -> Iterator[tuple[str, str]]:
    """Where a container is told the address of its host engine."""
    base = f"spec.containers[{index}]"
    variables = value_at(pod.whole, f"{base}.env")
    for place, entry in enumerate(variables if isinstance(variables, list) else ()):
        if isinstance(entry, dict) and entry.get("name") == SETTING and isinstance(entry.get("value"), str):
            yield f"{base}.env[{place}].value", entry["value"]
    for part in ("command", "args"):
        listed = value_at(pod.whole, f"{base}.{part}")
        words = [word if isinstance(word, str) else "" for word in listed] if isinstance(listed, list) else []
        for place, word in enumerate(words[1:], 1):
            if words[place - 1] in ("-r", "--remote-hostengine-info"):
                yield f"{base}.{part}[{place}]", word


def _place(host: str, namespace: str) -> tuple[str, str] | None:
    """Namespace and name of the Service that a host name means to a pod."""
    name, _, rest = host.partition(".")
    if name in ("", "localhost") or name.isdigit():
        return None
    return (rest.partition(".")[0] or namespace, name)
