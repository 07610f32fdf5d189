"""What the kubelet says of pods that it cannot start or keep for reasons of their node: APP351 to APP355."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

NOT_STARTED = ("container-not-started", "init-container-failing")
SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady")
NODE = Beside(pod=("spec.nodeName",))

KUBELET_PODS = signatures(
    "kubelet pod sandboxes",
    origin="kubernetes/kubernetes pkg/kubelet/kuberuntime, pkg/kubelet/lifecycle; containernetworking/cni; "
    "containernetworking/plugins host-local (1.24 to 1.36)",
    exclusive=True,
    rows=(
        Signature(
            "APP351",
            "cni-not-ready",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            reasons=SANDBOX,
            literal="network",
            pattern=r"(?P<why>cni plugin not initialized|cni config uninitialized|no networks found in /etc/cni/net\.d"
            r"|failed to find plugin \"[\w.-]{1,60}\" in path|loadFlannelSubnetEnv failed|/run/flannel/subnet\.env: no"
            r" such file|calico/node container is running|unable to connect to Cilium daemon"
            r"|dial unix /[\w./-]{0,80}(?:cni|cilium|multus|calico|ipam)[\w./-]{0,60}: connect: [\w ]{1,40}"
            r"|dial tcp 127\.0\.0\.1:50051: connect: connection refused)",
            root="node",
            beside=NODE,
            summary="its network plugin is not ready, so that no pod sandbox can be made there: {why}",
            means="The CNI plugin's files or its daemon are not there on this node, so that pods get no network.",
            remedies=(
                Remedy(
                    text="look at the pod of the network plugin's DaemonSet on this node",
                    command="kubectl get pods -A -o wide",
                    who="platform",
                ),
            ),
        ),
        Signature(
            "APP352",
            "pod-limit-of-node-reached",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            reasons=SANDBOX,
            literal="network",
            pattern=r"(?P<why>no IP addresses available in range set[^\n\"]{0,80}|failed to assign an IP address to "
            r"container|no available IP addresses|[Nn]o more (?:free )?IPs[^\n\"]{0,60}|IP pool exhausted"
            r"|failed to allocate for range \d+: no IP[^\n\"]{0,60}|InsufficientFreeAddressesInSubnet"
            r"|failed to request \d+ (?:IPv4 )?addresses)",
            root="node",
            beside=NODE,
            summary="has no address left for another pod: {why}",
            means="The node's range of pod addresses (or the subnet behind it) is used up before its limit of pods is.",
            remedies=(
                Remedy(text="give the node or its subnet a larger range of pod addresses", who="platform"),
                Remedy(
                    text="lower maxPods to what the range holds, so that the scheduler goes elsewhere", who="platform"
                ),
                Remedy(text="look for leases of pods that are gone in the network plugin's store", who="platform"),
            ),
        ),
        Signature(
            "APP353",
            "pod-sandbox-failed",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            reasons=("FailedCreatePodSandBox",),
            literal="sandbox",
            # What has a cause of its own (a runtime handler, the disk) is another row's.
            pattern=r"^(?:Failed to create pod sandbox: |)(?P<why>(?![^\n]{0,600}(?:no runtime for|runtime handler"
            r"|RuntimeClass|inotify))(?=[^\n]{0,600}cgroup|(?![^\n]{0,600}no space left on device))[^\n]{1,400})",
            beside=NODE,
            summary="the sandbox of its pods cannot be created: {why}",
            means="The container runtime cannot make the pod's namespaces and network, for the reason that it names.",
            remedies=(
                Remedy(text="act on the runtime's words; look at the runtime's log on the node", who="platform"),
            ),
        ),
        Signature(
            "APP354",
            "lifecycle-hook-failed",
            on=On.EVENT,
            also_on=(On.WAITING,),
            question=Question.STARTED,
            explains=("container-not-started", "container-crashing", "container-not-ready"),
            literal="ook",
            pattern=r"(?P<why>(?:Exec lifecycle hook|Http lifecycle hook|PostStartHook|PostStart)[^\n]{0,300})",
            reasons=("FailedPostStartHook", "PostStartHookError"),
            summary="its postStart hook fails, and the container is ended for it: {why}",
            means="The kubelet ends a container whose postStart hook fails, although its process may be well.",
            remedies=(
                Remedy(text="correct the hook's command, or do its work in the container's own command"),
                Remedy(text="the hook runs at once with the process: let it wait for what it needs"),
            ),
        ),
        Signature(
            "APP355",
            "pod-limit-of-node-reached",
            on=On.MESSAGE,
            question=Question.KEPT,
            explains=("pod-failed",),
            literal="enough resource: pods",
            pattern=r"enough resource: pods, requested: \d+, used: (?P<used>\d+), capacity: (?P<capacity>\d+)",
            root="node",
            beside=NODE,
            summary="holds {used} of the {capacity} pods that it may, so its kubelet turned pods away",
            means="The kubelet counts pods that the scheduler did not, such as those of static manifests.",
            remedies=(Remedy(text="raise maxPods of the node's kubelet, or use more nodes", who="platform"),),
        ),
    ),
)
