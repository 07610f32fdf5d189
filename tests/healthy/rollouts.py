"""Roll-outs in flight, budgets that allow nothing, scalers at their bounds, pods on their way out."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, custom, spec_of, well

from diag.testing import container, deployment, event, http_probe, lease, node, pdb, pod, pod_spec, replica_set, waiting

NAMESPACE = "serving"


def cluster():
    """A Deployment whose new pod is starting, beside others that are whole."""
    nodes = [node(f"cpu-{n}", created=DAYS_AGO, heartbeat=CLOCK.ago()) for n in (1, 2)]
    spec = pod_spec(container("main", "registry.example.com/api:2", port=8080, readinessProbe=http_probe("/", 8080)))
    rolling = deployment(
        "api", spec, namespace=NAMESPACE, replicas=3, existing=4, ready=3, created=DAYS_AGO,
        progressed=CLOCK.ago(seconds=40),
    )  # fmt: skip
    rolling["status"]["updatedReplicas"] = 1
    new = replica_set(rolling)
    new["spec"]["replicas"] = 1
    new["status"] |= {"replicas": 1, "readyReplicas": 0, "availableReplicas": 0}
    old = {**replica_set(rolling), "metadata": {**new["metadata"], "name": "api-5d9f7c6b4d", "uid": "old-rs"}}
    old["spec"] = {**new["spec"], "replicas": 3}
    old["status"] = {**new["status"], "replicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    fresh = waiting(
        pod("api-new", spec, namespace=NAMESPACE, created=CLOCK.ago(seconds=40), node="cpu-2", owner=new,
            labels={"app": "api"}),
        "ContainerCreating", "", since=CLOCK.ago(seconds=40),
    )  # fmt: skip
    olds = [
        well(f"api-old-{n}", "cpu-1", spec=spec, namespace=NAMESPACE, owner=old, labels={"app": "api"})
        for n in range(3)
    ]
    leaving = well("api-leaving", "cpu-1", spec=spec, namespace=NAMESPACE, owner=old, labels={"app": "api"})
    leaving["metadata"] |= {"deletionTimestamp": CLOCK.ago(seconds=-20), "deletionGracePeriodSeconds": 30}
    whole = deployment("web", spec_of(), namespace=NAMESPACE, replicas=2, created=DAYS_AGO)
    set_of_whole = replica_set(whole)
    retried = [
        well(f"web-{n}", "cpu-2", namespace=NAMESPACE, owner=set_of_whole, labels={"app": "web"}) for n in range(2)
    ]
    at_most = custom(
        "autoscaling/v2", "HorizontalPodAutoscaler", "web", namespace=NAMESPACE,
        spec={"minReplicas": 1, "maxReplicas": 2,
              "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
        status={"currentReplicas": 2, "desiredReplicas": 2},
    )  # fmt: skip
    at_most["status"]["conditions"] = conditions(
        AbleToScale="True ReadyForNewScale: recommended size matches current size",
        ScalingActive="True ValidMetricFound: the HPA was able to successfully calculate a replica count",
        ScalingLimited="True TooManyReplicas: the desired replica count is more than the maximum replica count",
    )
    return [
        *nodes,
        *(lease(item, renewed=CLOCK.micro(seconds=4)) for item in nodes),
        rolling,
        new,
        old,
        fresh,
        *olds,
        leaving,
        whole,
        set_of_whole,
        *retried,
        at_most,
        pdb("web", namespace=NAMESPACE, app="web", expected=2, min_available=2, created=DAYS_AGO),
        event(
            retried[0], "Failed", "Failed to pull image: context deadline exceeded", last=CLOCK.ago(hours=5),
            warning=True,
        ),
        event(
            olds[0], "Unhealthy", "Readiness probe failed: connection refused", last=CLOCK.ago(hours=4, minutes=58),
            warning=True,
        ),
    ]  # fmt: skip


BREAKS = (
    Break(
        says="the image of the new revision cannot be pulled",
        where="Pod/serving/api-new",
        path=("status", "containerStatuses", 0, "state", "waiting", "reason"),
        value="ImagePullBackOff",
        finds="container-not-started",
    ),
    Break(
        says="the roll-out passes its deadline",
        where="Deployment/serving/web",
        path=("status", "conditions", {"type": "Progressing"}, "status"),
        value="False",
        finds="Deployment/serving/web",
    ),
    Break(
        says="the scaler gets no metric",
        where="HorizontalPodAutoscaler/serving/web",
        path=("status", "conditions", {"type": "ScalingActive"}),
        value=conditions(ScalingActive="False FailedGetPodsMetric: the HPA was unable to compute the replica count")[0],
        finds="HorizontalPodAutoscaler/serving/web",
    ),
    Break(
        says="a pod does not end",
        where="Pod/serving/api-leaving",
        path=("metadata", "deletionTimestamp"),
        value=HOURS_AGO,
        finds="pod-stuck-terminating",
    ),
)
