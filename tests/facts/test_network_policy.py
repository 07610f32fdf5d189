"""Which NetworkPolicy keeps which port from a pod."""

import msgspec
import pytest

from diag.facts.network_policy import closing
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
