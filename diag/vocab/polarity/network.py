"""Gateways and meshes."""

from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("gateway.networking.k8s.io/*",),
        source="kubernetes-sigs/gateway-api apis/v1",
        good=("Accepted", "Programmed", "ResolvedRefs"),
        bad=("Conflicted", "OverlappingTLSConfig"),
        neutral=("Ready", "Scheduled", "PartiallyInvalid", "SupportedVersion"),
        excused=("Pending",),
    ),
    Entry(
        kinds=("networking.istio.io/*", "security.istio.io/*", "telemetry.istio.io/*", "extensions.istio.io/*"),
        source="istio/api analysis: Istio writes its analyses and how far they spread",
        neutral=("Reconciled", "PassedAnalysis", "*"),
    ),
    Entry(
        kinds=("sailoperator.io/*", "install.istio.io/*"),
        source="istio-ecosystem/sail-operator api/v1",
        good=("Ready", "Reconciled"),
        neutral=("InUse", "DependenciesHealthy"),
    ),
    Entry(
        kinds=("mellanox.com/*", "maintenance.nvidia.com/*"),
        source="Mellanox/network-operator, Mellanox/maintenance-operator api",
        good=("Ready",),
        excused=("Uninitialized", "Pending", "Scheduled", "Cordon", "WaitForPodCompletion", "Draining"),
    ),
)
