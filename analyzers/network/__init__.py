"""Rules about the network: cluster DNS, kube-proxy, NetworkPolicies, and the service mesh."""
