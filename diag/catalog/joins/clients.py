"""Clients in trouble: which host they could not reach, by their own words, and what the cluster knows by that name."""

from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.texts import tells
from diag.facts.connections import Connection, parse_connection, service_of
from diag.facts.pods import initialises, statuses
from diag.facts.wait_commands import WAITS, awaited
from diag.findings import Evidence
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab.sidecars import is_sidecar

MAX_MEMBERS = 4
MAX_LINES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A container that could not reach something, and the words that say so."""

    group: Group
    pod: Pod
    container: str
    said: Evidence
    to: Connection

    @property
    def only_waits(self) -> bool:
        """Whether its command line alone tells whom it asks, and no words of failure do."""
        return self.to.how == WAITS

    @property
    def meets(self) -> str:
        """What it meets at the address."""
        return "waits for" if self.only_waits else "is refused at"

    @property
    def address(self) -> str:
        """Host and port as it asked."""
        return f"{self.to.host}:{self.to.port}" if self.to.port else self.to.host


def client_of(ctx: Context, group: Group) -> Client | None:
    """The last failed connection that a member tells of."""
    for member in group.members[:MAX_MEMBERS]:
        if not isinstance(member, Pod):
            continue
        for path, status in statuses(member):
            name = status.name or ""
            mine = name == group.container or path.startswith("status.init") or not group.container
            if not mine or is_sidecar(name, status.image or "") or not tells(group, status):
                continue
            for previous in (False, True):
                lines = ctx.snap.log(member, name, previous=previous)
                for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                    to = parse_connection(lines[number - 1][:2000])
                    if to is not None:
                        said = ctx.cite_log(member, name, number, previous=previous)
                        return Client(group=group, pod=member, container=name, said=said, to=to)
            for part, state in (("state", status.state), ("lastState", status.last_state)):
                ended = state.terminated if state else None
                to = parse_connection(ended.message[-2000:].replace("\n", " ")) if ended and ended.message else None
                if to is not None:
                    proof = ctx.cite(member, f"{path}.{part}.terminated.message")
                    return Client(group=group, pod=member, container=name, said=proof, to=to)
    return None


def waiting_client(ctx: Context, group: Group) -> Client | None:
    """The init container that runs on and on, and whose command line asks for a host."""
    for member in group.members[:MAX_MEMBERS]:
        spec = spec_of(member)
        listed = spec.get("initContainers")
        if not isinstance(member, Pod):
            continue
        running = {status.name for path, status in statuses(member) if initialises(member, path, status)}
        for index, container in enumerate(listed if isinstance(listed, list) else ()):
            if not dicts([container]) or str(container.get("name")) not in running:
                continue
            words = [
                (f"spec.initContainers[{index}].{part}[{place}]", word)
                for part in ("command", "args")
                for place, word in enumerate(container.get(part) if isinstance(container.get(part), list) else ())
                if isinstance(word, str)
            ]
            variables = {
                str(one.get("name")): one["value"]
                for one in dicts(container.get("env"))
                if isinstance(one.get("value"), str)
            }
            to = awaited(" ".join(word for _, word in words), variables)
            if to is not None:
                path = max(words, key=lambda one: len(one[1]))[0]
                return Client(
                    group=group, pod=member, container=str(container["name"]), said=ctx.cite(member, path), to=to
                )
    return None


def service_asked(ctx: Context, client: Client) -> tuple[tuple[str, str] | None, Object | None]:
    """Where the Service that a client means would be, and the Service if it is here."""
    host, namespace = client.to.host, client.pod.namespace
    if host.replace(".", "").isdigit():
        found = next((one for one in ctx.snap.all("Service") if spec_of(one).get("clusterIP") == host), None)
        return None, found
    known = frozenset(one.name for one in ctx.snap.all("Namespace")) | {
        one.namespace for one in ctx.snap.all("Service")
    }
    place = service_of(host, namespace, known)
    if place is None:
        parts = host.split(".")
        service = ctx.snap.get("Service", namespace, parts[1]) if len(parts) == 2 else None  # noqa: PLR2004  POD.SERVICE
        return None, service
    return place, ctx.snap.get("Service", *place)


def spec_of(item: Object) -> JsonDict:
    """The spec of an object, empty where it has none."""
    spec = item.whole.get("spec")
    return spec if isinstance(spec, dict) else {}


def variable_of(ctx: Context, client: Client) -> tuple[str, Evidence] | None:
    """The variable of the container that holds the host or the port that it asks."""
    best = None
    for part in ("containers", "initContainers"):
        listed = spec_of(client.pod).get(part)
        for index, container in enumerate(listed if isinstance(listed, list) else ()):
            if not dicts([container]) or container.get("name") != client.container:
                continue
            for place, one in enumerate(container.get("env") if isinstance(container.get("env"), list) else ()):
                value = one.get("value") if isinstance(one, dict) else None
                if not isinstance(value, str) or not isinstance(one.get("name"), str):
                    continue
                where = f"spec.{part}[{index}].env[{place}].value"
                if client.to.host in value.lower():
                    best = (one["name"], ctx.cite(client.pod, where))
                if client.to.port and value == str(client.to.port):
                    return one["name"], ctx.cite(client.pod, where)
    return best
