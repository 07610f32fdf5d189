"""IMG175: how the first container of a modelcar ends."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

MODELCAR = signatures(
    "KServe modelcar",
    origin="kserve/kserve pkg/utils/storage.go, pkg/constants",
    containers=r"^modelcar-init\b",
    rows=(
        Signature(
            "IMG175",
            "modelcar-unreadable",
            on=On.ENDED,
            question=Question.STARTED,
            explains=("init-container-failing",),
            literal="exitCode=",
            pattern=r"exitCode=(?P<code>[1-9]\d{0,2})\b",
            summary="cannot read the model in its OCI image: modelcar-init ends with exit code {code}",
            means="modelcar-init only looks whether the image has files under /models. It ends so where there are "
            "none, where the image has no shell to look with, or where its user may not read them.",
            remedies=(
                Remedy(
                    text="build the model's image with the files under /models, readable for every user, and a shell"
                ),
            ),
            source="kserve/kserve pkg/utils/storage.go",
        ),
    ),
)
