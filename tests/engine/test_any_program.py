"""Words that any program may print yield to those that only one program prints."""

from diag.analyzers.apps.own_setup import SETUP
from diag.analyzers.device.container_runtime import CONTAINER_RUNTIME

from diag.catalog.registry import Registry
from diag.causes.diagnose import diagnose
from diag.causes.report import make_report

TOOLKIT = "nvidia-container-toolkit-ctr"
SAID = 'unable to setup runtime: unable to load containerd config: failed to load config: yaml: unknown field "a"'


def test_what_only_the_toolkit_says_beats_what_any_program_may_say(cluster):
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": TOOLKIT, "restartCount": 9, "ready": False, "state": waiting, "lastState": {"terminated": ended}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "toolkit", "namespace": "gpu-operator", "creationTimestamp": cluster.LONG_AGO},
        "spec": {"nodeName": "n1", "containers": [{"name": TOOLKIT}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }
    log = {"pod": "gpu-operator/toolkit", "container": TOOLKIT, "previous": True, "text": SAID}
    registry = Registry(tables=[SETUP, CONTAINER_RUNTIME])
    report = make_report([diagnose(cluster.snap(pod, logs=[log]), registry, lambda *_: True)], registry)
    assert report.causes[0].name == "toolkit-cannot-find-containerd"
    assert "app-config-rejected" in [one.name for one in report.causes[0].alternatives]
