"""SRV332: a Service's injected variables overwrite a variable that the server reads."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
# A number was wanted, and the value is one of those that the kubelet makes of a Service
# (kubernetes/kubernetes pkg/kubelet/envvars/envvars.go): Python, Go, Java, Rust, and vLLM's own check (vllm/envs.py).
ADDRESS = r"tcp://(?P<ip>\d{1,3}(?:\.\d{1,3}){3}):(?P<port>\d{1,5})"
REFUSED = re.compile(
    r"(?:invalid literal for int\(\) with base 10: ['\"]|parsing ['\"]|For input string: ['\"]|invalid (?:port|digit)"
    r"[^\n]{0,80}?|not a valid (?:integer|number|port)[^\n]{0,80}?|_PORT ['\"]?(?=tcp://[^ ]{1,40} appears to be))"
    rf"{ADDRESS}"
)
NAMED = re.compile(r"\b(?P<name>[A-Z][A-Z0-9_]{0,60}_PORT)\b['\"]?[ =:]{1,3}['\"]?tcp://")


@rule("SRV332", name="service-env-collision", question=Question.STARTED, inputs=("Pod", "Service"))
def service_env_collision(ctx: Context) -> Iterator[Finding]:
    """A Service's injected variables overwrite a setting of the server's own.

    ## What it means
    For each Service of the namespace the kubelet puts variables into every container: a Service called `vllm` gives
    `VLLM_PORT=tcp://10.0.0.7:8000`. A server that reads a setting of that name gets an address where it wants a number,
    and ends.

    ## Why it happens
    The Service is called as the program is, and `enableServiceLinks` is true unless it is switched off.

    ## Evidence
    The line with the address, the Service that has this address and port, and its name, which makes the variable's.

    ## What to do
    Set `enableServiceLinks: false` in the pod's template, or call the Service otherwise.

    ## Known limits
    Where Services were not collected the workload is named, and the finding is likely at most.
    """
    for group in ctx.groups(*CRASHED):
        words = said(ctx, group, REFUSED)
        if words is not None and value_at(words.pod.whole, "spec.enableServiceLinks") is not False:
            address, port = REFUSED.findall(words.text)[0]
            yield _finding(ctx, group, words, address, port)


def _finding(ctx: Context, group: Group, words: Said, address: str, port: str) -> Finding:
    named = NAMED.search(words.text)
    service = _service(ctx, words.pod.namespace, address, named["name"] if named else "")
    variable = named["name"] if named else _variable(service) if service is not None else ""
    proof: list[Evidence] = [words.proof]
    if service is not None:
        proof.append(ctx.cite(service, "metadata.name"))
        if value_at(service.whole, "spec.clusterIP") == address:
            proof.append(ctx.cite(service, "spec.clusterIP"))
    proof.append(ctx.cite_or_lack(words.pod, "spec.enableServiceLinks"))
    who = f"Service {service.name} of its namespace" if service is not None else "a Service of its namespace"
    what = f"variable {variable}" if variable else "a variable that it reads as a number"
    summary = (
        f"container {words.container} of {words.pod.name} gets {what} from {who}, with tcp://{address}:{port} where "
        "it wants a number, and ends"
    )
    return Finding(
        subject=service.ref if service is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, as_proof(proof)),),
        confidence=None if service is not None else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="set enableServiceLinks: false in the pod's template"),
            Remedy(text=f"or call {who} otherwise, so that its variables have other names", risk="disruptive"),
            Remedy(text=f"or set {variable or 'the variable'} in the container, which wins over the Service's"),
        ),
    )


def _service(ctx: Context, namespace: str, address: str, variable: str) -> Object | None:
    """The Service with that address, else the one whose name makes the variable."""
    here = [one for one in ctx.snap.all("Service") if one.namespace == namespace]
    at = [one for one in here if value_at(one.whole, "spec.clusterIP") == address]
    called = [one for one in here if _variable(one) == variable]
    return next(iter((*at, *called)), None)


def _variable(service: Object) -> str:
    return f"{service.name.upper().replace('-', '_')}_PORT"
