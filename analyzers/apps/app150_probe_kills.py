"""APP150, SRV150: a liveness or startup probe kills the container before it could answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.pods import statuses
from diag.facts.times import age_s
from diag.findings import Because, Confidence, Evidence, Finding, LogEvidence, Question, Remedy
from diag.projection import JsonDict, dicts
from diag.snapshot.kinds import ContainerStatus, Event, Pod
from diag.trouble.groups import Group

# kubernetes/kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, message of the event Killing
KILLED = re.compile(r"Container (?P<container>\S{1,253}) failed (?P<probe>startup|liveness) probe, will be restarted")
STOPPING_S = 10 * 60  # between the kill and the end lies the grace period
MAX_MEMBERS = 8
DEFAULTS = {"initialDelaySeconds": 0, "periodSeconds": 10, "failureThreshold": 3}
LOADING = re.compile(
    r"Starting to load model|Loading safetensors checkpoint shards|Load weight begin|Waiting for shard to be ready"
    r"|Starting shard|Loading (?:pt|bin) checkpoint shards|loading model tensors|Downloading|downloading weights"
    r"|torch\.compile|Capturing CUDA graph"
    r"|Starting download process|Capture cuda graph begin|Model loading took"
)
STARTED = re.compile(
    r"Application startup complete|fired up and ready to roll|Uvicorn running on|server is listening"
    r"|Started HTTPService|Listening on|lorax_router[^\n]*Connected|text_generation_router[^\n]*Connected"
)

SLOW_START = """A startup or liveness probe kills the server while it is still loading.

## What it means
The server had not failed: it was loading, and the kubelet ended it because the probe's budget was over. The next
attempt begins from nothing and ends in the same way.

## Why it happens
A liveness probe without a startup probe counts from the container's start. Its budget, initialDelaySeconds +
failureThreshold × periodSeconds, is shorter than the download, load and compilation of the model.

## Evidence
The event `Container … failed liveness (or startup) probe, will be restarted`, the probe's fields, how long the last
attempt ran, and the last line of its log, which is one of loading.

## What to do
Give the container a startupProbe whose failureThreshold × periodSeconds is well above its load time; until it succeeds
the liveness probe is not asked.

## Known limits
Without the log of the attempt that was ended, the finding is likely at most; a server that hangs at start looks alike.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A container that a probe ended: the event, the probe and where it stands."""

    pod: Pod
    status: ContainerStatus
    path: str  # of the container's status
    event: Event
    word: str  # startup or liveness
    container: JsonDict
    where: str  # path of the container's spec

    @property
    def probe(self) -> JsonDict:
        """The probe as it is written; empty when it is not."""
        found = self.container.get(f"{self.word}Probe")
        return found if isinstance(found, dict) else {}

    def setting(self, field: str) -> int:
        """A number of the probe, or its default."""
        value = self.probe.get(field)
        return value if isinstance(value, int) and not isinstance(value, bool) else DEFAULTS[field]

    @property
    def budget(self) -> int:
        """Seconds from the container's start until the probe gives up."""
        return self.setting("initialDelaySeconds") + self.setting("periodSeconds") * self.setting("failureThreshold")


@rule(
    "APP150",
    name="liveness-probe-wrong-port",
    question=Question.STARTED,
    inputs=("Pod", "Event"),
    refines=("probe-kills-slow-start",),
    others=(Named(id="SRV150", name="probe-kills-slow-start", page=SLOW_START),),
)
def probe_kills(ctx: Context) -> Iterator[Finding]:
    """The liveness probe asks a port on which the container does not listen.

    ## What it means
    The probe's port is none of the ports that the container declares, connections to it are refused, and the kubelet
    restarts the container for it although it may work.

    ## Why it happens
    The port of the server was changed and the probe's was not, or the probe was copied from another container.

    ## Evidence
    The probe's port, the container's ports, and the event `Liveness probe failed: … connection refused`.

    ## What to do
    Let the probe ask the port on which the server listens, best by its name.

    ## Known limits
    Ports need not be declared: a container may listen on the probe's port all the same, so the finding is likely at
    most.
    """
    for group in ctx.groups("container-crashing", "container-not-ready"):
        kills = [kill for member in group.members[:MAX_MEMBERS] if (kill := _kill(ctx, group, member))]
        if not kills:
            continue
        kill = kills[0]
        if kill.word == "liveness" and (refused := _wrong_port(ctx, kill)):
            yield _port_finding(ctx, group, kill, refused)
        elif kill.word == "startup" or not isinstance(kill.container.get("startupProbe"), dict):
            found = _slow_start(ctx, group, kill)
            if found:
                yield found


def _kill(ctx: Context, group: Group, member: object) -> Kill | None:
    """The newest kill by a probe of the group's container, unless the container ended in another way since."""
    if not isinstance(member, Pod):
        return None
    for event in ctx.warnings(member, "Killing"):
        said = KILLED.search(event.text)
        if not said or (group.container and said["container"] != group.container):
            continue
        for path, status in statuses(member):
            spec = _container(member, said["container"])
            # Without a readiness probe a container is ready as soon as it runs, until it is ended again.
            ends = not status.ready or group.symptom == "container-crashing"
            if status.name == said["container"] and spec and ends and _is_last_end(event, status):
                container, where = spec
                return Kill(
                    pod=member,
                    status=status,
                    path=path,
                    event=event,
                    word=said["probe"],
                    container=container,
                    where=where,
                )
    return None


def _is_last_end(event: Event, status: ContainerStatus) -> bool:
    """Whether the kill is what ended the container last, or is about to: not older than its last end."""
    ended = status.last_state.terminated if status.last_state else None
    before = age_s(event.last_seen, ended.finished_at) if ended is not None else None
    return before is None or before <= STOPPING_S


def _container(pod: Pod, name: str) -> tuple[JsonDict, str] | None:
    spec = pod.whole.get("spec")
    for part in ("containers", "initContainers"):
        listed = spec.get(part) if isinstance(spec, dict) else None
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(one, dict) and one.get("name") == name:
                return one, f"spec.{part}[{index}]"
    return None


def _slow_start(ctx: Context, group: Group, kill: Kill) -> Finding | None:
    line = _last_line(ctx, kill)
    loading = _loading_line(ctx, kill)
    lasted = _lasted(kill)
    grace = kill.setting("periodSeconds") + (kill.pod.spec.termination_grace_period_seconds or 30) + 15
    fits = lasted is not None and kill.budget - kill.setting("periodSeconds") <= lasted <= kill.budget + grace
    if loading is None and (line is not None or not fits):
        return None  # there is a log, and it is not one of loading
    budget = ctx.compute(
        f"seconds that the {kill.word} probe of container {kill.status.name} allows from its start",
        kill.budget,
        _settings(ctx, kill),
    )
    said = ctx.cite_event(kill.event)
    code = ctx.cite_if(kill.pod, f"{kill.path}.lastState.terminated.exitCode")
    pieces: list[Evidence] = [budget, *([loading] if loading else []), *([code] if code else [])]
    pieces += [ctx.cite_event(event) for event in _failures(ctx, kill)[:1]]
    while_loading = ", while it is still loading" if loading else ", before it was ready for the first time"
    summary = (
        f"its {kill.word} probe kills container {kill.status.name} {kill.budget} s after each start{while_loading} "
        f"(initialDelaySeconds {kill.setting('initialDelaySeconds')} + "
        f"failureThreshold {kill.setting('failureThreshold')} × periodSeconds {kill.setting('periodSeconds')}; "
        f"{kill.status.restart_count or 0} restarts)"
    )
    longer = "a larger failureThreshold of its startupProbe" if kill.word == "startup" else "a startupProbe"
    return Finding(
        name="probe-kills-slow-start",
        subject=group.workload,
        summary=summary,
        evidence=(said, *pieces),
        accounts_for=(Because(group, summary, (said, *pieces[:2])),),
        confidence=None if loading and fits else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"give it {longer}, so that failureThreshold × periodSeconds is well above its load time"),
            Remedy(text="make the start shorter: weights and compile cache on a fast volume"),
        ),
    )


def _port_finding(ctx: Context, group: Group, kill: Kill, refused: Event) -> Finding:
    action = next(name for name in ("httpGet", "tcpSocket", "grpc") if isinstance(kill.probe.get(name), dict))
    port = ctx.cite(kill.pod, f"{kill.where}.livenessProbe.{action}.port")
    declared: list[Evidence] = [
        ctx.cite(kill.pod, f"{kill.where}.ports[{index}].containerPort")
        for index in range(len(kill.container["ports"]))
    ]
    listens = ", ".join(str(one.get("containerPort")) for one in dicts(kill.container["ports"]))
    summary = (
        f"its liveness probe asks port {port.value} of container {kill.status.name}, which declares {listens}; "
        f"connections are refused and it is restarted for it"
    )
    killed = ctx.cite_event(kill.event)
    return Finding(
        name="liveness-probe-wrong-port",
        subject=group.workload,
        summary=summary,
        evidence=(port, *[*declared, ctx.cite_event(refused), killed]),
        accounts_for=(Because(group, summary, (port, *declared, killed)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text=f"let the liveness probe ask the port on which the server listens ({listens})"),),
    )


def _wrong_port(ctx: Context, kill: Kill) -> Event | None:
    """The refusal, when the probe's port is none of the declared ones."""
    ports = dicts(kill.container.get("ports"))
    numbers = {one.get("containerPort") for one in ports}
    names = {one.get("name") for one in ports}
    for action in ("httpGet", "tcpSocket", "grpc"):
        asked = kill.probe.get(action)
        port = asked.get("port") if isinstance(asked, dict) else None
        wrong = (isinstance(port, int) and port not in numbers) or (
            isinstance(port, str) and not port.isdigit() and port not in names
        )
        if ports and wrong and all(isinstance(number, int) for number in numbers):
            return next((event for event in _failures(ctx, kill) if "refused" in event.text), None)
    return None


def _failures(ctx: Context, kill: Kill) -> list[Event]:
    word = kill.word.capitalize()
    return [event for event in ctx.warnings(kill.pod, "Unhealthy") if event.text.startswith(f"{word} probe")]


def _settings(ctx: Context, kill: Kill) -> list[Evidence]:
    return [ctx.cite_or_lack(kill.pod, f"{kill.where}.{kill.word}Probe.{field}") for field in DEFAULTS]


def _lasted(kill: Kill) -> float | None:
    """Seconds that the attempt that was ended had run."""
    ended = kill.status.last_state.terminated if kill.status.last_state else None
    return age_s(ended.started_at, ended.finished_at) if ended is not None else None


def _last_line(ctx: Context, kill: Kill) -> LogEvidence | None:
    """The last line of the attempt that was ended that has a text."""
    lines = ctx.snap.log(kill.pod, kill.status.name or "", previous=True)
    number = next((place for place in range(len(lines), 0, -1) if lines[place - 1].strip()), 0)
    return ctx.cite_log(kill.pod, kill.status.name or "", number, previous=True) if number else None


def _loading_line(ctx: Context, kill: Kill) -> LogEvidence | None:
    """The last line of the ended attempt that speaks of loading, if none after it says that the server has started."""
    lines = ctx.snap.log(kill.pod, kill.status.name or "", previous=True)
    for number in range(len(lines), 0, -1):
        if STARTED.search(lines[number - 1]):
            return None
        if LOADING.search(lines[number - 1]):
            return ctx.cite_log(kill.pod, kill.status.name or "", number, previous=True)
    return None
