"""The way to logs that were not read: of the run that ended where one did, none of a container that never ran."""

import pytest

from diag.catalog.registry import load
from diag.causes.silence import unread_logs

ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
BACK_OFF = {"name": "main", "restartCount": 3, "lastState": ENDED, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
NEVER = {
    "name": "main",
    "restartCount": 0,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}},
}


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (BACK_OFF, "give them as a log list; kubectl logs -n ml a --previous shows the same"),
        (NEVER, "give them as a log list, of the containers that have run"),
    ],
)
def test_the_run_that_has_the_log_is_named(cluster, status, fix):
    pod = cluster.pod("a", 1, node="n")
    pod["status"] |= {"phase": "Pending" if status is NEVER else "Running", "containerStatuses": [status]}
    trouble = cluster.trouble(pod)
    (gap,) = unread_logs(trouble.snap, trouble.groups, load())

    assert gap.fix == fix


@pytest.mark.parametrize(
    ("name", "end"),
    [("a;$(x)", "; kubectl logs -n ml 'a;$(x)' --previous shows the same"), ("-f", ""), ("a\nb", "")],
)
def test_a_name_that_is_no_word_of_a_shell_is_quoted_or_there_is_no_command(cluster, name, end):
    pod = cluster.pod(name, 1, node="n")
    pod["status"] |= {"phase": "Running", "containerStatuses": [BACK_OFF]}
    trouble = cluster.trouble(pod)
    (gap,) = unread_logs(trouble.snap, trouble.groups, load())

    assert gap.fix == f"give them as a log list{end}"
