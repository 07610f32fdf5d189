"""What is said when a volume cannot be attached or mounted: STO121 to STO127."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

NOT_STARTED = ("container-not-started",)
NODE = Beside(pod=("spec.nodeName",))

MOUNTS = signatures(
    "kubelet volumes",
    origin="kubernetes/kubernetes pkg/kubelet/volumemanager, pkg/volume/csi (1.24 to 1.36)",
    exclusive=True,
    rows=(
        Signature(
            "STO121",
            "csi-driver-not-registered",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="not found in the list of registered CSI drivers",
            pattern=r"driver name (?P<driver>[\w.-]{1,253}) not found in the list of registered CSI drivers",
            summary="the CSI driver {driver} is not registered on this node",
            remedies=(
                Remedy(
                    text="look at the pod of the driver's node DaemonSet on this node",
                    command="kubectl get csinodes",
                    who="platform",
                ),
            ),
            root="node",
            beside=NODE,
            means="The node's part of the CSI driver does not run on this node, so none of its volumes can be "
            "mounted there.",
        ),
        Signature(
            "STO127",
            "csi-driver-not-registered",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="does not contain driver",
            pattern=r"CSINode (?P<node>[\w.-]{1,253}) does not contain driver (?P<driver>[\w.-]{1,253})",
            summary="the CSI driver {driver} is not registered on node {node}, so no volume of it is attached there",
            remedies=(
                Remedy(
                    text="see whether a pod of the driver's node DaemonSet runs on {node}",
                    command="kubectl get pods -A --field-selector spec.nodeName={node}",
                    who="platform",
                ),
                Remedy(
                    text="let that DaemonSet tolerate the taints of {node}, or select it",
                    who="platform",
                    when="it has no pod there",
                ),
            ),
            root="node",
            beside=NODE,
            source="pkg/volume/csi/csi_attacher.go, csi_plugin.go (1.20 to 1.36)",
            means="A volume is attached only to a node whose kubelet knows the volume's driver, and the node's part of"
            " it has not registered.",
        ),
        Signature(
            "STO122",
            "fuse-sidecar-missing",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal=" the sidecar container",
            pattern=r"failed for volume \"(?P<volume>[^\"]{1,253})\"[^\n]{0,300}"
            r"(?:failed to find|the webhook failed to inject) the sidecar container",
            summary="the FUSE sidecar of its volume {volume} was not injected into the pod",
            remedies=(
                Remedy(text='annotate the pod template for the sidecar (GKE: gke-gcsfuse/volumes: "true")'),
                Remedy(text="look at the driver's webhook, if the annotation is there", who="platform"),
            ),
            means="The volume is served by a sidecar that a webhook injects, and the pod has none.",
        ),
        Signature(
            "STO124",
            "fuse-process-oomkilled",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="the sidecar container ",
            pattern=r"failed for volume \"(?P<volume>[^\"]{1,253})\"[^\n]{0,300}the sidecar container "
            r"(?:failed with error: (?P<why>signal: killed)|terminated due to (?P<end>OOMKilled))",
            summary="the FUSE sidecar that serves its volume {volume} was killed ({why}{end})",
            remedies=(
                Remedy(text="raise the sidecar's memory limit (GKE: the annotation gke-gcsfuse/memory-limit)"),
                Remedy(text="limit the caches of the mount (its mount options)"),
            ),
            refines=("volume-mount-failed",),
            means="The process that serves a bucket as a file system needs more memory than its container may use.",
            source="GoogleCloudPlatform/gcs-fuse-csi-driver pkg/csi_driver/node.go",
        ),
        Signature(
            "STO123",
            "volume-mount-failed",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            reasons=("FailedMount", "FailedMapVolume", "FailedAttachVolume"),
            literal="failed for volume",
            # What has a cause of its own (a Secret or ConfigMap, a driver, a full disk) is another row's.
            pattern=r"(?:MountVolume|MapVolume|AttachVolume)\.[\w.]{1,40} failed for volume \"(?P<volume>"
            r"[^\"]{1,253})\" ?: "
            r"(?!failed to fetch token: serviceaccounts |"
            r"(?:failed to sync )?(?:secret|configmap|object) |references non-existent|[^\n]{0,400}not registered"
            r"|CSINode \S{1,253} does not contain driver"
            r"|[^\n]{0,2000}no space left on device)(?P<why>[^\n]{1,300})",
            summary="its volume {volume} cannot be mounted: {why}",
            remedies=(Remedy(text="act on the words of the mount error: server, path, options, type or permission"),),
            beside=NODE,
            means="The kubelet or the CSI driver cannot mount the volume, for the reason that it names.",
        ),
        Signature(
            "STO125",
            "volume-mount-failed",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="subPath for volumeMount",
            pattern=r"failed to (?:prepare|create) subPath (?:directory )?for volumeMount \"(?P<volume>[^\"]{1,253})\""
            r" of container \"(?P<container>[^\"]{1,253})\"(?:: (?P<why>[^\n]{1,300}))?",
            summary="the subPath of its volume {volume} cannot be mounted into container {container}",
            remedies=(
                Remedy(text="look whether the subPath exists in volume {volume}, is a folder, and may be written"),
            ),
            beside=NODE,
            source="pkg/kubelet/kubelet_pods.go (makeMounts)",
            means="The volume is mounted, and the part of it that the container asks for cannot be prepared: the path"
            " leads out of the volume, is no folder, or may not be made.",
        ),
        Signature(
            "STO126",
            "volume-mount-failed",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=("container-crashing", "container-not-started", "init-container-failing", "pod-failed"),
            literal="error mounting",
            # Of the driver's own files and sockets others speak (the toolkit, the runtime).
            pattern=r"error mounting \"(?P<source>(?![^\"\n]{0,300}nvidia)[^\"\n]{1,400})\" to rootfs at \"(?P<path>"
            r"(?![^\"\n]{0,300}nvidia)[^\"\n]{1,300})\":? ?(?P<why>[^\n]{1,300})",
            summary="the container's mount at {path} cannot be made: {why}",
            remedies=(
                Remedy(
                    text="see that what is mounted at {path} and what the image has there are both a file or both a"
                    " folder"
                ),
                Remedy(text="see that the key of a subPath exists in its ConfigMap or Secret", when="it has a subPath"),
            ),
            beside=NODE,
            source="opencontainers/runc libcontainer/rootfs_linux.go (1.0 to 1.3)",
            means="The volume is on the node, and the runtime cannot mount it into the container: a folder is to be"
            " laid over a file, the path is read-only, or its source has gone.",
        ),
    ),
)
