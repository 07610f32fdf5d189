"""DEV221, DEV223 to DEV226, DEV253, DEV254: what is said of claims by controllers, the kubelet and NVIDIA's driver."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

DRIVER = "NVIDIA/k8s-dra-driver-gpu"
FAILS = ("container-crashing", "init-container-failing")
ON_NODE = Beside(pod=("spec.nodeName",))

DRA_WORDS = signatures(
    "DRA claims and drivers",
    origin=f"kubernetes/kubernetes pkg/controller/resourceclaim, plugins/dynamicresources (1.26 to 1.36); {DRIVER} cmd",
    rows=(
        Signature(
            "DEV221",
            "dra-claim-template-missing",
            on=On.EVENT,
            question=Question.PLACED,
            explains=("pod-unscheduled",),
            reasons=("FailedResourceClaimCreation",),
            literal="PodResourceClaim",
            pattern=r"PodResourceClaim (?P<claim>[\w.-]+): [^\n]{0,200}"
            r"(?:claim template|resourceclaimtemplates?\.resource\.k8s\.io) \"(?P<template>[^\"]+)\"[^\n]*not found",
            summary="names the ResourceClaimTemplate {template} for its claim {claim}, and there is none of that name",
            means="The controller makes the pod's claim from a template of the pod's namespace. Without it there is no "
            "claim, and the scheduler waits for one.",
            refines=("dra-claim-unallocatable",),
            remedies=(
                Remedy(
                    text="see which templates there are, and in which namespaces",
                    command="kubectl get resourceclaimtemplates -A",
                ),
                Remedy(text="create {template} in the pod's namespace, or correct the name in the pod template"),
            ),
            source="kubernetes/kubernetes pkg/controller/resourceclaim/controller.go",
        ),
        Signature(
            "DEV223",
            "dra-checkpoint-corrupted",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="member",
            literal="checkpoint",
            pattern=r"unable to get checkpoint: (?P<why>[^\n]{1,200})",
            beside=ON_NODE,
            summary="cannot read the checkpoint of the claims that it prepared, so it does not start: {why}",
            means="The DRA driver writes down which claims it prepared on the node. The file is damaged.",
            remedies=(
                Remedy(
                    text="drain the node, remove the driver's checkpoint file there, and restart the pod",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{DRIVER} cmd/gpu-kubelet-plugin/device_state.go",
        ),
        Signature(
            "DEV224",
            "dra-checkpoint-corrupted",
            on=On.EVENT,
            question=Question.STARTED,
            explains=("container-not-started",),
            reasons=("FailedPrepareDynamicResources",),
            root="node",
            literal="checkpoint",
            pattern=r"checkpoint (?:is corrupted|failed checksum verification)|unable to get checkpoint: checkpoint",
            beside=ON_NODE,
            summary="has a damaged checkpoint of the DRA driver, so no claim can be prepared there",
            means="The DRA driver writes down which claims it prepared on the node. The file is damaged.",
            remedies=(
                Remedy(
                    text="drain the node, remove the driver's checkpoint file there, and restart the driver's pod",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{DRIVER} cmd/gpu-kubelet-plugin/device_state.go",
        ),
        Signature(
            "DEV225",
            "imex-driver-too-old",
            on=On.LOG,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=(*FAILS, "container-not-started"),
            root="node",
            literal="requires GPU driver version",
            pattern=r"feature requires GPU driver version >= (?P<need>[\d.]+), but found (?P<has>[\d.]+)",
            beside=ON_NODE,
            summary="has driver {has}, and IMEX daemons that find each other by names need {need}",
            means="The ComputeDomain driver refuses to start on a node with an older driver while that feature is on.",
            remedies=(
                Remedy(text="install driver {need} or newer on the node", who="platform", risk="disruptive"),
                Remedy(text="or set featureGates.IMEXDaemonsWithDNSNames=false of the DRA driver", who="platform"),
            ),
            source=f"{DRIVER} cmd/compute-domain-kubelet-plugin/device_state.go",
        ),
        Signature(
            "DEV226",
            "host-imex-conflict",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, "container-not-ready"),
            root="node",
            literal="ddress already in use",
            pattern=r"(?i)(?:imex[^\n]{0,200}address already in use|address already in use[^\n]{0,80}\b50000\b"
            r"|\b50000\b[^\n]{0,80}address already in use)",
            beside=ON_NODE,
            summary="runs an IMEX service of its own, which holds the port that the ComputeDomain's daemon needs",
            means="The host's service nvidia-imex and the daemon of the ComputeDomain both listen on port 50000.",
            refines=("compute-domain-not-ready",),
            remedies=(
                Remedy(
                    text="look on the node whether the host's service runs",
                    command="systemctl status nvidia-imex",
                    who="platform",
                ),
                Remedy(text="stop and mask it: the DRA driver starts its own", who="platform", risk="disruptive"),
            ),
            source=f"{DRIVER} README",
        ),
        Signature(
            "DEV253",
            "dra-api-unavailable",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, "container-not-ready"),
            literal="resource.k8s.io",
            pattern=r"(?P<words>No supported resource\.k8s\.io API version found"
            r"|no matches for kind \"(?:ResourceSlice|ResourceClaim|DeviceClass)\" in version \"resource\.k8s\.io/\w+\""
            r"|the server could not find the requested resource \((?:get|post|list|watch) "
            r"\w{1,40}\.resource\.k8s\.io\))",
            summary="needs a version of the API group resource.k8s.io that this cluster does not serve: {words}",
            means="Claims and slices come with the API group resource.k8s.io: v1 from Kubernetes 1.34 on, its betas "
            "only where the API server's runtime configuration and the feature gate switch them on.",
            refines=("dra-driver-not-running",),
            remedies=(
                Remedy(
                    text="see which versions the cluster serves",
                    command="kubectl get apiservices",
                    who="platform",
                ),
                Remedy(
                    text="use a release of the driver for the served version, or upgrade the cluster to 1.34 or later",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{DRIVER} deployments/helm, kubernetes/client-go discovery; kubernetes/api resource",
        ),
        Signature(
            "DEV254",
            "mps-daemon-scc-denied",
            on=On.MESSAGE,
            also_on=(On.EVENT,),
            question=Question.CREATED,
            explains=("pod-not-created",),
            root="member",
            literal="mps-control-daemon",
            pattern=r'pods "(?P<pod>mps-control-daemon-[\w.-]{1,200})" is forbidden: unable to validate against any '
            r"security context constraint(?:: (?P<why>[^\n]{1,400}))?",
            refines=("security-context-constraint-violation", "pod-security-violation"),
            summary="may not create the MPS control daemon of a claim: unable to validate against any security context "
            "constraint {why}",
            means="For a claim with MPS sharing the DRA driver makes a Deployment whose pod needs host paths and "
            "privileges. OpenShift admits it only if its ServiceAccount may use such a constraint.",
            remedies=(
                Remedy(text="see which constraints there are", command="oc get scc", who="platform"),
                Remedy(
                    text="let the ServiceAccount of the MPS control daemons use the constraint privileged",
                    who="platform",
                ),
            ),
            source=f"{DRIVER} templates/mps-control-daemon.tmpl.yaml; openshift/apiserver-library-go sccadmission",
        ),
    ),
)
