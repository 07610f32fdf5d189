"""A pod that passed a webhook by is charged to what keeps down the workload that answers the webhook."""

from diag.catalog.registry import load

RULES = [rule for rule in load(third_party=False).functions if rule.id == "SCH195"]
WEBHOOK = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
    "metadata": {"name": "hami-webhook"},
    "webhooks": [{
        "name": "vgpu.hami.io", "failurePolicy": "Ignore",
        "clientConfig": {"service": {"namespace": "kube-system", "name": "hami-scheduler"}},
    }],
}  # fmt: skip
SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "hami-scheduler", "namespace": "kube-system"},
    "spec": {"selector": {"app": "hami"}},
}  # fmt: skip
DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "hami-scheduler", "namespace": "kube-system", "uid": "hami"},
    "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "hami"}}}},
}  # fmt: skip


def scheduler(**state):
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "hami-scheduler", "uid": "hami", "controller": True}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "hami-scheduler-1", "namespace": "kube-system", "ownerReferences": [owner]},
        "spec": {"nodeName": "n", "containers": [{"name": "extender"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "extender", "restartCount": 0, **state}]},
    }  # fmt: skip


def notebook():
    message = "0/1 nodes are available: 1 Insufficient nvidia.com/gpumem."
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "notebook", "namespace": "lab"},
        "spec": {"containers": [{"name": "lab", "resources": {"limits": {"nvidia.com/gpumem": "20000"}}}]},
        "status": {"phase": "Pending", "conditions": [unscheduled]},
    }  # fmt: skip


def test_a_pod_waits_because_the_scheduler_that_would_have_taken_it_has_no_image(cluster):
    refused = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    stopped = scheduler(ready=False, state=refused)
    report = cluster.report(cluster.node("n"), WEBHOOK, SERVICE, DEPLOYMENT, stopped, notebook(), rules=RULES)

    assert [cause.root.name for cause in report.causes] == ["hami-scheduler"]
    assert any("Deployment hami-scheduler is not ready" in link.why for link in report.links)


def test_a_pod_is_not_charged_to_a_webhook_whose_workload_runs(cluster):
    running = scheduler(ready=True, state={"running": {}})
    report = cluster.report(cluster.node("n"), WEBHOOK, SERVICE, DEPLOYMENT, running, notebook(), rules=RULES)

    assert [cause.root.name for cause in report.causes] == ["notebook"]
