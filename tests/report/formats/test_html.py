import base64
import hashlib
import re
from functools import cache
from itertools import pairwise

import html5lib
import msgspec
import pytest
from format_readers import html as checked
from spoiled import SAMPLE, spoiled, with_nasty_words

from diag.document import RefRow, RemedyRow
from diag.report.formats import html, page_words, scan_bytes
from diag.report.look import Look
from diag.views.gpus import Gpus, HolderRow, NodeGpusRow

_XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def devices():
    """Two nodes: one open with a lost device, one that is cordoned."""
    pod = RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="ml", name="a")
    shared = {"cluster": "prod-eu", "type": "H100", "resource": "nvidia.com/gpu", "severity": "", "notes": []}
    rows = [
        NodeGpusRow(
            node="n1", capacity=8, allocatable=7, busy=5, free=2, state="open", causes=["C2"],
            held_by=[HolderRow(pod=pod, count=5)], **shared,
        ),
        NodeGpusRow(
            node="n2", capacity=200, allocatable=200, busy=0, free=0, state="cordoned", causes=[], held_by=[], **shared
        ),
    ]  # fmt: skip
    return Gpus(tool=SAMPLE.tool, nodes=rows, types=[], doubts=["two <b> agree"], unseen=[])


def test_golden(report, look, golden, devices):
    golden("report.html", html.page(report, look, devices))


def test_nothing_is_fetched_and_nothing_runs_but_our_own_texts(report, devices):
    text = html.page(report, Look(), devices).decode()
    page = checked(text.encode())
    (policy,) = (attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)

    assert not [
        name for _, attributes in page.tags for name in attributes if name in ("src", "style", "srcset", "action")
    ]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "http" not in re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL).replace("http-equiv", "")
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_a_reader_who_hears_it_has_a_language_landmarks_headings_in_order_and_names_for_pictures(report, devices):
    page = checked(html.page(report, Look(), devices))
    tags = [tag for tag, _ in page.tags]
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]

    assert dict(page.tags)["html"] == {"lang": "en"}
    assert (tags.count("main"), tags.count("header"), tags.count("h1")) == (1, 1, 1)
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for attributes in pictures)
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")


def test_a_device_is_drawn_as_what_it_is_and_said(report, devices):
    page = checked(html.page(report, Look(), devices))
    cells = [
        attributes["class"] for tag, attributes in page.tags if tag == "rect" and "phase" not in attributes["class"]
    ]

    assert "H100" + "5 busy, 2 free, 1 not offered" in page.texts["td"]
    assert "200 closed to pods" + "cordoned" in page.texts["td"]
    assert cells == ["lost", *["busy"] * 5, *["free"] * 2, *["closed"] * 64]
    assert "and 136 more" in page.texts["td"]


def test_the_tree_begins_with_what_is_seen_and_ends_at_the_root(report):
    root = html5lib.parse(scan_bytes(report, "html", Look()), treebuilder="etree")
    tree = next(each for each in root.iter(f"{_XHTML}ul") if each.get("class") == "tree")
    steps = ["".join(each.itertext()) for each in tree.findall(f"{_XHTML}li")]

    assert [each.get("class") for each in tree] == ["d0", "d1", "d0", "d1"]
    root_step = "B. ◆ root: ResourceQuota ml/gpu-quota, as said above"
    assert steps[1].startswith(f"because the quota refuses its pods: {root_step} [1]")
    assert steps[3].startswith("because the quota refuses its pods: ↳ see B: ◆ root: ResourceQuota ml/gpu-quota")
    titles = [
        "".join(each.itertext()) for article in root.iter(f"{_XHTML}article") for each in article.iter(f"{_XHTML}h4")
    ]
    assert titles.count("Why we think so") == 1  # of the cause that has no tree


def test_the_worst_cause_shows_its_way_and_its_evidence_and_every_summary_leads_to_its_own(report):
    root = html5lib.parse(scan_bytes(report, "html", Look()), treebuilder="etree")
    articles = list(root.iter(f"{_XHTML}article"))
    opened = [
        ["".join(each.find(f"{_XHTML}summary").itertext()).split(":")[0] for each in article if each.get("open") == ""]
        for article in articles
    ]
    proofs = [[link.get("href") for link in article.find(f"{_XHTML}p").iter(f"{_XHTML}a")] for article in articles]

    doubts = ["Reasons and doubts"]  # stand open where the cause is not certain
    assert [each.confidence for each in report.causes] == ["certain", "likely", "possible"]
    assert opened == [["How it leads to 2 symptoms", "Evidence"], doubts, doubts]
    assert [each[0] for each in proofs] == ["#C1-1", "#C2-1", "#C3-1"]


def test_a_reason_that_ends_with_the_headline_does_not_say_it_again(report):
    again = msgspec.structs.replace
    summaries = {finding.id: finding.summary for finding in report.findings}
    first, *others = report.links
    links = [again(first, why=f"it is full: {summaries[first.cause]}")]
    links += [again(link, why=summaries[link.cause]) for link in others]
    root = html5lib.parse(scan_bytes(again(report, links=links), "html", Look()), treebuilder="etree")
    whys = ["".join(each.itertext()) for each in root.iter(f"{_XHTML}span") if each.get("class") == "why"]

    assert whys == ["because it is full:", *["caused by:"] * len(others)]


def test_what_is_free_is_what_a_pod_could_get(report, devices):
    page = html.page(report, Look(), devices).decode()

    assert "<p>208 GPUs: 5 busy, 2 free, 1 not offered, 200 closed to pods</p>" in page
    assert "<p>72 GPUs</p>" in html.page(report, Look()).decode()


def test_a_long_message_stands_there_whole(report):
    message = "pull failed " + "x" * 2000 + " at the end"
    evidence = [msgspec.structs.replace(report.evidence[0], value=message), *report.evidence[1:]]
    page = scan_bytes(msgspec.structs.replace(report, evidence=evidence), "html", Look()).decode()

    assert message in page


def test_a_command_that_only_reads_says_so_where_the_step_asks_for_more(report):
    remedies = [
        RemedyRow(text="look at the quota", who="user", risk="safe", command="kubectl get resourcequota a"),
        RemedyRow(text="raise it", who="user", risk="safe", command="kubectl describe resourcequota a"),
        RemedyRow(text="shrink", who="user", risk="safe", command="kubectl scale deployment a --replicas=1"),
    ]
    causes = [msgspec.structs.replace(report.causes[0], remedies=remedies)]
    root = html5lib.parse(
        scan_bytes(msgspec.structs.replace(report, causes=causes), "html", Look()), treebuilder="etree"
    )
    article = next(root.iter(f"{_XHTML}article"))
    steps = ["".join(each.itertext()) for ol in list(article.iter(f"{_XHTML}ol"))[:2] for each in ol]

    assert [step.partition("]; ")[2].partition(":")[0] for step in steps] == [
        "",
        "to look first",
        "this command changes things",
    ]


def test_an_unsure_cause_says_what_could_not_be_checked_and_leads_there_and_back(report):
    again = msgspec.structs.replace
    rule = report.causes[1].rule
    gaps = [
        again(report.gaps[0], material=False, what="list Bar"),
        again(report.gaps[0], material=True, what="list Far", hides=["OLD999"]),
        again(report.gaps[0], material=True, what="list Foo", hides=[rule], fix="kubectl get foos"),
    ]
    causes = [again(report.causes[0], confidence="certain"), again(report.causes[1], confidence="likely")]
    rendered = scan_bytes(again(report, gaps=gaps, causes=causes), "html", Look())
    checked(rendered)
    certain, unsure, *_ = rendered.decode().split("<article")[1:]
    (foo,) = re.findall(r'<li id="(gap-\d)">list Foo', unsure)
    cause, page = unsure.split("</article>")

    assert "could not be checked" not in certain
    assert f'<a href="#{foo}">list Foo</a>: not allowed; to see it: kubectl get foos</li>' in cause
    assert "list Far" not in cause
    assert page.count("list Bar") == page.count("list Far") == 1
    assert 'it may change what is said of <a href="#C2">C2</a></li>' in page.split("list Foo")[1]
    assert page.count("it may change") == 1


def test_each_phase_has_the_shade_that_the_bar_draws_it_in(report):
    page = checked(scan_bytes(report, "html", Look()))
    drawn = [attributes["class"][-1] for tag, attributes in page.tags if "phase" in attributes.get("class", "")]
    told = [attributes["class"][-1] for _, attributes in page.tags if "swatch" in attributes.get("class", "")]

    assert drawn == told != []


def test_commands_follow_what_they_do_and_steps_count_on(report):
    root = html5lib.parse(scan_bytes(report, "html", Look()), treebuilder="etree")
    article = next(root.iter(f"{_XHTML}article"))
    lists = list(article.iter(f"{_XHTML}ol"))

    assert [each.get("start") for each in lists[:2]] == ["1", "2"]
    assert "".join(next(lists[0].iter(f"{_XHTML}pre")).itertext()).startswith("kubectl -n ml get pods")


def test_beyond_two_hundred_a_cause_is_a_line(report, monkeypatch):
    monkeypatch.setattr(html, "IN_FULL", 2)
    page = checked(scan_bytes(report, "html", Look()))

    assert [tag for tag, attributes in page.tags if "data-severity" in attributes] == ["article", "article", "li"]


def test_a_limit_and_the_hidden_count(report):
    page = checked(scan_bytes(msgspec.structs.replace(report), "html", Look(limit=1)))

    assert len([tag for tag, attributes in page.tags if "data-severity" in attributes]) == 1
    assert "2 of them not shown" in page.texts["title"]


@cache
def _harmless():
    return checked(html.page(spoiled("x"), Look(show_ignored=True)))


def _shape(page):
    """Tags with the names of their attributes, without the two that say where a line may break."""
    breaks = ("wbr", {}), ("span", {"class": "word"})
    return [(tag, list(attributes)) for tag, attributes in page.tags if (tag, attributes) not in breaks]


@with_nasty_words
def test_nothing_breaks_out(text):
    plain, hostile = _harmless(), checked(html.page(spoiled(text), Look(show_ignored=True)))

    assert _shape(hostile) == _shape(plain)
    assert hostile.texts["script"] == plain.texts["script"]


def test_a_step_names_the_role_of_who_takes_it(report):
    shown = html.page(report, Look()).decode()

    assert "[by the workload&#39;s owner; cannot be undone]" in shown
    assert "[you;" not in shown


def test_all_causes_stand_on_top_in_one_line_each_that_leads_to_them(report):
    root = html5lib.parse(scan_bytes(report, "html", Look()), treebuilder="etree")
    section = next(each for each in root.iter(f"{_XHTML}section") if each.get("id") == "overview")
    lines = ["".join(each.itertext()) for each in section.iter(f"{_XHTML}li")]
    there = {each.get("id") for each in root.iter() if each.get("id")}

    assert [line.split(" ")[0] for line in lines] == [cause.id for cause in report.causes]
    assert "ResourceQuota ml/gpu-quota: resourcequota exceeded" in lines[0]
    assert {link.get("href") for link in section.iter(f"{_XHTML}a")} <= {f"#{each}" for each in there}


def test_one_cause_needs_no_list_of_causes_and_many_are_cut(report):
    one = html.page(msgspec.structs.replace(report, causes=report.causes[:1]), Look()).decode()
    many = [msgspec.structs.replace(report.causes[0], id=f"C{at}") for at in range(1, 61)]
    shown = html.page(msgspec.structs.replace(report, causes=many), Look()).decode()

    assert 'id="overview"' not in one
    assert "The worst 50 of 60 causes in one line each" in shown


@pytest.mark.parametrize(
    ("clusters", "said", "printed"),
    [
        ([("prod-eu", "2026-11-26T09:00:05Z")], "diag, cluster prod-eu, as of 2026-11-26 09:00 UTC", None),
        (
            [("a", "2026-11-26T10:00:00+01:00"), ("b", "2026-11-26T11:30:00Z")],
            "diag, clusters a, b, as of 2026-11-26 09:00 UTC to 2026-11-26 11:30 UTC",
            None,
        ),
        ([('"}</', '"} body { display: none }')], "diag, cluster &#34;}&lt;/", r"diag, cluster \22 \7d \3c \2f "),
    ],
)
def test_the_page_and_each_printed_one_say_of_which_cluster_and_time_they_are(report, clusters, said, printed):
    (one,) = report.target.clusters
    rows = [msgspec.structs.replace(one, id=name, now=now) for name, now in clusters]
    target = msgspec.structs.replace(report.target, clusters=rows)
    shown = html.page(msgspec.structs.replace(report, target=target), Look()).decode()

    assert f'@top-left {{ content: "{printed or said}";' in shown
    assert f"<title>{said}: " in shown
    assert all(f"Cluster {name}, Kubernetes v1.33.1, read " in shown for name, _ in clusters if name.isalpha())


def test_a_symptom_is_cut_where_the_evidence_holds_all_of_it(report):
    again = msgspec.structs.replace
    told = (
        "has found no node: 0/9 nodes are available: 9 Insufficient nvidia.com/gpu. preemption: "
        + "9 no victims, " * 20
    )
    findings = [again(one, summary=told) if one.role == "symptom" else one for one in report.findings]
    cited = {each for one in findings if one.role == "symptom" for each in one.evidence}
    quoting = [again(one, value=f"Events: {told}") if one.id in cited else one for one in report.evidence]
    quoted = _steps(again(report, findings=findings, evidence=quoting))
    silent = _steps(again(report, findings=findings))

    assert quoted[0].split("nvidia.com/gpu.")[1].startswith(" … (in full under Evidence)")
    assert "no victims" not in quoted[0]
    assert told.strip() in silent[0]


@pytest.mark.parametrize(("more", "cut"), [(60, False), (160, True)])
def test_a_sentence_is_cut_only_where_much_is_left_out(report, more, cut):
    again = msgspec.structs.replace
    told = ("word " * 44 + "last " * more).strip()[: 220 + more]
    findings = [again(one, summary=told) if one.role == "symptom" else one for one in report.findings]
    shown = _steps(again(report, findings=findings, evidence=[again(one, value=told) for one in report.evidence]))[0]

    assert ("in full under Evidence" in shown) == cut
    assert (" ".join(told.split()) in shown) != cut


def _steps(report):
    root = html5lib.parse(scan_bytes(report, "html", Look()), treebuilder="etree")
    tree = next(each for each in root.iter(f"{_XHTML}ul") if each.get("class") == "tree")
    return ["".join(each.itertext()) for each in tree.findall(f"{_XHTML}li")]


def test_the_filter_stands_before_the_first_cause(report):
    page = checked(scan_bytes(report, "html", Look()))
    marks = [attributes.get("id") or tag for tag, attributes in page.tags if tag in ("form", "article", "main")]

    assert marks[:3] == ["main", "find", report.causes[0].id]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("spec.affinity.required[0].topologyKey is", ["spec.", "affinity.", "required[0]", ".topologyKey is"]),
        ("registry.example.net/team/image-a", ["registry.", "example.", "net/", "team/", "image-a"]),
        ("spec.suspend: true", ["spec.suspend: true"]),
        ("x" * 40, ["x" * 40]),
        ("<b>.an-old-and-long-name/of-it", ["&lt;b&gt;.an-old-and-long-name/", "of-it"]),
    ],
)
def test_a_long_name_breaks_at_its_dots_and_slashes_alone(text, pieces):
    assert page_words.breakable(text).split("<wbr/>") == pieces


def test_the_words_of_a_command_stay_whole(report):
    command = "kubectl get pod a-b-c -o jsonpath='{.status}' <x>\n  next"
    shown = page_words.unbroken(command)

    assert re.findall('<span class="word">([^<]*)</span>', shown)[3:] == [
        "a-b-c", "-o", "jsonpath=&#39;{.status}&#39;", "&lt;x&gt;", "next",
    ]  # fmt: skip
    assert "".join(html5lib.parseFragment(shown, treebuilder="etree").itertext()) == command
