"""What an object calls others by goes, also where nobody has those others and the name is made of words of ours."""

import gzip
import json
import re
from pathlib import Path

import pytest

from diag.api import capture
from diag.redact.keys import KeyFile
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor
from diag.redact.references import in_field, referenced
from diag.redact.shipped import is_public_host, is_public_name, public_part, system_of

CASES = Path(__file__).parents[1] / "cases"
REAL = sorted((CASES.parent / "real" / "scenarios").glob("*/objects.json.gz"))
DUMPS = [*sorted(path for path in CASES.glob("*.json") if path.name.count(".") == 1), *REAL]
NAME = "token-model-prod"  # each part is a word that this program ships
FIELDS = {
    "volume of a Secret": {"volumes": [{"secret": {"secretName": NAME}}]},
    "volume of a ConfigMap": {"volumes": [{"configMap": {"name": NAME}}]},
    "projected volume": {"volumes": [{"projected": {"sources": [{"secret": {"name": NAME}}]}}]},
    "volume of a claim": {"volumes": [{"persistentVolumeClaim": {"claimName": NAME}}]},
    "variable": {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": NAME, "key": "k"}}}]}]},
    "variable of a ConfigMap": {"containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": NAME}}}]}]},
    "variables": {"containers": [{"envFrom": [{"secretRef": {"name": NAME}}]}]},
    "pull secret": {"imagePullSecrets": [{"name": NAME}]},
    "service account": {"serviceAccountName": NAME},
    "old service account": {"serviceAccount": NAME},
    "priority class": {"priorityClassName": NAME},
    "runtime class": {"runtimeClassName": NAME},
    "storage class": {"storageClassName": NAME},
    "scheduler": {"schedulerName": NAME},
    "node": {"nodeName": NAME},
    "volume": {"volumeName": NAME},
    "backend": {"backend": {"service": {"name": NAME}}},
    "route": {"rules": [{"backendRefs": [{"name": NAME}]}]},
    "headless service": {"serviceName": NAME},
    "owner": {"ownerReferences": [{"kind": "Job", "name": NAME}]},
    "event": {"involvedObject": {"name": NAME}},
    "new event": {"regarding": {"name": NAME}},
    "role": {"roleRef": {"kind": "Role", "name": NAME}},
    "subject": {"subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": NAME}]},
    "Kueue's queue": {"labels": {"kueue.x-k8s.io/queue-name": NAME}},
    "KAI's queue": {"labels": {"kai.scheduler/queue": NAME}},
    "Volcano's queue": {"queue": NAME},
    "cluster queue": {"clusterQueue": NAME},
    "flavor": {"flavors": [{"name": NAME}]},
    "flavor by resource": {"flavors": {"nvidia.com/gpu": NAME}},
    "pool by selector": {"nodeSelector": {"karpenter.sh/nodepool": NAME}},
    "pool by affinity": {"matchExpressions": [{"key": "karpenter.sh/nodepool", "operator": "In", "values": [NAME]}]},
    "claim template": {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": NAME}]},
    "resource nobody knows": {"someThingRef": {"name": NAME}},
    "generated from": {"generateName": f"{NAME}-"},
    "JSON in an annotation": {"annotations": {"last": json.dumps({"secretName": NAME})}},
    "message": {"message": f'secret "{NAME}" not found'},
    "message of the API server": {"message": f'persistentvolumeclaims "{NAME}" not found'},
    "message of the kubelet": {"message": f"couldn't find key k in Secret ml/{NAME}"},
    "message of a mount": {"message": f'object "ml"/"{NAME}" not registered'},
}


def redacted(paths, tmp_path):
    return capture(paths, form="plain", redact=KeyFile(tmp_path / "key", b"k" * 32)).packed.decode()


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_the_name_of_what_is_missing_goes_from_each_field_and_from_free_text(field, tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": field}
    other = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c", "namespace": "b"},
             "status": {"message": f"waits for {NAME}, which is missing"}}  # fmt: skip
    (tmp_path / "in.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, other]}))

    assert Redactor(Pseudonyms(b"k" * 32)).text(NAME) == NAME  # it would stay as words of ours
    assert NAME not in redacted([tmp_path / "in.json"], tmp_path)


@pytest.mark.parametrize(
    "field",
    [
        {"containers": [{"name": NAME}]},
        {"env": [{"name": NAME, "value": NAME}]},
        {"limits": [{"resourceName": NAME}]},
        {"labels": {"app.kubernetes.io/component": NAME}},
        {"resourceClaims": [{"name": NAME}]},
        {"priorityClassName": "system-node-critical", "schedulerName": "default-scheduler"},
        {"deviceClassName": "gpu.nvidia.com"},
        {"message": "didn't match Pod's node affinity/selector"},
        {"queue": "true"},
        {"kind": 7, "name": ["x"], "secretName": None, "key": {}, "claimRef": [[1]]},
    ],
)
def test_what_is_no_name_of_an_object_is_none(field):
    assert [ref.name for ref in referenced(field) if not is_public_name(ref.name)] == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("spec.volumes[0].secret.secretName", True),
        ("spec.containers[0].env[1].valueFrom.secretKeyRef.name", True),
        ('metadata.labels["kueue.x-k8s.io/queue-name"]', True),
        ("spec.containers[0].name", False),
        ("[0]", False),
    ],
)
def test_a_cited_field_tells_whether_it_holds_a_name(path, told):
    assert [ref.name for ref in in_field(path, NAME)] == [NAME] * told


# A second reading of the most usual references, by their spelling in JSON.
_SPELLED = re.compile(
    r'"(?:secretName|claimName|serviceAccountName|priorityClassName|runtimeClassName|storageClassName|nodeName|volumeName'
    r"|clusterQueue|serviceName|kueue\.x-k8s\.io/queue-name|resourceClaimTemplateName)\": ?\"([a-z0-9.-]+)\""
    r"|\"(?:secretKeyRef|configMapKeyRef|secretRef|configMapRef)\": ?\{[^{}]*\"name\": ?\"([a-z0-9.-]+)\""
)


@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.parent.name if path in REAL else path.stem)
def test_no_name_that_a_dump_refers_to_is_in_its_redacted_form(path, tmp_path):
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    names = {one or other for one, other in _SPELLED.findall(text)} - {"true", "false"}
    names = {each for each in names if not is_public_name(each) and not ("." in each and is_public_host(each))}
    names = {each for each in names if not (public_part(each) or system_of(each))}  # operands keep what tells them
    names = {each for each in names if re.search(r"[-.]", each)}  # a bare word may be a word of a sentence
    made = redacted([path], tmp_path)

    assert [each for each in sorted(names) if re.search(rf"(?<![\w.-]){re.escape(each)}(?![\w.-])", made)] == []
