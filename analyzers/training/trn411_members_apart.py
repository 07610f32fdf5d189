"""TRN411, TRN412: a member of a distributed job cannot find another one, or waits for one that no longer answers."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of, variable_of
from diag.catalog.rule import Named, rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Confidence, Evidence, Finding, LogEvidence, Proof, Question, Remedy, as_proof
from diag.trouble.groups import Group

MEMBERS = ("container-crashing", "pod-failed", "container-not-ready")
MAX_LINE, MAX_LINES = 2000, 300
# pytorch/pytorch torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp
TIMED_OUT = re.compile(
    r"Watchdog caught collective operation timeout: WorkNCCL\((?P<work>[^)]{0,200}\)?[^)]{0,80})\) ran for "
    r"(?P<ms>\d{1,12}) milliseconds before timing out"
)
WORK = re.compile(r"SeqNum=(?P<number>\d{1,12}), OpType=(?P<kind>\w{1,30})")
# Where launchers name the first rank: pytorch/pytorch torch/distributed (run, elastic), kubeflow/trainer,
# kubernetes-sigs/lws pkg/utils/pod, ray-project/ray, jax-ml/jax.
MEETING_POINTS = re.compile(
    r"^(?:PET_)?(?:MASTER_ADDR|RDZV_ENDPOINT|RDZV_HOST)$|^(?:LWS_LEADER_ADDRESS|RAY_ADDRESS|JAX_COORDINATOR_ADDRESS|"
    r"COORDINATOR_ADDRESS|DMLC_PS_ROOT_URI)$"
)
# pytorch/pytorch torch/csrc/distributed/c10d/socket.cpp: its store is where the ranks meet, whatever names the host.
STORE = re.compile(r"network address(?:es)? of \(|\[c10d\]|\bDistNetworkError\b")
NAMELESS = re.compile(
    r"\bhost not found: (?:Name or service not known|Temporary failure in name resolution)"
)  # it, to 1.13
# An MPI launcher starts its members by ssh: open-mpi/ompi and prrte, pmodels/mpich. git uses ssh, too.
BY_SSH = re.compile(r"\bssh: [Cc]ould not resolve hostname")
LAUNCHER = re.compile(r"\b(?:ORTE|PRTE|HYDRA|mpirun|mpiexec|mpiexec\.hydra|orted|prted)\b")

UNRESOLVED = """The rendezvous host name does not resolve.

## What it means
The members of the job meet at a host, and DNS does not know it, so the member gives up.

## Why it happens
The first rank has no node yet or no headless Service publishes it, the name has another cluster domain, or the Service
does not publish addresses of pods that are not ready.

## Evidence
The member's log line (of PyTorch's store, or of the ssh of an MPI launcher), and the variable that names the host.

## What to do
See whether the first rank runs and a headless Service of that name selects it (`publishNotReadyAddresses`).

## Known limits
Where the Service, or a first rank that came too late, is found to be at fault, that is the cause.
"""


@rule(
    "TRN411",
    name="collective-timeout",
    question=Question.KEPT,
    basis=Basis.REMAINDER,
    inputs=("Pod",),
    refines=("job-backoff-limit-exceeded",),
    others=(
        Named(
            id="TRN412", name="rendezvous-dns-unresolved", page=UNRESOLVED, basis=Basis.REMAINDER,
            refines=("dependency-host-unresolved", "job-backoff-limit-exceeded"),
        ),
    ),
)  # fmt: skip
def members_apart(ctx: Context) -> Iterator[Finding]:
    """A collective operation timed out because a rank is dead or slow.

    ## What it means
    All ranks take part in each operation. This one waited for the others until the watchdog ended it. It is the victim:
    the rank that is missing is the cause.

    ## Why it happens
    Another rank crashed, hangs in its own code, runs out of step, or its network or GPU is at fault.

    ## Evidence
    The watchdog's line with the operation and the time that it ran.

    ## What to do
    Find the rank whose last operation is another one, or which restarted first; look at its node's GPU errors.

    ## Known limits
    Possible at most, and named only where nothing else explains the end.
    """
    for group in ctx.groups(*MEMBERS):
        found = first_text(ctx, group, TIMED_OUT, On.LOG, On.ENDED)
        client = client_of(ctx, group) if found is None else None
        if found is not None:
            text, said = found
            yield _late(group, said, text.cite())
        elif client is not None and client.to.how == "unresolved":
            found_by = [one for one in (variable_of(ctx, client),) if one and MEETING_POINTS.search(one[0])]
            if found_by or _meets(ctx, client):
                by = "".join(f" ({name})" for name, _ in found_by)
                yield _unresolved(group, as_proof([client.said, *(cited for _, cited in found_by)]), client.address, by)
        elif (nameless := first_text(ctx, group, NAMELESS, On.LOG, On.ENDED)) is not None:
            yield _unresolved(group, (nameless[0].cite(),), "the host", "")


def _meets(ctx: Context, client: Client) -> bool:
    """Whether the words themselves are of members that meet."""
    if not isinstance(client.said, LogEvidence):
        return False
    if STORE.search(client.said.value):
        return True
    lines = ctx.snap.log(client.pod, client.container, previous=client.said.previous)
    return bool(BY_SSH.search(client.said.value)) and any(
        LAUNCHER.search(line[:MAX_LINE]) for line in lines[-MAX_LINES:]
    )


def _late(group: Group, said: re.Match[str], proof: Evidence) -> Finding:
    work = WORK.search(said["work"])
    what = f"{work['kind']} (number {work['number']})" if work else "an operation"
    summary = (
        f"{what} of all ranks timed out after {int(said['ms']) // 1000} s: another rank is dead, slow or out of step"
    )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof([proof, *group.evidence]),
        accounts_for=(Because(group, summary, (proof,)),),
        confidence=Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(
                text="see which rank restarted or ended first, and on which node",
                command=f"kubectl -n {group.first.namespace} get pods -o wide --sort-by=.status.startTime",
            ),
            Remedy(text="compare the ranks' last operations (TORCH_NCCL_TRACE_BUFFER_SIZE, NCCL_DEBUG=INFO)"),
        ),
    )


def _unresolved(group: Group, proof: Proof, address: str, by: str) -> Finding:
    summary = f"cannot resolve {address}, where the members of the job meet{by}"
    return Finding(
        name="rendezvous-dns-unresolved",
        subject=group.workload,
        summary=summary,
        evidence=proof,
        accounts_for=(Because(group, summary, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="see whether the first rank runs, and which Services there are",
                command=f"kubectl -n {group.first.namespace} get pods,services -o wide",
            ),
            Remedy(text="make a headless Service that selects it and publishes addresses of pods that are not ready"),
        ),
    )
