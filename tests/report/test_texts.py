import re

import msgspec
import pytest

from diag.report import cells as measuring
from diag.report.cells import cut, cut_middle, pad, width, wrap
from diag.report.formats import explain_bytes, scan_bytes
from diag.report.look import Look

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def drawn(report, form="table", **look):
    return scan_bytes(report, form, Look(**look)).decode()


@pytest.mark.parametrize("cells", [60, 80, 100, 120])
def test_a_table_fits_its_terminal(report, cells):
    lines = drawn(report, width=cells, footer=True, show_ignored=True).splitlines()
    lines += explain_bytes(report, "table", Look(width=cells)).decode().splitlines()

    too_long = [line for line in lines if width(line) > cells and "$" not in line]
    assert too_long == []


def test_two_clusters_get_a_column_and_still_fit(report):
    (cluster,) = report.target.clusters
    target = msgspec.structs.replace(report.target, clusters=[cluster, msgspec.structs.replace(cluster, id="other")])
    lines = drawn(msgspec.structs.replace(report, target=target), width=60).splitlines()

    assert "CLUSTER" in lines[0]
    assert max(map(width, lines)) <= 60


def test_a_root_that_was_cut_is_whole_in_the_line_below(report):
    assert "DaemonSet gpu-operator/nvidia-device-plugin:\n" in drawn(report, width=60)


def test_colour_adds_nothing_but_colour(report):
    colored = drawn(report, width=100, color=True)

    assert colored != drawn(report, width=100)
    assert _ANSI.sub("", colored) == drawn(report, width=100)


def test_severity_is_a_mark_and_a_word(report):
    assert "✖ error " in drawn(report)
    assert "x error " in drawn(report, ascii=True)


def test_ascii_is_ascii(report):
    assert drawn(report, "wide", ascii=True, width=140, show_ignored=True).isascii()


def test_plain_has_no_colour_no_boxes_and_no_line_breaks_of_its_own(report):
    texts = drawn(report, "plain", color=False) + explain_bytes(report, "plain", Look()).decode()

    assert not re.search("[\x1b─└█✖▲●]", texts)
    assert "12 of 12 nvidia.com/gpu of the quota are used\n" in texts


def test_a_limit_hides_causes_and_says_so(report):
    text = drawn(report, limit=1)

    assert "device-plugin-nvml-missing" not in text
    assert "2 of them not shown" in text


def test_ignored_findings_are_listed_on_request(report):
    assert "retired in May" in drawn(report, show_ignored=True)
    assert "retired in May" not in drawn(report)


def test_a_long_message_takes_two_lines_of_a_table_and_all_it_needs_in_wide(report):
    cause = msgspec.structs.replace(report.causes[0], summary="word " * 100, symptoms=[])
    one = msgspec.structs.replace(report, causes=[cause], gaps=[], timelines=[])

    assert drawn(one, width=80).count("word") < 40
    assert len(drawn(one, width=80).splitlines()) == 6
    assert drawn(one, "wide", width=80).count("word") == 100


def test_a_command_is_never_broken(report):
    text = explain_bytes(report, "table", Look(width=60)).decode()

    assert "    $ kubectl -n ml get pods --field-selector=status.phase=Running\n" in text


def test_wide_characters_are_measured_in_cells():
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert cut("日本語", 4) == "日…"
    assert cut_middle("abcdefgh", 5) == "ab…gh"
    assert pad("日", 4) == "日  "
    assert pad("7", 3, right=True) == "  7"


def test_wrapping_breaks_only_what_is_longer_than_a_line():
    assert list(wrap("one two three", 8, rest="  ")) == ["one two", "  three"]
    assert list(wrap("abcdefgh", 5, rest="  ")) == ["abcde", "  fgh"]
    assert list(wrap("日本語", 4)) == ["日本", "語"]
    assert list(wrap("one two", None, first="- ")) == ["- one two"]


def test_wrapping_ends_even_where_nothing_fits():
    assert "".join(list(wrap("日本", 1))) == "日本"
    assert list(wrap("abc", 2, first="> ", rest="> ")) == ["> a", "> b", "> c"]


@pytest.mark.parametrize("cells", [60, 80, 100, 139, 140])
def test_a_wide_table_fits_too_and_loses_nothing(report, cells):
    text = drawn(report, "wide", width=cells)

    assert max(map(width, text.splitlines())) <= cells
    for told in ("3fa9c2d17b04", "probably", "possibly", "device-plugin-nvml-missing"):
        assert told in text


def test_plain_is_a_paragraph_for_each_cause_that_begins_with_its_id(report):
    paragraphs = drawn(report, "plain").split("\n\n")

    assert [paragraph.split()[0] for paragraph in paragraphs[:3]] == ["C1", "C2", "C3"]


def test_several_explanations_begin_with_a_line_for_each(report):
    lines = explain_bytes(report, "table", Look(width=120)).decode().splitlines()

    assert [line.split()[0] for line in lines[:4]] == ["ID", "C1", "C2", "C3"]
    assert lines[4].startswith("2 errors, 1 warning;")
    one = msgspec.structs.replace(report, causes=report.causes[:1])
    assert explain_bytes(one, "table", Look(width=120)).decode().startswith("✖ error: ResourceQuota")


def test_the_footer_runs_as_it_stands(report):
    footer = drawn(report, footer=True, again="--from 'a b.json'").splitlines()[-1]
    assert footer.startswith("diag explain --from 'a b.json' C1 says why")

    assert "`diag explain --from - C1`" in drawn(report, footer=True, again=None)


def test_a_long_word_is_measured_in_time_with_its_length(monkeypatch):
    measured = []
    real = measuring._cell  # noqa: SLF001  # what is counted
    monkeypatch.setattr(measuring, "_cell", lambda char: measured.append(1) or real(char))
    counts = []
    for size in (1_000, 10_000):
        measured.clear()
        lines = list(wrap("漢" * size, 100))
        counts.append(len(measured))

        assert "".join(lines) == "漢" * size
        assert max(map(len, lines)) <= 50

    assert counts[1] < 15 * counts[0]


def test_a_word_that_would_not_fit_begins_a_line_and_blanks_make_none_too_long():
    assert list(wrap("ab cd  ef", 5)) == ["ab cd", " ef"]
    assert all(width(line) <= 5 for line in wrap("漢字 a  漢 b漢漢漢", 5))
