"""A reason of place and time alone stands where nothing else explains, and leaves its cause only possible."""

from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Finding, Question

NAMES = {"HWX990": "gpu-fell-off-bus", "APP990": "app-config-rejected"}


def blames(rule_id, *, weak):
    """A rule that accounts for every crash by the node that it happened on."""

    @rule(rule_id, name=NAMES[rule_id], question=Question.STARTED, inputs=("Node", "Pod"))
    def blaming(ctx):
        """Title.

        ## What it means
        """
        for group in ctx.groups("container-crashing"):
            node = ctx.snap.node(group.first.spec.node_name)
            proof = (ctx.cite(group.first, "spec.nodeName"),)
            reason = Because(group, "it ran there", proof, weak=weak)
            yield Finding(subject=node.ref, summary=f"found by {rule_id}", evidence=proof, accounts_for=(reason,))

    return blaming


def causes(cluster, *rules):
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "main", "restartCount": 9, "ready": False, "state": waiting, "lastState": {"terminated": ended}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "w", "namespace": "ml", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }
    return cluster.report(cluster.node("n1"), pod, rules=rules).causes


def test_a_weak_reason_stands_where_nothing_else_explains(cluster):
    (cause,) = causes(cluster, blames("HWX990", weak=True))
    assert (cause.rule, cause.confidence) == ("HWX990", Confidence.POSSIBLE.word)


def test_a_strong_reason_leaves_its_cause_as_sure_as_it_was(cluster):
    (cause,) = causes(cluster, blames("HWX990", weak=False))
    assert (cause.rule, cause.confidence) == ("HWX990", Confidence.CERTAIN.word)


def test_a_weak_reason_yields_to_any_other(cluster):
    first, *_ = causes(cluster, blames("HWX990", weak=True), blames("APP990", weak=False))
    assert first.rule == "APP990"
    first, *_ = causes(cluster, blames("HWX990", weak=False), blames("APP990", weak=True))
    assert first.rule == "HWX990"
