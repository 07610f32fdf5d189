"""Scheduling gates by who removes them (kubernetes-sigs/kueue pkg/controller/constants, NVIDIA/grove operator)."""

# Prefix of a gate's name -> the Deployment of the controller, as its manifests and charts call it.
KNOWN = {"kueue.x-k8s.io/": "kueue-controller-manager", "grove.io/": "grove-operator"}
