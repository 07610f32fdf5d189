"""What the kubelet says when it cannot pull an image: IMG101 to IMG110, IMG173."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

NOT_STARTED = ("container-not-started",)
# Waiting reasons (pkg/kubelet/images/types.go) and event reasons under which the kubelet speaks of a pull. A sandbox's
# own image is pulled under FailedCreatePodSandBox: no workload is at fault for it.
REASONS = (
    "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "InvalidImageName", "ErrImageNeverPull",
    "ImageInspectError", "Failed", "InspectFailed",
)  # fmt: skip
POD = Beside(pod=("spec.nodeName",))
SECRETS = Beside(pod=("spec.imagePullSecrets[0].name", "spec.serviceAccountName", "spec.nodeName"))
# The kubelet quotes the reference; what the runtime says stands behind it.
IMAGE = r"(?:[Ff]ailed to pull(?: and unpack)?(?: image)?|Back-off pulling image) \"(?P<image>[^\"]{1,400})\""


def _words(pattern: str) -> str:
    """The pattern behind the quoted reference, over all lines of the text."""
    return rf"(?s){IMAGE}.{{0,4000}}?(?:{pattern})"


PULLS = signatures(
    "kubelet image pulls",
    origin="kubernetes/kubernetes pkg/kubelet/images (1.24 to 1.36); texts of containerd 1.6 to 2.1, CRI-O and Docker",
    exclusive=True,
    rows=(
        Signature(
            "IMG101",
            "image-reference-malformed",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="invalid reference format",
            pattern=r"\"(?P<image>[^\"]{0,400})\": (?:[^\"]{0,200}\"[^\"]{0,400}\": )?"
            r"(?P<why>invalid reference format.{0,200})",
            summary='the image reference "{image}" cannot be parsed: {why}',
            remedies=(Remedy(text="correct the reference {image}: lower case, one colon before the tag, no spaces"),),
            beside=POD,
            means="The image reference cannot be parsed, so no registry is asked.",
        ),
        Signature(
            "IMG102",
            "image-never-pull-absent",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="with pull policy of Never",
            pattern=r"image \"(?P<image>[^\"]{1,400})\" is not present with pull policy of Never",
            summary="the pull policy is Never and {image} is not on the node",
            remedies=(
                Remedy(text="set imagePullPolicy: IfNotPresent"),
                Remedy(text="load {image} onto every node that the pod may run on", who="platform"),
            ),
            beside=POD,
            means="The pull policy is Never, and the node does not hold the image.",
        ),
        Signature(
            "IMG103",
            "registry-rate-limited",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(r"toomanyrequests|429 Too Many Requests|pull rate limit|(?i:status(?: code)?:? 429\b)"),
            summary="the registry throttles the pull of {image} (too many requests)",
            remedies=(
                Remedy(text="pull with credentials of an account with a higher limit (imagePullSecrets)"),
                Remedy(text="serve the image from a mirror or a pull-through cache of your own", who="platform"),
            ),
            beside=SECRETS,
            means="The registry allows this address or account no more pulls for now.",
        ),
        Signature(
            "IMG104",
            "registry-certificate-rejected",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="x509: ",
            pattern=_words(r"(?P<why>x509: [^\n\"]{1,200})"),
            summary="the node does not accept the certificate of the registry of {image}: {why}",
            remedies=(
                Remedy(text="give the nodes' runtime the registry's CA, or renew the certificate", who="platform"),
            ),
            beside=POD,
            means="The registry answers with a certificate that the node's container runtime does not accept.",
        ),
        Signature(
            "IMG105",
            "registry-host-unresolved",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="lookup ",
            pattern=_words(
                r"lookup (?P<host>[\w.-]{1,253})(?: on [^\s:]{1,60}(?::\d+)?)?: "
                r"(?:no such host|server misbehaving|[Tt]emporary failure in name resolution|[^\n]{0,60}i/o timeout)"
            ),
            summary="the node cannot resolve {host}, the registry of {image}",
            remedies=(
                Remedy(text="correct the registry's name in the reference, if {host} is misspelt"),
                Remedy(text="repair the nodes' DNS for {host} (nodes do not use the cluster's DNS)", who="platform"),
            ),
            beside=POD,
            means="The registry's host name has no address for the node.",
        ),
        Signature(
            "IMG106",
            "image-pull-unauthorized",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(
                r"(?P<why>failed to fetch anonymous token|401 Unauthorized|403 Forbidden|[Pp]ull access denied"
                r"|no basic auth credentials|(?i:unauthorized)|insufficient_scope|requested access to the resource is"
                r" denied"
                r"|denied: [^\n]{1,120}|authorization failed|(?i:status(?: code)?:? 40[13]\b)|authentication required)"
            ),
            summary="the registry refuses the pull of {image}: {why}",
            remedies=(
                Remedy(
                    text="name a pull secret with credentials for this registry in imagePullSecrets, of the pod or "
                    "of its "
                    "service account; look whether its registry host and account are the right ones"
                ),
                Remedy(
                    text="correct the repository's name, if it is misspelt: some registries answer alike", who="user"
                ),
            ),
            beside=SECRETS,
            means="The registry wants credentials: none were sent, or those that were are not accepted for this "
            "repository.",
        ),
        Signature(
            "IMG173",
            "model-artifact-not-runnable",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(
                r"(?P<why>(?:unsupported|unexpected|unknown) (?:media ?type|artifact type):? \"?"
                r"application/vnd\.(?!oci\.image|docker\.(?:distribution|container))[\w.+/-]{1,120}"
                r"|unsupported image-specific operation on artifact with type \"application/[\w.+/-]{1,120}\""
                r"|invalid rootfs in image configuration|unsupported artifact type[^\n]{0,120})"
            ),
            refines=("image-not-found", "image-unpack-failed"),
            summary="{image} is an artifact and no image that can run: {why}",
            remedies=(
                Remedy(
                    text="mount {image} as an image volume, if the runtime takes artifacts, or let a puller fetch it"
                ),
                Remedy(text="name the image of the server as the container's image"),
            ),
            beside=POD,
            means="The reference leads to an OCI artifact (a model, a chart, a signature), which has no root "
            "file system.",
            source="moby/moby distribution/pull_v2.go, containers/image image, containerd; modelpack/model-spec",
        ),
        Signature(
            "IMG107",
            "image-not-found",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(
                r"manifest unknown|name unknown|NAME_UNKNOWN|MANIFEST_UNKNOWN|manifest for [^\n]{1,400} not found"
                r"|(?<!no match for platform in manifest)(?<!content digest): not found|404 Not Found|does not exist"
            ),
            summary="the registry has no image {image} (not found)",
            remedies=(
                Remedy(text="correct the repository, tag or digest of {image} in the pod template"),
                Remedy(text="push the missing tag, if the reference is right"),
            ),
            beside=POD,
            means="The repository, tag or digest does not exist in the registry.",
        ),
        Signature(
            "IMG108",
            "image-unpack-failed",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(
                r"(?P<why>failed to extract layer(?!.{0,2000}no space left)|mismatched image rootfs and manifest layers"
                r"|failed to register layer(?!.{0,2000}no space left)|unexpected commit digest)"
            ),
            summary="the layers of {image} cannot be unpacked on the node: {why}",
            remedies=(
                Remedy(text="pull the image on another node; if it fails there too, build and push it again"),
                Remedy(
                    text="look for file system errors of the node's image disk", who="platform", when="one node only"
                ),
            ),
            beside=POD,
            means="The image was downloaded, and its layers could not be unpacked.",
        ),
        Signature(
            "IMG109",
            "registry-unreachable",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(
                r"(?P<why>i/o timeout|TLS handshake timeout|connection refused|no route to host|network is unreachable"
                r"|connection reset by peer|proxyconnect tcp[^\n]{0,100}|50[0234] (?:Bad Gateway|Service Unavailable"
                r"|Gateway Time-?out|Internal Server Error)|Client\.Timeout exceeded|registry is unavailable"
                r"|failed to resolve reference[^\n]{1,400}context deadline exceeded)"
            ),
            summary="the node cannot reach the registry of {image}: {why}",
            remedies=(
                Remedy(text="look at egress rules, proxy settings and the registry's own state", who="platform"),
            ),
            beside=POD,
            means="The registry does not answer the node: a firewall, a proxy, or the registry itself.",
        ),
        Signature(
            "IMG110",
            "image-pull-timeout-large-image",
            on=On.WAITING,
            also_on=(On.EVENT,),
            reasons=REASONS,
            question=Question.STARTED,
            explains=NOT_STARTED,
            literal="image",
            pattern=_words(r"(?P<why>context canceled|context deadline exceeded|no progress)"),
            summary="the pull of {image} is cancelled before it ends ({why})",
            remedies=(
                Remedy(text="pull the image onto the nodes beforehand, or make it smaller", who="platform"),
                Remedy(text="serve it from a mirror near the nodes", who="platform"),
                Remedy(text="raise the runtime's progress time-out (image_pull_progress_timeout)", who="platform"),
            ),
            beside=POD,
            means="The download of the image's layers is cut off by a time-out before it ends.",
        ),
    ),
)
