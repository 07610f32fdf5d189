"""APP321 to APP325: a probe that asks in the wrong way, against an application that does not answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.pods import statuses
from diag.facts.times import age_s
from diag.findings import Basis, Because, Confidence, Evidence, Finding, LogEvidence, Question, Remedy
from diag.projection import JsonDict, dicts
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/kubelet/prober (events `Unhealthy`), and what Go's HTTP and TLS clients say.
FAILED = re.compile(r"^(?P<kind>Readiness|Liveness) probe (?:failed|errored)")
REFUSED = re.compile(r"connection refused")
PROTOCOL = re.compile(
    r"server gave HTTP response to HTTPS client|malformed HTTP response|malformed HTTP status code"
    r"|first record does not look like a TLS handshake|http2: frame too large|error reading server preface"
    r"|transport connection broken"
)
TIMED_OUT = re.compile(r"context deadline exceeded|Client\.Timeout exceeded|timed out|i/o timeout")
# What servers say once they listen: uvicorn, gunicorn, Flask, Go and Node programs, Triton.
LISTENS = re.compile(
    r"(?i:running on|listening (?:on|at)|listen(?:ing)? on(?: port)?|started (?:\w+ )?(?:on|at)|serving (?:on|at))"
    r"\s+(?:(?:https?|grpc|tcp)://)?(?:port\s+)?(?:\[?[\w.:*-]{0,60}\]?:)?(?P<port>\d{2,5})\b"
)
ACTIONS = ("httpGet", "tcpSocket", "grpc")
SHORT_S = 2  # a timeout that a busy server misses
MAX_MEMBERS = 8
REFINED = ("probe-kills-slow-start", "readiness-probe-failing")

PROTOCOL_PAGE = """The {kind} probe speaks another protocol than the container.

## What it means
The container answers on the port, but not in the protocol that the probe speaks: HTTP against HTTPS or gRPC. The probe
can never succeed.

## Why it happens
TLS was switched on for the server, or a probe of type httpGet was pointed at a gRPC port.

## Evidence
The probe's type, port and scheme, and the words with which the client of the kubelet refuses the answer.

## What to do
Give the probe the server's scheme (`httpGet.scheme: HTTPS`) or type (`grpc`), or another port.

## Known limits
A server that answers plain HTTP on its TLS port with status 400 is not told from one that refuses the path.
"""
AGGRESSIVE = """The liveness probe's timing kills a container that would be healthy.

## What it means
The container worked, and its answer to the probe came too late a few times in a row. The kubelet restarted it, and the
requests and loaded weights of the process were lost.

## Why it happens
timeoutSeconds is 1 by default. A server that is busy with long requests, or a process that holds its interpreter's
lock, does not answer in that time.

## Evidence
The time-outs of the probe, its `timeoutSeconds` and `failureThreshold`, and how long the container had run before.

## What to do
Raise timeoutSeconds and failureThreshold, or drop the liveness probe where a restart does not help.

## Known limits
A process that hangs looks the same; its log tells more.
"""
FAILING = """The container runs but its readiness probe fails.

## What it means
The container's process runs and does not answer the probe as it should, so that the pod gets no traffic.

## Why it happens
The application waits for something, is overloaded, or says itself that it is not ready.

## Evidence
The newest event `Readiness probe failed`, with what was answered.

## What to do
Read the container's log, and ask the probe's address from within the pod.

## Known limits
Named only where nothing else explains why the container does not answer.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A probe of a container that fails, and where it is written."""

    pod: Pod
    event: Event
    kind: str  # readiness or liveness
    container: JsonDict
    where: str  # path of the probe

    @property
    def probe(self) -> JsonDict:
        """The probe as it is written; empty when it is not."""
        found = self.container.get(f"{self.kind}Probe")
        return found if isinstance(found, dict) else {}

    @property
    def action(self) -> str:
        """Its type; empty for a command."""
        return next((one for one in ACTIONS if isinstance(self.probe.get(one), dict)), "")

    @property
    def port(self) -> int | None:
        """The port that it asks, a name looked up among the container's ports."""
        asked = self.probe[self.action].get("port") if self.action else None
        if isinstance(asked, str):
            named = {str(one.get("name")): one.get("containerPort") for one in dicts(self.container.get("ports"))}
            asked = int(asked) if asked.isdigit() else named.get(asked)
        return asked if isinstance(asked, int) and not isinstance(asked, bool) else None

    @property
    def declared(self) -> list[int]:
        """The ports that the container declares."""
        ports = (one.get("containerPort") for one in dicts(self.container.get("ports")))
        return [port for port in ports if isinstance(port, int) and not isinstance(port, bool)]

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container.get("name") or "")


@rule(
    "APP321",
    name="readiness-probe-wrong-port",
    question=Question.READY,
    inputs=("Pod", "Event"),
    refines=REFINED,
    others=(
        Named(
            id="APP322",
            name="readiness-probe-wrong-protocol",
            page=PROTOCOL_PAGE.format(kind="readiness"),
            refines=REFINED,
        ),
        Named(
            id="APP323",
            name="liveness-probe-wrong-protocol",
            page=PROTOCOL_PAGE.format(kind="liveness"),
            refines=REFINED,
        ),
        Named(id="APP324", name="liveness-probe-too-aggressive", page=AGGRESSIVE),
        Named(
            id="APP325",
            name="readiness-probe-failing",
            page=FAILING,
            basis=Basis.REMAINDER,
            refines=("log-reports-errors",),
        ),
    ),
)
def probe_at_fault(ctx: Context) -> Iterator[Finding]:
    """The readiness probe asks a port on which the container does not listen.

    ## What it means
    The container may be well, but the kubelet asks it at a port where nothing listens, so that the pod never becomes
    ready and gets no traffic.

    ## Why it happens
    The server's port was changed and the probe's was not, or the probe was copied from another container.

    ## Evidence
    The probe's port, the refused connections, and the port on which the server says that it listens, or the ports that
    the container declares.

    ## What to do
    Let the probe ask the port on which the server listens, best by its name.

    ## Known limits
    Without a log that names the port the finding is likely at most: ports need not be declared.
    """
    for group in ctx.groups("container-not-ready", "container-crashing"):
        failures = [one for member in group.members[:MAX_MEMBERS] if (one := _failure(ctx, group, member))]
        if failures:
            found = _judge(ctx, group, failures[0])
            if found is not None:
                yield found


def _failure(ctx: Context, group: Group, member: object) -> Failure | None:
    """The newest failure of a probe of the container in trouble."""
    if not isinstance(member, Pod):
        return None
    for event in ctx.warnings(member, "Unhealthy"):
        said = FAILED.search(event.text)
        name = _named(event) or group.container
        spec = _container(member, name) if name == group.container else None
        if said is None or spec is None:
            continue
        kind = said["kind"].lower()
        return Failure(pod=member, event=event, kind=kind, container=spec[0], where=f"{spec[1]}.{kind}Probe")
    return None


def _named(event: Event) -> str:
    """The container that an event is about (`spec.containers{server}`)."""
    return (event.subject.field_path or "").partition("{")[2].removesuffix("}")


def _container(pod: Pod, name: str) -> tuple[JsonDict, str] | None:
    spec = pod.whole.get("spec")
    listed = spec.get("containers") if isinstance(spec, dict) else None
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict) and one.get("name") == name:
            return one, f"spec.containers[{index}]"
    return None


def _judge(ctx: Context, group: Group, failure: Failure) -> Finding | None:
    text = failure.event.text
    if PROTOCOL.search(text) and failure.action:
        return _protocol(ctx, group, failure)
    if REFUSED.search(text) and failure.kind == "readiness" and failure.port is not None:
        listens = _listens(ctx, failure)
        elsewhere = listens is not None and listens[1] != failure.port
        undeclared = bool(failure.declared) and failure.port not in failure.declared
        if elsewhere or (undeclared and listens is None):
            return _port(ctx, group, failure, listens)
    if failure.kind == "liveness":
        return _aggressive(ctx, group, failure) if TIMED_OUT.search(text) else None
    return _failing(ctx, group, failure) if group.symptom == "container-not-ready" else None


def _listens(ctx: Context, failure: Failure) -> tuple[LogEvidence, int] | None:
    """The line of the running container that tells on which port it listens; of the probe's own port, if any does."""
    found = None
    for number, line in enumerate(ctx.snap.log(failure.pod, failure.name), 1):
        said = LISTENS.search(line[:500])
        if said and (found is None or int(said["port"]) == failure.port):
            found = (ctx.cite_log(failure.pod, failure.name, number), int(said["port"]))
    return found


def _port(ctx: Context, group: Group, failure: Failure, listens: tuple[LogEvidence, int] | None) -> Finding:
    port = ctx.cite(failure.pod, f"{failure.where}.{failure.action}.port")
    base = failure.where.rpartition(".")[0]
    more: list[Evidence] = [ctx.cite_event(failure.event), *([listens[0]] if listens else [])]
    more += [
        ctx.cite(failure.pod, f"{base}.ports[{index}].containerPort") for index in range(len(failure.declared))
    ]  # fmt: skip
    right = str(listens[1]) if listens else ", ".join(map(str, failure.declared))
    how = f"listens on {right}" if listens else f"declares {right}"
    summary = (
        f"its readiness probe asks port {port.value} of container {failure.name}, which {how}; connections are refused"
    )
    return Finding(
        name="readiness-probe-wrong-port",
        subject=group.workload,
        summary=summary,
        evidence=(port, *more),
        accounts_for=(Because(group, summary, (port, *more[:2])),),
        confidence=None if listens else Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text=f"let the readiness probe ask the port on which the server listens ({right})"),),
    )


def _protocol(ctx: Context, group: Group, failure: Failure) -> Finding:
    said = ctx.cite_event(failure.event)
    more: list[Evidence] = [ctx.cite_or_lack(failure.pod, f"{failure.where}.{failure.action}.port")]
    if failure.action == "httpGet":
        more.append(ctx.cite_or_lack(failure.pod, f"{failure.where}.httpGet.scheme"))
    summary = (
        f"its {failure.kind} probe ({failure.action}) speaks another protocol than container {failure.name}: "
        f"{failure.event.text}"
    )
    return Finding(
        name=f"{failure.kind}-probe-wrong-protocol",
        subject=group.workload,
        summary=summary,
        evidence=(said, *more),
        accounts_for=(Because(group, summary, (said, *more)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text=f"give the {failure.kind} probe the server's scheme or type, or another port"),),
    )


def _aggressive(ctx: Context, group: Group, failure: Failure) -> Finding | None:
    """A container that had worked well beyond its probe's first budget and was killed for answers that came late."""
    timeout = failure.probe.get("timeoutSeconds", 1)
    words = f"Container {failure.name} failed liveness probe"  # pkg/kubelet/kuberuntime/kuberuntime_manager.go
    killed = next((one for one in ctx.warnings(failure.pod, "Killing") if words in one.text), None)
    if killed is None or not isinstance(timeout, int) or timeout > SHORT_S:
        return None
    status = next((one for _, one in statuses(failure.pod) if one.name == failure.name), None)
    ended = status.last_state.terminated if status is not None and status.last_state else None
    lasted = age_s(ended.started_at, ended.finished_at) if ended is not None else None
    numbers = {"initialDelaySeconds": 0, "periodSeconds": 10, "failureThreshold": 3}
    set_to = {key: value if isinstance(value := failure.probe.get(key), int) else numbers[key] for key in numbers}
    budget = set_to["initialDelaySeconds"] + set_to["periodSeconds"] * set_to["failureThreshold"]
    if lasted is None or lasted < 2 * budget + 60:
        return None
    said = ctx.cite_event(failure.event)
    more: list[Evidence] = [ctx.cite_or_lack(failure.pod, f"{failure.where}.timeoutSeconds"), ctx.cite_event(killed)]
    more.append(ctx.cite_or_lack(failure.pod, f"{failure.where}.failureThreshold"))
    summary = (
        f"its liveness probe gives container {failure.name} {timeout} s to answer, {set_to['failureThreshold']} times; "
        f"it had run for {lasted:.0f} s and was restarted for late answers"
    )
    return Finding(
        name="liveness-probe-too-aggressive",
        subject=group.workload,
        summary=summary,
        evidence=(said, *more),
        accounts_for=(Because(group, summary, (said, *more)),),
        confidence=Confidence.POSSIBLE,
        since=group.since,
        remedies=(Remedy(text="raise timeoutSeconds and failureThreshold of the liveness probe"),),
    )


def _failing(ctx: Context, group: Group, failure: Failure) -> Finding:
    said = ctx.cite_event(failure.event)
    asked: list[Evidence] = []
    if failure.action:
        asked.append(ctx.cite_or_lack(failure.pod, f"{failure.where}.{failure.action}.port"))
    summary = f"container {failure.name} runs, and its readiness probe fails: {failure.event.text}"
    return Finding(
        name="readiness-probe-failing",
        subject=group.workload,
        summary=summary,
        evidence=(said, *asked),
        accounts_for=(Because(group, summary, (said,)),),
        since=group.since,
        remedies=(
            Remedy(
                text="read what the container says",
                command=f"kubectl -n {failure.pod.namespace} logs {failure.pod.name} -c {failure.name}",
            ),
        ),
    )
