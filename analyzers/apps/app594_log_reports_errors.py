"""APP594: a container runs and is not ready, and all that is known are the errors in its log."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

MAX_MEMBERS = 4
LAST = 200  # lines: what is further back was overcome
SHOWN = 3
LONGEST = 2_000  # characters of a line that are looked at
QUOTED = 300
# How loggers write their levels: glog and klog (`E1125 10:00:00`), logfmt, JSON, and words in capitals.
LEVEL = re.compile(
    r"^[EF]\d{4} \d{2}:"
    r"|\b(?:level|lvl|severity)=\"?(?i:error|fatal|critical|panic)\b"
    r"|\"(?:level|lvl|severity|levelname|log\.level)\"\s?:\s?\"(?i:error|fatal|critical|panic)\""
    r"|(?<![\w.-])(?:ERROR|FATAL|CRITICAL|PANIC)(?![\w=-])"
)
# Lines that count errors and find none.
NONE = re.compile(r"\b(?:0|no) (?:ERROR|error)s?\b|\berrors?[=:]\s?(?:0|nil|<nil>|null|none)\b", re.IGNORECASE)


@rule(
    "APP594",
    name="log-reports-errors",
    question=Question.READY,
    inputs=("Pod",),
    basis=Basis.REMAINDER,
)
def log_reports_errors(ctx: Context) -> Iterator[Finding]:
    """The log of a running container carries errors that nothing else explains.

    ## What it means
    The container runs and does not become ready. No rule knows the words of its log, and lines of the level error or
    worse stand at its end: they are the best hint that there is.

    ## Why it happens
    That is in the words of the lines.

    ## Evidence
    The last lines of the level error, fatal or critical.

    ## What to do
    Read the log around these lines.

    ## Known limits
    The weakest of explanations, and never more than possible: programs log errors that harm nobody. Only the last two
    hundred lines of the present run count, and only of containers that are not ready.
    """
    for group in ctx.groups("container-not-ready"):
        for member in group.members[:MAX_MEMBERS]:
            found = _finding(ctx, group, member) if isinstance(member, Pod) else None
            if found is not None:
                yield found
                break


def _finding(ctx: Context, group: Group, pod: Pod) -> Finding | None:
    lines = _lines(ctx, pod, group.container)
    if not lines:
        return None
    name = group.container
    proof: list[Evidence] = [ctx.cite_log(pod, name, number) for number, _ in lines]
    words = lines[0][1].strip()[:QUOTED]
    summary = f"container {name} runs and is not ready, and its log reports an error: {words}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, summary, (proof[0],)),),
        confidence=Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="read the log around that line",
                command=f"kubectl -n {pod.namespace} logs {pod.name} -c {name} --tail={LAST}",
            ),
        ),
    )


def _lines(ctx: Context, pod: Pod, container: str) -> list[tuple[int, str]]:
    """The last lines of the level error of a container's present run, the newest first."""
    log = ctx.snap.log(pod, container)
    found: list[tuple[int, str]] = []
    for number in range(len(log), max(len(log) - LAST, 0), -1):
        text = log[number - 1][:LONGEST]
        if LEVEL.search(text) and not NONE.search(text):
            found.append((number, text))
            if len(found) == SHOWN:
                break
    return found
