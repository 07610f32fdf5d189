"""What the kubelet says when a container's configuration is not there: APP101 to APP107."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

NOT_STARTED = ("container-not-started",)

CONFIG = signatures(
    "kubelet container configuration",
    origin="kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, pkg/volume/secret, pkg/volume/configmap (1.24 to 1.36)",
    exclusive=True,
    rows=(
        Signature(
            "APP101",
            "secret-key-missing",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="key",
            pattern=r"couldn't find key (?P<key>[^\s\"]{1,253}) in Secret (?P<name>[^\s\"]{1,320})",
            summary="its Secret {name} has no key {key}",
            remedies=(Remedy(text="add the key {key} to the Secret {name}, or correct the name in the pod template"),),
            means="The Secret exists, and has no key of the name that the pod refers to.",
        ),
        Signature(
            "APP102",
            "configmap-key-missing",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="key",
            pattern=r"couldn't find key (?P<key>[^\s\"]{1,253}) in ConfigMap (?P<name>[^\s\"]{1,320})",
            summary="its ConfigMap {name} has no key {key}",
            remedies=(
                Remedy(text="add the key {key} to the ConfigMap {name}, or correct the name in the pod template"),
            ),
            means="The ConfigMap exists, and has no key of the name that the pod refers to.",
        ),
        Signature(
            "APP103",
            "secret-missing",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="not found",
            pattern=r"\b[Ss]ecrets? \"(?P<name>[^\"]{1,253})\" not found",
            summary="its Secret {name} does not exist in the namespace",
            remedies=(
                Remedy(
                    text="create the Secret {name} in the pod's namespace, or correct the name in the pod template",
                    command="kubectl get secrets --all-namespaces --field-selector metadata.name={name}",
                ),
            ),
            means="The pod refers to a Secret that does not exist in its namespace.",
        ),
        Signature(
            "APP104",
            "configmap-missing",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="not found",
            pattern=r"\b[Cc]onfig[Mm]aps? \"(?P<name>[^\"]{1,253})\" not found",
            summary="its ConfigMap {name} does not exist in the namespace",
            remedies=(
                Remedy(
                    text="create the ConfigMap {name} in the pod's namespace, or correct the name in the pod template",
                    command="kubectl get configmaps --all-namespaces --field-selector metadata.name={name}",
                ),
            ),
            means="The pod refers to a ConfigMap that does not exist in its namespace.",
        ),
        Signature(
            "APP105",
            "app-runs-as-root-refused",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="runAsNonRoot",
            pattern=r"container has runAsNonRoot and (?P<why>image [^(,\"]{1,200}"
            r"|container's runAsUser [^(,\"]{1,200})",
            summary="the kubelet refuses to run the container as root: runAsNonRoot is set, and {why}",
            remedies=(
                Remedy(text="set runAsUser to a numeric user other than 0 that the image can run as"),
                Remedy(text="build the image with a numeric USER"),
            ),
            means="The pod forbids root (runAsNonRoot), and its image would run as root or names its user by a word.",
        ),
        Signature(
            "APP106",
            "secret-key-missing",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="non-existent secret key",
            pattern=r"failed for volume \"(?P<volume>[^\"]{1,253})\"[^\n]{0,200}"
            r"non-existent secret key: (?P<key>[^\s\"]{1,253})",
            summary="the Secret of its volume {volume} has no key {key}",
            remedies=(
                Remedy(text="add the key {key} to the Secret of volume {volume}, or correct items in the pod template"),
            ),
            means="The Secret exists, and lacks a key that the volume's items name.",
        ),
        Signature(
            "APP107",
            "configmap-key-missing",
            on=On.EVENT,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="non-existent config key",
            pattern=r"failed for volume \"(?P<volume>[^\"]{1,253})\"[^\n]{0,200}"
            r"non-existent config key: (?P<key>[^\s\"]{1,253})",
            summary="the ConfigMap of its volume {volume} has no key {key}",
            remedies=(
                Remedy(
                    text="add the key {key} to the ConfigMap of volume {volume}, or correct items in the pod template"
                ),
            ),
            means="The ConfigMap exists, and lacks a key that the volume's items name.",
        ),
    ),
)
