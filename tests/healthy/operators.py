"""Operators with habits of their own: good news that looks bad, and intentions that look like faults."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, custom, spec_of

from diag.testing import daemon_set, deployment, lease, manifest, node


def cluster():
    """One resource each, all of them well."""
    machine = node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    crd = custom(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com",
        told={"NonStructuralSchema": "False", "KubernetesAPIApprovalPolicyConformant": "False MissingAnnotation",
              "NamesAccepted": "True NoConflicts", "Established": "True InitialNamesAccepted"},
    )  # fmt: skip
    suspended = custom(
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "apps", namespace="flux-system", spec={"suspend": True},
        told={"Ready": "False HealthCheckFailed: timeout waiting", "Reconciling": "False"},
    )  # fmt: skip
    following = custom(
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "late", namespace="flux-system",
        told={"Ready": "False DependencyNotReady: dependency 'flux-system/apps' is not ready"},
    )  # fmt: skip
    paused = custom(
        "s3.aws.upbound.io/v1beta1", "Bucket", "models", annotations={"crossplane.io/paused": "true"},
        told={"Synced": "False ReconcilePaused: Reconciliation is paused via the pause annotation",
              "Ready": "True Available"},
    )  # fmt: skip
    creating = custom(
        "eks.aws.upbound.io/v1beta1", "NodeGroup", "gpu", since=CLOCK.ago(minutes=12),
        told={"Synced": "True ReconcileSuccess", "Ready": "False Creating"},
    )  # fmt: skip
    certificate = custom(
        "cert-manager.io/v1", "Certificate", "web", namespace="web",
        told={"Ready": "True Ready: Certificate is up to date and has not expired", "Issuing": "False"},
    )  # fmt: skip
    operator = custom(
        "config.openshift.io/v1", "ClusterOperator", "network",
        told={"Available": "True", "Degraded": "False", "Progressing": "True Deploying", "Upgradeable": "False"},
    )  # fmt: skip
    export = custom(
        "multicluster.x-k8s.io/v1alpha1", "ServiceExport", "web", namespace="web",
        told={"Valid": "True", "Conflict": "False NoConflicts"},
    )  # fmt: skip
    listener = custom(
        "skupper.io/v2alpha1", "Listener", "web", namespace="web",
        told={"Configured": "True", "Matched": "False Pending: No matching connectors",
              "Ready": "False Pending: Not Matched"},
    )  # fmt: skip
    changed = custom(
        "example.com/v1", "Widget", "changed", namespace="web", generation=4, status={"observedGeneration": 3},
        told={"Ready": "False Outdated: the spec is newer"},
    )  # fmt: skip
    machine_set = custom(
        "cluster.x-k8s.io/v1beta2", "Machine", "worker", namespace="capi", status={"phase": "Running"},
        told={"Ready": "True Ready", "NodeHealthy": "True NodeHealthy", "Paused": "False NotPaused",
              "UpToDate": "False NotUpToDate", "Deleting": "False NotDeleting"},
    )  # fmt: skip
    application = custom(
        "argoproj.io/v1alpha1", "Application", "web", namespace="argocd",
        status={"sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"}},
    )  # fmt: skip
    application["status"]["conditions"] = [{"type": "OrphanedResourceWarning", "message": "there are orphans"}]
    standby = manifest(
        "coordination.k8s.io/v1", "Lease", "unused-operator", namespace="operators", created=DAYS_AGO,
        spec={"holderIdentity": "unused-operator-1_x", "leaseDurationSeconds": 15, "renewTime": CLOCK.micro(days=3)},
    )  # fmt: skip
    return [
        machine, lease(machine, renewed=CLOCK.micro(seconds=4)), crd, suspended, following, paused, creating,
        certificate, operator, export, listener, changed, machine_set, application, standby,
        deployment("unused-operator", spec_of(), namespace="operators", replicas=0, created=DAYS_AGO),
        daemon_set("nowhere", spec_of(node_selector={"kind": "none"}), namespace="operators", created=DAYS_AGO),
    ]  # fmt: skip


def _said(where, type_, told, finds=None):
    return Break(
        says=f"{where} says {type_}={told}",
        where=where,
        path=("status", "conditions", {"type": type_}),
        value=conditions(**{type_: told})[0],
        finds=finds or where,
    )


BREAKS = (
    _said("NodeGroup/gpu", "Synced", "False ReconcileError: cannot create: quota of accelerated instances exceeded"),
    _said("Certificate/web/web", "Ready", "False Failed: the issuer refused it"),
    _said("ClusterOperator/network", "Degraded", "True RolloutHung: DaemonSet rollout is not making progress"),
    _said("ServiceExport/web/web", "Conflict", "True PortConflict: conflicting ports"),
    _said("Listener/web/web", "Configured", "False Error: no such site"),
    Break(
        says="the operator has seen the newest spec, and is still not ready",
        where="Widget/web/changed",
        path=("status", "observedGeneration"),
        value=4,
        finds="Widget/web/changed",
    ),
    Break(
        says="nobody suspends the Kustomization whose check fails",
        where="Kustomization/flux-system/apps",
        path=("spec", "suspend"),
        value=False,
        finds="Kustomization/flux-system/apps",
    ),
    Break(
        says="what Argo CD made is degraded",
        where="Application/argocd/web",
        path=("status", "health", "status"),
        value="Degraded",
        finds="Application/argocd/web",
    ),
    Break(
        says="a machine waits in the same state since long ago",
        where="NodeGroup/gpu",
        path=("status", "conditions", {"type": "Ready"}),
        value=conditions(since=HOURS_AGO, Ready="False Unavailable: node group is in state DEGRADED")[0],
        finds="NodeGroup/gpu",
    ),
)
