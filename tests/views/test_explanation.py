import msgspec

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


def test_safe_remedies_come_first_and_say_who_can(report):
    steps = [line.text for line in lines(explained(report, report.causes[0]), "What to do") if line.kind == "step"]

    assert steps == [
        "see what holds the quota [you; safe]",
        "raise the quota of namespace ml [queue admin; disruptive]",
        "delete finished notebooks (if they are not needed any more) [you; irreversible]",
    ]


def test_confidence_is_said_in_words(report):
    sure = [lines(explained(report, cause), "How sure this is")[0].text.split(":")[0] for cause in report.causes]

    assert sure == ["Certain", "Probably", "Possibly"]


def test_only_material_gaps_of_this_cluster_are_named(report):
    told = explained(report, report.causes[0])
    assert len(lines(told, "What could not be checked")) == 2

    elsewhere = [msgspec.structs.replace(gap, cluster="other") for gap in report.gaps]
    told = explained(msgspec.structs.replace(report, gaps=elsewhere), report.causes[0])
    assert not lines(told, "What could not be checked")


def test_five_names_are_shown_and_the_rest_counted(report):
    cause = report.causes[0]
    many = [msgspec.structs.replace(cause.root, name=f"job-{at}", kind="Job") for at in range(42)]
    affected = msgspec.structs.replace(cause.affected, objects=many)

    told = explained(report, msgspec.structs.replace(cause, affected=affected))

    assert lines(told, "What it costs")[1].text.endswith("Job ml/job-4 and 37 more")


def test_a_root_does_not_belong_to_itself(report):
    cause = msgspec.structs.replace(report.causes[0], lineage=[report.causes[0].root])

    assert not [line for line in lines(explained(report, cause), "What is wrong") if "belongs" in line.text]
    owned = lines(explained(report, report.causes[1]), "What is wrong")
    assert "It belongs to ClusterPolicy cluster-policy" in [line.text for line in owned]


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
