"""Which NetworkPolicy keeps which port from a pod."""

import msgspec
import pytest

from diag.facts.network_policy import Peer, closing
from diag.projection import Object


def policy(name="deny", /, **spec):
    raw = msgspec.json.encode({"metadata": {"name": name}, "spec": {"podSelector": {}, **spec}})
    found = msgspec.json.decode(raw, type=Object)
    found.piece = msgspec.Raw(raw)
    return found


def closed(*policies, direction="Egress", ports=(5001,), protocol="TCP"):
    found = closing(policies, {"app": "mirror"}, direction, *ports, protocol=protocol)
    return found.name if found else None


BOTH = ["Ingress", "Egress"]
DENY = policy(policyTypes=BOTH)


def allow(*ports):
    return policy("allow", policyTypes=BOTH, egress=[{"ports": list(ports)}])


@pytest.mark.parametrize("direction", BOTH)
def test_a_policy_without_rules_closes_the_directions_that_it_lists(direction):
    assert closed(DENY, direction=direction) == "deny"
    assert closed(policy(policyTypes=[direction]), direction=direction) == "deny"
    assert closed(policy(policyTypes=["Ingress" if direction == "Egress" else "Egress"]), direction=direction) is None


def test_without_types_a_policy_is_about_ingress_and_about_egress_if_it_has_such_rules():
    assert closed(policy(), direction="Ingress") == "deny"
    assert closed(policy()) is None
    assert closed(policy(egress=[])) == "deny"
    assert closed(policy(policyTypes=[], egress=[]), direction="Ingress") == "deny"


def test_a_policy_of_other_pods_closes_nothing():
    assert closed(policy(policyTypes=BOTH, podSelector={"matchLabels": {"app": "other"}})) is None
    assert closed(policy(policyTypes=BOTH, podSelector={"matchLabels": {"app": "mirror"}})) == "deny"
    assert closed() is None


@pytest.mark.parametrize(
    "port",
    [
        {"port": 5001},
        {"port": 5000, "endPort": 5001},
        {"port": 5001, "endPort": 5002},
        {"port": "router"},
        {"protocol": "TCP"},
    ],
)
def test_one_rule_that_lets_the_port_through_opens_it_whatever_others_close(port):
    assert closed(DENY, allow({"port": 443}, port)) is None


@pytest.mark.parametrize(
    "port", [{"port": 5000}, {"port": 4000, "endPort": 5000}, {"port": 5002, "endPort": 6000}, {"protocol": "UDP"}]
)
def test_a_rule_for_other_ports_opens_nothing_and_the_policy_without_rules_is_named(port):
    assert closed(allow(port)) == "allow"
    assert closed(allow(port), DENY) == "deny"


def test_a_rule_without_ports_opens_all():
    assert closed(DENY, allow()) is None
    assert closed(DENY, policy("allow", policyTypes=BOTH, egress=[{}])) is None


def test_one_of_several_ports_is_enough_and_the_protocol_counts():
    assert closed(allow({"port": 53, "protocol": "UDP"}), ports=(53, 5353), protocol="UDP") is None
    assert closed(allow({"port": 5353, "protocol": "UDP"}), ports=(53, 5353), protocol="UDP") is None
    assert closed(allow({"port": 53}), ports=(53,), protocol="UDP") == "allow"


def reached(entry, **peer):
    """Whether a policy of namespace `ml` that lets out to one entry lets out to a peer."""
    raw = msgspec.json.encode(
        {
            "metadata": {"name": "out", "namespace": "ml"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [entry]}]},
        }
    )
    found = msgspec.json.decode(raw, type=Object)
    found.piece = msgspec.Raw(raw)
    return closing([found], {}, "Egress", 80, peer=Peer(**peer)) is None


STORE = {"matchLabels": {"app": "store"}}
TEAM = {"matchLabels": {"team": "a"}}


def test_a_pod_selector_alone_means_pods_of_the_policys_own_namespace():
    assert reached({"podSelector": STORE}, namespace="ml", labels={"app": "store"})
    assert not reached({"podSelector": STORE}, namespace="data", labels={"app": "store"})
    assert not reached({"podSelector": STORE}, namespace="ml", labels={"app": "cache"})


def test_both_selectors_of_one_entry_must_match():
    both = {"podSelector": STORE, "namespaceSelector": TEAM}
    assert reached(both, namespace="data", labels={"app": "store"}, of_namespace={"team": "a"})
    assert not reached(both, namespace="data", labels={"app": "cache"}, of_namespace={"team": "a"})
    assert not reached(both, namespace="data", labels={"app": "store"}, of_namespace={"team": "b"})


def test_a_namespace_of_which_only_the_name_is_known_may_carry_any_other_label():
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}
    assert reached(named, namespace="data", labels={})
    assert not reached(named, namespace="other", labels={})
    assert reached({"namespaceSelector": TEAM}, namespace="data", labels={})
    assert reached({"namespaceSelector": {"matchExpressions": []}}, namespace="data", labels={})


def test_an_address_outside_is_reached_by_blocks_alone():
    outside = {"address": "203.0.113.9", "outside": True}
    assert reached({"ipBlock": {"cidr": "203.0.113.0/24"}}, **outside)
    assert not reached({"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.8/29"]}}, **outside)
    assert not reached({"ipBlock": {"cidr": "10.0.0.0/8"}}, **outside)
    assert not reached({"podSelector": {}}, **outside)
    assert reached({"ipBlock": {"cidr": "10.0.0.0/8"}}, outside=True)  # whose address is not known


def test_what_is_not_known_or_cannot_be_read_is_let_through():
    assert reached({"podSelector": STORE}, namespace="kube-system")
    assert reached({"ipBlock": {"cidr": "everything"}}, address="203.0.113.9", outside=True)
    assert reached({"ipBlock": {"cidr": "10.0.0.0/8"}}, namespace="ml", labels={}, address="10.1.0.4")
