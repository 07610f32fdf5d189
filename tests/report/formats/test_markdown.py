import re

import msgspec
from format_readers import OWN_ATTRIBUTES, OWN_TAGS
from format_readers import markdown as read
from markdown_it import MarkdownIt
from spoiled import spoiled, with_nasty_words

from diag.report.formats import commonmark, scan_bytes
from diag.report.formats.markdown import page
from diag.report.look import Look
from diag.report.sanitize import visible


def plain(words):
    """What a reader sees of the words: without the mark that keeps a mention from being one."""
    return words.replace("\u200b", "")


def test_golden(report, look, golden):
    golden("report.md", scan_bytes(report, "markdown", look))


@with_nasty_words
def test_nothing_breaks_out(text):
    tags = read(scan_bytes(spoiled(text), "markdown", Look(show_ignored=True)).decode())

    assert {tag for tag, *_ in tags.found} <= OWN_TAGS
    assert {each for each in tags.found if len(each) > 1} <= OWN_ATTRIBUTES


@with_nasty_words
def test_prose_and_code_read_as_the_words_they_are(text):
    words = visible(text.encode("utf-8", "replace").decode())

    assert plain(read(commonmark.text(words)).text).strip() == words.strip()
    assert plain(read(f"- {commonmark.text(words)}").text).strip() == words.strip()
    assert read(f"x {commonmark.code(words)}").text.removeprefix("<p>x").strip() == f"x {words}".strip()
    assert read(commonmark.fenced(words)).text.removesuffix("\n") == f"{words}\n"


def test_nobody_is_mentioned_and_no_issue_linked(report):
    cause = msgspec.structs.replace(report.causes[0], summary="ask @octocat about #12 of o/r#3")
    text = page(msgspec.structs.replace(report, causes=[cause]), Look(), 60_000)

    assert not re.search(r"@octocat|#12|#3", text)


def test_evidence_gives_way_before_causes_do(report, look):
    whole, short, shorter = (page(report, look, room) for room in (60_000, 5_500, 2_000))

    assert whole.count("<details>") == whole.count("### ✖") + whole.count("### ▲") == 3
    assert 0 < short.count("<details>") < 3
    assert "evidence of" in short
    assert [f"{each} error" in short or f"{each} warning" in short for each in ("C1", "C2", "C3")] == [True] * 3
    assert "more cause" in shorter
    assert len(shorter.encode()) <= 2_000


def test_one_endless_name_costs_no_other_cause_and_no_room(report):
    endless = msgspec.structs.replace(report.causes[0].root, name="x" * 100_000, cluster="y" * 100_000)
    causes = [msgspec.structs.replace(report.causes[0], root=endless, summary="z" * 100_000), *report.causes[1:]]
    (cluster,) = report.target.clusters
    target = msgspec.structs.replace(report.target, clusters=[msgspec.structs.replace(cluster, id="y" * 100_000)])
    text = page(msgspec.structs.replace(report, causes=causes, target=target), Look(), 60_000)

    assert len(text.encode()) <= 60_000
    assert all(f"{cause} " in text for cause in ("C2", "C3"))


def test_a_limit_counts_in_it(report):
    text = page(report, Look(limit=1), 60_000)

    assert "2 of them not shown" in text
    assert "C2 " not in text


def test_addresses_of_others_are_no_links():
    parser = MarkdownIt("commonmark", {"linkify": True}).enable("linkify")
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    words = "see http://evil.example/x or HTTPS://evil.example"

    shown = parser.renderInline(commonmark.text(words))

    assert shown == words
    assert "<a" in parser.renderInline(words)
    assert commonmark.text("www.evil.example") == r"www\.evil.example"
