"""What each collector would have written of a state: path -> bytes. The layouts are those of the tools' own sources.

The modules of `diag/snapshot/sources/bundles/` name these sources; what a tool never collects is left out here, too.
"""

import gzip
import json
from datetime import datetime
from email.utils import format_datetime

import yaml
from layouts.state import State, as_json, group_of, namespace_of, plural, typed_list

CLUSTER_INFO = {
    "events": ("v1", "Event"),
    "replication-controllers": ("v1", "ReplicationController"),
    "services": ("v1", "Service"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "deployments": ("apps/v1", "Deployment"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "pods": ("v1", "Pod"),
}
SUPPORT_BUNDLE = {
    "configmaps": "ConfigMap",
    "cronjobs": "CronJob",
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "endpoints": "Endpoints",
    "endpointslices": "EndpointSlice",
    "events": "Event",
    "jobs": "Job",
    "leases": "Lease",
    "limitranges": "LimitRange",
    "pod-disruption-budgets": "PodDisruptionBudget",
    "pods": "Pod",
    "pvcs": "PersistentVolumeClaim",
    "replicasets": "ReplicaSet",
    "resource-quota": "ResourceQuota",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
    "statefulsets": "StatefulSet",
}
SUPPORT_BUNDLE_OF_CLUSTER = {
    "namespaces": "Namespace",
    "nodes": "Node",
    "priorityclasses": "PriorityClass",
    "pvs": "PersistentVolume",
    "storage-classes": "StorageClass",
}
END = "2026-11-25 11:00:07.123456789 +0000 UTC m=+95.4"
STAMP = "2026-11-25T10:59:58.123456789Z "
TABLE = "  {:<8}{:<8}{:<36}{:<36}{:<20}{}"
UID = "00000000-0000-4000-8000-000000000000"


def section(namespace, pod, container, text):
    """A log between the marks of `kubectl cluster-info dump`."""
    of = f"logs for container {container} of pod {namespace}/{pod} ===="
    return f"==== START {of}\n{text}\n==== END {of}\n"


def cluster_info(state: State, *, form="json"):
    """`kubectl cluster-info dump --output-directory -A`."""
    write = as_json if form == "json" else as_yaml
    files = {f"nodes.{form}": write(typed_list(state.only("Node").objects, "v1", "Node"))}
    for namespace in state.namespaces:
        held = state.by_kind(namespace)
        for name, (api_version, kind) in CLUSTER_INFO.items():
            files[f"{namespace}/{name}.{form}"] = write(typed_list(held[api_version, kind], api_version, kind))
        for pod in held["v1", "Pod"]:
            files[f"{namespace}/{pod['metadata']['name']}/logs.txt"] = _sections(state, pod)
    return files


def _sections(state, pod):
    namespace, name = namespace_of(pod), pod["metadata"]["name"]
    containers = [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
    texts = [(one["name"], state.logs.get((f"{namespace}/{name}", one["name"], False), "")) for one in containers]
    return "".join(section(namespace, name, container, text) for container, text in texts).encode()


def cluster_info_stdout(state: State):
    """The same without a folder: one stream."""
    return {"dump": b"".join(_stdout(state))}


def _stdout(state):
    files = cluster_info(state)
    yield files.pop("nodes.json") + b"\n"
    for name, content in files.items():
        yield content if name.endswith("/logs.txt") else content + b"\n"


def must_gather(state: State, *, image="registry-example-org-must-gather-sha256-0123"):
    """`oc adm must-gather` whose scripts inspect every namespace and resource."""
    files = {"timestamp": f"2026-11-25 10:58:31.7 +0000 UTC m=+0.1\n{END}\n".encode(), f"{image}/version": b"x\n4.20\n"}
    for one in state.by_kind("").items():
        (api_version, kind), items = one
        for item in items:
            where = f"{image}/cluster-scoped-resources/{group_of(api_version)}/{plural(kind)}"
            files[f"{where}/{item['metadata']['name']}.yaml"] = as_yaml(item)
    for namespace in state.namespaces:
        where = f"{image}/namespaces/{namespace}"
        for (api_version, kind), items in state.by_kind(namespace).items():
            content = as_yaml(typed_list(items, api_version, kind, bare=False))
            files[f"{where}/{group_of(api_version)}/{plural(kind)}.yaml"] = content
    for (pod, container, previous), text in state.logs.items():
        namespace, _, name = pod.partition("/")
        stamped = "".join(f"{STAMP}{line}\n" for line in text.split("\n"))
        where = f"{image}/namespaces/{namespace}/pods/{name}/{container}/{container}/logs"
        files[f"{where}/{'previous' if previous else 'current'}.log"] = stamped.encode()
        files.setdefault(f"{where}/previous.insecure.log", b"")
    return files


def support_bundle(state: State, *, bare=False):
    """`kubectl support-bundle`; `bare` as old versions wrote it: arrays whose items say no kind."""
    root = "support-bundle-2026-11-25T11_00_07"
    files = {
        f"{root}/version.yaml": b"apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n",
        f"{root}/cluster-info/cluster_version.json": as_json({"info": {"major": "1"}, "string": "v1.34.2"}),
        f"{root}/cluster-resources/pods-errors.json": b"",
    }

    def write(items, kind):
        api_version = items[0]["apiVersion"] if items else "v1"
        found = typed_list(items, api_version, kind, bare=bare)
        return as_json(found["items"] if bare else found)

    for name, kind in SUPPORT_BUNDLE_OF_CLUSTER.items():
        files[f"{root}/cluster-resources/{name}.json"] = write(state.only(kind).objects, kind)
    for namespace in state.namespaces:
        for (api_version, kind), items in state.by_kind(namespace).items():
            custom = f"custom-resources/{plural(kind)}.{group_of(api_version)}"
            folder = next((name for name, own in SUPPORT_BUNDLE.items() if own == kind), custom)
            if in_support_bundle(items[0]):
                content = write(items, kind) if kind in SUPPORT_BUNDLE.values() else as_json(items)
                files[f"{root}/cluster-resources/{folder}/{namespace}.json"] = content
    for (pod, container, previous), text in state.logs.items():
        name = f"{container}-previous" if previous else container
        files[f"{root}/cluster-resources/pods/logs/{pod}/{name}.log"] = f"{text}\n".encode()
    return files


def in_support_bundle(item):
    """Whether the collector of cluster resources takes such an object: what it knows, and namespaced custom ones."""
    if item["kind"] in (*SUPPORT_BUNDLE.values(), *SUPPORT_BUNDLE_OF_CLUSTER.values()):
        return True
    return bool(namespace_of(item)) and "." in group_of(item["apiVersion"]).removesuffix(".k8s.io")


def gpu_operator(state: State, namespace="gpu-operator"):
    """The GPU Operator's own must-gather; it runs the bug report's script in the driver's pod of each node."""
    seen = [node for node in state.only("Node").objects if node["metadata"]["name"] in state.kernel]
    files = {
        "version": b"NVIDIA GPU Operator\nv25.10.0\n",
        "gpu_nodes.descr": b"".join(map(described, seen)) or b"Name:   gpu-1\n",
        "must-gather.log": b"",
    }
    for node, text in state.kernel.items():
        files[f"nvidia-bug-report_{node}.log.gz"] = gzip.compress(bug_report(text), mtime=0)
    held = state.by_kind(namespace)
    for name, key in (("pods", ("v1", "Pod")), ("ds", ("apps/v1", "DaemonSet"))):
        files[f"gpu_operand_{name}.yaml"] = as_yaml({"apiVersion": "v1", "kind": "List", "items": held[key]})
    for (pod, container, previous), text in state.logs.items():
        name = pod.partition("/")[2]
        path = f"gpu_operand_pod_{name}{'.previous' if previous else ''}.log"
        if pod.startswith(f"{namespace}/"):
            lines = "".join(f"[pod/{name}/{container}] {line}\n" for line in text.split("\n"))
            files[path] = files.get(path, b"") + lines.encode()
    for policy in (one for one in state.objects if one["kind"] == "ClusterPolicy"):
        files["cluster_policy.yaml"] = as_yaml(policy)
    return files


def bug_report(kernel):
    """`nvidia-bug-report.sh`: sections below rules, of which the host is the pod that it runs in."""
    start = "Start of NVIDIA bug report log file.  Please include this file, along"
    sections = [
        f"{start}\n\nuname: Linux nvidia-driver-daemonset-x 6.8.0 x86_64",
        "*** /proc/cmdline\n*** ls: -r--r--r-- 1 root root 0 2026-11-25 10:58:31 /proc/cmdline\nro quiet",
        f"dmesg:\n\n{kernel}",
        "/usr/bin/nvidia-debugdump -D\n\nnothing",
        "End of NVIDIA bug report log file.",
    ]
    return "".join(f"{'_' * 44}\n\n{section}\n\n" for section in sections).encode()


def described(node):
    """A node as `kubectl describe` prints it, in short."""
    status, made = node["status"], in_words(node["metadata"]["creationTimestamp"])
    lines = [f"Name:   {node['metadata']['name']}", f"CreationTimestamp:  {made}", "Conditions:"]
    lines.append(TABLE.format("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"))
    lines.append(TABLE.format(*["----"] * 6))
    for one in status["conditions"]:
        since = in_words(one["lastTransitionTime"])
        lines.append(TABLE.format(one["type"], one["status"], since, since, one["reason"], one["message"]))
    for title in ("Capacity", "Allocatable"):
        lines += [f"{title}:", *(f"  {name}:  {value}" for name, value in status[title.lower()].items())]
    return "\n".join([*lines, "Events:  <none>", "", ""]).encode()


def in_words(time):
    return format_datetime(datetime.fromisoformat(time))


def kind_export(state: State):
    """`kind export logs` with a dump laid beside it: runs numbered by restarts, the runtime's prefixes, a rotation."""
    files = {"kind-version.txt": b"kind v0.30.0\n", "node-1/kubernetes-version.txt": b"v1.34.2", **plain_objects(state)}
    for (pod, container, previous), text in of_runs(state).logs.items():
        namespace, _, name = pod.partition("/")
        run = _run(_status(state, pod), container, previous=previous)
        where = f"node-1/pods/{namespace}_{name}_{UID}/{container}/{run}.log"
        lines = [f"{STAMP}stdout F {line}\n" for line in text.split("\n")]
        half = len(lines) // 2
        if half:
            files[f"{where}.20261125-105900"] = "".join(lines[:half]).encode()
        files[where] = "".join(lines[half:]).encode()
    return files


def of_runs(state):
    """The state with one log for each run: while a container waits, its current log is that of the run that ended."""
    logs = {
        key: text
        for key, text in state.logs.items()
        if key[2]
        or (*key[:2], True) not in state.logs
        or _run(_status(state, key[0]), key[1], previous=True) < _run(_status(state, key[0]), key[1], previous=False)
    }
    return State(state.objects, logs)


def _status(state, pod):
    found = (one for one in state.only("Pod").objects if f"{namespace_of(one)}/{one['metadata']['name']}" == pod)
    return next(found, {}).get("status", {})


def _run(status, container, *, previous):
    every = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    own = next((one for one in every if one["name"] == container), {})
    waits = "waiting" in own.get("state", {})
    return own.get("restartCount", 0) - (previous and not waits)


def plain_objects(state):
    return {"objects.json": as_json({"apiVersion": "v1", "kind": "List", "items": state.objects})}


def as_yaml(value):
    # By way of JSON: PyYAML would write anchors for what two objects share.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(json.loads(json.dumps(value)), Dumper=dumper, sort_keys=True).encode()
