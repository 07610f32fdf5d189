"""What the report tells of one workload is not called ruled out beside another that nothing explains."""

from diag.catalog.rule import rule
from diag.findings import Because, Finding, Question


def tells_of(name):
    """A rule that explains the crash of the pods of that name, and of no other."""

    @rule("APP990", name="app-config-rejected", question=Question.STARTED, inputs=("Pod",))
    def telling(ctx):
        """Title.

        ## What it means
        """
        for group in ctx.groups("container-crashing"):
            if group.first.name == name:
                proof = (ctx.cite(group.first, "spec.nodeName"),)
                because = Because(group, "its configuration is refused", proof)
                yield Finding(subject=group.first.ref, summary="told", evidence=proof, accounts_for=(because,))

    return telling


def pod(cluster, name):
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "main", "restartCount": 9, "ready": False, "state": waiting, "lastState": {"terminated": ended}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def ruled_out(cluster, *names):
    """The names of what is called ruled out for the pod that nothing explains."""
    items = [cluster.node("n1"), *(pod(cluster, name) for name in names)]
    causes = cluster.report(*items, rules=[tells_of("told")]).causes
    (bare,) = (cause for cause in causes if cause.name == "container-crashing")
    return [one.name for one in bare.alternatives if one.status == "ruled_out"]


def test_a_rule_that_found_nothing_at_all_is_called_ruled_out(cluster):
    assert ruled_out(cluster, "unexplained") == ["app-config-rejected"]


def test_a_rule_that_found_it_elsewhere_is_not(cluster):
    assert ruled_out(cluster, "unexplained", "told") == []
