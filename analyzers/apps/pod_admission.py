"""What the API server says when it refuses pods by what no webhook and no quota asks for."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

EXPLAINS = ("pod-not-created",)

POD_ADMISSION = signatures(
    "Kubernetes pod admission",
    origin="kubernetes/kubernetes staging/src/k8s.io/{apiserver/pkg/admission,apimachinery/pkg/api/errors}",
    rows=(
        Signature(
            "APP013",
            "admission-policy-denied",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=EXPLAINS,
            literal="ValidatingAdmissionPolicy",
            pattern=r"ValidatingAdmissionPolicy '(?P<policy>[^'\n]{1,253})' with binding '(?P<binding>[^'\n]{1,253})'"
            r" denied request: (?P<why>[^\n]{1,400})",
            summary="ValidatingAdmissionPolicy {policy} refuses its pods: {why}",
            means="A policy of the cluster says no to the pods as they are, so they are never created.",
            source="plugin/policy/validating/dispatcher.go",
            remedies=(
                Remedy(
                    text="change the pod template so that it satisfies the policy: {why}",
                    command="kubectl get validatingadmissionpolicy {policy} -o yaml",
                ),
                Remedy(text="or let binding {binding} leave the namespace out", who="platform"),
            ),
        ),
        Signature(
            "APP014",
            "security-context-constraint-violation",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=EXPLAINS,
            literal="unable to validate against any security context constraint",
            pattern=r"unable to validate against any security context constraint: (?P<why>[^\n]{1,600})",
            summary="no security context constraint that its ServiceAccount may use allows its pods: {why}",
            means="OpenShift admits a pod only by a constraint that its ServiceAccount may use; none of them fits.",
            source="openshift/apiserver-library-go pkg/securitycontextconstraints/sccadmission/admission.go",
            remedies=(
                Remedy(text="ask for less in the securityContext of the pod template", command="kubectl get scc"),
                Remedy(text="or let its ServiceAccount use a constraint that allows it", who="platform"),
            ),
        ),
        Signature(
            "APP015",
            "pod-template-invalid",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=EXPLAINS,
            literal="is invalid: ",
            pattern=r'Pod "[^"\n]{0,253}" is invalid: (?P<why>[^\n]{1,600})',
            summary="the pods of its template are invalid: {why}",
            means="The pods break a rule of the Pod API itself, with what a LimitRange or a webhook has filled in: a"
            " default limit below the template's request is a frequent one.",
            source="apimachinery/pkg/api/errors/errors.go (NewInvalid)",
            remedies=(
                Remedy(text="correct the pod template: {why}"),
                Remedy(
                    text="where the value is not the template's own, look at what fills it in",
                    command="kubectl get limitranges -A",
                ),
            ),
        ),
        Signature(
            "APP016",
            "controller-forbidden",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=EXPLAINS,
            literal='User "',
            pattern=r'User "(?P<user>[^"\n]{1,300})" cannot create resource "(?P<what>[a-z]{1,100})"',
            summary="its controller may not create {what}: no role lets {user} do so",
            means="The account of the controller lacks a right, so the API server refuses what it wants to create.",
            source="apiserver/pkg/endpoints/handlers/responsewriters/errors.go (forbiddenMessage)",
            remedies=(
                Remedy(
                    text="bind a role that lets {user} create {what}",
                    command="kubectl auth can-i create {what} --as={user}",
                    who="platform",
                ),
            ),
        ),
    ),
)
