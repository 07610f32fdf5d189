"""IMG174: what KServe's controller says of a model's URI that it does not know."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

KSERVE_STORAGE = signatures(
    "KServe storage",
    origin="kserve/kserve pkg/controller/v1beta1/inferenceservice, pkg/webhook/admission",
    rows=(
        Signature(
            "IMG174",
            "storage-uri-unsupported",
            on=On.CONDITION,
            also_on=(On.EVENT, On.MESSAGE),
            question=Question.CREATED,
            explains=("custom-resource-not-ready", "pod-not-created"),
            literal="storageUri, must be one of",
            pattern=r"storageUri, must be one of: \[(?P<known>[^\]\n]{1,300})\](?:[^\n]{0,300}StorageUri "
            r"\[(?P<uri>[^\]\n]{1,400})\] is not supported)?",
            summary="names its model by a URI whose scheme KServe does not know: {uri}",
            means="KServe fetches models from stores that it knows by the URI's scheme. It refuses any other, and "
            "makes no pod.",
            remedies=(
                Remedy(text="see which further schemes are served", command="kubectl get clusterstoragecontainers"),
                Remedy(text="write the URI with one of the schemes {known}, or add a ClusterStorageContainer for it"),
            ),
            source="kserve/kserve pkg/controller/v1beta1/inferenceservice/utils",
        ),
    ),
)
