"""Network plugins: the pods that set up the network of their node.

Sources, each the name of its DaemonSet: projectcalico/calico manifests, cilium/cilium and antrea-io/antrea charts,
flannel-io/flannel, aws/amazon-vpc-cni-k8s, Azure/azure-container-networking, weaveworks/weave, kubeovn/kube-ovn,
cloudnativelabs/kube-router, openshift/cluster-network-operator (OVN, SDN, multus), rancher/rke2-charts; netd and anetd
of GKE.
"""

import re

PLUGINS = re.compile(
    r"^(?:rke2-)?(?:calico-node|cilium|canal|kube-flannel|flannel|aws-node|azure-cn[is]|weave-net|kube-router"
    r"|antrea-agent|kube-ovn-cni|ovnkube-node|ovs-node|multus|sdn|kindnet|netd|anetd)(?:-|$)"
)
