"""APP371 to APP377: a client in trouble names a host that does not answer; the Service behind that name says why."""

from collections.abc import Iterator, Mapping

from diag.catalog.context import Context
from diag.catalog.joins.backends import SLICE, SLICE_OF, WORKLOADS, replicas
from diag.catalog.joins.clients import Client, client_of, service_asked, spec_of, variable_of, waiting_client
from diag.catalog.rule import Named, rule
from diag.facts.pods import condition
from diag.facts.wait_commands import WAITS
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import behind, selector_of

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready", "pod-start-slow")
DATABASES = (3306, 5432)
REFINED = ("dependency-host-unresolved", "dependency-unreachable")

TARGET = """The Service sends traffic to a port on which its pods do not listen.

## What it means
The Service has ready pods, and its targetPort is none of the ports that their containers declare, so that connections
are refused.

## Why it happens
The container's port was changed, or the Service was copied. A named targetPort is misspelt.

## Evidence
The client's log line, `spec.ports[].targetPort` of the Service, and the ports of the pods that it selects.

## What to do
Set targetPort to the container's port, best by its name.

## Known limits
Ports need not be declared: a number that is not is likely at most.
"""
NAME = """The client asks for a service name that does not exist.

## What it means
The cluster's DNS has no such name, because there is no Service of that name in that namespace.

## Why it happens
The name is misspelt, lacks its namespace, or the Service was renamed or never made.

## Evidence
The client's log line, the variable that holds the name where one does, and the Services of the namespace.

## What to do
Correct the name in the client's configuration, or make the Service.

## Known limits
Names outside the cluster's DNS are `dependency-host-unresolved`.
"""
ADDRESS = """The client is pointed at a port that the Service does not have.

## What it means
The Service exists and has pods, and the client asks it on another port than it offers.

## Why it happens
The variable was written for another installation, or the Service's port was changed.

## Evidence
The client's log line, the variable, and `spec.ports[].port` of the Service.

## What to do
Correct the port in the variable.

## Known limits
Where the address comes from a file or a ConfigMap that is mounted, no variable is cited.
"""
DATABASE = """The application uses a database port on which nothing listens.

## What it means
The database's Service exists and has pods, and the application asks it on another port.

## Why it happens
The port in the application's configuration belongs to another database or installation.

## Evidence
The client's log line, the variable, and `spec.ports[].port` of the database's Service.

## What to do
Correct the port in the application's configuration.

## Known limits
A database is known by the port of its Service (3306, 5432).
"""
UNREACHABLE = """The application cannot reach a service that it depends on.

## What it means
Its log says that connections to a host and port are refused or time out.

## Why it happens
What stands behind the name is not there or not ready, or a policy, a firewall or the address is at fault.

## Evidence
The client's log line; where the host is a Service of the cluster, its pods and workloads and their state.

## What to do
Look at the dependency first: it is named with its state where the snapshot holds it.

## Known limits
Named only where nothing else explains the client's trouble.
"""
UNRESOLVED = """The application cannot resolve the host name of a dependency.

## What it means
DNS does not know the name that the client asks for.

## Why it happens
The name is wrong, its zone is not served to the pod, or DNS itself does not answer.

## Evidence
The client's log line with the name.

## What to do
Resolve the name from within the pod; look at its dnsPolicy and at CoreDNS.

## Known limits
Named only where nothing else explains the client's trouble. What answers outside the cluster is not seen.
"""


@rule(
    "APP371",
    name="service-selector-no-match",
    question=Question.KEPT,
    inputs=("Pod", "Service", "Namespace", SLICE, *WORKLOADS),
    refines=REFINED,
    others=(
        Named(id="APP372", name="service-targetport-mismatch", page=TARGET, refines=REFINED),
        Named(id="APP373", name="service-dns-name-wrong", page=NAME, refines=REFINED),
        Named(id="APP374", name="service-address-env-wrong", page=ADDRESS, refines=REFINED),
        Named(id="APP375", name="dependency-unreachable", page=UNREACHABLE, basis=Basis.REMAINDER),
        Named(id="APP376", name="dependency-host-unresolved", page=UNRESOLVED, basis=Basis.REMAINDER),
        Named(id="APP377", name="database-port-wrong", page=DATABASE, refines=REFINED),
    ),
)
def dependency(ctx: Context) -> Iterator[Finding]:
    """A Service's selector matches no pod, so that its clients are refused.

    ## What it means
    The name resolves, and nothing stands behind it: no pod and no workload of the namespace carries the labels that the
    Service selects.

    ## Why it happens
    The pods' labels were changed (a chart's new release name, another component label) and the Service's selector was
    not, or the other way round.

    ## Evidence
    The client's log line, `spec.selector` of the Service, and the labels of the pods in its namespace.

    ## What to do
    Make the selector and the pods' labels agree.

    ## Known limits
    Only Services that a client in trouble names are looked at.
    """
    for group in ctx.groups(*CLIENTS):
        client = client_of(ctx, group) or waiting_client(ctx, group)
        if client is None:
            continue
        found = _judge(ctx, client)
        # That a container waits is no proof that it fails; what stands behind the name has to be.
        if not client.only_waits or found.name not in REFINED or found.needs:
            yield found


def _judge(ctx: Context, client: Client) -> Finding:
    place, service = service_asked(ctx, client)
    if service is not None:
        return _behind(ctx, client, service)
    if place is not None and client.to.how in ("unresolved", WAITS) and ctx.snap.pod(*place) is None:
        missing = ctx.snap.lacks("Service", *place)
        if missing is not None and place[1] != "kubernetes":
            return _no_such_name(ctx, client, place, missing)
    return _rest(ctx, client)


def _behind(ctx: Context, client: Client, service: Object) -> Finding:
    """What stands behind the Service that the client asks."""
    selector = selector_of(service)
    everyone = ctx.snap.pods_in(service.namespace)
    pods = [
        pod for pod in everyone if _carries(pod.labels, selector) and pod.status.phase not in ("Failed", "Succeeded")
    ]
    workloads = behind(service, (item for kind in WORKLOADS for item in ctx.snap.all(kind)))
    if not selector or not (everyone or workloads):
        return _rest(ctx, client)
    if not pods:
        if workloads:
            return _empty(ctx, client, service, workloads)
        return _no_match(ctx, client, service, selector, everyone)
    return _ports(ctx, client, service, pods)


def _ports(ctx: Context, client: Client, service: Object, pods: list[Pod]) -> Finding:
    """The Service has pods: do the ports agree, and are the pods ready?"""
    ports = dicts(spec_of(service).get("ports"))
    headless = spec_of(service).get("clusterIP") == "None"
    numbers = [one.get("port") for one in ports]
    if client.to.port and numbers and client.to.port not in numbers and not headless:
        return _wrong_port(ctx, client, service, len(numbers))
    index = next((place for place, one in enumerate(ports) if client.to.port in (one.get("port"), None)), None)
    if index is not None and not headless and (found := _target(ctx, client, service, ports[index], index, pods)):
        return found
    ready = [pod for pod in pods if (one := condition(pod, "Ready")) is not None and one.status == "True"]
    if not ready:
        return _empty(ctx, client, service, [ctx.workload(pod) for pod in pods[:3]], pods)
    return _rest(ctx, client, f"; {len(ready)} pod(s) behind Service {service.name} are ready")


def _carries(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in selector.items())


def _made(
    client: Client,
    name: str,
    *,
    subject: Ref,
    summary: str,
    evidence: tuple[Evidence, *tuple[Evidence, ...]],
    remedies: tuple[Remedy, ...],
    confidence: Confidence | None = None,
    needs: tuple[Ref, ...] = (),
) -> Finding:
    why = f"container {client.container} cannot reach {client.address}: {summary}"
    return Finding(
        name=name,
        subject=subject,
        summary=summary,
        evidence=evidence,
        accounts_for=(Because(client.group, why, tuple(dict.fromkeys((client.said, evidence[0])))),),
        confidence=confidence,
        since=client.group.since,
        needs=needs,
        remedies=remedies,
    )


def _no_match(ctx: Context, client: Client, service: Object, selector: dict[str, str], everyone: list[Pod]) -> Finding:
    slices = [one for one in ctx.snap.all(SLICE) if one.namespace == service.namespace and _of(one, service)]
    empty = [ctx.lack(one, "endpoints[0]") for one in slices if not dicts(one.whole.get("endpoints"))]
    pairs = [ctx.cite(service, f"spec.selector{key(label)}") for label in selector]
    words = ", ".join(f"{label}={value}" for label, value in selector.items())
    near = next((pod for pod in everyone if any(label in pod.labels for label in selector)), None)
    signs: list[Evidence] = []
    nearest = ""
    if near is not None:
        signs = [ctx.cite(near, f"metadata.labels{key(label)}") for label in selector if label in near.labels]
        has = ", ".join(f"{label}={near.labels[label]}" for label in selector if label in near.labels)
        nearest = f"; pod {near.name} has {has}"
    return _made(
        client,
        "service-selector-no-match",
        subject=service.ref,
        summary=f"it selects {words}, which no pod of namespace {service.namespace} carries{nearest}; "
        f"{client.pod.name} {client.meets} {client.address}",
        evidence=(pairs[0], *[*pairs[1:], *empty, *signs, client.said]),
        confidence=None if empty else Confidence.LIKELY,
        remedies=(
            Remedy(
                text="make the Service's selector and the pods' labels agree",
                command=f"kubectl -n {service.namespace} get pods --show-labels",
            ),
        ),
    )


def _of(item: Object, service: Object) -> bool:
    return item.labels.get(SLICE_OF) == service.name


def _target(
    ctx: Context, client: Client, service: Object, port: JsonDict, index: int, pods: list[Pod]
) -> Finding | None:
    target = port.get("targetPort", port.get("port"))
    containers = [one for pod in pods[:8] for one in dicts(spec_of(pod).get("containers"))]
    declared = [one for container in containers for one in dicts(container.get("ports"))]
    named = isinstance(target, str) and not target.isdigit()
    numbers = {one.get("containerPort") for one in declared}
    wanted = int(target) if isinstance(target, str) and target.isdigit() else target
    right = {one.get("name") for one in declared} if named else numbers
    if not declared or wanted in right or client.to.how == "unresolved":
        return None
    proof = ctx.cite_or_lack(service, f"spec.ports[{index}].targetPort")
    signs: list[Evidence] = []
    for place, container in enumerate(dicts(spec_of(pods[0]).get("containers"))):
        for spot, _ in enumerate(dicts(container.get("ports"))):
            signs.append(ctx.cite_or_lack(pods[0], f"spec.containers[{place}].ports[{spot}].containerPort"))
    listens = ", ".join(str(number) for number in sorted(numbers, key=str))
    return _made(
        client,
        "service-targetport-mismatch",
        subject=service.ref,
        summary=f"its port {port.get('port')} leads to port {target} of its pods, which declare {listens}; "
        f"{client.pod.name} {client.meets} {client.address}",
        evidence=(proof, *[*signs[:6], client.said]),
        confidence=None if named else Confidence.LIKELY,
        remedies=(Remedy(text=f"set targetPort of Service {service.name} to a port of its pods ({listens})"),),
    )


def _wrong_port(ctx: Context, client: Client, service: Object, count: int) -> Finding:
    offered = [ctx.cite_or_lack(service, f"spec.ports[{index}].port") for index in range(min(count, 4))]
    has = ", ".join(str(getattr(one, "value", "")) for one in offered)
    variable = variable_of(ctx, client)
    database = any(one.get("port") in DATABASES for one in dicts(spec_of(service).get("ports")))
    name = "database-port-wrong" if database else "service-address-env-wrong"
    by = f" (environment variable {variable[0]})" if variable else ""
    return _made(
        client,
        name,
        subject=client.group.workload,
        summary=f"it asks Service {service.name} on port {client.to.port}{by}, and the Service offers {has}",
        evidence=(client.said, *[*offered, *([variable[1]] if variable else [])]),
        confidence=None if variable else Confidence.LIKELY,
        remedies=(Remedy(text=f"let it ask Service {service.name} on port {has}"),),
    )


def _no_such_name(ctx: Context, client: Client, place: tuple[str, str], missing: Confidence) -> Finding:
    namespace, name = place
    variable = variable_of(ctx, client)
    others = [one for one in ctx.snap.all("Service") if one.name == name and one.namespace != namespace]
    near = f"; there is one in namespace {others[0].namespace}" if others else ""
    by = f" (environment variable {variable[0]})" if variable else ""
    return _made(
        client,
        "service-dns-name-wrong",
        subject=client.group.workload,
        summary=f"it asks for {client.address}{by}, and namespace {namespace} has no Service {name}{near}",
        evidence=(
            client.said,
            *[ctx.absent("v1", "Service", namespace, name), *([variable[1]] if variable else [])],
        ),
        confidence=min(missing, Confidence.LIKELY) if not variable else missing,
        remedies=(
            Remedy(
                text=f"correct the name, or make Service {name} in namespace {namespace}",
                command=f"kubectl get services -n {namespace}",
            ),
        ),
    )


def _empty(
    ctx: Context, client: Client, service: Object, workloads: list[Object], pods: list[Pod] | None = None
) -> Finding:
    """The Service is right, and what stands behind it does not run or is not ready."""
    unique = list({item.ref: item for item in workloads}.values())
    proof: list[Evidence] = [ctx.cite(item, "spec.replicas") for item in unique if replicas(item) is not None]
    zero = [item for item in unique if replicas(item) == 0]
    state = (
        f"{zero[0].kind} {zero[0].name} has 0 replicas"
        if zero
        else f"{len(pods)} pod(s) of {unique[0].kind} {unique[0].name} are not ready"
        if pods
        else f"{unique[0].kind} {unique[0].name} has no pod"
    )
    asks = f"waits for {client.address}" if client.only_waits else f"cannot reach {client.address} ({client.to.how})"
    return _made(
        client,
        "dependency-unreachable",
        subject=client.group.workload,
        summary=f"it {asks}: behind Service {service.name}, {state}",
        evidence=(
            client.said,
            *[*[ctx.cite(service, f"spec.selector{key(one)}") for one in selector_of(service)], *proof],
        ),
        needs=tuple(item.ref for item in unique),
        remedies=(Remedy(text=f"bring {unique[0].kind} {unique[0].name} up: {state}"),),
    )


def _rest(ctx: Context, client: Client, note: str = "") -> Finding:
    """What the client says is all that is known."""
    unresolved = client.to.how == "unresolved"
    variable = variable_of(ctx, client)
    what = "cannot resolve" if unresolved else f"cannot reach ({client.to.how})"
    return _made(
        client,
        "dependency-host-unresolved" if unresolved else "dependency-unreachable",
        subject=client.group.workload,
        summary=f"container {client.container} {what} {client.address}{note}",
        evidence=(client.said, *([variable[1]] if variable else ())),
        remedies=(
            Remedy(text=f"see what {client.to.host} is, and whether it answers from within the pod's namespace"),
            Remedy(text="look at network policies, DNS and proxy variables of the pod", who="platform"),
        ),
    )
