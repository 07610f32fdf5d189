"""SRV302: the server is ready long before its readiness probe asks."""

from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.times import show_age
from diag.findings import Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import dicts
from diag.trouble.relations.timelines import Start

LEAST_S = 30.0
SHARE = 0.2  # of the whole start
SLACK_S = 15.0  # a probe takes its time-out, and the kubelet its second


@rule("SRV302", name="readiness-period-too-long", question=Question.READY, inputs=("Pod", "Event"))
def readiness_period_too_long(ctx: Context) -> Iterator[Finding]:
    """The server is ready long before its readiness probe asks.

    ## What it means
    The server answers, and the pod is not Ready for up to one more period of its readiness probe. Traffic waits for a
    question that nobody asks.

    ## Why it happens
    `periodSeconds` of the readiness probe was raised to keep probes from a busy server, or taken from another probe.
    The first probe came while the server was loading; the next one comes a whole period later.

    ## Evidence
    The line of the server's log that says that it listens, the pod's condition Ready, and the probe's period.

    ## What to do
    Ask every 5 to 10 seconds. A startup probe with a short period has the same effect on the start.

    ## Known limits
    Where the log is not here or does not tell when the server listens, nothing is said.
    """
    for start in ctx.starts():
        timeline = start.timeline
        found = _period(start)
        if timeline.listens is None or found is None:
            continue
        where, period = found
        waited = timeline.ended - timeline.listens.when.hi
        # A longer wait than one period has another reason.
        if max(LEAST_S, SHARE * timeline.wall_s) <= waited <= period + SLACK_S:
            yield _finding(ctx, start, where, period, waited)


def _period(start: Start) -> tuple[str, float] | None:
    """Where the engine's readiness probe states its period, and that period."""
    spec: Any = start.pod.whole.get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    for index, entry in enumerate(containers if isinstance(containers, list) else ()):
        if dicts([entry]) and entry.get("name") == start.timeline.engine:
            probe = entry.get("readinessProbe")
            period = probe.get("periodSeconds") if isinstance(probe, dict) else None
            if isinstance(period, int) and not isinstance(period, bool):
                return f"spec.containers[{index}].readinessProbe.periodSeconds", float(period)
    return None


def _finding(ctx: Context, start: Start, where: str, period: float, waited: float) -> Finding:
    listens = start.timeline.listens
    assert listens is not None  # noqa: S101  asked for starts whose log says so
    line = listens.line
    ready = next((i for i, one in enumerate(start.pod.status.conditions or ()) if one.type == "Ready"), None)
    said = ctx.cite_log(start.pod, line.container, line.number, previous=line.previous)
    state: list[Evidence] = (
        [] if ready is None else [ctx.cite(start.pod, f"status.conditions[{ready}].lastTransitionTime")]
    )
    evidence: tuple[Evidence, ...] = (ctx.cite(start.pod, where), said, *state)
    until = "it was Ready" if start.timeline.finished else "now, and is still not asked"
    return Finding(
        subject=start.group.workload,
        summary=f"the server answered {show_age(waited)} before {until}: its readiness probe asks only every "
        f"{period:.0f} s (periodSeconds)",
        evidence=as_proof((*evidence, *start.group.evidence)),
        accounts_for=(
            Because(start.group, f"{show_age(waited)} passed until the readiness probe asked again", evidence),
        ),
        members=(start.pod.ref,),
        since=start.group.since,
        remedies=(Remedy(text="set periodSeconds of the readiness probe to 5 to 10 seconds", risk="disruptive"),),
    )
