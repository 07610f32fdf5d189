"""Projections of the kinds that Kubernetes itself serves. Others register beside their vocabulary (`diag.vocab`).

Shapes follow the API reference of Kubernetes 1.36 (core/v1, apps/v1, batch/v1, coordination/v1, policy/v1).
"""

from msgspec import Raw, field

from diag.projection import Condition, Object, Part, projection


class Terminated(Part):
    """A container's end."""

    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None


class Waiting(Part):
    """Why a container does not run."""

    reason: str | None = None
    message: str | None = None


class Running(Part):
    """Since when a container runs."""

    started_at: str | None = None


class ContainerState(Part):
    """One of three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Part):
    """What the kubelet says of one container."""

    name: str | None = None
    image: str | None = None
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class Container(Part):
    """What is asked for one container. Commands, environment, ports and probes are read from the whole object."""

    name: str | None = None
    image: str | None = None
    restart_policy: str | None = None  # Always on an init container: a sidecar (KEP-753)
    resources: Raw = Raw()


class SchedulingGate(Part):
    """Something that has to remove itself before the scheduler looks at the pod."""

    name: str | None = None


class SchedulingGroup(Part):
    """The PodGroup of Kubernetes itself that a pod is a member of (from 1.36 on)."""

    pod_group_name: str | None = None


class PodSpec(Part):
    """What is asked for."""

    node_name: str | None = None
    scheduler_name: str | None = None
    priority: int | None = None
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    restart_policy: str | None = None
    host_network: bool | None = None
    termination_grace_period_seconds: int | None = None
    preemption_policy: str | None = None
    scheduling_gates: list[SchedulingGate] | None = None
    scheduling_group: SchedulingGroup | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_selector: Raw = Raw()
    affinity: Raw = Raw()
    tolerations: Raw = Raw()
    topology_spread_constraints: Raw = Raw()
    volumes: Raw = Raw()
    resource_claims: Raw = Raw()
    overhead: Raw = Raw()


class PodStatus(Part):
    """What became of it."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    start_time: str | None = None
    nominated_node_name: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None


@projection("Pod")
class Pod(Object):
    """A pod."""

    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Taint(Part):
    """What keeps pods off a node."""

    key: str | None = None
    value: str | None = None
    effect: str | None = None
    time_added: str | None = None


class NodeSpec(Part):
    """What somebody set."""

    unschedulable: bool | None = None
    taints: list[Taint] | None = None
    provider_id: str | None = field(default=None, name="providerID")


class NodeStatus(Part):
    """What the kubelet and the node controller say."""

    capacity: Raw = Raw()
    allocatable: Raw = Raw()
    conditions: list[Condition] | None = None
    node_info: Raw = Raw()
    images: Raw = Raw()


@projection("Node")
class Node(Object):
    """A node."""

    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class EventSubject(Part):
    """The object that an event is about."""

    api_version: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


class EventSeries(Part):
    """A repeated event."""

    count: int | None = None
    last_observed_time: str | None = None


class EventSource(Part):
    """Who wrote it, in the old dialect."""

    component: str | None = None
    host: str | None = None


@projection("Event")
class Event(Object):
    """An event in either dialect: core/v1 and events.k8s.io/v1 name the same stored object differently."""

    involved_object: EventSubject | None = None
    regarding: EventSubject | None = None
    related: EventSubject | None = None
    reason: str | None = None
    action: str | None = None
    message: str | None = None
    note: str | None = None
    type: str | None = None
    count: int | None = None
    deprecated_count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    deprecated_first_timestamp: str | None = None
    deprecated_last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    deprecated_source: EventSource | None = None
    reporting_component: str | None = None
    reporting_controller: str | None = None

    @property
    def subject(self) -> EventSubject:
        """The object that it is about."""
        return self.involved_object or self.regarding or EventSubject()

    @property
    def text(self) -> str:
        """Its sentence."""
        return self.message or self.note or ""

    @property
    def text_path(self) -> str:
        """Where the sentence stands in the object."""
        return "message" if self.message else "note"

    @property
    def last_seen(self) -> str | None:
        """When it was last observed."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.deprecated_last_timestamp or self.event_time or self.first_seen

    @property
    def first_seen(self) -> str | None:
        """When it was first observed."""
        return self.first_timestamp or self.deprecated_first_timestamp or self.event_time or self.created

    @property
    def times(self) -> int:
        """How often it was observed, once at least."""
        series = self.series.count if self.series else None
        return max(series or self.count or self.deprecated_count or 1, 1)

    @property
    def component(self) -> str:
        """Who wrote it."""
        source = self.source or self.deprecated_source
        return self.reporting_component or self.reporting_controller or (source.component if source else None) or ""


class ReplicaSpec(Part):
    """What controllers of replicas have in common."""

    replicas: int | None = None
    parallelism: int | None = None
    completions: int | None = None
    suspend: bool | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    pod_management_policy: str | None = None
    service_name: str | None = None
    paused: bool | None = None
    progress_deadline_seconds: int | None = None
    selector: Raw = Raw()
    template: Raw = Raw()
    strategy: Raw = Raw()


class ReplicaStatus(Part):
    """What became of the replicas."""

    replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    updated_replicas: int | None = None
    unavailable_replicas: int | None = None
    observed_generation: int | None = None
    current_revision: str | None = None
    update_revision: str | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    ready: int | None = None
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[Condition] | None = None


@projection("batch/Job")
@projection("apps/DaemonSet")
@projection("apps/StatefulSet")
@projection("apps/Deployment")
@projection("apps/ReplicaSet")
class Controller(Object):
    """A controller that makes pods (or ReplicaSets): Deployment, ReplicaSet, StatefulSet, DaemonSet, Job."""

    spec: ReplicaSpec = field(default_factory=ReplicaSpec)
    status: ReplicaStatus = field(default_factory=ReplicaStatus)


class LeaseSpec(Part):
    """Who holds it and since when."""

    holder_identity: str | None = None
    renew_time: str | None = None
    lease_duration_seconds: int | None = None


@projection("coordination.k8s.io/Lease")
class Lease(Object):
    """A heartbeat. Its renewTime is nearly always the newest time of a dump, so it tells when that was made."""

    spec: LeaseSpec = field(default_factory=LeaseSpec)
