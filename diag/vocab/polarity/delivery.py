"""What installs and delivers: GitOps, operators of the cloud, certificates, secrets."""

from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("*.toolkit.fluxcd.io/*",),
        source="fluxcd/pkg apis/meta/conditions.go, fluxcd/helm-controller api",
        good=("Ready", "Healthy", "Released", "SourceVerified", "ArtifactInStorage"),
        bad=("Stalled", "FetchFailed", "StorageOperationFailed", "IncludeUnavailable"),
        neutral=("Reconciling", "TestSuccess", "Remediated", "ArtifactOutdated"),
        excused=("DependencyNotReady", "Progressing", "ProgressingWithRetry", "Suspended"),
    ),
    Entry(
        kinds=("argoproj.io/Application", "argoproj.io/ApplicationSet"),
        source="argoproj/argo-cd pkg/apis/application/v1alpha1: conditions have no status, only a type",
        bad=("ErrorOccurred",),
        neutral=("*",),
    ),
    Entry(
        kinds=("argoproj.io/Rollout",),
        source="argoproj/argo-rollouts pkg/apis/rollouts/v1alpha1",
        good=("Available", "Progressing"),
        bad=("InvalidSpec", "ReplicaFailure"),
        neutral=("Paused", "Completed", "Healthy"),
        excused=("RolloutPaused",),
    ),
    Entry(
        kinds=("*.crossplane.io/*", "*.upbound.io/*"),
        source="crossplane/crossplane-runtime apis/common/condition.go, crossplane/crossplane apis",
        good=("Ready", "Synced", "Healthy", "Installed", "Established", "Offered", "Responsive"),
        excused=("ReconcilePaused", "Creating", "Deleting", "InactivePackageRevision"),
        neutral=("LastAsyncOperation", "AsyncOperation"),
    ),
    Entry(
        kinds=("*.services.k8s.aws/*",),
        source="aws-controllers-k8s/runtime apis/core/v1alpha1/conditions.go: ResourceSynced is False while it is made",
        good=("Ready",),
        bad=("ACK.Terminal", "ACK.Recoverable"),
        neutral=("ACK.*",),
    ),
    Entry(
        kinds=("operators.coreos.com/*",),
        source="operator-framework/api pkg/operators/v1alpha1: OLM's conditions of Subscriptions and InstallPlans",
        good=("Installed", "Succeeded"),
        bad=("CatalogSourcesUnhealthy", "ResolutionFailed", "InstallPlanFailed", "BundleUnpackFailed"),
        neutral=("Upgradeable", "InstallPlanPending", "InstallPlanMissing", "BundleUnpacking", "BundleLookupPending"),
    ),
    Entry(
        kinds=("config.openshift.io/ClusterOperator", "config.openshift.io/ClusterVersion"),
        source="openshift/api config/v1",
        good=("Available",),
        bad=("Degraded", "Failing", "Invalid"),
        neutral=("Progressing", "Upgradeable", "RetrievedUpdates", "ReleaseAccepted"),
    ),
    Entry(
        kinds=("cert-manager.io/*", "acme.cert-manager.io/*"),
        source="cert-manager/cert-manager pkg/apis/certmanager/v1",
        good=("Ready", "Approved"),
        bad=("Denied", "InvalidRequest"),
        neutral=("Issuing",),
    ),
    Entry(
        kinds=("external-secrets.io/*",),
        source="external-secrets/external-secrets apis/externalsecrets/v1",
        good=("Ready",),
        neutral=("Deleted",),
    ),
    Entry(
        kinds=("monitoring.coreos.com/*",),
        source="prometheus-operator/prometheus-operator pkg/apis/monitoring/v1",
        good=("Available", "Reconciled"),
        excused=("NoSelectedResources",),
    ),
)
