"""A naive scheduler on plain dicts, written apart from the engine: the default profile's filters, one node at a time.

NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, then NodeResourcesFit with all that is short
(kubernetes/kubernetes pkg/scheduler/framework/plugins).
"""

CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
GPU = "nvidia.com/gpu"
GIB = 1024**3
WORDS = {
    "cordon": "node(s) were unschedulable",
    "taint": "node(s) had untolerated taint(s)",
    "affinity": "node(s) didn't match Pod's node affinity/selector",
    "ports": "node(s) didn't have free ports for the requested pod ports",
}


def number(quantity):
    """Whole units of the few spellings that the generator uses."""
    return int(quantity[:-2]) * GIB if quantity.endswith("Gi") else int(quantity)


def asks(pod):
    found = {"pods": 1}
    for container in pod["spec"]["containers"]:
        for resource, quantity in container.get("resources", {}).get("requests", {}).items():
            found[resource] = found.get(resource, 0) + number(quantity)
    return found


def ports(pod):
    return {
        port["hostPort"] for one in pod["spec"]["containers"] for port in one.get("ports", ()) if "hostPort" in port
    }


class Model:
    """One pod that has no node, among nodes and the pods that have one."""

    def __init__(self, nodes, bound, pod):
        self.nodes, self.pod, self.wanted = nodes, pod, asks(pod)
        self.offers = {
            node["metadata"]["name"]: {name: number(text) for name, text in node["status"]["allocatable"].items()}
            for node in nodes
        }
        self.on = {name: [] for name in self.offers}
        for other in bound:
            if other["status"]["phase"] not in ("Succeeded", "Failed"):
                self.on[other["spec"]["nodeName"]].append(other)

    def free(self, node, resource):
        name = node["metadata"]["name"]
        return self.offers[name].get(resource, 0) - sum(asks(other).get(resource, 0) for other in self.on[name])

    # The filters

    def tolerates(self, taint):
        for one in self.pod["spec"].get("tolerations", []):
            effect_fits = not one.get("effect") or one["effect"] == taint["effect"]
            key_fits = not one.get("key") or one["key"] == taint["key"]
            exists = one.get("operator") == "Exists"
            value_fits = exists or (bool(one.get("key")) and one.get("value", "") == taint.get("value", ""))
            if effect_fits and key_fits and value_fits:
                return True
        return False

    def open(self, node):
        return not node["spec"].get("unschedulable") or self.tolerates(CORDON)

    def untainted(self, node):
        hard = [taint for taint in node["spec"].get("taints", []) if taint["effect"] in ("NoSchedule", "NoExecute")]
        return all(self.tolerates(taint) for taint in hard)

    def selected(self, node):
        labels = node["metadata"]["labels"]
        if any(labels.get(key) != value for key, value in self.pod["spec"].get("nodeSelector", {}).items()):
            return False
        terms = self.terms()
        return terms is None or any(self.matches(node, term) for term in terms)

    def terms(self):
        affinity = self.pod["spec"].get("affinity")
        if affinity is None:
            return None
        return affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]

    def matches(self, node, term):
        fields = {"metadata.name": node["metadata"]["name"]}
        parts = [(node["metadata"]["labels"], one) for one in term.get("matchExpressions", [])]
        parts += [(fields, one) for one in term.get("matchFields", [])]
        return bool(parts) and all(requirement(values, one) for values, one in parts)

    def portless(self, node):
        return not any(ports(other) & ports(self.pod) for other in self.on[node["metadata"]["name"]])

    def short(self, node):
        return sorted(name for name, amount in self.wanted.items() if amount > 0 and amount > self.free(node, name))

    def small(self, node):
        offers = self.offers[node["metadata"]["name"]]
        return sorted(name for name, amount in self.wanted.items() if amount > offers.get(name, 0))

    def refusal(self, node):
        """What the scheduler says of the node: reasons, empty where the pod fits."""
        for passes, word in ((self.open, "cordon"), (self.untainted, "taint"), (self.selected, "affinity")):
            if not passes(node):
                return [WORDS[word]]
        if not self.portless(node):
            return [WORDS["ports"]]
        return ["Too many pods" if name == "pods" else f"Insufficient {name}" for name in self.short(node)]

    # What is asked of it

    def fits(self):
        return any(not self.refusal(node) for node in self.nodes)

    def eligible(self):
        """Nodes that only room or a port may keep from the pod."""
        return [node for node in self.nodes if self.open(node) and self.untainted(node) and self.selected(node)]

    def able(self):
        """Eligible nodes that are large enough."""
        return [node for node in self.eligible() if not self.small(node)]

    def counts(self):
        found = {}
        for node in self.nodes:
            for reason in self.refusal(node):
                found[reason] = found.get(reason, 0) + 1
        return found


def requirement(values, one):
    have, listed = values.get(one["key"]), one.get("values", [])
    match one["operator"]:
        case "In":
            return have in listed
        case "NotIn":
            return have not in listed
        case "Exists":
            return have is not None
        case "DoesNotExist":
            return have is None
        case "Gt":
            return have is not None and have.isdecimal() and int(have) > int(listed[0])
        case "Lt":
            return have is not None and have.isdecimal() and int(have) < int(listed[0])
    raise AssertionError(one)


def sentence(total, counts):
    """The scheduler's sentence; it sorts the finished texts."""
    return f"0/{total} nodes are available: {', '.join(sorted(f'{count} {why}' for why, count in counts.items()))}."
