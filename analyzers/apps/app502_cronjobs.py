"""APP502 to APP504: CronJobs that start nothing: suspended, with a schedule that cannot be read, or too late."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.cron import unreadable
from diag.facts.words import listed
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

CRONJOB = "batch/CronJob"
# kubernetes/kubernetes pkg/controller/cronjob/cronjob_controllerv2.go
UNREADABLE = ("UnparseableSchedule", "UnknownTimeZone", "InvalidSchedule")
MISSED = "MissSchedule"
CHECKED_EVERY_S = 10  # kubernetes.io/docs/concepts/workloads/controllers/cron-jobs (starting deadline)

SCHEDULE = """The CronJob's schedule cannot be parsed.

## What it means
The controller cannot tell when the next run is due, so it starts none, and says so in an event each time.

## Why it happens
The schedule has too many or too few fields (seconds or years, as other schedulers have), or a value beyond its range;
or the time zone is not known to the control plane.

## Evidence
The event `UnparseableSchedule` or `UnknownTimeZone`, and `spec.schedule`.

## What to do
Write the schedule in five fields: minute, hour, day of month, month, day of week.

## Known limits
The API server refuses most such schedules; those that are left were stored by an older release, or name a zone that is
not installed.
"""
DEADLINE = """The CronJob drops runs, as its startingDeadlineSeconds is negative or too small.

## What it means
A run that the controller cannot start within so many seconds of its time is dropped. It may look only every ten
seconds, so that with a smaller number a run is late before it is looked at.

## Why it happens
The number was taken for minutes, or set to 0 to switch the deadline off; leaving it out does that.

## Evidence
`spec.startingDeadlineSeconds`, and the events `MissSchedule`.

## What to do
Leave the field out, or set it to some minutes.

## Known limits
A small number without missed runs is told as `info`.
"""


@rule(
    "APP502",
    name="cronjob-suspended",
    question=Question.CREATED,
    severity=Severity.INFO,
    inputs=(CRONJOB, "Event"),
    others=(
        Named(id="APP503", name="cronjob-schedule-unparsable", page=SCHEDULE),
        Named(id="APP504", name="cronjob-deadline-negative", page=DEADLINE, severity=Severity.WARNING),
    ),
)
def cronjobs(ctx: Context) -> Iterator[Finding]:
    """The CronJob is suspended.

    ## What it means
    No run is started while `spec.suspend` is true. Runs that were under way go on.

    ## Why it happens
    Somebody paused it, often for maintenance, and it is easily forgotten.

    ## Evidence
    `spec.suspend`, and when the last run was started.

    ## What to do
    Resume it when the reason is gone. Runs that were missed in the meantime within the starting deadline start at once.

    ## Known limits
    Why it was suspended is not told by the object.
    """
    held: dict[str, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(CRONJOB):
        if item.metadata.deletion_timestamp:
            continue
        if value_at(item.whole, "spec.suspend") is True:
            held[item.namespace].append(item)
            continue
        yield from _schedule(ctx, item)
        yield from _deadline(ctx, item)
    for _, items in sorted(held.items()):
        yield _suspended(ctx, items)


def _suspended(ctx: Context, items: list[Object]) -> Finding:
    first = items[0]
    return Finding(
        subject=first.ref,
        summary=f"suspended, so that no Job is started: {listed([one.name for one in items])}",
        evidence=(ctx.cite(first, "spec.suspend"), ctx.cite_or_lack(first, "status.lastScheduleTime")),
        members=tuple(one.ref for one in items[1:]),
        remedies=(
            Remedy(text="look at it", command=f"kubectl get cronjob {first.name} -n {first.namespace} -o yaml"),
            Remedy(
                text="resume it (runs whose starting deadline has not passed start at once)",
                when="the reason for the pause is gone",
                command=f"kubectl patch cronjob {first.name} -n {first.namespace} --type=merge "
                '-p \'{"spec":{"suspend":false}}\'',
            ),
        ),
    )


def _schedule(ctx: Context, item: Object) -> Iterator[Finding]:
    schedule = value_at(item.whole, "spec.schedule")
    said = [one for one in ctx.warnings(item, *UNREADABLE) if not _ran_since(item, one.last_seen)][:1]
    why = [one.text for one in said] or (
        [found] if isinstance(schedule, str) and (found := unreadable(schedule)) else []
    )
    if not why:
        return
    evidence: list[Evidence] = [ctx.cite_event(one) for one in said]
    evidence += [piece for path in ("schedule", "timeZone") if (piece := ctx.cite_if(item, f"spec.{path}"))]
    yield Finding(
        name="cronjob-schedule-unparsable",
        subject=item.ref,
        summary=f"its schedule {schedule!r} cannot be read, so it starts no Jobs: {why[0]}",
        evidence=as_proof(evidence),
        since=said[0].first_seen if said else None,
        remedies=(
            Remedy(text="look at it", command=f"kubectl describe cronjob {item.name} -n {item.namespace}"),
            Remedy(text="write minute, hour, day of month, month and day of week", risk="disruptive"),
        ),
    )


def _ran_since(item: Object, said_at: str | None) -> bool:
    """Whether a run was started after somebody complained."""
    ran = value_at(item.whole, "status.lastScheduleTime")
    return isinstance(ran, str) and ran > (said_at or "")


def _deadline(ctx: Context, item: Object) -> Iterator[Finding]:
    seconds: Any = value_at(item.whole, "spec.startingDeadlineSeconds")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds >= CHECKED_EVERY_S:
        return
    missed = ctx.warnings(item, MISSED)
    given = ctx.cite(item, "spec.startingDeadlineSeconds")
    told = f"; {missed[0].text}" if missed else ""
    yield Finding(
        name="cronjob-deadline-negative",
        subject=item.ref,
        summary=f"a run has to start within {seconds} s of its time or is dropped{told}",
        evidence=(given, *[ctx.cite_event(one) for one in missed[:1]]),
        severity=None if seconds < 0 or missed else Severity.INFO,
        remedies=(
            Remedy(
                text="look at its last runs",
                command=f"kubectl get jobs -n {item.namespace} --sort-by=.status.startTime",
            ),
            Remedy(text="leave startingDeadlineSeconds out, or set it to some minutes", risk="disruptive"),
        ),
    )
