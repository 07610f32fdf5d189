"""What Knative says of an image whose tag it cannot resolve to a digest: IMG131 and IMG132."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

SYMPTOMS = ("custom-resource-not-ready",)
# A Configuration and a Service repeat it of their revision.
PREFIX = (
    r'(?P<reason>ContainerMissing|RevisionFailed): (?:Revision "[^"]{1,253}" failed with message: )?'
    r'Unable to fetch image "(?P<image>[^"]{1,500})":[^\n]{0,600}?'
)
LOOK = Remedy(
    text="look at the image and the service account of the revision",
    command="kubectl get revisions.serving.knative.dev -A -o wide",
)

KNATIVE_DIGESTS = signatures(
    "Knative image digests",
    origin="knative/serving pkg/reconciler/revision/resolve.go and background.go",
    exclusive=True,
    rows=(
        Signature(
            "IMG131",
            "image-pull-unauthorized",
            on=On.CONDITION,
            question=Question.CREATED,
            root="member",
            explains=SYMPTOMS,
            literal="Unable to fetch image",
            pattern=PREFIX + r"(?P<why>UNAUTHORIZED|DENIED|401 Unauthorized|403 Forbidden|authentication required)",
            summary="the registry refuses Knative the digest of {image}: {why} ({reason}), so no pod is made",
            means="Knative's controller resolves the tag itself, with the revision's pull secrets, before any pod is "
            "made.",
            remedies=(
                LOOK,
                Remedy(
                    text="give the revision's service account, or its imagePullSecrets, a pull secret for this registry"
                ),
            ),
        ),
        Signature(
            "IMG132",
            "image-not-found",
            on=On.CONDITION,
            question=Question.CREATED,
            root="member",
            explains=SYMPTOMS,
            literal="Unable to fetch image",
            pattern=PREFIX + r"(?P<why>MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found|manifest unknown)",
            summary="the registry has no image {image}: {why} ({reason}), so no pod is made",
            means="Knative's controller resolves the tag itself, and the registry does not know it.",
            remedies=(LOOK, Remedy(text="push the image, or correct its reference")),
        ),
    ),
)
