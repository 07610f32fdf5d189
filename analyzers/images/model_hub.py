"""What clients of model hubs and stores say when they cannot fetch a model: IMG151 to 164, 171, 172, 186, 187, 189."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
MODEL = r"^(?:hf|s3|gs|https?|azure)://|^--?model|^--model-id|repo"
GATED = r"trying to access a gated repo|40[13] Client Error|Access to model|HF_TOKEN"
ACCEPT = Remedy(text="accept the model's licence on the hub with the account that the token belongs to")
TOKEN = Remedy(text="put that account's token into HF_TOKEN of the container that downloads, from a Secret")

HUB = signatures(
    "model hubs and object stores",
    origin="huggingface/huggingface_hub (0.20 to 1.0), huggingface/transformers, boto/botocore, kserve/kserve "
    "python/storage",
    exclusive=True,
    rows=(
        Signature(
            "IMG151",
            "model-repo-gated",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Cannot access gated repo",
            pattern=r"Cannot access gated repo for url https?://[^/\s]{1,253}/(?:api/models/)?(?P<repo>[\w.-]{1,96}/"
            r"[\w.-]{1,96})",
            summary="the model repository {repo} is gated, and the container's token (HF_TOKEN) gives no access to it",
            remedies=(ACCEPT, TOKEN),
            beside=Beside(texts=GATED, args=MODEL),
            means="The repository's licence is not accepted by the token's account, or no token reaches the container.",
        ),
        Signature(
            "IMG152",
            "model-repo-gated",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="gated repo",
            pattern=r"trying to access a gated repo|GatedRepoError",
            summary="its model repository is gated, and the container's token (HF_TOKEN) gives no access to it",
            remedies=(ACCEPT, TOKEN),
            beside=Beside(texts=GATED, args=MODEL),
            means="The repository's licence is not accepted by the token's account, or no token reaches the container.",
        ),
        Signature(
            "IMG153",
            "hub-rate-limited",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="429",
            pattern=r"429 Client Error: Too Many Requests for url|HfHubHTTPError: 429|429 Too Many Requests"
            r"[^\n]{0,200}huggingface",
            summary="the model hub throttles the download (429 Too Many Requests)",
            remedies=(
                Remedy(text="download with a token (HF_TOKEN): anonymous limits are lower"),
                Remedy(text="download once into a shared volume or mirror, not in each replica"),
            ),
            beside=Beside(args=MODEL),
            means="The hub answers with 429: this address or account asks for too much at once.",
        ),
        Signature(
            "IMG154",
            "model-repo-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="is not a valid model identifier",
            pattern=r"(?P<repo>[^\s']{1,200}) is not a local folder and is not a valid model identifier",
            summary="{repo} is no repository of the hub and no local folder",
            remedies=(
                Remedy(text="correct the model's name, or the path under which its volume is mounted"),
                Remedy(text="set HF_TOKEN", when="the repository is private"),
            ),
            beside=Beside(args=MODEL),
            means="The model's name is neither a folder in the container nor a repository that the hub shows.",
        ),
        Signature(
            "IMG155",
            "model-repo-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Repository Not Found for url",
            pattern=r"Repository Not Found for url: https?://[^/\s]{1,253}/(?:api/models/)?(?P<repo>[\w.-]{1,96}/"
            r"[\w.-]{1,96})",
            summary="the hub shows no repository {repo}",
            remedies=(
                Remedy(text="correct the model's name"),
                Remedy(text="set HF_TOKEN", when="the repository is private"),
            ),
            beside=Beside(args=MODEL),
            means="The hub has no repository of that name, or does not show it to this account.",
        ),
        Signature(
            "IMG156",
            "hub-unreachable",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="We couldn't connect to",
            pattern=r"We couldn't connect to '(?P<host>[^'\n]{1,253})'",
            summary="the model hub {host} cannot be reached from the pod",
            remedies=(
                Remedy(text="look at network policies, proxy variables and DNS of the pod", who="platform"),
                Remedy(text="point HF_ENDPOINT at a mirror, or mount the model from a volume"),
            ),
            beside=Beside(args=MODEL),
            means="The hub does not answer the pod, and the files are not in its cache.",
        ),
        Signature(
            "IMG157",
            "hub-unreachable",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="LocalEntryNotFoundError",
            pattern=r"LocalEntryNotFoundError",
            summary="the model is not in the container's cache, and the hub cannot be asked for it",
            remedies=(
                Remedy(text="look at HF_HUB_OFFLINE, network policies, proxy variables and DNS of the pod"),
                Remedy(text="point HF_ENDPOINT at a mirror, or mount the model from a volume"),
            ),
            beside=Beside(args=MODEL),
            means="The files are not in the cache, and the hub was not or could not be asked.",
        ),
        Signature(
            "IMG186",
            "hub-unreachable",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="offline mode is enabled",
            pattern=r"Cannot reach https?://(?P<host>[\w.-]{1,253})\S{0,300}: offline mode is enabled",
            summary="the client is told not to ask {host} (offline mode), and needs what is only there",
            remedies=(
                Remedy(text="leave out HF_HUB_OFFLINE for the first download, or fill the cache that is mounted"),
                Remedy(text="see that HF_HOME points at the cache which holds the model"),
            ),
            beside=Beside(args=MODEL, variables=r"^(?:HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|HF_HOME|HF_HUB_CACHE)$"),
            means="Offline mode is on, and the model is not in the cache of the container.",
            source="huggingface/huggingface_hub src/huggingface_hub/errors.py",
        ),
        Signature(
            "IMG189",
            "model-repo-gated",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="request access to the gated repository",
            # KServe says so of any error of the hub that mentions authentication, the one about a misspelt name
            # included: whatever the hub itself said is looked at before.
            pattern=r"request access to the gated repository",
            summary="the hub refuses its model repository: it is gated or private, or its name is wrong, and only the "
            "hub's own line tells which",
            remedies=(ACCEPT, TOKEN, Remedy(text="see that the repository's name is right")),
            beside=Beside(texts=rf"{GATED}|error for \S+: ", args=MODEL),
            means="KServe's storage initializer takes every refusal of the hub for one of authentication.",
            source="kserve/kserve python/storage/kserve_storage/storage_errors.py",
        ),
        Signature(
            "IMG158",
            "object-store-throttled",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="SlowDown",
            pattern=r"\(SlowDown\)|<Code>SlowDown</Code>|\bSlowDown: ",
            summary="the object store throttles the download (SlowDown)",
            remedies=(
                Remedy(text="start fewer replicas at once, or lower the number of threads of each download"),
                Remedy(
                    text="spread the objects over more prefixes, or put a cache in front of the store", who="platform"
                ),
            ),
            beside=Beside(args=MODEL),
            means="The store refuses requests because too many come at once.",
        ),
        Signature(
            "IMG159",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="redentials",
            pattern=r"(?P<why>NoCredentialsError|Unable to locate credentials|Invalid AWS credentials"
            r"|could not find default credentials|DefaultCredentialsError|Partial credentials found in \w{1,40}"
            r"|Error when retrieving credentials from \w{1,40})",
            summary="the object store's client has no usable credentials: {why}",
            remedies=(
                Remedy(
                    text="give the service account the cloud role (its annotation), or the pod the Secret with the keys"
                ),
            ),
            beside=Beside(args=MODEL, pod=("spec.serviceAccountName",)),
            means="No credentials for the store reach the container.",
        ),
        Signature(
            "IMG160",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="An error occurred (",
            pattern=r"An error occurred \((?P<why>AccessDenied|403|InvalidAccessKeyId|SignatureDoesNotMatch"
            r"|ExpiredToken(?:Exception)?|InvalidIdentityToken|InvalidClientTokenId|InvalidToken"
            r"|UnrecognizedClientException|Forbidden|AllAccessDisabled)\)",
            summary="the object store refuses the credentials for the model's path: {why}",
            remedies=(
                Remedy(text="allow the account to list and read the model's bucket and prefix", who="cloud"),
                Remedy(text="look at the service account's role, or the keys in the Secret"),
            ),
            beside=Beside(args=MODEL, pod=("spec.serviceAccountName",)),
            means="The store knows the credentials' account, if any, and does not let it read the model.",
        ),
        Signature(
            "IMG161",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Access denied to ",
            pattern=r"Access denied to (?P<store>\w{1,40}) resource '(?P<path>[^'\n]{1,400})'",
            summary="{store} refuses access to {path}",
            remedies=(
                Remedy(text="allow the account to list and read {path}", who="cloud"),
                Remedy(text="look at the service account's role, or the keys in the Secret"),
            ),
            beside=Beside(args=MODEL, pod=("spec.serviceAccountName",)),
            means="The store does not let the account of the container read the model.",
        ),
        Signature(
            "IMG187",
            "object-store-access-denied",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal=" authentication failed.",
            # KServe says so of any error that mentions credentials. Hugging Face's has a row of its own.
            pattern=r"(?P<store>S3|GCS|Azure|HDFS|HTTP|ModelScope|Git) authentication failed\. ",
            summary="{store} accepts no credentials of the container that fetches the model",
            remedies=(
                Remedy(text="look at the line before it: it tells the store's own words"),
                Remedy(text="give the service account the cloud role, or the Secret with the keys (storage config)"),
            ),
            beside=Beside(args=MODEL, texts=r"\w+ error for \S+: ", pod=("spec.serviceAccountName",)),
            means="KServe's storage initializer was refused, or had no credentials to show.",
            source="kserve/kserve python/storage/kserve_storage/storage_errors.py",
        ),
        Signature(
            "IMG162",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="ucket",
            pattern=r"(?P<why>NoSuchBucket|S3 bucket '[^'\n]{1,100}' does not exist"
            r"|[Tt]he specified bucket (?:does not|doesn't) exist)",
            summary="the model's bucket does not exist ({why})",
            remedies=(Remedy(text="correct the bucket of the model's URI"),),
            beside=Beside(args=MODEL),
            means="The store has no bucket of that name.",
        ),
        Signature(
            "IMG163",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="No model found in",
            pattern=r"No model found in (?P<path>[^\s]{1,400})",
            summary="no model lies under {path}",
            remedies=(Remedy(text="correct the path of the model's URI, or upload the model there"),),
            beside=Beside(args=MODEL),
            means="The bucket is there, and nothing lies under the path.",
        ),
        Signature(
            "IMG164",
            "model-path-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="resource '",
            pattern=r"(?P<store>\w{1,40}) resource '(?P<path>[^'\n]{1,400})' not found",
            summary="{store} has no {path}",
            remedies=(Remedy(text="correct the model's URI, or upload the model there"),),
            beside=Beside(args=MODEL),
            means="The store has no object under the model's path.",
        ),
        Signature(
            "IMG171",
            "nim-ngc-key-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="uth",
            pattern=r"(?P<why>nim_sdk::hub[^\n]{0,300}(?:Authentication Error|401 Unauthorized|Unauthorized)"
            r"|(?i:ngc)[^\n]{0,200}(?:Authentication Error|401 Unauthorized|Invalid API key|403 Forbidden)"
            r"|Authentication Error[^\n]{0,200}(?i:ngc)"
            r"|NGC_API_KEY[^\n]{0,80}(?:not set|is required|is missing|invalid))",
            summary="NGC refuses the API key with which the NIM fetches its model: {why}",
            remedies=(
                Remedy(text="see that the Secret of the auth secret reference has a key NGC_API_KEY, and its value"),
                Remedy(text="make a key of an account that may use this NIM, and put it into that Secret"),
            ),
            means="A NIM fetches its model from NGC when it starts. The key that reaches the container is missing, "
            "over, or of an account without this model; the pull secret of the image is another one.",
            source="NVIDIA/NemoClaw issue 3333, NVIDIA NIM for LLMs documentation, NVIDIA/k8s-nim-operator",
            refines=("object-store-access-denied", "hub-unreachable"),
        ),
        Signature(
            "IMG172",
            "storage-uri-unsupported",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="annot recognize storage type",
            pattern=r"Cannot recognize storage type for (?P<uri>\S{1,400})",
            summary="the storage initializer knows no way to fetch {uri}",
            remedies=(
                Remedy(text="write the model's URI with a scheme that KServe knows: s3, gs, hf, pvc, https, oci"),
            ),
            beside=Beside(args=MODEL),
            means="The scheme of the model's URI is none that the storage initializer can fetch.",
            source="kserve/kserve python/storage/kserve_storage/kserve_storage.py",
        ),
    ),
)
