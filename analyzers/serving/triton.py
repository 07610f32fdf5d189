"""What Triton says when it cannot load the models of its repository: SRV231 to SRV234."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

STOPPED = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
SETTINGS = Beside(args=r"model-repository|model-store|model-control-mode|load-model|exit-on-error|strict", gpus=True)
PARTIAL = Remedy(
    text="start the other models all the same: --exit-on-error=false, with --strict-readiness=false to take requests",
    when="they do not need each other",
)

TRITON = signatures(
    "Triton",
    origin="triton-inference-server/core src/model_lifecycle.cc, src/model_repository_manager (20.10 to 26.06)",
    exclusive=True,
    rows=(
        Signature(
            "SRV234",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=STOPPED,
            literal="heck account credentials",
            pattern=r"Unable to create (?P<store>S3|GCS|Azure) filesystem client\. Check account credentials",
            summary="Triton has no credentials that the store of its model repository ({store}) takes",
            remedies=(
                Remedy(
                    text="give the service account the cloud role, or the pod the Secret with the keys "
                    "(AWS_*, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_*, or TRITON_CLOUD_CREDENTIAL_PATH)"
                ),
            ),
            beside=Beside(args=r"model-repository|model-store", pod=("spec.serviceAccountName",)),
            means="The model repository lies in a store of a cloud, and no usable credentials reach the container.",
            source="triton-inference-server/core src/filesystem/implementations",
        ),
        Signature(
            "SRV231",
            "triton-model-load-failed",
            on=On.LOG,
            question=Question.STARTED,
            explains=STOPPED,
            literal="failed to load '",
            pattern=r"failed to load '(?P<model>[^'\n]{1,200})' version (?P<version>\d{1,19}): (?P<why>[^\n]{1,400})",
            summary="Triton cannot load version {version} of model {model}: {why}",
            remedies=(
                Remedy(
                    text="correct what the server names for model {model}: its config.pbtxt, its files, or the "
                    "backend of this image"
                ),
                PARTIAL,
            ),
            beside=SETTINGS,
            means="One model that cannot be loaded ends the server, unless it is told to go on without it; then it is "
            "not ready.",
        ),
        Signature(
            "SRV232",
            "triton-model-load-failed",
            on=On.LOG,
            question=Question.STARTED,
            explains=STOPPED,
            literal="Poll failed for model directory",
            pattern=r"Poll failed for model directory '(?P<model>[^'\n]{1,200})': (?P<why>[^\n]{1,400})",
            summary="Triton cannot read model {model} of its repository: {why}",
            remedies=(
                Remedy(
                    text="give model {model} a version folder (a number) with the model's file, and a config.pbtxt "
                    "that fits it"
                ),
                PARTIAL,
            ),
            beside=SETTINGS,
            means="The model's folder lacks a version, a file or a valid configuration.",
        ),
        Signature(
            "SRV233",
            "triton-model-load-failed",
            on=On.LOG,
            question=Question.STARTED,
            explains=STOPPED,
            literal="failed to load all models",
            pattern=r"Internal - failed to load all models",
            summary="Triton could not load every model of its repository (failed to load all models)",
            remedies=(
                Remedy(
                    text="read the table of models that the server prints before it ends: it names the model and "
                    "the reason"
                ),
                PARTIAL,
            ),
            beside=SETTINGS,
            means="The last word of a server that ends because of one model; an earlier line names it.",
        ),
    ),
)
