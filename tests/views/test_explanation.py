import json

import msgspec
import pytest

from diag.api import scan
from diag.document import RemedyRow
from diag.views.citations import excerpt, quoted
from diag.views.explanation import explained


def lines(told, title):
    return [line for section in told.sections if section.title == title for line in section.lines]


def test_the_chain_runs_from_the_root_over_its_hop_to_the_symptom(report):
    told = explained(report, report.causes[1])

    assert [line.text for line in lines(told, "Why we think so")] == [
        (
            "DaemonSet gpu-operator/nvidia-device-plugin (device-plugin-nvml-missing) → Node gpu-7 (node-without-gpus)"
            ": the plugin on this node registers no GPUs"
        ),
        (
            "Node gpu-7 (node-without-gpus) → Deployment serve/chat-70b (pod-unscheduled): "
            "the pod would fit on the 8 GPUs that are lost"
        ),
    ]


def test_every_number_in_a_line_is_a_citation_below(report):
    for cause in report.causes:
        told = explained(report, cause)
        cited = {number for section in told.sections for line in section.lines for number in line.cites}
        cited |= {number for each in told.citations for number in each.parts}

        assert cited == {each.number for each in told.citations}
        assert [each.number for each in told.citations] == list(range(1, len(told.citations) + 1))


def test_evidence_names_its_place_and_quotes_it(report):
    quota, plugin, budget = (explained(report, cause).citations for cause in report.causes)

    assert quota[0].place == 'ResourceQuota ml/gpu-quota status.used["requests.nvidia.com/gpu"]'
    assert quota[0].value == '"12"'
    assert (quota[2].place, quota[2].value, quota[2].parts) == (
        "counted: free requests.nvidia.com/gpu in quota ml/gpu-quota",
        "0",
        (1, 2),
    )
    assert quota[5].place == "there is no Secret ml/ngc-key"
    assert plugin[0].place.startswith("previous log of Pod gpu-operator/nvidia-device-plugin-x2v9k, container")
    assert budget[1].place == "Node gpu-2 has no spec.taints"


def test_what_to_do_stands_before_how_it_is_known(report):
    gaps = [msgspec.structs.replace(report.gaps[0], hides=["QUO004"])]
    cause = msgspec.structs.replace(report.causes[0], confidence="likely")  # nothing could change a certain one
    told = explained(msgspec.structs.replace(report, gaps=gaps), cause)

    assert [section.title for section in told.sections] == [
        "What is wrong",
        "Since when",
        "What it costs",
        "What to do",
        "How sure this is",
        "Why we think so",
        "What else was considered",
        "What could not be checked",
    ]


def test_ways_out_stand_apart_from_what_follows_them(report):
    def row(text, risk="safe"):
        return msgspec.structs.replace(report.causes[0].remedies[0], text=text, risk=risk, command=None)

    rows = [row("drain it", "disruptive"), row("then uncordon it"), row("add a node"), row("look at the node")]
    told = explained(report, msgspec.structs.replace(report.causes[0], remedies=rows))

    assert [(line.kind, line.text.partition(" [")[0]) for line in lines(told, "What to do")] == [
        ("label", "First look, which changes nothing:"),
        ("step", "look at the node"),
        ("label", "Then one of these:"),
        ("step", "add a node"),
        ("step", "drain it"),
        ("label", "After that:"),
        ("step", "uncordon it"),
    ]


@pytest.mark.parametrize(
    ("text", "risk", "command", "said"),
    [
        ("see who holds it", "safe", "kubectl get pods", "see who holds it"),
        ("see who holds it", "safe", None, "see who holds it"),
        (
            "see to it",
            "safe",
            "kubectl delete pod a",
            "see to it [by the platform team; ends nothing that runs]; this command changes things:",
        ),
        (
            "look at it and restart it",
            "disruptive",
            None,
            "look at it and restart it [by the platform team; interrupts what runs]",
        ),
        ("add nodes", "safe", None, "add nodes [by the platform team; ends nothing that runs]"),
        (
            "add nodes",
            "safe",
            "kubectl get nodes",
            "add nodes [by the platform team; ends nothing that runs]; to look first:",
        ),
        ("add nodes", "safe", "poolctl grow", "add nodes [by the platform team; ends nothing that runs]"),
    ],
)
def test_a_step_that_changes_something_says_who_takes_it_and_what_its_command_does(report, text, risk, command, said):
    row = RemedyRow(text=text, who="platform", risk=risk, command=command)
    told = explained(report, msgspec.structs.replace(report.causes[0], remedies=[row]))

    assert lines(told, "What to do")[0].text == said


def test_a_step_that_sends_a_pod_to_a_node_leads_to_what_is_free_there(report):
    again = msgspec.structs.replace
    cause, finding = report.causes[0], report.findings[0]
    counted = next(row for row in report.evidence if isinstance(row.computed, str))
    room = again(counted, id="E99", computed="room on node n2: nvidia.com/gpu that no pod asks for", value="2")
    rows = [
        RemedyRow(text=f"run one more: {node} has room", who="user", risk="safe", command="") for node in ("n2", "n1")
    ]
    findings = [again(finding, evidence=[*finding.evidence, "E99"]), *report.findings[1:]]
    told = explained(again(report, findings=findings, evidence=[*report.evidence, room]), again(cause, remedies=rows))
    cites = [line.cites for line in lines(told, "What to do") if line.kind == "step"]

    assert cause.finding == finding.id
    assert [each.place for each in told.citations if (each.number,) == cites[0]] == [f"counted: {room.computed}"]
    assert cites[1] == ()


def test_one_way_out_is_no_choice(report):
    assert "label" not in [line.kind for line in lines(explained(report, report.causes[1]), "What to do")]


def asked(report, status, why, names):
    return [
        msgspec.structs.replace(report.causes[0].alternatives[0], name=name, status=status, why=why, evidence=[])
        for name in names
    ]


def test_rules_that_were_merely_asked_take_one_line(report):
    rows = [
        *asked(report, "ruled_out", "APP1 looked and found nothing", [f"quiet-{at}" for at in range(9)]),
        *asked(report, "open", "APP2 could not look: list Event", ["blind-1", "blind-2"]),
        *asked(report, "open", "the driver may be missing", ["driver-missing"]),
    ]
    cause = msgspec.structs.replace(report.causes[0], alternatives=rows)

    assert [line.text for line in lines(explained(report, cause), "What else was considered")] == [
        "driver-missing: still possible, the driver may be missing",
        "Could not look (list Event): blind-1, blind-2",
        (
            "Also asked, without a finding: quiet-0, quiet-1, quiet-2, quiet-3, quiet-4, quiet-5 "
            "and 3 more (-v lists all)"
        ),
    ]
    assert len(lines(explained(report, cause, everything=True), "What else was considered")) == len(rows)


def test_a_rival_that_was_seen_is_not_called_ruled_out(report):
    rows = asked(report, "ruled_out", "its plugin crashes: exit 1; too-many-files explains more", ["plugin-crash"])
    told = explained(report, msgspec.structs.replace(report.causes[0], alternatives=rows))

    assert [line.text for line in lines(told, "What else was considered")] == [
        "plugin-crash: seen, but not taken for the cause, as too-many-files explains more: its plugin crashes: exit 1"
    ]


def test_what_the_engine_says_of_rules_that_it_asked_is_recognised(tmp_path):
    dump = tmp_path / "crash.json"
    state = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 7}
    dump.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "api", "namespace": "shop", "creationTimestamp": "2026-11-25T10:00:00Z"},
                "spec": {"containers": [{"name": "c"}]},
                "status": {"phase": "Running", "containerStatuses": [state]},
            }
        )
    )
    report = scan([dump])

    considered = [line.text for line in lines(explained(report, report.causes[0]), "What else was considered")]
    assert not [text for text in considered if " looked and found nothing" in text or " could not look: " in text]
    assert any(text.startswith("Could not look (its log is not in the snapshot): ") for text in considered)
    assert considered[-1].startswith("Also asked, without a finding: ")


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("its gang waits: {}", "its gang waits: as above"),
        ("it needs its queue, which {}", "it needs its queue (as above)"),
    ],
)
def test_a_sentence_that_stands_above_is_not_said_again_in_the_chain(report, why, shown):
    link = msgspec.structs.replace(report.links[0], why=why.format(report.causes[0].summary))

    told = explained(msgspec.structs.replace(report, links=[link, *report.links[1:]]), report.causes[0])

    assert lines(told, "Why we think so")[0].text.endswith(f"(pod-not-created): {shown}")


def test_a_long_value_is_quoted_once(report):
    same = [
        msgspec.structs.replace(row, value="one and the same message, " * 4) if row.id in ("E1", "E2") else row
        for row in report.evidence
    ]

    first, second, *_ = explained(msgspec.structs.replace(report, evidence=same), report.causes[0]).citations

    assert first.value.startswith('"one and the same')
    assert second.value == "the same as in [1]"


@pytest.mark.parametrize(
    ("again", "more"),
    [
        ("--demo", ("diag explain --demo 3fa9c2d1", "diag rules QUO004")),
        ("--from 'a b.json' -n ml", ("diag explain --from 'a b.json' -n ml 3fa9c2d1", "diag rules QUO004")),
        (None, ("diag rules QUO004",)),
    ],
)
def test_commands_that_open_more_look_at_the_same_files(report, again, more):
    assert explained(report, report.causes[0], again=again).more == more


def test_an_age_names_the_end_that_it_is_measured_to(report):
    (cluster,) = report.target.clusters
    chosen = msgspec.structs.replace(cluster, now_from="option")
    target = msgspec.structs.replace(report.target, clusters=[chosen])

    def since(one):
        return lines(explained(one, one.causes[0]), "Since when")[0].text

    assert since(report).endswith("; 41 minutes 30 seconds before the snapshot was taken")
    assert since(msgspec.structs.replace(report, target=target)).endswith(" before the time given with --now")


def test_safe_remedies_come_first_and_say_who_can(report):
    steps = [line.text for line in lines(explained(report, report.causes[0]), "What to do") if line.kind == "step"]

    assert steps == [
        "see what holds the quota",
        "raise the quota of namespace ml [by the queue admin; interrupts what runs]; this command changes things:",
        "delete finished notebooks, if they are not needed any more [by the workload's owner; cannot be undone]",
    ]


def test_confidence_is_said_in_words(report):
    sure = [lines(explained(report, cause), "How sure this is")[0].text.split(":")[0] for cause in report.causes]

    assert sure == ["Certain", "Probably", "Possibly"]


def test_only_material_gaps_of_this_cluster_are_named(report):
    here = [msgspec.structs.replace(gap, hides=["QUO004"]) for gap in report.gaps]
    cause = msgspec.structs.replace(report.causes[0], confidence="likely")
    told = explained(msgspec.structs.replace(report, gaps=here), cause)
    assert len(lines(told, "What could not be checked")) == 2

    elsewhere = [msgspec.structs.replace(gap, cluster="other") for gap in here]
    told = explained(msgspec.structs.replace(report, gaps=elsewhere), cause)
    assert not lines(told, "What could not be checked")


def test_five_names_are_shown_and_the_rest_counted(report):
    cause = report.causes[0]
    many = [msgspec.structs.replace(cause.root, name=f"job-{at}", kind="Job") for at in range(42)]
    affected = msgspec.structs.replace(cause.affected, objects=many)

    told = explained(report, msgspec.structs.replace(cause, affected=affected))

    assert lines(told, "What it costs")[1].text.endswith("Job ml/job-4 and 37 more")


def test_a_root_does_not_belong_to_itself(report):
    cause = msgspec.structs.replace(report.causes[0], lineage=[report.causes[0].root])

    assert not [line for line in lines(explained(report, cause), "What is wrong") if "Part of" in line.text]
    owned = lines(explained(report, report.causes[1]), "What is wrong")
    assert "Part of: ClusterPolicy cluster-policy" in [line.text for line in owned]


def test_an_unknown_begin_is_said(report):
    assert lines(explained(report, report.causes[2]), "Since when")[0].text.startswith("Not known")


def test_a_circle_of_links_ends(report):
    back = msgspec.structs.replace(report.links[0], cause="F2", symptom="F1")

    told = explained(msgspec.structs.replace(report, links=[*report.links, back]), report.causes[0])

    assert len(lines(told, "Why we think so")) == 3


def test_a_long_value_keeps_the_part_that_decides():
    text = "x" * 500 + " exceeded quota: gpu-quota " + "y" * 500

    short = excerpt(text, "the quota gpu-quota is exceeded")

    assert len(short) <= 300
    assert "exceeded quota: gpu-quota" in short
    assert short.startswith("…")
    assert short.endswith("…")


def test_a_short_value_stays_whole():
    assert quoted("a\nb") == '"a\nb"'
    assert quoted(True) == "true"
    assert quoted(0) == "0"


GATED = {
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "one", "namespace": "ml", "creationTimestamp": "2026-11-25T10:00:00Z"},
    "spec": {"containers": [{"name": "c"}], "schedulingGates": [{"name": "example.com/hold"}]},
    "status": {"phase": "Pending"},
}  # fmt: skip
# No Workload was collected, so nobody knows whether its queue will ever let it in.
SUSPENDED = {
    "apiVersion": "batch/v1", "kind": "Job",
    "metadata": {
        "name": "later", "namespace": "ml", "creationTimestamp": "2026-11-25T10:00:00Z",
        "labels": {"kueue.x-k8s.io/queue-name": "team"},
    },
    "spec": {"suspend": True, "parallelism": 1}, "status": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("item", "now", "severity", "told"),
    [
        (GATED, "10:00:30Z", "info", True),
        (GATED, "10:01:30Z", "error", False),
        (SUSPENDED, "10:00:30Z", "info", False),
        (SUSPENDED, "10:01:30Z", "info", False),
    ],
)
def test_what_only_its_age_keeps_from_being_an_error_says_so(tmp_path, item, now, severity, told):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(item))
    one = scan([path], now=f"2026-11-25T{now}")
    (cause,) = one.causes

    assert cause.severity == severity
    assert any("so far" in line.text for line in lines(explained(one, cause), "Since when")) is told


def test_a_symptom_cites_what_its_sentence_quotes_and_lost_gpus_what_is_free(report):
    again = msgspec.structs.replace
    cause = report.causes[1]
    (seen,) = (one for one in report.findings if one.id in cause.symptoms[-1:])
    said = again(report.evidence[0], id="E901", value="the drain reached its timeout")
    free = again(report.evidence[0], id="E902", path=msgspec.UNSET, computed="free nvidia.com/gpu on node n", from_=[])
    first = seen.evidence[0]
    rows = {
        seen.id: again(seen, summary=f"stuck: {said.value}", evidence=[first, "E902", "E901"]),
        cause.finding: again(
            next(one for one in report.findings if one.id == cause.finding), evidence=[first, "E902", "E901"]
        ),
    }
    told = again(
        report,
        findings=[rows.get(one.id, one) for one in report.findings],
        evidence=[*report.evidence, said, free],
    )

    def cited(gpus_lost):
        affected = again(cause.affected, gpus_lost=gpus_lost)
        shown = explained(told, again(cause, affected=affected, symptoms=cause.symptoms[-1:]))
        ids = {each.number: each.evidence for each in shown.citations}
        seen_as = next(line for line in lines(shown, "What is wrong") if line.text.startswith("Seen as"))
        return [ids[each] for each in seen_as.cites], [ids[each] for each in lines(shown, "What it costs")[0].cites]

    assert cited(8) == ([first, "E901"], ["E902"])
    assert cited(0)[1] == []
