"""IMG181 to IMG185, IMG188: what HTTP clients say of hubs and object stores."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
HUB = r"(?:[\w.-]{1,100}\.)?(?:huggingface\.co|hf\.co)"
MODEL = r"^(?:hf|s3|gs|https?|azure)://|^--?model|^--model-id|repo"

MODEL_TRANSFER = signatures(
    "clients of hubs and stores",
    origin="psf/requests, urllib3/urllib3, huggingface/huggingface_hub, huggingface/transformers; Azure, Google",
    exclusive=True,
    rows=(
        Signature(
            "IMG181",
            "model-repo-gated",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal=" Client Error: ",
            pattern=rf"(?P<code>401|403) Client Error: (?P<why>\w+) for url: https?://{HUB}/(?:api/models/)?"
            r"(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})",
            summary="the hub refuses {repo} to the container's token (HF_TOKEN): {code} {why}",
            remedies=(
                Remedy(
                    text="accept the licence of {repo} on the hub with the account of the token", when="it is gated"
                ),
                Remedy(text="put a valid token into the Secret from which HF_TOKEN comes"),
            ),
            beside=Beside(args=MODEL),
            means="The hub answers so where a repository is gated or private and the token gives no access to it.",
            source="huggingface/huggingface_hub utils/_http.py, psf/requests models.py",
        ),
        Signature(
            "IMG182",
            "hub-unreachable",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="h",
            pattern=rf"(?:host='(?P<host>{HUB})', port=\d+\): Max retries exceeded|Failed to resolve '(?P<name>{HUB})'"
            rf"|Connection to (?P<to>{HUB}) timed out|https?://(?P<url>{HUB})/\S{{0,200}} \(Caused by)",
            summary="the model hub cannot be reached from the pod",
            refines=("dependency-host-unresolved", "dependency-unreachable"),
            remedies=(
                Remedy(text="look at network policies, proxy variables and DNS of the pod", who="platform"),
                Remedy(text="point HF_ENDPOINT at a mirror, or mount the model from a volume"),
            ),
            beside=Beside(args=MODEL),
            means="The hub does not answer the pod, or its name is not resolved there.",
            source="urllib3/urllib3 exceptions.py, psf/requests adapters.py",
        ),
        Signature(
            "IMG183",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="uth",
            pattern=r"(?P<why>Server failed to authenticate the request|AuthenticationFailed"
            r"|AuthorizationPermissionMismatch|AuthorizationFailure)",
            summary="the object store refuses the credentials for the model's path: {why}",
            remedies=(
                Remedy(text="allow the account to list and read the model's bucket and prefix", who="cloud"),
                Remedy(text="look at the service account's role, or the keys in the Secret"),
            ),
            beside=Beside(args=MODEL),
            means="The store knows the path, and not an account that may read it.",
            source="Azure Storage REST API error codes",
        ),
        Signature(
            "IMG188",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="storage.",
            pattern=r"(?P<why>does not have storage\.(?:objects|buckets)\.\w{1,40} access)",
            summary="the object store lets the container's account not read the model: {why}",
            remedies=(
                Remedy(text="grant the account the role Storage Object Viewer on the model's bucket", who="cloud"),
                Remedy(text="look at the service account's Workload Identity annotation, or the key in the Secret"),
            ),
            beside=Beside(args=MODEL, pod=("spec.serviceAccountName",)),
            means="The store knows the account, and it has no right to read the model's objects.",
            source="Google Cloud Storage JSON API",
        ),
        Signature(
            "IMG184",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="does not appear to have a file named",
            pattern=r"(?:^|\s)(?P<path>/\S{1,400}) does not appear to have a file named "
            r"(?P<file>[\w.-]{1,60}\.(?:json|safetensors))",
            summary="there is no {file} under {path}",
            remedies=(
                Remedy(
                    text="see what the volume that is mounted there holds, and at which depth the model's files lie"
                ),
                Remedy(text="correct the path in the arguments, or the model's URI"),
            ),
            beside=Beside(args=MODEL),
            means="The folder is there and is not that of a model: it is empty, or the files lie in a folder below it.",
            source="huggingface/transformers utils/hub.py",
        ),
        Signature(
            "IMG185",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="o",
            pattern=r"(?P<why>NoSuchKey|BlobNotFound|ContainerNotFound"
            r"|The specified (?:key|blob|container) does not exist|404 (?:GET|POST) https://storage\.googleapis\.com/\S{1,200})",
            summary="the object store has nothing under the model's path: {why}",
            remedies=(Remedy(text="correct the model's URI, or upload the model there"),),
            beside=Beside(args=MODEL),
            means="The store has no bucket, container or object of that name.",
            source="Amazon S3 and Azure Storage REST API error codes, Google Cloud Storage",
        ),
    ),
)
