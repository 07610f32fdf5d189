"""Deciding: who explains what, how sure, how bad, and in which order."""

import pytest
from msgspec import UNSET

from diag.catalog.rule import Named, rule
from diag.causes.graph import Graph
from diag.findings import Basis, Because, Confidence, Finding, Question, Ref, Severity
from diag.snapshot.cite import CitationError, cite, cite_absent_path, compute
from diag.snapshot.sources.part import Problem


def explaining(
    rule_id,
    name,
    *,
    question=Question.PLACED,
    symptom="pod-unscheduled",
    members=None,
    subject=None,
    needs=(),
    evidence=None,
    **fields,
):
    """A rule that explains every group of a symptom."""

    def function(ctx):
        for group in ctx.groups(symptom):
            yield Finding(
                subject=subject or group.workload,
                summary=name,
                evidence=(evidence(ctx, group) if evidence else group.evidence[0],),
                accounts_for=(Because(group, name, members=members),),
                needs=needs,
            )

    return rule(rule_id, name=name, question=question, inputs=("Pod",), **fields)(function)


def waiting(cluster, *names, nodes=1):
    return [cluster.pod(name, 1, message=cluster.lacking(nodes)) for name in names or ("p",)]


def causes(diagnosis):
    return [cause.name for cause in diagnosis.causes]


def test_what_is_not_created_or_admitted_is_not_blamed_on_placement(cluster):
    rules = [
        explaining("AAA001", "placed", question=Question.PLACED),
        explaining("AAA002", "admitted", question=Question.ADMITTED, basis=Basis.SAID),
    ]
    report = cluster.report(*waiting(cluster), rules=rules)

    assert [cause.name for cause in report.causes] == ["admitted"]
    assert [(one.name, one.status) for one in report.causes[0].alternatives] == [("placed", "also_needed")]


def test_a_scalers_answer_refines_what_todays_nodes_show(cluster):
    rules = [explaining("AAA001", "placed"), explaining("AAA002", "scaled", question=Question.SCALED, basis=Basis.SAID)]

    assert causes(cluster.diagnose(*waiting(cluster), rules=rules)) == ["scaled"]


@pytest.mark.parametrize(
    ("winner", "loser"), [(Basis.COUNTED, Basis.SAID), (Basis.SAID, Basis.REMAINDER), (Basis.COUNTED, Basis.REMAINDER)]
)
def test_counted_beats_said_beats_a_remainder(cluster, winner, loser):
    rules = [explaining("AAA001", "loser", basis=loser), explaining("AAA002", "winner", basis=winner)]

    assert causes(cluster.diagnose(*waiting(cluster), rules=rules)) == ["winner"]


def test_a_rule_that_refines_another_beats_it_and_that_lowers_nothing(cluster):
    rules = [explaining("AAA001", "general"), explaining("AAA002", "special", basis=Basis.SAID, refines=("general",))]
    diagnosis = cluster.diagnose(*waiting(cluster), rules=rules)

    assert causes(diagnosis) == ["special"]
    assert diagnosis.causes[0].confidence is Confidence.CERTAIN
    assert [
        (one.name, one.status) for one in cluster.report(*waiting(cluster), rules=rules).causes[0].alternatives
    ] == [("general", "ruled_out")]


def test_rules_that_refine_each_other_in_a_ring_leave_one_cause(cluster):
    rules = [explaining("AAA001", "one", refines=("other",)), explaining("AAA002", "other", refines=("one",))]

    assert len(causes(cluster.diagnose(*waiting(cluster), rules=rules))) == 1


def test_an_open_rival_takes_one_step_of_confidence(cluster):
    rules = [explaining("AAA001", "one", basis=Basis.SAID), explaining("AAA002", "other", basis=Basis.SAID)]
    diagnosis = cluster.diagnose(*waiting(cluster), rules=rules)

    assert causes(diagnosis) == ["one"]
    assert diagnosis.causes[0].confidence is Confidence.LIKELY


def test_causes_of_some_members_each_share_a_group(cluster):
    rules = [explaining("AAA001", "most", members=3), explaining("AAA002", "some", members=2)]
    job = cluster.job("j")
    pods = [cluster.pod(f"j-{n}", 1, owner=job, message=cluster.lacking(1)) for n in range(5)]
    diagnosis = cluster.diagnose(job, *pods, rules=rules)

    assert [(cause.name, cause.pods, cause.gpus) for cause in diagnosis.causes] == [("most", 3, 3), ("some", 2, 2)]


def test_a_symptom_that_nothing_accounts_for_is_its_own_root_and_lists_who_was_asked(cluster):
    silent = rule("AAA009", name="silent", question=Question.PLACED, inputs=("Pod",))(lambda _: iter(()))
    blind = rule("AAA010", name="blind", question=Question.PLACED, inputs=("apps/Deployment",))(lambda _: iter(()))
    report = cluster.report(*waiting(cluster), rules=[silent, blind])
    cause = report.causes[0]

    assert (cause.name, cause.confidence, str(cause.root)) == ("pod-unscheduled", "possible", "Pod/ml/p")
    assert {one.name: one.status for one in cause.alternatives} == {"silent": "ruled_out", "blind": "open"}
    assert [gap.what for gap in report.gaps if gap.material] == ["list apps/Deployment"]


def test_a_gap_is_not_material_where_every_group_has_a_certain_cause(cluster):
    blind = rule("AAA010", name="blind", question=Question.PLACED, inputs=("apps/Deployment",))(lambda _: iter(()))
    report = cluster.report(*waiting(cluster), rules=[blind, explaining("AAA001", "sure")])

    assert report.causes[0].confidence == "certain"
    assert not any(gap.material for gap in report.gaps)


@pytest.mark.parametrize(
    ("kind", "more", "material"),
    [
        ("scheduling.k8s.io/PodGroup", {}, False),
        ("scheduling.k8s.io/PodGroup", {"spec": {"schedulingGroup": {"podGroupName": "g"}}}, True),
        ("scheduling.k8s.io/PodGroup", {"meta": {"labels": {"scheduling.x-k8s.io/pod-group": "g"}}}, False),
        ("admissionregistration.k8s.io/MutatingWebhookConfiguration", {}, False),
        ("admissionregistration.k8s.io/MutatingWebhookConfiguration", {"spec": {"overhead": {"a/b": "1"}}}, True),
    ],
)
def test_a_gap_touches_pods_that_what_was_not_read_can_be_about(cluster, kind, more, material):
    blind = rule("AAA010", name="blind", question=Question.PLACED, inputs=(kind,))(lambda _: iter(()))
    pod = cluster.pod("p", 1, message=cluster.lacking(1), **more)
    report = cluster.report(cluster.node("n"), pod, rules=[blind, explaining("AAA001", "guess", basis=Basis.REMAINDER)])

    assert {gap.what: gap.material for gap in report.gaps}[f"list {kind}"] == material
    assert report.causes[0].confidence == ("possible" if material else "likely")


def test_a_remainder_is_at_most_likely(cluster):
    diagnosis = cluster.diagnose(*waiting(cluster), rules=[explaining("AAA001", "left", basis=Basis.REMAINDER)])

    assert diagnosis.causes[0].confidence is Confidence.LIKELY


def test_what_an_event_says_is_likely_and_what_the_status_says_is_certain(cluster):
    said = cluster.event("Pod", "p", "FailedScheduling", "x")

    def by_event(ctx, group):
        return ctx.cite_event(ctx.snap.events(group.first)[0])

    for evidence, confidence in ((by_event, Confidence.LIKELY), (None, Confidence.CERTAIN)):
        rules = [explaining("AAA001", "told", basis=Basis.SAID, evidence=evidence)]
        assert cluster.diagnose(*waiting(cluster), said, rules=rules).causes[0].confidence is confidence


def test_findings_with_the_same_name_and_root_are_one(cluster):
    shared = Ref("default", "v1", "Node", "", "n")
    diagnosis = cluster.diagnose(*waiting(cluster, "a", "b"), rules=[explaining("AAA001", "shared", subject=shared)])

    assert [(cause.name, cause.pods) for cause in diagnosis.causes] == [("shared", 2)]


def zero(name="web"):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"replicas": 0},
    }


def state_rule(name="workload-scaled-to-zero"):
    def function(ctx):
        for ref in sorted(ctx.needed):
            item = ctx.snap.find(ref)
            if item is not None:
                yield Finding(subject=item.ref, summary="is at zero", evidence=(ctx.cite(item, "spec.replicas"),))

    return rule(
        "AAA090", name=name, question=Question.SCALED, inputs=("apps/Deployment",), severity=Severity.INFO, stage=2
    )(function)


def test_a_state_that_a_finding_needs_is_its_cause_and_every_hop_is_listed(cluster):
    needed = Ref("default", "apps/v1", "Deployment", "ml", "web")
    rules = [explaining("AAA001", "webhook-down", needs=(needed,)), state_rule()]
    report = cluster.report(*waiting(cluster), zero(), rules=rules)
    cause = report.causes[0]

    assert (cause.name, str(cause.root), cause.severity) == ("workload-scaled-to-zero", "Deployment/ml/web", "error")
    names = {row.id: row.name for row in report.findings}
    assert [names[symptom] for symptom in cause.symptoms] == ["webhook-down", "pod-unscheduled"]
    assert [(names[link.cause], names[link.symptom]) for link in report.links] == [
        ("workload-scaled-to-zero", "webhook-down"),
        ("webhook-down", "pod-unscheduled"),
    ]


def test_states_are_asked_only_for_what_is_needed(cluster):
    assert cluster.diagnose(zero(), rules=[state_rule()]).causes == []


def test_a_state_alone_is_info_and_its_symptoms_too(cluster):
    def function(ctx):
        for group in ctx.groups("pod-unscheduled"):
            yield Finding(
                subject=group.workload,
                summary="waits",
                evidence=(group.evidence[0],),
                accounts_for=(Because(group, "waits"),),
            )

    waits = rule("AAA091", name="cluster-queue-exhausted", question=Question.ADMITTED, inputs=("Pod",))(function)
    report = cluster.report(*waiting(cluster), rules=[waits])

    assert {row.severity for row in report.findings} == {"info"}


def test_a_name_that_a_rule_does_not_declare_is_a_crash_of_that_rule_only(cluster):
    def function(ctx):
        yield Finding(
            name="unknown", subject=ctx.groups()[0].workload, summary="x", evidence=(ctx.groups()[0].evidence[0],)
        )

    bad = rule(
        "AAA050", name="known", question=Question.PLACED, inputs=("Pod",), others=(Named(id="AAA051", name="also"),)
    )(function)
    diagnosis = cluster.diagnose(*waiting(cluster), rules=[bad, explaining("AAA001", "good")])

    assert causes(diagnosis) == ["good"]
    assert [gap.what for gap in diagnosis.gaps if gap.why == "rule-crashed"] == ["rule AAA050"]


def test_a_rule_that_raises_is_a_gap_and_what_it_found_before_stays(cluster):
    def function(ctx):
        yield from explaining("AAA001", "first").function(ctx)
        raise RuntimeError("broken")

    diagnosis = cluster.diagnose(
        *waiting(cluster), rules=[rule("AAA001", name="first", question=Question.PLACED, inputs=("Pod",))(function)]
    )

    assert causes(diagnosis) == ["first"]
    assert "RuntimeError: broken" in next(gap.detail for gap in diagnosis.gaps if gap.why == "rule-crashed")


def test_a_gap_says_in_whose_words_and_no_path_of_this_program(cluster):
    def function(ctx):
        yield from explaining("AAA001", "first").function(ctx)
        raise RuntimeError("broken")

    crashes = rule("AAA001", name="first", question=Question.PLACED, inputs=("Pod",))(function)
    refusal = "GET /api/v1/nodes: 429 wait,\x1b[31m token=Xk29fQz81mPo3LdT" + " please" * 99
    problems = [
        Problem(what="list Node", why="error", detail=refusal, fix="", kinds=("Node",)),
        Problem(what="c.json: cut short", why="truncated", detail="cut short", fix=""),
        Problem(what="b.json", why="unreadable", detail="line 1\nline 2", fix=""),
    ]

    report = cluster.report(*waiting(cluster), rules=[crashes], problems=problems)

    said = {gap.what: gap.detail for gap in report.gaps}
    assert said["list Node"].startswith("GET /api/v1/nodes: 429 wait, [31m token=*** please")
    assert len(said["list Node"]) == 300
    assert (said["b.json"], said["c.json: cut short"]) == ("line 1", UNSET)
    assert said["rule AAA001"] == "RuntimeError: broken"


def test_a_rule_cannot_walk_all_pods(cluster):
    greedy = rule("AAA060", name="greedy", question=Question.PLACED, inputs=("Pod",))(
        lambda ctx: iter(ctx.snap.all("Pod"))
    )

    assert [
        gap.why for gap in cluster.diagnose(*waiting(cluster), rules=[greedy]).gaps if gap.what == "rule AAA060"
    ] == ["rule-crashed"]


def test_gpus_lost_rank_beside_gpus_waited_for(cluster):
    node = cluster.node("sick", 64, offers=0)
    crash = cluster.pod("c", 3, node="n")
    crash["status"] = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "main",
                "restartCount": 5,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1}},
            }
        ],
    }
    lost = cluster.pod("u", 1, node="sick")
    lost["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": cluster.LONG_AGO}]
    del lost["spec"]["containers"]

    def since(ctx):
        for group in ctx.groups("node-without-gpus"):
            yield Finding(
                subject=group.workload,
                summary="x",
                evidence=(group.evidence[0],),
                accounts_for=(Because(group, "x"),),
                since=cluster.LONG_AGO,
            )

    rules = [rule("AAA001", name="driver", question=Question.OFFERS, inputs=("Node",))(since)]

    assert causes(cluster.diagnose(node, crash, rules=rules))[0] == "driver"


def test_the_same_group_has_one_arrow_from_one_cause(cluster):
    twice = [explaining("AAA001", "same"), explaining("AAA002", "same")]

    assert len(cluster.report(*waiting(cluster), rules=twice).links) == 1


def test_a_cycle_is_one_cause():
    from diag.causes.graph import Node  # noqa: PLC0415

    graph = Graph()
    nodes = [Node(key) for key in "abc"]
    graph.nodes = {node.key: node for node in nodes}
    for source, target in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        graph.link(source, target, "waits for", ())

    assert len(graph.roots()) == 1


def test_a_citation_reads_the_value_itself_and_fails_where_there_is_none(cluster):
    pod = cluster.snap(cluster.pod("p", meta={"labels": {"a/b.c": "d"}})).pods[0]

    assert cite(pod, 'metadata.labels["a/b.c"]').value == "d"
    assert cite(pod, "spec.containers[0].name").value == "main"
    for path in ("spec.nothing", "spec.containers", "spec.containers[3].name", "metadata.labels.a"):
        with pytest.raises(CitationError):
            cite(pod, path)
    for path in ("spec.tolerations", "spec.containers"):  # a list is no scalar
        assert cite_absent_path(pod, path).absent_path == path
    with pytest.raises(CitationError):
        cite_absent_path(pod, "metadata.name")


def test_a_computed_fact_lists_twenty_parts_and_counts_the_rest(cluster):
    pod = cluster.snap(cluster.pod("p")).pods[0]
    parts = [cite(pod, "metadata.name")] * 25
    fact = compute("free GPUs", 3, parts)

    assert len(fact.parts) == 20
    assert "5 more" in fact.computed
    with pytest.raises(CitationError):
        compute("nothing", 0, [])


def test_a_cause_belongs_to_the_owners_of_its_own_root_not_to_those_of_its_victims(cluster):
    shared = cluster.node("n")
    report = cluster.report(
        cluster.job("victim"),
        cluster.pod("p", 1, owner=cluster.job("victim"), message=cluster.lacking(1)),
        shared,
        rules=[explaining("AAA001", "node-fault", subject=Ref("default", "v1", "Node", "", "n"))],
    )

    assert report.causes[0].lineage == []


def test_a_fingerprint_does_not_hang_on_what_the_user_calls_the_cluster(cluster):
    system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "u1"}}
    found = {cluster.report(*waiting(cluster), system, name=name).causes[0].fingerprint for name in (None, "prod")}
    other = cluster.report(*waiting(cluster), {**system, "metadata": {"name": "kube-system", "uid": "u2"}})

    assert len(found) == 1
    assert other.causes[0].fingerprint not in found


def test_what_is_ruled_out_says_what_explains_more(cluster):
    rules = [explaining("AAA001", "general"), explaining("AAA002", "special", refines=("general",))]

    assert (
        cluster.report(*waiting(cluster), rules=rules).causes[0].alternatives[0].why == "general; special explains more"
    )


def test_a_dump_without_nodes_or_events_is_never_called_checked(cluster):
    reading = rule("AAA010", name="silent", question=Question.PLACED, inputs=("Pod", "Node", "Event"))(
        lambda _: iter(())
    )
    report = cluster.report(cluster.pod("fine", node="n"), rules=[reading])

    assert {gap.what for gap in report.gaps if gap.material} == {"list Node", "list Event"}
