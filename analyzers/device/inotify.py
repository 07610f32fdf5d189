"""DEV119: any process of a node that gets no inotify instance."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

INOTIFY = signatures(
    "inotify",
    origin="the Linux kernel's fs.inotify limits, as fsnotify/fsnotify and NVIDIA/k8s-device-plugin report them",
    rows=(
        Signature(
            "DEV119",
            "inotify-limit-exhausted",
            on=On.LOG,
            question=Question.STARTED,
            root="node",
            explains=("container-crashing", "init-container-failing", "container-not-ready"),
            literal="too many open files",
            pattern=r"(?i)(?:FS ?watcher|inotify|watcher)\b.*too many open files|inotify_init\w*: too many open files",
            summary="has no inotify instance left, so programs cannot watch files: too many open files",
            means="fs.inotify.max_user_instances (often 128) is used up by all pods of the node together.",
            remedies=(
                Remedy(
                    text="look at the limit on {node}",
                    command="sysctl fs.inotify.max_user_instances",
                    who="platform",
                ),
                Remedy(
                    text="raise it so that it lasts: write fs.inotify.max_user_instances=8192 to "
                    "/etc/sysctl.d/90-inotify.conf on {node} and load it, and put it into the machine configuration of "
                    "all such nodes (MachineConfig, Talos machine.sysctls, the node pool), or the next new node has "
                    "the old limit",
                    command="sysctl --system",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/k8s-device-plugin cmd/nvidia-device-plugin/main.go",
        ),
    ),
)
